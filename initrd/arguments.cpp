// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/arguments.h"

#include "initrd/stages.h"

#include <algorithm>
#include <cctype>
#include <set>
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

}  // namespace

Result<BootArguments> parse_boot_arguments(std::string_view command_line) {
    BootArguments arguments;
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

        if (key == "BOOTIF") {
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
                    "rd.pando.debug");
        }
    }
    // Left behind in a boot script, it would wait there for the next installation.
    if (arguments.overwrite && !arguments.install)
        return bad_input("kernel command line: rd.pando.overwrite without rd.pando.install")
            .advise("it says which LUN an installation may overwrite: remove it from the boot script");
    return arguments;
}

}  // namespace pando::initrd
