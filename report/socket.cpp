// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/socket.h"

#include "base/file.h"
#include "base/log.h"
#include "config/values.h"
#include "report/metrics.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <array>
#include <csignal>
#include <cstring>

namespace pando::report {
namespace {

constexpr size_t most_at_once = 512;          // datagrams, before the snapshot has its turn
constexpr Milliseconds write_interval{1000};  // of the snapshot
constexpr int receive_buffer = 1 << 20;       // bytes: bursts of a cluster that boots at once

UniqueFd udp_socket(int family) { return UniqueFd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

std::string bytes_of(const void* address, size_t size) { return {static_cast<const char*>(address), size}; }

std::string socket_address(const config::Ip& ip, uint16_t port) {
    if (ip.v6) {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(port);
        std::memcpy(&six.sin6_addr, ip.bytes.data(), sizeof six.sin6_addr);
        return bytes_of(&six, sizeof six);
    }
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&four.sin_addr, ip.bytes.data(), sizeof four.sin_addr);
    return bytes_of(&four, sizeof four);
}

// "192.0.2.1", also where a socket for both families has it as ::ffff:192.0.2.1.
std::string text_of(const sockaddr_storage& from) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (from.ss_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &from, sizeof six);
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) != 0)
            inet_ntop(AF_INET, &six.sin6_addr.s6_addr[12], text.data(), text.size());
        else
            inet_ntop(AF_INET6, &six.sin6_addr, text.data(), text.size());
    } else if (from.ss_family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &from, sizeof four);
        inet_ntop(AF_INET, &four.sin_addr, text.data(), text.size());
    }
    return text.data();
}

bool is_v6(const std::string& target) { return target.size() == sizeof(sockaddr_in6); }

}  // namespace

Sender::Sender(uint16_t port, const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
        const auto ip = config::parse_ip(address);
        if (!ip) continue;
        UniqueFd& socket = ip->v6 ? v6_ : v4_;
        if (!socket.valid()) socket = udp_socket(ip->v6 ? AF_INET6 : AF_INET);
        targets_.push_back(socket_address(*ip, port));
    }
}

void Sender::send(std::string_view datagram) const {
    for (const std::string& target : targets_)
        (void)sendto(is_v6(target) ? v6_.get() : v4_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL,
                     reinterpret_cast<const sockaddr*>(target.data()), static_cast<socklen_t>(target.size()));
}

std::string Reporter::datagram(Report report) {
    timespec up{};
    clock_gettime(CLOCK_BOOTTIME, &up);
    const uint64_t count = static_cast<uint64_t>(up.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(up.tv_nsec);
    last_ = std::max(last_ + 1, count);
    report.up = static_cast<uint32_t>(up.tv_sec);
    Packet packet{.boot = boot_, .counter = last_, .time = now().wall, .report = std::move(report)};
    return encode(packet, key_ ? &*key_ : nullptr);
}

Result<Receiver> Receiver::open(uint16_t port, const std::string& address) {
    const bool all = address.empty();
    const config::Ip ip = all ? config::Ip{.v6 = true} : TRY(config::parse_ip(address));
    UniqueFd socket = udp_socket(ip.v6 ? AF_INET6 : AF_INET);
    // A kernel without IPv6 has the other family.
    const bool only_v4 = all && !socket.valid();
    if (only_v4) socket = udp_socket(AF_INET);
    if (!socket.valid()) return fail_errno(errno, "opening a UDP socket");
    const int off = 0;
    if (all && !only_v4) (void)setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    (void)setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const std::string name = socket_address(only_v4 ? config::Ip{} : ip, port);
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(name.data()), static_cast<socklen_t>(name.size())) < 0)
        return fail_errno(errno, "hearing reports at UDP port {}", port)
            .advise("another collector may run here, or another program has the port: ss -lunp");
    return Receiver(std::move(socket));
}

size_t Receiver::receive(const std::function<void(std::string_view, const std::string&)>& take) const {
    std::array<char, packet_limit + 1> buffer;  // one more: what is longer is seen to be
    size_t count = 0;
    for (; count < most_at_once; ++count) {
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        const ssize_t n = recvfrom(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &size);
        if (n < 0) break;
        take({buffer.data(), static_cast<size_t>(n)}, text_of(from));
    }
    return count;
}

namespace {

Result<> write_both(const Snapshot& snapshot, const Collecting& how) {
    TRY(write_file_atomic(how.file, to_text(snapshot), 0640));
    if (how.metrics.empty()) return {};
    const View view = view_of(snapshot, {snapshot.written, snapshot.boot});
    TRY(make_directories(how.metrics.parent_path()));
    // Whoever the exporter runs as reads it: nothing in it is secret.
    std::string text = to_metrics(view, snapshot, how.metrics_of);
    if (how.more_metrics) text += how.more_metrics();
    return write_file_atomic(how.metrics, text, 0644);
}

}  // namespace

Result<> collect(Plan plan, const Collecting& how) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    const UniqueFd signals(signalfd(-1, &ends, SFD_CLOEXEC));
    if (!signals.valid()) return fail_errno(errno, "waiting for signals");
    std::optional<Receiver> receiver = TRY(Receiver::open(plan.port, how.address));
    Collector collector(std::move(plan), how.boot);
    Deadline next = Deadline::after(Milliseconds(0));
    std::string trouble;
    for (;;) {
        std::array<pollfd, 2> events{pollfd{signals.get(), POLLIN, 0}, pollfd{receiver->descriptor(), POLLIN, 0}};
        (void)poll(events.data(), events.size(), next.poll_timeout());
        if (events[0].revents != 0) return {};
        receiver->receive(
            [&](std::string_view datagram, const std::string& from) { collector.take(datagram, from, now()); });
        if (!next.passed()) continue;
        next = Deadline::after(write_interval);
        if (auto newer = how.newer ? how.newer() : std::nullopt) collector.go_by(std::move(*newer));
        // Said once: the file's filesystem is full, or it is not.
        const auto written = write_both(collector.snapshot(since_boot()), how);
        if (!written && written.error().what != trouble) log::write(written.error());
        trouble = written ? "" : written.error().what;
    }
}

}  // namespace pando::report
