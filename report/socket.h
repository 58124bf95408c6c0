// SPDX-License-Identifier: GPL-2.0-or-later
// The two ends of the wire. UDP to single addresses: nobody waits for who is not there, and a switch needs nothing.
//
//   Sender sender(port, {"192.0.2.1", "2001:db8::12"});
//   sender.send(encode(packet, &key));
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "report/collector.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pando::report {

// Never waits, and no error is anybody's concern: who is not reached is shown as silent.
class Sender {
public:
    Sender(uint16_t port, const std::vector<std::string>& addresses);
    void send(std::string_view datagram) const;

private:
    UniqueFd v4_, v6_;
    std::vector<std::string> targets_;  // socket addresses, as the kernel has them
};

// One machine's reports: signs them, and counts by the time since its kernel started, so that the programs that report
// one after another in a boot need not tell each other where they are.
class Reporter {
public:
    Reporter(std::optional<Key> key, std::string_view boot_id) : key_(key), boot_(boot_id_of(boot_id)) {}
    std::string datagram(Report report);

private:
    std::optional<Key> key_;
    BootId boot_;
    uint64_t last_ = 0;
};

class Receiver {
public:
    // `address` empty: all of this machine.
    static Result<Receiver> open(uint16_t port, const std::string& address = {});
    int descriptor() const { return socket_.get(); }
    // Takes what is there, a bounded number of datagrams: who is flooded still does the rest of its work.
    size_t receive(const std::function<void(std::string_view datagram, const std::string& from)>& take) const;

private:
    explicit Receiver(UniqueFd socket) : socket_(std::move(socket)) {}
    UniqueFd socket_;
};

// Hears reports and keeps the snapshot as a file until SIGTERM or SIGINT, which must be blocked in this thread.
// `newer` is asked now and then: a plan to go by from then on.
struct Collecting {
    std::string address;  // to hear at; empty: all
    std::filesystem::path file = snapshot_file;
    std::string boot;  // of this machine
    std::function<std::optional<Plan>()> newer;
    std::filesystem::path metrics = {};              // written as well (report/metrics.h); empty: nowhere
    std::string metrics_of = {};                     // of this node alone
    std::function<std::string()> more_metrics = {};  // what goes behind them
};
Result<> collect(Plan plan, const Collecting& how);

}  // namespace pando::report
