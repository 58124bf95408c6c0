// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/network.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace pando::lab {
namespace {

constexpr auto ip_deadline = std::chrono::seconds(20);

Result<UniqueFd> open_namespace(const std::string& name) {
    UniqueFd fd(open(namespace_file(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening network namespace {}", name);
    return fd;
}

// A socket belongs to the namespace of the thread that made it, so a thread is enough to make one elsewhere.
Result<UniqueFd> socket_inside(const std::string& name) {
    UniqueFd space = TRY(open_namespace(name));
    int fd = -1;
    int err = 0;
    std::thread maker([&] {
        if (setns(space.get(), CLONE_NEWNET) == 0) fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        err = errno;
    });
    maker.join();
    if (fd < 0) return fail_errno(err, "making a socket in network namespace {}", name);
    return UniqueFd(fd);
}

}  // namespace

std::filesystem::path namespace_file(const std::string& name) { return "/run/netns/" + name; }

std::string network_commands(const NetworkPlan& plan) {
    // The loopback's alias is the one place in a namespace for a word of ours.
    std::string text = fmt::format("link set lo alias {}\nlink set lo up\n", plan.owner);
    // Without spanning tree a port forwards at once; with it the first DHCP requests would be lost.
    text += fmt::format("link add {} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n", plan.bridge);
    for (const auto& address : plan.addresses) text += fmt::format("addr add {} dev {}\n", address, plan.bridge);
    text += fmt::format("link set {} up\n", plan.bridge);
    for (const auto& tap : plan.taps)
        text += fmt::format("tuntap add dev {0} mode tap\nlink set {0} master {1} up\n", tap, plan.bridge);
    return text;
}

Result<> create_network(const std::string& name, const NetworkPlan& plan) {
    TRY(run_ok({.argv = {"ip", "netns", "add", name}, .deadline = Deadline::after(ip_deadline)}));
    TRY(run_ok({.argv = {"ip", "-n", name, "-batch", "-"},
                .input = network_commands(plan),
                .deadline = Deadline::after(ip_deadline)}));
    return {};
}

Result<std::string> network_owner(const std::string& name) {
    const auto done =
        TRY(run_ok({.argv = {"ip", "-n", name, "-j", "link", "show", "lo"}, .deadline = Deadline::after(ip_deadline)}));
    const auto links = nlohmann::json::parse(done.out, nullptr, false);
    if (!links.is_array() || links.empty() || !links[0].is_object())
        return fail("ip says no interface lo in network namespace {}: {}", name, done.out);
    return links[0].value("ifalias", "");
}

Result<> delete_network(const std::string& name) {
    std::error_code ignored;
    if (!std::filesystem::exists(namespace_file(name), ignored)) return {};
    TRY(run_ok({.argv = {"ip", "netns", "delete", name}, .deadline = Deadline::after(ip_deadline)}));
    return {};
}

Result<std::function<bool()>> enter_namespace(const std::string& name, bool own_session) {
    // std::function must be copyable, hence shared.
    auto space = std::make_shared<UniqueFd>(TRY(open_namespace(name)));
    return std::function<bool()>([space, own_session] {
        // A daemon that kept our caller's files open would also keep the locks on them.
        if (own_session && (setsid() < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)) return false;
        return setns(space->get(), CLONE_NEWNET) == 0;
    });
}

Result<> move_into_namespace(const std::string& name) {
    UniqueFd space = TRY(open_namespace(name));
    if (setns(space.get(), CLONE_NEWNET) < 0) return fail_errno(errno, "entering network namespace {}", name);
    return {};
}

Result<UniqueFd> connect_inside(const std::string& name, const std::string& address, uint16_t port, Deadline deadline) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    if (inet_pton(AF_INET, address.c_str(), &to.sin_addr) != 1) return bad_input("{} is not an IPv4 address", address);
    UniqueFd fd = TRY(socket_inside(name));
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
    if (errno != EINPROGRESS) return fail_errno(errno, "connecting to {}:{}", address, port);
    pollfd ready{fd.get(), POLLOUT, 0};
    if (poll(&ready, 1, deadline.poll_timeout()) != 1)
        return fail("{}:{} does not answer", address, port).kind(ErrorKind::timeout);
    int err = 0;
    socklen_t size = sizeof err;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &err, &size);
    if (err != 0) return fail_errno(err, "connecting to {}:{}", address, port);
    return fd;
}

bool port_in_table(const std::string& text, const std::string& address, uint16_t port) {
    in_addr wanted{};
    inet_pton(AF_INET, address.c_str(), &wanted);
    const std::string exact = fmt::format("{:08X}:{:04X}", wanted.s_addr, port);
    const std::string any = fmt::format("00000000:{:04X}", port);
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);  // the heading
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::string slot;
        std::string local;
        fields >> slot >> local;
        if (local == exact || local == any) return true;
    }
    return false;
}

Result<bool> port_bound(pid_t process, const std::string& table, const std::string& address, uint16_t port) {
    auto text = read_file(fmt::format("/proc/{}/net/{}", process, table));
    if (!text && (text.error().sys == ENOENT || text.error().sys == ESRCH)) return false;  // it has ended
    return port_in_table(TRY(std::move(text)), address, port);
}

}  // namespace pando::lab
