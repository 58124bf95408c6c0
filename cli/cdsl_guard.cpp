// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl guard: private files stay private when programs write them by rename. A service of every node.
#include "cdsl/guard.h"

#include "base/log.h"
#include "cli/cdsl_root.h"
#include "cli/command.h"

#include <poll.h>
#include <memory>

namespace pando::cli {

namespace {

// Another node's change of the inventory is no event here: it is looked at so often.
constexpr int look_again = 30'000;  // milliseconds
// The lock of changes gives no event either when it is free.
constexpr int try_again = 500;

struct GuardOptions {
    std::string root = "/";
    std::string node;
};

// What a boot leaves to us because it takes its time: copies, and the removal of trees. And a change that another node
// completed between this boot's look at the inventory and now: who was not up then was told nothing of it.
Result<> catch_up(const std::string& root, const std::string& node) {
    const auto done = TRY(cdsl::recover_now(TRY(cdsl::SharedRoot::open(root)), {node, "pando cdsl guard"}));
    tell(done);
    if (booted_node() != node) return {};  // watched from elsewhere: nothing is mounted here
    CdslRootOptions options;
    if (root != "/") options.filesystem = root;
    const auto live = TRY(follow(TRY(CdslRoot::open(options))));
    if (!done.empty() || !live.trouble.empty() || !live.repaired.empty() || !live.unmounted.empty()) live.print();
    return {};
}

Result<int> guard_until_ended(const GuardOptions& options) {
    std::string node = options.node;
    if (node.empty()) node = booted_node().value_or("");
    if (node.empty())
        return bad_input("this machine is no node that pando-boot started").advise("name the node with --node");
    auto guard = TRY(cdsl::LinkGuard::start(options.root, node));
    log::info("{} links of {} are watched", guard.links(), node);
    if (auto done = catch_up(options.root, node); !done) log::write(done.error());
    for (;;) {
        for (const std::string& line : TRY(guard.settle())) log::info("{}", line);
        pollfd event{guard.descriptor(), POLLIN, 0};
        if (poll(&event, 1, guard.waiting() ? try_again : look_again) < 0 && errno != EINTR)
            return fail_errno(errno, "waiting for what happens");
    }
}

}  // namespace

Action declare_cdsl_guard(CLI::App& app) {
    auto options = std::make_shared<GuardOptions>();
    app.add_option("--root", options->root, "the shared root")->capture_default_str();
    app.add_option("--node", options->node, "whose own the files become; else the node this machine booted as");
    app.footer("Runs until it is ended: pando-links.service runs it on every node.");
    return [options]() -> Result<int> { return guard_until_ended(*options); };
}

}  // namespace pando::cli
