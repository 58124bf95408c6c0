// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/switch_root.h"

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>
#include <array>
#include <cstdlib>

namespace pando::initrd {
namespace fs = std::filesystem;
Result<> switch_root(const fs::path& root, const fs::path& init) {
    const fs::path program = root / init.relative_path();
    if (access(program.c_str(), X_OK) < 0 && !fs::is_symlink(program))
        return fail_errno(errno, "{} on the shared root", init.string())
            .advise("the root is mounted but is no system: was the installation finished?");
    constexpr std::array<const char*, 4> carried = {"dev", "proc", "sys", "run"};
    for (const char* name : carried) TRY(make_directories(root / name));

    UniqueFd old_root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!old_root.valid()) return fail_errno(errno, "opening the initramfs");
    for (const char* name : carried) {
        if (mount((fs::path("/") / name).c_str(), (root / name).c_str(), nullptr, MS_MOVE, nullptr) < 0)
            return fail_errno(errno, "moving /{} to the shared root", name);
    }
    if (chdir(root.c_str()) < 0 || mount(".", "/", nullptr, MS_MOVE, nullptr) < 0 || chroot(".") < 0 ||
        chdir("/") < 0) {
        return fail_errno(errno, "switching to the shared root").advise("it is half done: only a reboot helps");
    }
    empty_directory(old_root.get());  // only gives memory back
    old_root.reset();
    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    const std::string name = init.string();
    execl(name.c_str(), name.c_str(), nullptr);
    return fail_errno(errno, "executing {}", name).advise("only a reboot helps; is it a program of this machine?");
}

}  // namespace pando::initrd
