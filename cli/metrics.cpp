// SPDX-License-Identifier: GPL-2.0-or-later
// pando metrics: what the collector of this machine writes for Prometheus, on standard output.
#include "report/metrics.h"
#include "base/file.h"
#include "cli/command.h"

#include <filesystem>
#include <memory>

namespace pando::cli {

Action declare_metrics(CLI::App& app) {
    auto from = std::make_shared<std::string>();
    app.add_option("--from", *from, "a snapshot of reports: of all its nodes")->type_name("FILE");
    return [from]() -> Result<int> {
        if (!from->empty()) {
            const auto snapshot = TRY(report::load_snapshot(*from));
            const report::Reader reader{since_boot(), read_line("/proc/sys/kernel/random/boot_id").value_or("")};
            fmt::print("{}", report::to_metrics(report::view_of(snapshot, reader), snapshot));
            return 0;
        }
        for (const char* file : {report::metrics_file, report::server_metrics_file}) {
            if (!std::filesystem::exists(file)) continue;
            fmt::print("{}", TRY(read_file(file)));
            return 0;
        }
        return bad_input("nobody collects the nodes' reports on this machine")
            .advise("on the boot server: systemctl enable --now pando-collect");
    };
}

}  // namespace pando::cli
