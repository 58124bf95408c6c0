// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/arguments.h"

#include "config/values.h"
#include "initrd/stages.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <vector>

namespace pando::initrd {
namespace {

constexpr size_t value_limit = 1024;

// 01-52-54-00-77-00-01: hardware type 01 (Ethernet), then the MAC.
std::optional<std::string> mac_of_bootif(std::string_view value) {
    if (value.size() != 20 || value.substr(0, 3) != "01-") return std::nullopt;
    std::string mac(value.substr(3));
    for (size_t i = 0; i < mac.size(); ++i) {
        if (i % 3 == 2) {
            if (mac[i] != '-') return std::nullopt;
            mac[i] = ':';
        } else {
            if (std::isxdigit(static_cast<unsigned char>(mac[i])) == 0) return std::nullopt;
            mac[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(mac[i])));
        }
    }
    return mac;
}

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

struct Argument {
    std::string key;
    std::optional<std::string> value;  // none without "="
    std::string shown() const { return value ? key + "=" + *value : key; }
};

// key=value, key="a value" and "key=a value" as the kernel takes them: the quotes around either are no part of it.
Argument argument_of(std::string_view word) {
    const auto unquote = [](std::string_view& text) {
        if (!text.starts_with('"')) return;
        text.remove_prefix(1);
        if (text.ends_with('"')) text.remove_suffix(1);
    };
    unquote(word);
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) return {std::string(word), std::nullopt};
    std::string_view value = word.substr(equals + 1);
    unquote(value);
    return {std::string(word.substr(0, equals)), std::string(value)};
}

// A blank inside double quotes ends no argument.
Result<std::vector<Argument>> split(std::string_view line) {
    std::vector<Argument> arguments;
    for (size_t at = 0; at < line.size();) {
        if (is_blank(line[at])) {
            ++at;
            continue;
        }
        const size_t begin = at;
        bool quoted = false;
        for (; at < line.size() && (quoted || !is_blank(line[at])); ++at) quoted = quoted != (line[at] == '"');
        const std::string_view word = line.substr(begin, at - begin);
        // It has swallowed what was meant to follow: better no boot than another one.
        if (quoted)
            return bad_input("kernel command line: a double quote is not closed: {}", word.substr(0, 80))
                .advise("close it in the boot script");
        arguments.push_back(argument_of(word));
    }
    return arguments;
}

// 255.255.255.0, as iPXE has it, or 24.
Result<int> prefix_of(std::string_view mask) {
    if (const auto length = config::parse_number(mask, 1, 128)) return static_cast<int>(*length);
    const auto ip = config::parse_ip(mask);
    if (!ip || ip->v6 || std::countl_one(ip->v4()) != std::popcount(ip->v4()) || ip->v4() == 0)
        return bad_input("\"{}\" is no network mask", mask);
    return std::popcount(ip->v4());
}

Result<> read_cluster(BootArguments& arguments, const std::string& value) {
    if (!config::is_word(value, "_-", 32)) return bad_input("\"{}\" is no cluster's name", value);
    arguments.cluster = value;
    return {};
}

Result<> read_target(BootArguments& arguments, const std::string& value) {
    if (!config::is_word(value, ".:-_", 223)) return bad_input("\"{}\" is no iSCSI target", value);
    arguments.storage.iscsi->target = value;
    return {};
}

Result<> read_portals(BootArguments& arguments, const std::string& value) {
    std::istringstream words(value);
    for (std::string word; std::getline(words, word, ',');)
        arguments.storage.iscsi->portals.push_back(TRY(config::parse_portal(word)).text());
    return {};
}

Result<> read_lun(BootArguments& arguments, const std::string& value) {
    arguments.storage.iscsi->lun = static_cast<uint32_t>(TRY(config::parse_number(value, 0, 16383)));
    return {};
}

Result<> read_initiator(BootArguments& arguments, const std::string& value) {
    if (!config::is_word(value, ".:-", 200)) return bad_input("\"{}\" is no beginning of an initiator's name", value);
    arguments.storage.iscsi->initiator_prefix = value;
    return {};
}

Result<> read_identity(BootArguments& arguments, const std::string& value) {
    arguments.storage.identity = value;
    return {};
}

// A boot loader without an address of its own leaves these empty.
Result<> read_address(BootArguments& arguments, const std::string& value) {
    if (value.empty() || value == "/") return {};
    const size_t slash = value.find('/');
    if (slash == std::string::npos) return bad_input("\"{}\" has no mask", value);
    const auto ip = TRY(config::parse_ip(value.substr(0, slash)));
    const int prefix = TRY(prefix_of(value.substr(slash + 1)));
    if (prefix > ip.width()) return bad_input("/{} is longer than the address", prefix);
    if (!arguments.address) arguments.address.emplace();
    arguments.address->address = fmt::format("{}/{}", ip.text(), prefix);
    return {};
}

