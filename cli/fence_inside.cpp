// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/fence_inside.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/procfs.h"
#include "chroot-builder/residence.h"
#include "fencing/history.h"

#include <cstdlib>

namespace pando::cli {
namespace {

constexpr const char* kept_history = "/var/log/pando/fence.jsonl";  // the node's own: /var/log is private
constexpr Milliseconds lock_patience{30000};

}  // namespace

Result<chroot::SurvivalNamespace> survival_of_this_node() {
    const auto daemons = TRY(processes_named("@corosync"));
    if (daemons.empty())
        return fail("corosync does not run on this machine, so there is no chroot to fence from")
            .advise("give the command on a node that is up; pando status --here");
    return chroot::SurvivalNamespace::of(daemons.front());
}

Result<std::vector<std::string>> fence_command(std::vector<std::string> words, const std::string& by) {
    const char* sudo_user = std::getenv("SUDO_USER");
    const std::string who =
        fmt::format("{} on {}", sudo_user != nullptr ? sudo_user : "root", TRY(read_line("/run/pando/node")));
    words.insert(words.begin(), {"/usr/sbin/pando-survival", "fence"});
    words.insert(words.end(), {"--by", by.empty() ? who : by});
    return words;
}

Result<> keep_fence_history() {
    const std::filesystem::path file = kept_history;
    TRY(make_directories(file.parent_path(), 0750));
    const auto lock = TRY(FileLock::take("/run/pando/fence-history.lock", Deadline::after(lock_patience)));
    (void)TRY(fencing::take_over_lines(fencing::history_file(chroot::chroot_path), file));
    return {};
}

Result<int> become_fence_command(std::vector<std::string> words) {
    const auto survival = TRY(survival_of_this_node());
    const auto argv = TRY(fence_command(std::move(words)));
    std::fflush(nullptr);
    return Failure(survival.become(argv));
}

}  // namespace pando::cli
