// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot why: who needs this file of the fencing chroot, up to what was asked for, and what it brings along.
#include "base/printable.h"
#include "chroot-builder/explain.h"
#include "cli/chroot_source.h"
#include "cli/command.h"

#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

struct WhyOptions {
    ChrootSource source;
    std::string path;
    bool json = false;
};

nlohmann::ordered_json as_json(const std::vector<chroot::Reason>& reasons) {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& reason : reasons) rows.push_back({{"relation", reason.relation}, {"by", reason.by.string()}});
    return rows;
}

std::string as_json(const chroot::Explanation& found) {
    auto brought = nlohmann::ordered_json::array();
    for (const auto& path : found.brought) brought.push_back(path.string());
    const nlohmann::ordered_json document = {{"path", found.path.string()},
                                             {"chain", as_json(found.chain)},
                                             {"others", as_json(found.others)},
                                             {"brought_bytes", found.brought_bytes},
                                             {"brought", std::move(brought)}};
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print(const chroot::Explanation& found) {
    fmt::print("{}\n", printable(found.path.native()));
    std::string indent = "  ";
    for (const auto& reason : found.chain) {
        fmt::print("{}{}\n", indent, printable(reason.text()));
        indent += "  ";
    }
    if (!found.others.empty()) fmt::print("also:\n");
    for (const auto& reason : found.others) fmt::print("  {}\n", printable(reason.text()));
    if (found.brought.size() > 1)
        fmt::print("for its sake alone are inside: {} files, {:.1f} MB, itself among them\n", found.brought.size(),
                   static_cast<double>(found.brought_bytes) / 1e6);
}

}  // namespace

Action declare_chroot_why(CLI::App& app) {
    auto options = std::make_shared<WhyOptions>();
    app.add_option("path", options->path, "as the chroot has it: /usr/bin/ipmitool")->required();
    add_options(app, options->source);
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto found = TRY(chroot::explain(TRY(resolve(options->source)).manifest, options->path));
        if (options->json)
            fmt::print("{}\n", as_json(found));
        else
            print(found);
        return 0;
    };
}

}  // namespace pando::cli
