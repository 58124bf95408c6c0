// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/enter_script.h"

#include "base/file.h"
#include "base/sysroot.h"
#include "chroot-builder/elf.h"
#include "chroot-builder/libraries.h"
#include "chroot-builder/residence.h"

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

constexpr const char* enter_file = "/run/pando/enter";
constexpr const char* busybox = "/usr/bin/busybox";

// From outside, ld.so would take its libraries from the root. It is named itself, with the chroot's.
Result<std::string> busybox_from_outside() {
    const auto chroot = TRY(Sysroot::open(chroot::chroot_path));
    const auto elf = TRY(chroot::read_elf(TRY(chroot.read(busybox))));
    const std::string program = std::string(chroot::chroot_path) + busybox;
    if (elf.interpreter.empty()) return program;
    const std::string linker = fs::path(elf.interpreter).filename();
    for (const std::string& directory : chroot::default_library_directories()) {
        if (!chroot.exists(fs::path(directory) / linker)) continue;
        const std::string libraries = chroot::chroot_path + directory;
        return fmt::format("{0}/{1} --library-path {0} {2}", libraries, linker, program);
    }
    return fail("{} wants {}, which is not in the chroot", busybox, elf.interpreter);
}

}  // namespace

Result<std::string> enter_script(pid_t daemon) {
    return fmt::format(
        "# A shell in the fencing chroot, for when the root is frozen. From a shell that is open: . {}\n"
        "{} nsenter --mount=/proc/{}/ns/mnt /bin/sh \"$@\"\n",
        enter_file, TRY(busybox_from_outside()), daemon);
}

Result<> write_enter_script(pid_t daemon) { return write_file_atomic(enter_file, TRY(enter_script(daemon))); }

}  // namespace pando::initrd
