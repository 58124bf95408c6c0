// SPDX-License-Identifier: GPL-2.0-or-later
// pando root changes: what was changed on the shared root, and which nodes have followed. pando root follow: this node
// does so now.
#include "cli/command.h"
#include "cli/root_change.h"
#include "updates/followed.h"
#include "updates/record.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>

namespace pando::cli {
namespace {

using updates::Record;

std::string line_of(const Record& record) {
    return fmt::format("{} {} {} on {}: {}; {} packages, {} files of /etc\n", record.number, record.begin,
                       record.command, record.node, to_string(record.state), record.packages.size(),
                       record.files.size());
}

Result<int> one(const std::vector<Record>& records, unsigned number, bool json) {
    const auto it = std::find_if(records.begin(), records.end(), [&](const Record& r) { return r.number == number; });
    if (it == records.end())
        return bad_input("there is no change {}", number).advise("pando root changes lists those that are kept");
    if (json) {
        fmt::print("{}", to_json(*it));
        return 0;
    }
    fmt::print("{}", line_of(*it));
    for (const auto& package : it->packages) fmt::print("  {}\n", to_text(package));
    for (const std::string& file : it->files) fmt::print("  {}\n", file);
    fmt::print("/etc as it was before: {}/etc.tar.gz\n", updates::directory_of("/", number).string());
    return 0;
}

Result<int> all(const std::vector<Record>& records, bool json) {
    if (json) {
        for (const Record& record : records) fmt::print("{}", to_json(record));
        return 0;
    }
    for (const Record& record : records) fmt::print("{}", line_of(record));
    return TRY(tell_nodes()) ? 0 : 1;
}

}  // namespace

Action declare_root_changes(CLI::App& app) {
    struct Options {
        unsigned number = 0;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    app.add_option("NUMBER", options->number, "one of them, with all that it changed");
    app.add_flag("--json", options->json, "for programs, an object each");
    return [options]() -> Result<int> {
        const auto records = TRY(updates::read_records("/"));
        return options->number == 0 ? all(records, options->json) : one(records, options->number, options->json);
    };
}

Action declare_root_follow(CLI::App& app) {
    app.footer("Once for each change of the root. What a restart would harm is left, and named.");
    return []() -> Result<int> {
        const auto done = TRY(updates::follow("/"));
        if (!done) return 0;
        fmt::print("change {} of the root is followed\n", done->change);
        for (const std::string& unit : done->restarted) fmt::print("restarted {}\n", unit);
        for (const std::string& unit : done->stopped) fmt::print("stopped {}: it is no longer installed\n", unit);
        for (const std::string& failed : done->failed) fmt::print("FAILED to restart {}\n", failed);
        for (const std::string& left : done->left) fmt::print("old code until the next boot: {}\n", left);
        return done->failed.empty() ? 0 : 1;
    };
}

}  // namespace pando::cli
