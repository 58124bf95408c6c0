// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/cluster_link.h"

#include "base/file.h"
#include "base/number.h"
#include "base/process.h"

#include <cstdlib>
#include <future>

namespace pando::initrd {
namespace {

constexpr unsigned headers_v4 = 28;  // IP and ICMP
constexpr unsigned headers_v6 = 48;

// Three packets, one answer is enough. -M do: routers may not cut it into pieces.
bool answers(const std::string& address, unsigned payload, Deadline deadline) {
    const auto done = run({.argv = {"ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", "-M", "do", "-s",
                                    std::to_string(payload), address},
                           .deadline = deadline});
    return done && done->ok();
}

std::string look_at(const config::Node& peer, unsigned mtu, Deadline deadline) {
    const std::string address = peer.cluster_address();
    const unsigned headers = address.find(':') == std::string::npos ? headers_v4 : headers_v6;
    if (mtu <= headers || answers(address, mtu - headers, deadline) || !answers(address, 0, deadline)) return {};
    return fmt::format("{} at {} answers small packets, and none of {} bytes", peer.name, address, mtu);
}

}  // namespace

std::vector<std::string> check_cluster_link(const config::Node& self, const std::vector<config::Node>& peers,
                                            Deadline deadline) {
    const auto line = read_line(fmt::format("/sys/class/net/{}/mtu", self.cluster_nic()->name));
    const unsigned mtu = whole_number<unsigned>(line.value_or("")).value_or(0);
    std::vector<std::future<std::string>> asked;
    for (const config::Node& peer : peers)
        asked.push_back(
            std::async(std::launch::async, [&peer, mtu, deadline] { return look_at(peer, mtu, deadline); }));
    std::vector<std::string> troubles;
    for (auto& one : asked)
        if (auto trouble = one.get(); !trouble.empty()) troubles.push_back(std::move(trouble));
    return troubles;
}

std::vector<std::string> check_clocks(const std::vector<config::Claim>& beating, int64_t now) {
    std::vector<std::string> lines;
    for (const config::Claim& claim : beating) {
        if (claim.time == 0) continue;  // of a Pando that did not say it
        const int64_t away = now - static_cast<int64_t>(claim.time);
        if (std::abs(away) > clock_bound)
            lines.push_back(fmt::format("this machine's clock is {} s {} that of {}", std::abs(away),
                                        away > 0 ? "ahead of" : "behind", claim.node));
    }
    return lines;
}

}  // namespace pando::initrd
