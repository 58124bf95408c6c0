// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/codecs.h"

#include "config/chroot_place.h"
#include "config/ssh_keys.h"
#include "config/values.h"

#include <algorithm>
#include <filesystem>

namespace pando::config::codecs {

namespace {

constexpr size_t text_limit = 4096;  // bytes of any single value

// The text of a scalar; a complaint when it is anything else.
const std::string* scalar(const Value& value, std::string_view type, Complaints& complaints) {
    if (value.kind != Value::Kind::scalar) {
        complaints.add(value.mark, fmt::format("expected a {} here", type),
                       value.kind == Value::Kind::null ? "give a value, or remove the key" : "one value, not several");
        return nullptr;
    }
    if (value.text.size() > text_limit) {
        complaints.add(value.mark, fmt::format("{} characters are too many for a {}", value.text.size(), type),
                       fmt::format("at most {}", text_limit));
        return nullptr;
    }
    return &value.text;
}

template <typename T>
bool take(Result<T> result, const Value& value, T& out, Complaints& complaints) {
    if (!result) {
        complaints.add(value.mark, result.error().what, result.error().advice);
        return false;
    }
    out = std::move(*result);
    return true;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// One word of printable ASCII without what any rendered file could take for its own syntax.
Result<std::string> plain_word(std::string_view text, std::string_view type, std::string_view refused) {
    if (text.empty()) return bad_input("an empty {}", type).advise("give a value, or remove the key");
    if (!is_printable(text))
        return bad_input("\"{}\": a {} may hold no blank, line break or control character", text, type)
            .advise("one word of printable ASCII characters");
    if (const size_t at = text.find_first_of(refused); at != std::string_view::npos)
        return bad_input("\"{}\": a {} may hold no {}", text, type, text[at])
            .advise("it would break a configuration file that is rendered from it");
    return std::string(text);
}

Result<std::string> word(std::string_view text, std::string_view type, std::string_view others, size_t longest) {
    if (!is_word(text, others, longest))
        return bad_input("\"{}\" is no {}", text, type)
            .advise(fmt::format("1 to {} letters and digits{}{}", longest, others.empty() ? "" : ", also ", others));
    return std::string(text);
}

Result<std::string> clean_path(std::string_view text, bool absolute) {
    const std::string_view example = absolute ? "an absolute path without .. : /var/log" : "a file name: authkey";
    const std::string path = TRY(plain_word(text, "path", "\"'\\"));
    const std::filesystem::path as_path(path);
    if (as_path.is_absolute() != absolute)
        return bad_input("\"{}\" is {} absolute path", path, absolute ? "no" : "an").advise(example);
    for (const auto& part : as_path)
        if (part == ".." || part == ".") return bad_input("\"{}\" holds {}", path, part.string()).advise(example);
    if (path.find("//") != std::string::npos) return bad_input("\"{}\" holds //", path).advise(example);
    return path.size() > 1 && path.back() == '/' ? path.substr(0, path.size() - 1) : path;
}

}  // namespace

Codec<std::string> text(std::string_view type, std::function<Result<std::string>(std::string_view)> check) {
    return {std::string(type),
            [type = std::string(type), check](const Value& value, std::string& out, Complaints& complaints) {
                const std::string* text = scalar(value, type, complaints);
                return text != nullptr && take(check(*text), value, out, complaints);
            },
            [](const std::string& value) { return value.empty() ? Json() : Json(value); }};
}

bool read_number(const Value& value, uint64_t least, uint64_t most, uint64_t& out, Complaints& complaints) {
    const std::string* text = scalar(value, "number", complaints);
    return text != nullptr && take(parse_number(*text, least, most), value, out, complaints);
}

Codec<bool> boolean() {
    return {"true or false",
            [](const Value& value, bool& out, Complaints& complaints) {
                const std::string* text = scalar(value, "true or false", complaints);
                if (text == nullptr) return false;
                out = *text == "true";
                if (out || *text == "false") return true;
                complaints.add(value.mark, fmt::format("\"{}\" is neither true nor false", *text),
                               "write true or false");
                return false;
            },
            [](const bool& value) { return Json(value); }};
}

Codec<Milliseconds> duration(Milliseconds least, Milliseconds most) {
    return {"duration",
            [least, most](const Value& value, Milliseconds& out, Complaints& complaints) {
                const std::string* text = scalar(value, "duration", complaints);
                if (text == nullptr || !take(parse_duration(*text), value, out, complaints)) return false;
                if (out >= least && out <= most) return true;
                complaints.add(value.mark, fmt::format("{} is too {}", *text, out < least ? "short" : "long"),
                               fmt::format("from {} to {}", show_duration(least), show_duration(most)));
                return false;
            },
            [](const Milliseconds& span) { return Json(show_duration(span)); },
            {},
            fmt::format("from {} to {}", show_duration(least), show_duration(most))};
}

Codec<uint64_t> size(uint64_t least, uint64_t most) {
    return {"size",
            [least, most](const Value& value, uint64_t& out, Complaints& complaints) {
                const std::string* text = scalar(value, "size", complaints);
                if (text == nullptr || !take(parse_size(*text), value, out, complaints)) return false;
                if (out >= least && out <= most) return true;
                complaints.add(value.mark, fmt::format("{} is too {}", *text, out < least ? "small" : "large"),
                               fmt::format("from {} to {}", show_size(least), show_size(most)));
                return false;
            },
            [](const uint64_t& bytes) { return Json(show_size(bytes)); },
            {},
            fmt::format("from {} to {}", show_size(least), show_size(most))};
}

Codec<std::string> one_of(std::vector<std::string> words) {
    const std::string type = fmt::format("{}", fmt::join(words, ", "));
    return text(type, [words](std::string_view given) -> Result<std::string> {
        if (std::find(words.begin(), words.end(), given) != words.end()) return std::string(given);
        return bad_input("\"{}\" is not known here", given).advise(suggestion(given, words));
    });
}

Codec<Policy> policy() {
    static const std::vector<std::string> words = {"retry", "rescue", "reboot"};  // in the order of the enum
    return {"retry, rescue, reboot",
            [word = one_of(words)](const Value& value, Policy& out, Complaints& complaints) {
                std::string text;
                if (!word.read(value, text, complaints)) return false;
                out = static_cast<Policy>(std::find(words.begin(), words.end(), text) - words.begin());
                return true;
            },
            [](const Policy& value) { return Json(words[static_cast<size_t>(value)]); }};
}

Codec<std::string> cluster_name() {
    return text("name", [](std::string_view given) { return word(given, "cluster name", "_-", 32); });
}

Codec<std::string> filesystem_name() {
    return text("name", [](std::string_view given) { return word(given, "filesystem name", "_-", 30); });
}

Codec<std::string> host_name() {
    return text("host name", [](std::string_view given) -> Result<std::string> {
        if (!is_host_label(given) || given == "localhost")
            return bad_input("\"{}\" is no host name", given)
                .advise("1 to 63 lower-case letters, digits and hyphens, no hyphen at either end");
        return std::string(given);
    });
}

Codec<std::string> profile_name() {
    return text("name", [](std::string_view given) { return word(given, "profile name", "_-.", 63); });
}

Codec<std::string> interface_name() {
    return text("interface", [](std::string_view given) -> Result<std::string> {
        const std::string name = TRY(word(given, "interface name", "_-.", 15));
        // Files of the kernel's beside the interfaces'; and what tools take for a number of one.
        for (const std::string_view taken : {".", "..", "lo", "all", "default", "bonding_masters"})
            if (name == taken)
                return bad_input("an interface cannot be called \"{}\"", name).advise("for instance lan0");
        if (name.find_first_not_of("0123456789") == std::string::npos)
            return bad_input("\"{}\": an interface's name cannot be a number", name).advise("for instance lan0");
        return name;
    });
}

Codec<std::string> device_name() {
    return text("name", [](std::string_view given) { return word(given, "fence device name", "_-.", 128); });
}

Codec<std::string> fence_agent() {
    return text("fence agent", [](std::string_view given) -> Result<std::string> {
        return is_word(given, "_-./", 128)
                   ? Result<std::string>(std::string(given))
                   : bad_input("\"{}\" is no fence agent", given).advise("a program's name: fence_ipmilan");
    });
}

Codec<std::string> option_name() {
    return text("option", [](std::string_view given) { return word(given, "option of a fence agent", "_-", 64); });
}

Codec<std::string> option_value() {
    return text("word", [](std::string_view given) { return plain_word(given, "fence option", "\"'\\"); });
}

Codec<std::string> module_name() {
    return text("module", [](std::string_view given) { return word(given, "kernel module", "_-", 64); });
}

Codec<std::string> kernel_argument() {
    return text("word", [](std::string_view given) -> Result<std::string> {
        if (!is_word(given, "._-=,:/@+%~[]*", 512))
            return bad_input("\"{}\" cannot be a kernel argument here", given)
                .advise("one argument per entry, of letters, digits and . _ - = , : / @ + % ~ [ ] *");
        if (given.front() >= '0' && given.front() <= '9')  // what [console=ttyS0,115200] makes of its second half
            return bad_input("\"{}\" alone is no kernel argument", given)
                .advise("in a [ ] list, quote an argument that holds a comma: [\"console=ttyS0,115200\"]");
        return std::string(given);
    });
}

Codec<std::string> program() {
    return text("program", [](std::string_view given) -> Result<std::string> {
        if (!given.empty() && given.front() == '/') return clean_path(given, true);
        return word(given, "program name", "_-.+", 128);
    });
}

Codec<std::string> hardware_text() {
    return text("text", [](std::string_view given) -> Result<std::string> {
        const bool good = !given.empty() && given.size() <= 128 && given.front() != ' ' && given.back() != ' ' &&
                          std::all_of(given.begin(), given.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
        if (!good)
            return bad_input("\"{}\" is nothing hardware says of itself", given)
                .advise("as in /sys/class/dmi/id, without blanks at the ends");
        return std::string(given);
    });
}

Codec<std::string> storage_identity() {
    return text("word", [](std::string_view given) { return word(given, "LUN identity", "_-.:+=@", 256); });
}

Codec<std::string> mac() { return text("MAC address", parse_mac); }
Codec<std::string> uuid() { return text("UUID", parse_uuid); }

Codec<std::string> ip() {
    return text("address", [](std::string_view given) -> Result<std::string> { return TRY(parse_ip(given)).text(); });
}

Codec<std::string> cidr() {
    return text("address/length", [](std::string_view given) -> Result<std::string> {
        const Cidr cidr = TRY(parse_cidr(given));
        if (cidr.prefix == 0)
            return bad_input("\"{}\" is no address with a prefix length", given)
                .advise("192.0.2.11/24 or 2001:db8::11/64");
        if (!cidr.ip.v6) {
            const uint32_t host = cidr.ip.v4();
            const uint32_t mask = ~0U << (32U - static_cast<unsigned>(cidr.prefix));
            if (host >> 28U >= 0xeU || host >> 24U == 127 || host >> 24U == 0)
                return bad_input("{} cannot be the address of a NIC", cidr.ip.text()).advise("192.0.2.11/24");
            if (cidr.prefix < 31 && ((host & ~mask) == 0 || (host | mask) == ~0U))
                return bad_input("{} is the network's own or its broadcast address", cidr.text())
                    .advise("an address of one host: 192.0.2.11/24");
        } else if (cidr.ip.bytes[0] == 0xff || cidr.ip.text() == "::" || cidr.ip.text() == "::1") {
            return bad_input("{} cannot be the address of a NIC", cidr.ip.text()).advise("2001:db8::11/64");
        }
        return cidr.text();
    });
}

Codec<std::string> network() {
    return text("network/length", [](std::string_view given) -> Result<std::string> {
        const Cidr cidr = TRY(parse_cidr(given));
        for (int bit = cidr.prefix; bit < cidr.ip.width(); ++bit)
            if ((cidr.ip.bytes[static_cast<size_t>(bit) / 8] >> (7 - bit % 8) & 1) != 0)
                return bad_input("\"{}\" is no network: it has bits beyond its length", given)
                    .advise("198.51.100.0/24, 2001:db8:1::/48 or, for everything, 0.0.0.0/0");
        return cidr.text();
    });
}

Codec<std::string> domain() {
    return text("domain", [](std::string_view given) -> Result<std::string> {
        std::string_view rest = given;
        bool good = given.size() <= 253;
        while (good) {
            const size_t dot = rest.find('.');
            good = is_host_label(rest.substr(0, dot));
            if (dot == std::string_view::npos) break;
            rest.remove_prefix(dot + 1);
        }
        if (!good) return bad_input("\"{}\" is no domain", given).advise("lower case, as in example.org");
        return std::string(given);
    });
}

Codec<std::string> ipv4_subnet() {
    return text("subnet", [](std::string_view given) -> Result<std::string> {
        const Cidr cidr = TRY(parse_cidr(given));
        const auto host_bits = 32U - static_cast<unsigned>(std::clamp(cidr.prefix, 8, 28));
        if (cidr.ip.v6 || cidr.prefix < 8 || cidr.prefix > 28 || (cidr.ip.v4() & ((1U << host_bits) - 1)) != 0)
            return bad_input("\"{}\" is no IPv4 subnet to boot in", given)
                .advise("network address and length, /8 to /28: 192.0.2.0/24");
        return cidr.text();
    });
}

Codec<std::string> portal() {
    return text("address:port",
                [](std::string_view given) -> Result<std::string> { return TRY(parse_portal(given)).text(); });
}

Codec<std::string> iscsi_name() {
    return text("iSCSI name", [](std::string_view given) -> Result<std::string> {
        const bool typed = given.starts_with("iqn.") || given.starts_with("eui.") || given.starts_with("naa.");
        if (!typed || !is_word(given, ".:-", 223))
            return bad_input("\"{}\" is no iSCSI name", given).advise("iqn.2026-01.org.example:root");
        return std::string(given);
    });
}

Codec<std::string> absolute_path() {
    return text("path", [](std::string_view given) { return clean_path(given, true); });
}

Codec<std::string> relative_file() {
    return text("file", [](std::string_view given) { return clean_path(given, false); });
}

Codec<std::string> chroot_place() {
    return text("tmpfs, a disk, path",
                [](std::string_view given) -> Result<std::string> { return TRY(parse_chroot_place(given)).text(); });
}

Codec<std::string> mount_options() {
    return text("mount options", [](std::string_view given) -> Result<std::string> {
        const std::string options = TRY(plain_word(given, "list of mount options", "\"'\\#"));
        std::string_view rest = options;
        while (!rest.empty()) {
            const std::string_view option = rest.substr(0, rest.find(','));
            const std::string_view name = option.substr(0, option.find('='));
            for (const std::string_view ours : {"lockproto", "locktable", "ro", "spectator", "localflocks", ""})
                if (name == ours)
                    return bad_input("mount option \"{}\" is not yours to give", name)
                        .advise("Pando sets what the shared root needs; leave it out");
            rest.remove_prefix(std::min(rest.size(), option.size() + 1));
        }
        return options;
    });
}

Codec<std::string> ssh_key() {
    return text("ssh public key", [](std::string_view given) -> Result<std::string> {
        const bool one_line =
            std::all_of(given.begin(), given.end(), [](char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
        const bool typed = given.starts_with("ssh-") || given.starts_with("ecdsa-sha2-") || given.starts_with("sk-") ||
                           given.find(" ssh-") != std::string_view::npos ||
                           given.find(" ecdsa-sha2-") != std::string_view::npos;
        if (!one_line || !typed || given.find("AAAA") == std::string_view::npos)
            return bad_input("this is no ssh public key").advise("one line of ~/.ssh/id_ed25519.pub");
        return std::string(given);
    });
}

Codec<std::string> plain_ssh_key() {
    return text("ssh public key", [](std::string_view given) -> Result<std::string> {
        if (const std::string fault = plain_key_fault(given); !fault.empty())
            return bad_input("this is no ssh public key for the rescue: {}", fault)
                .advise("one line as in ~/.ssh/id_ed25519.pub: type, key, comment");
        return std::string(given);
    });
}

Codec<std::string> scope() {
    return text("all, profile:NAME, node:NAME", [](std::string_view given) -> Result<std::string> {
        for (const std::string_view kind : {"profile:", "node:"})
            if (given.starts_with(kind) && is_word(given.substr(kind.size()), "_-.", 63)) return std::string(given);
        if (given == "all") return std::string(given);
        return bad_input("\"{}\" is no scope", given).advise("all, profile:NAME or node:NAME");
    });
}

Codec<std::string> octal_permissions() {
    return text("octal permissions", [](std::string_view given) -> Result<std::string> {
        const bool good = given.size() >= 3 && given.size() <= 4 &&
                          std::all_of(given.begin(), given.end(), [](char c) { return c >= '0' && c <= '7'; });
        if (!good) return bad_input("\"{}\" are no octal permissions", given).advise("as chmod takes them: 0750");
        return std::string(given);
    });
}

Codec<std::string> remark() {
    return text("text", [](std::string_view given) -> Result<std::string> {
        const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
        if (given.empty() || given.size() > 200 || std::any_of(given.begin(), given.end(), control))
            return bad_input("the text is empty, longer than 200 bytes or more than one line")
                .advise("one line that says it to people");
        return std::string(given);
    });
}

Codec<std::string> stage_name() {
    Codec<std::string> codec = one_of(boot_stage_names());
    codec.type = "stage";
    return codec;
}

}  // namespace pando::config::codecs
