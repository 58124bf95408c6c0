// SPDX-License-Identifier: GPL-2.0-or-later
// pando collect: hears what nodes and booting blades report of themselves, for `pando status` on a machine that is no
// node. pando-collect.service runs it on the boot server.
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "config/authkey.h"
#include "config/load.h"
#include "report/metrics.h"
#include "report/socket.h"

#include <csignal>
#include <memory>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string file = "cluster.yaml";
    std::string listen;
    std::string output = report::server_snapshot;
    std::string metrics = report::server_metrics_file;
    uint16_t port = report::report_port;
};

Result<report::Plan> plan_of(const Options& options) {
    const auto cluster = TRY(config::load_file(options.file));
    const std::string authkey = TRY(config::read_authkey(fs::path(options.file).parent_path() / cluster.authkey_file));
    report::Plan plan = TRY(report::make_plan(cluster, authkey, 0));
    plan.port = options.port;
    return plan;
}

Result<int> collect(const Options& options) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    std::error_code ec;
    auto known = fs::last_write_time(options.file, ec);
    auto plan = TRY(plan_of(options));
    TRY(make_directories(fs::path(options.output).parent_path()));
    log::info("hearing the reports of {} nodes of cluster {} at UDP port {}", plan.nodes.size(), plan.cluster,
              plan.port);
    report::Collecting how;
    how.address = options.listen;
    how.file = options.output;
    how.metrics = options.metrics;
    how.boot = TRY(read_line("/proc/sys/kernel/random/boot_id"));
    how.newer = [&]() -> std::optional<report::Plan> {
        const auto changed = fs::last_write_time(options.file, ec);
        if (ec || changed == known) return std::nullopt;
        known = changed;
        auto newer = plan_of(options);
        if (newer) return std::move(*newer);
        log::write(newer.error().context("going by the description before"));
        return std::nullopt;
    };
    TRY(report::collect(std::move(plan), how));
    return 0;
}

}  // namespace

Action declare_collect(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("FILE", options->file, "cluster.yaml, with the authkey beside it")->capture_default_str();
    app.add_option("--listen", options->listen, "hear at this address only")->type_name("ADDRESS");
    app.add_option("--port", options->port, "UDP port; that of nodes cannot be changed")->capture_default_str();
    app.add_option("--output", options->output, "where the snapshot is kept")->type_name("FILE")->capture_default_str();
    app.add_option("--metrics", options->metrics, "the same for Prometheus' node exporter; empty: not written")
        ->type_name("FILE")
        ->capture_default_str();
    return [options] { return collect(*options); };
}

}  // namespace pando::cli