Result<> read_report(BootArguments& arguments, const std::string& value) {
    arguments.report = TRY(config::parse_ip(value)).text();
    return {};
}

Result<> read_gateway(BootArguments& arguments, const std::string& value) {
    if (value.empty() || value == "0.0.0.0") return {};
    if (!arguments.address) arguments.address.emplace();
    arguments.address->gateway = TRY(config::parse_ip(value)).text();
    return {};
}

using Read = Result<> (*)(BootArguments&, const std::string&);
const std::map<std::string, Read, std::less<>> storage_keys = {
    {"rd.pando.cluster", read_cluster}, {"rd.pando.target", read_target},       {"rd.pando.portals", read_portals},
    {"rd.pando.lun", read_lun},         {"rd.pando.initiator", read_initiator}, {"rd.pando.identity", read_identity},
    {"rd.pando.address", read_address}, {"rd.pando.gateway", read_gateway},     {"rd.pando.report", read_report},
};

// What is said of the LUN must be whole: half of it would make a blade look elsewhere.
Result<> check_storage(BootArguments& arguments) {
    auto& iscsi = arguments.storage.iscsi;
    if (iscsi->target.empty() && iscsi->portals.empty()) {
        iscsi.reset();
        arguments.storage.transport = "local";
    } else if (iscsi->target.empty() || iscsi->portals.empty()) {
        return bad_input("kernel command line: rd.pando.target and rd.pando.portals belong together");
    }
    if (arguments.address && arguments.address->address.empty()) arguments.address.reset();  // a gateway alone
    return {};
}

}  // namespace

Result<BootArguments> parse_boot_arguments(std::string_view command_line) {
    BootArguments arguments;
    arguments.storage.iscsi.emplace();
    std::set<std::string> seen;
    for (const Argument& argument : TRY(split(command_line))) {
        const std::string& key = argument.key;
        const std::string value = argument.value.value_or("");
        const bool ours = key.starts_with("rd.pando.");
        if (!ours && key != "BOOTIF" && key != "init") continue;  // the kernel's and systemd's
        if (value.size() > value_limit)
            return bad_input("kernel command line: {} is longer than {} bytes", key, value_limit);
        if (!seen.insert(key).second)
            return bad_input("kernel command line: {} is given twice", key)
                .advise("keep one of them in the boot script");

        if (const auto reader = storage_keys.find(key); reader != storage_keys.end()) {
            if (auto read = reader->second(arguments, value); !read)
                return Failure(read.error().context("kernel command line: " + key));
        } else if (key == "BOOTIF") {
            arguments.boot_mac = mac_of_bootif(value);
            if (!arguments.boot_mac)
                return bad_input("kernel command line: BOOTIF={} is not 01- and a MAC with dashes", value)
                    .advise("iPXE writes it as BOOTIF=01-${netX/mac:hexhyp}");
        } else if (key == "init") {
            if (!value.starts_with('/')) return bad_input("kernel command line: init={} is no absolute path", value);
            arguments.init = value;
        } else if (key == "rd.pando.debug" && !argument.value) {
            arguments.debug = true;
        } else if (key == "rd.pando.break") {
            if (!is_stage(value))
                return bad_input("kernel command line: rd.pando.break={} names no stage", value)
                    .advise("stages are: " + stage_names());
            arguments.break_stage = value;
        } else if (key == "rd.pando.install") {
            if (value.empty()) return bad_input("kernel command line: rd.pando.install needs the archive's URL");
            arguments.install = value;
        } else if (key == "rd.pando.overwrite") {
            if (value.empty())
                return bad_input("kernel command line: rd.pando.overwrite needs a name of the LUN")
                    .advise("its serial, its WWN or a UUID on it, as the refused installation lists them");
            arguments.overwrite = value;
        } else {
            return bad_input("kernel command line: {} is unknown", argument.shown())
                .advise(
                    "known: rd.pando.break=STAGE rd.pando.install=URL rd.pando.overwrite=IDENTITY "
                    "rd.pando.debug, and what boot.ipxe says of the storage: rd.pando.cluster, target, portals, lun, "
                    "initiator, identity, address, gateway, report");
        }
    }
    TRY(check_storage(arguments));
    // Left behind in a boot script, it would wait there for the next installation.
    if (arguments.overwrite && !arguments.install)
        return bad_input("kernel command line: rd.pando.overwrite without rd.pando.install")
            .advise("it says which LUN an installation may overwrite: remove it from the boot script");
    return arguments;
}

}  // namespace pando::initrd
