// SPDX-License-Identifier: GPL-2.0-or-later
// Reporters that are not there: sends the signed reports of all nodes of a description to a collector on this machine,
// but for the last of them, which is silent.
//
//   bench-report CLUSTER_YAML AUTHKEY PORT [GARBAGE]   as many packets of garbage before them
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "config/load.h"
#include "report/socket.h"

#include <poll.h>

namespace {

using namespace pando;

report::Report booted(const std::string& node) {
    report::Report report{.node = node, .mac = "52:54:00:00:00:01", .serial = "S-" + node};
    report.state = report::State::booted;
    report.votes = report::Votes{true, 16, 16, 9};
    report.root = "mounted";
    report.chroot = "ok";
    report.fence_test = 60;
    report.generation = 7;
    return report;
}

Result<> send_all(const std::string& file, const std::string& authkey, uint16_t port, unsigned garbage) {
    const auto cluster = TRY(config::load_file(file));
    const auto plan = TRY(report::make_plan(cluster, TRY(read_file(authkey)), 7));
    const report::Sender sender(port, {"127.0.0.1"});
    for (unsigned i = 0; i < garbage; ++i) sender.send(fmt::format("PNDR\x01 {}", i));
    unsigned sent = 0;
    for (size_t i = 0; i + 1 < plan.nodes.size(); ++i) {
        report::Reporter reporter(plan.key, fmt::format("8f3c0000-0000-4000-8000-{:012x}", i));
        sender.send(reporter.datagram(booted(plan.nodes[i].name)));
        if (++sent % 100 == 0) (void)poll(nullptr, 0, 5);  // pace: as fast as a collector with one processor hears
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    const auto port = argc > 3 ? whole_number<uint16_t>(argv[3]) : std::nullopt;
    const auto garbage = argc > 4 ? whole_number<unsigned>(argv[4]) : std::optional(0U);
    if (!port || !garbage) {
        fmt::print(stderr, "usage: bench-report CLUSTER_YAML AUTHKEY PORT [GARBAGE]\n");
        return 2;
    }
    const auto done = send_all(argv[1], argv[2], *port, *garbage);
    if (done) return 0;
    log::write(done.error());
    return 1;
}
