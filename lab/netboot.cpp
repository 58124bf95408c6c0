// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/netboot.h"

#include <fmt/format.h>
#include <sstream>

namespace pando::lab {

std::string with_kernel_arguments(const std::string& script, const std::string& arguments) {
    if (arguments.empty()) return script;
    std::istringstream lines(script);
    std::string result;
    for (std::string line; std::getline(lines, line);) {
        const size_t begin = line.find_first_not_of(" \t");
        if (begin != std::string::npos && line.compare(begin, 7, "kernel ") == 0) {
            // `kernel … || failed`: the arguments belong in front of what happens on failure.
            const size_t otherwise = line.find(" || ");
            line.insert(otherwise == std::string::npos ? line.size() : otherwise, " " + arguments);
        }
        result += line + "\n";
    }
    return result;
}

std::string from_current_set(const std::string& script) {
    std::string result = script;
    const size_t line = result.find("\nset base ");
    const size_t end = line == std::string::npos ? line : result.find('\n', line + 1);
    const size_t set = result.find("/sets/", line);
    if (line != std::string::npos && set < end) result.erase(set, end - set);
    return result;
}

std::string blade_script_name(const std::string& mac) {
    std::string name = mac;
    for (char& c : name)
        if (c == ':') c = '-';
    return name + ".ipxe";
}

std::string chooser_script() {
    return "#!ipxe\n"
           "chain --replace /lab/${netX/mac:hexhyp}.ipxe || chain --replace /lab/any.ipxe\n";
}

std::string lighttpd_conf(const HttpPaths& paths, const std::string& address, uint16_t port) {
    return fmt::format(R"(server.modules = ( "mod_alias", "mod_accesslog" )
server.document-root = "{netboot}"
server.bind = "{address}"
server.port = {port}
server.errorlog = "{log}"
accesslog.filename = "{log}"
server.upload-dirs = ( "{uploads}" )
# The kernel and the image are read by many blades at once and never change under them.
server.max-connections = 512
# A script that was just replaced is the one to be served.
server.stat-cache-engine = "disable"
alias.url = ( "/boot.ipxe" => "{scripts}/boot.ipxe", "/lab/" => "{scripts}/" )
mimetype.assign = ( "" => "application/octet-stream" )
)",
                       fmt::arg("netboot", paths.netboot.string()), fmt::arg("address", address),
                       fmt::arg("port", port), fmt::arg("log", paths.log.string()),
                       fmt::arg("uploads", paths.uploads.string()), fmt::arg("scripts", paths.scripts.string()));
}

}  // namespace pando::lab
