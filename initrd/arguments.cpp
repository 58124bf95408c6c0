// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/arguments.h"

#include "initrd/stages.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

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

}  // namespace

Result<BootArguments> parse_boot_arguments(std::string_view command_line) {
    BootArguments arguments;
    std::set<std::string> seen;
    std::istringstream words{std::string(command_line)};
    for (std::string word; words >> word;) {
        const size_t equals = word.find('=');
        const std::string key = word.substr(0, equals);
        const std::string value = equals == std::string::npos ? std::string() : word.substr(equals + 1);
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
        } else if (key == "rd.pando.debug" && equals == std::string::npos) {
            arguments.debug = true;
        } else if (key == "rd.pando.break") {
            if (!is_stage(value))
                return bad_input("kernel command line: rd.pando.break={} names no stage", value)
                    .advise("stages are: " + stage_names());
            arguments.break_stage = value;
        } else if (key == "rd.pando.install") {
            if (value.empty()) return bad_input("kernel command line: rd.pando.install needs the archive's URL");
            arguments.install = value;
        } else {
            return bad_input("kernel command line: {} is unknown", word)
                .advise("known: rd.pando.break=STAGE rd.pando.install=URL rd.pando.debug");
        }
    }
    return arguments;
}

}  // namespace pando::initrd
