// SPDX-License-Identifier: GPL-2.0-or-later
// pando status: all nodes, a line each, from the reports that were collected here; with --here all of this node. No
// node is asked, so none that is gone holds it up. While the root is frozen, `pando-survival status` says what --here
// does.
#include "base/file.h"
#include "cli/command.h"
#include "initrd/node_report.h"
#include "report/view.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace pando::cli {
namespace {

constexpr size_t default_width = 80;

struct Options {
    bool here = false, json = false, watch = false;
    std::string from;
};

size_t terminal_width() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return default_width;
}

// That of a node, or that of a boot server.
Result<report::Snapshot> collected(const Options& options) {
    if (!options.from.empty()) return report::load_snapshot(options.from);
    for (const char* file : {report::snapshot_file, report::server_snapshot})
        if (std::filesystem::exists(file)) return report::load_snapshot(file);
    return bad_input("nobody collects the nodes' reports on this machine")
        .advise(
            "on a node `pando status --here` tells of that node; on the boot server: systemctl enable --now "
            "pando-collect");
}

// The text, and whether all is well.
Result<std::pair<std::string, bool>> look(const Options& options) {
    if (options.here) {
        const auto state = TRY(initrd::read_node_state());
        return std::pair(options.json ? to_json(state) : to_text(state), state.faults.empty());
    }
    const auto snapshot = TRY(collected(options));
    const report::Reader reader{since_boot(), read_line("/proc/sys/kernel/random/boot_id").value_or("")};
    const auto view = report::view_of(snapshot, reader);
    return std::pair(options.json ? report::to_json(view, snapshot, reader) : report::to_text(view, terminal_width()),
                     view.well);
}

// On a terminal the text takes the place of the one before; else it is said when it is another one. Ctrl-C ends it, and
// leaves the terminal as it was: nothing of it was changed.
Result<int> watch(const Options& options) {
    const bool terminal = isatty(STDOUT_FILENO) != 0 && !options.json;
    std::string last;
    for (;;) {
        const auto [text, well] = TRY(look(options));
        if (terminal)
            fmt::print("\033[H\033[J{}", text);
        else if (text != last)
            fmt::print("{}{}", last.empty() || options.json ? "" : "\n", text);
        last = text;
        if (std::fflush(stdout) != 0) return 1;  // nobody reads any more
        (void)poll(nullptr, 0, 1000);            // between looks
    }
}

}  // namespace

Action declare_status(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_flag("--here", options->here, "all of this node: boot, quorum, root, survival set, fencing");
    app.add_flag("--json", options->json, "machine-readable");
    app.add_flag("--watch", options->watch, "again each second, until Ctrl-C");
    app.add_option("--from", options->from, "a snapshot of reports, in place of this machine's own")->type_name("FILE");
    return [options]() -> Result<int> {
        if (options->watch) return watch(*options);
        const auto [text, well] = TRY(look(*options));
        fmt::print("{}", text);
        return well ? 0 : 1;
    };
}

}  // namespace pando::cli
