// SPDX-License-Identifier: GPL-2.0-or-later
// DHCP by busybox's udhcpc. Nothing of what a server says meets a shell: udhcpc's script is this program, and every
// value is parsed as what it must be before it goes anywhere.
#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "initrd/ip_batch.h"
#include "initrd/links.h"
#include "initrd/network.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

constexpr const char* lease_file_variable = "PANDO_LEASE_FILE";
// What of udhcpc's variables we use; anything else a server sends is left unread.
constexpr std::array variables = {"interface", "ip", "mask", "router", "dns", "mtu", "serverid"};
constexpr size_t longest_value = 1024;
constexpr Milliseconds resend{2000};

// An address a host may have or talk to: not 0.0.0.0/8, loopback, multicast or above.
bool is_host_address(const std::string& text) {
    in_addr address{};
    if (inet_pton(AF_INET, text.c_str(), &address) != 1) return false;
    const uint32_t first = ntohl(address.s_addr) >> 24U;
    return first != 0 && first != 127 && first < 224;
}

bool is_interface_name(std::string_view text) {
    if (text.empty() || text.size() >= IFNAMSIZ || text == "." || text == "..") return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c <= '~' && c != '/' && c != ':' && c != '='; });
}

// For messages: hostile bytes made visible, long values cut.
std::string visible(std::string_view raw) {
    constexpr size_t most = 40;
    std::string text;
    for (const char c : raw.substr(0, most)) text += c >= ' ' && c <= '~' ? c : '?';
    return raw.size() > most ? text + "…" : text;
}

Result<std::vector<std::string>> addresses(std::string_view name, const std::string& value) {
    std::vector<std::string> out;
    std::istringstream words(value);
    for (std::string word; words >> word;) {
        if (!is_host_address(word)) return bad_input("DHCP: {} \"{}\" is no host's address", name, visible(value));
        out.push_back(word);
    }
    return out;
}

Result<> configure(const Lease& lease, Deadline deadline) {
    std::vector<std::string> lines = {"address flush dev " + lease.interface + " scope global"};
    if (lease.mtu) lines.push_back(fmt::format("link set dev {} mtu {}", lease.interface, *lease.mtu));
    // For ever, whatever the server said: the root hangs on this address, nothing would renew it.
    lines.push_back(fmt::format("address replace {} brd + dev {} valid_lft forever preferred_lft forever",
                                lease.address, lease.interface));
    // As systemd-networkd makes it, which finds its own there. A gateway of the node's plan, without a metric, wins.
    if (lease.gateway)
        lines.push_back(fmt::format("route replace default via {} dev {} proto dhcp src {} metric 1024", *lease.gateway,
                                    lease.interface, lease.address.substr(0, lease.address.find('/'))));
    return ip_batch(lines, deadline);
}

Result<Lease> read_lease(const fs::path& file) {
    std::map<std::string, std::string> values;
    std::istringstream lines(TRY(read_file(file, longest_value * variables.size())));
    for (std::string line; std::getline(lines, line);) {
        const size_t equals = line.find('=');
        if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    }
    return lease_from([&](const char* name) {
        const auto value = values.find(name);
        return value == values.end() ? nullptr : value->second.c_str();
    });
}

// The directory that holds the lease, and a link to this program under the name that main() knows it by.
Result<TemporaryDirectory> make_exchange() {
    auto directory = TRY(TemporaryDirectory::create(fs::temp_directory_path(), "pando-dhcp-"));
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (!error) fs::create_symlink(self, directory.path() / dhcp_event_name, error);
    if (error) return fail("making udhcpc's event program: {}", error.message());
    return directory;
}

Result<> wait_for_link(const std::string& interface, Deadline deadline) {
    auto events = TRY(LinkEvents::listen());
    TRY(ip_batch({"link set dev " + interface + " up"}, deadline));
    if (!TRY(events.until([&] { return interface_running(interface); }, deadline)))
        return fail("{} has no link", interface).kind(ErrorKind::timeout).advise("check the cable and the switch port");
    return {};
}

}  // namespace

