// SPDX-License-Identifier: GPL-2.0-or-later
// A node's real means.
#include "base/file.h"
#include "base/procfs.h"
#include "chroot-builder/survival_namespace.h"
#include "config/slots.h"
#include "nodes/change.h"
#include "nodes/journals.h"

#include <cstdlib>

namespace pando::nodes {
namespace {

constexpr const char* booted_as = "/run/pando/node";
constexpr Milliseconds lock_patience{120000};
constexpr Milliseconds publish_patience{60000};
constexpr Milliseconds journals_patience{300000};

// Fence agents are run where dlm_controld would run them.
Result<Finished> run_inside(const std::vector<std::string>& argv, const std::string& input, Deadline deadline) {
    const auto daemons = TRY(processes_named("@corosync"));
    if (daemons.empty())
        return fail("@corosync does not run on this node: there is no chroot to fence from")
            .advise("pando status --here");
    const auto survival = TRY(chroot::SurvivalNamespace::of(daemons.front()));
    return survival.run(argv, input, deadline);
}

Result<Published> publish(const std::string& command, const config::Bundle& seen, config::Bundle next,
                          const std::function<Result<>()>& before) {
    auto change = TRY(BundleChange::begin(command, Deadline::after(lock_patience)));
    if (change.before().files != seen.files)
        return fail("the description was changed by somebody else meanwhile: it has generation {} now",
                    change.before().generation)
            .advise("give the command again: it then builds upon that one");
    TRY(before());
    return change.publish(std::move(next), Deadline::after(publish_patience));
}

}  // namespace

Result<Means> means_of_this_node(Store& store) {
    Means means;
    means.here = TRY(read_line(booted_as));
    const char* sudo_user = std::getenv("SUDO_USER");
    means.who = fmt::format("{} on {}", sudo_user != nullptr ? sudo_user : "root", means.here);
    means.store = &store;
    means.agents = run_inside;
    const std::string cluster = TRY(config::read_live_bundle()).cluster;
    means.newest = [&store, cluster] { return config::read_newest(store, cluster); };
    means.now = [&store, cluster]() -> Result<Now> {
        return read_now(store, TRY(config::read_newest(store, cluster)));
    };
    means.publish = publish;
    means.journals = [root = means.root] { return count_journals(root, Deadline::after(journals_patience)); };
    means.add_journals = [root = means.root](uint32_t count) {
        return add_journals(root, count, Deadline::after(journals_patience));
    };
    return means;
}

}  // namespace pando::nodes
