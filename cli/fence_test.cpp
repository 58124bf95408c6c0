// SPDX-License-Identifier: GPL-2.0-or-later
// pando fence test: do the fence devices answer, from the chroot? Also what the timer runs.
#include "base/log.h"
#include "cli/command.h"
#include "cli/fence_inside.h"

#include <memory>

namespace pando::cli {
namespace {

constexpr Milliseconds patience{90000};

struct TestOptions {
    std::vector<std::string> nodes;
    std::string by;
    bool json = false;
};

Result<int> test(const TestOptions& options) {
    const auto survival = TRY(survival_of_this_node());
    std::vector<std::string> words = {"test"};
    words.insert(words.end(), options.nodes.begin(), options.nodes.end());
    if (options.json) words.emplace_back("--json");
    const auto done =
        TRY(survival.run(TRY(fence_command(std::move(words), options.by)), "", Deadline::after(patience)));
    fmt::print("{}", done.out);
    fmt::print(stderr, "{}", done.err);
    // The verdict stands, whether it could be kept or not.
    if (const auto kept = keep_fence_history(); !kept) log::write(kept.error());
    return done.status;
}

}  // namespace

Action declare_fence_test(CLI::App& app) {
    auto options = std::make_shared<TestOptions>();
    app.add_option("NODE", options->nodes, "whose devices; without one those of all nodes");
    app.add_option("--by", options->by, "who asks, for the history");
    app.add_flag("--json", options->json, "for programs");
    return [options] { return test(*options); };
}

}  // namespace pando::cli