Result<Lease> lease_from(const std::function<const char*(const char* name)>& variable) {
    std::map<std::string, std::string> values;
    for (const char* name : variables) {
        const char* value = variable(name);
        if (value == nullptr) continue;
        values[name] = value;
        if (values[name].size() > longest_value)
            return bad_input("DHCP: {} is {} bytes long", name, values[name].size());
        if (values[name].find('\n') != std::string::npos)
            return bad_input("DHCP: {} \"{}\" is more than a line", name, visible(value));
    }
    Lease lease;
    lease.interface = values["interface"];
    if (!is_interface_name(lease.interface))
        return bad_input("DHCP: \"{}\" is no interface name", visible(lease.interface));
    if (!is_host_address(values["ip"])) return bad_input("DHCP: ip \"{}\" is no host's address", visible(values["ip"]));
    const auto prefix = whole_number<uint32_t>(values["mask"]);
    if (!prefix || *prefix < 1 || *prefix > 32)
        return bad_input("DHCP: mask \"{}\" is no prefix length", visible(values["mask"]))
            .advise("the server must send the subnet mask (option 1)");
    lease.address = fmt::format("{}/{}", values["ip"], *prefix);
    const auto routers = TRY(addresses("router", values["router"]));
    if (!routers.empty()) lease.gateway = routers.front();
    lease.dns = TRY(addresses("dns", values["dns"]));
    if (values.count("mtu") != 0) {
        constexpr uint32_t least = 576, most = 65535;  // RFC 791 and 2132: below that IP does not work
        lease.mtu = whole_number<uint32_t>(values["mtu"]);
        if (!lease.mtu || *lease.mtu < least || *lease.mtu > most)
            return bad_input("DHCP: mtu \"{}\" is not between {} and {}", visible(values["mtu"]), least, most);
    }
    const auto servers = TRY(addresses("serverid", values["serverid"]));
    if (!servers.empty()) lease.server = servers.front();
    return lease;
}

int dhcp_event_main(int argc, char** argv) {
    const std::string_view event = argc > 1 ? argv[1] : "";
    if (event != "bound" && event != "renew") return 0;  // deconfig, leasefail, nak: the parent sees no lease
    const char* file = std::getenv(lease_file_variable);
    if (file == nullptr) {
        fmt::print(stderr, "{} is run by udhcpc, with {} set\n", dhcp_event_name, lease_file_variable);
        return 1;
    }
    auto lease = lease_from([](const char* name) -> const char* { return std::getenv(name); });
    if (!lease) {
        fmt::print(stderr, "{}\n", lease.error().what);
        return 1;
    }
    std::string text;
    for (const char* name : variables)
        if (const char* value = std::getenv(name); value != nullptr) text += fmt::format("{}={}\n", name, value);
    auto written = write_file_atomic(file, text, 0600);
    if (!written) fmt::print(stderr, "{}\n", written.error().what);
    return written ? 0 : 1;
}

Result<Lease> dhcp(const std::string& interface, Deadline deadline) {
    if (!is_interface_name(interface)) return bad_input("\"{}\" is no interface name", visible(interface));
    TRY(wait_for_link(interface, deadline));
    const auto exchange = TRY(make_exchange());
    const fs::path lease_file = exchange.path() / "lease";
    // It ends by itself when this many questions stayed without an answer; the deadline is only the backstop.
    const auto questions = std::max<Milliseconds::rep>(1, deadline.remaining() / resend);
    auto asked = run({.argv = {"busybox", "udhcpc", "-f", "-q", "-n", "-i", interface, "-t", fmt::to_string(questions),
                               "-T", fmt::to_string(resend.count() / 1000), "-O", "mtu", "-s",
                               (exchange.path() / dhcp_event_name).string()},
                      .env = {{lease_file_variable, lease_file.string()}},
                      .deadline = deadline});
    const auto lease = read_lease(lease_file);
    if (lease) {
        TRY(configure(*lease, deadline));
        return lease;
    }
    const bool no_answer = asked ? !asked->ok() : asked.error().kind == ErrorKind::timeout;
    if (!asked && !no_answer) return Failure(asked.error());
    const size_t refused = asked ? asked->err.find("DHCP: ") : std::string::npos;
    if (refused != std::string::npos)
        return fail("{}: the server's answer is refused: {}", interface,
                    asked->err.substr(refused, asked->err.find('\n', refused) - refused))
            .advise("correct the DHCP server's options");
    return fail("{}: it has a link, and no DHCP server answered", interface)
        .kind(ErrorKind::timeout)
        .advise("does the boot server's DHCP run, is this MAC known to it, and is the switch port in its VLAN?");
}

}  // namespace pando::initrd
