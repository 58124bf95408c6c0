// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/journals.h"

#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "initrd/probe.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <algorithm>

namespace pando::nodes {
namespace {

constexpr const char* view = "/run";  // any directory will do: it is covered in a mount namespace of its own only

// GFS2 shows its own files (journals, quota) as a filesystem of type gfs2meta, mounted from a mounted one.
Result<std::string> count_in_own_namespace(const std::filesystem::path& root) {
    if (unshare(CLONE_NEWNS) < 0) return fail_errno(errno, "unshare");
    if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return fail_errno(errno, "making / private");
    // Writable as the filesystem is: the kernel refuses another view of it. Nothing is written.
    if (mount(root.c_str(), view, "gfs2meta", 0, nullptr) < 0)
        return fail_errno(errno, "looking into the GFS2 filesystem at {}", root.string());
    const auto names = TRY(list_directory(std::string(view) + "/jindex"));
    return std::to_string(
        std::count_if(names.begin(), names.end(), [](const std::string& name) { return name.starts_with("journal"); }));
}

}  // namespace

Result<uint32_t> count_journals(const std::filesystem::path& root, Deadline deadline) {
    auto probe = TRY(initrd::Probe::start([&] { return count_in_own_namespace(root); }));
    pollfd ready{probe.fd(), POLLIN, 0};
    if (poll(&ready, 1, deadline.poll_timeout()) <= 0) {
        probe.end();
        return fail("the journals of {} could not be counted in time", root.string())
            .advise("is the root frozen? pando status --here")
            .kind(ErrorKind::timeout);
    }
    probe.take();
    const auto& answer = probe.answer();
    if (!answer) return fail("the journals of {} could not be counted", root.string());
    if (!*answer) return Failure(answer->error());
    const auto count = whole_number<uint32_t>(**answer);
    if (!count) return fail("the journals of {} could not be counted: {}", root.string(), **answer);
    return *count;
}

Result<> add_journals(const std::filesystem::path& root, uint32_t count, Deadline deadline) {
    TRY(run_ok({.argv = {"gfs2_jadd", "-j", std::to_string(count), root.string()}, .deadline = deadline}));
    return {};
}

}  // namespace pando::nodes
