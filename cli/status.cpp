// SPDX-License-Identifier: GPL-2.0-or-later
// pando status: what holds on this node now. While the root is frozen, `pando-survival status` says the same from the
// chroot.
#include "cli/command.h"
#include "initrd/node_report.h"

#include <memory>

namespace pando::cli {

Action declare_status(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "machine-readable");
    return [json]() -> Result<int> {
        const auto state = TRY(initrd::read_node_state());
        fmt::print("{}", *json ? to_json(state) : to_text(state));
        return state.faults.empty() ? 0 : 1;
    };
}

}  // namespace pando::cli
