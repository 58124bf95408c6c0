// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/mount_root.h"

#include "base/file.h"
#include "initrd/boot.h"

#include <libmount.h>
#include <memory>

namespace pando::initrd {
namespace {

constexpr std::string_view advice_mark = "\nadvice: ";

Result<> mount_root(const std::string& device, const std::string& filesystem, const std::string& options) {
    TRY(make_directories(sysroot_path));
    std::unique_ptr<libmnt_context, void (*)(libmnt_context*)> context(mnt_new_context(), mnt_free_context);
    if (!context) return fail("libmount: out of memory");
    mnt_context_set_source(context.get(), device.c_str());
    mnt_context_set_target(context.get(), sysroot_path);
    mnt_context_set_fstype(context.get(), filesystem.c_str());
    mnt_context_set_options(context.get(), options.c_str());
    mnt_context_disable_mtab(context.get(), 1);
    mnt_context_disable_helpers(context.get(), 1);
    const int result = mnt_context_mount(context.get());
    if (result == 0) return {};
    if (mnt_context_syscall_called(context.get()) != 0)
        return Failure(explain_mount_error(mnt_context_get_syscall_errno(context.get()), device));
    return fail_errno(result < 0 ? -result : EINVAL, "mounting {}", device);
}

}  // namespace

Error explain_mount_error(int sys, std::string_view device) {
    Error error = fail_errno(sys, "mounting {}", device).error();
    switch (sys) {
        case EBADR:
            error.what += ": its lock table names another cluster";
            error.advice =
                "compare cluster.name and root.name in cluster.yaml with: tunegfs2 -l " + std::string(device);
            break;
        case EUSERS:
            error.what += ": every journal is in use by another node";
            error.advice = "add journals from a node that is up: gfs2_jadd -j 1 /";
            break;
        case ENOTCONN:
            error.what += ": the lock manager has no address of this node";
            error.advice = "dlm_controld is not ready or has died: see /run/initramfs/var/log/dlm_controld.out";
            break;
        case ENODEV:
            error.advice = "the kernel module of the filesystem is not in the image: pando image build";
            break;
        case EBUSY:
            error.advice = "it is mounted already, or in use by an installation";
            break;
        default:
            error.advice = "the kernel's own words: dmesg | tail";
    }
    return error;
}

int mount_root_main(int argc, char** argv) {
    if (argc != 4) {
        fmt::print(stderr, "usage: {} DEVICE FILESYSTEM OPTIONS\n", mount_root_verb);
        return 2;
    }
    auto mounted = mount_root(argv[1], argv[2], argv[3]);
    if (mounted) return 0;
    fmt::print(stderr, "{}{}{}", mounted.error().what, advice_mark, mounted.error().advice);
    return 1;
}

std::pair<std::string, std::string> split_report(std::string_view report) {
    const size_t mark = report.rfind(advice_mark);
    if (mark == std::string_view::npos) return {std::string(report), {}};
    return {std::string(report.substr(0, mark)), std::string(report.substr(mark + advice_mark.size()))};
}

}  // namespace pando::initrd
