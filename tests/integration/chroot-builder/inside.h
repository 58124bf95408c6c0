// SPDX-License-Identifier: GPL-2.0-or-later
// A chroot made from this machine, and programs run where nothing else is.
#pragma once

#include "base/process.h"
#include "chroot-builder/install.h"
#include "chroot-builder/manifest.h"
#include "tests/integration/chroot-builder/namespace.h"

namespace pando::chroot::test {

constexpr uint64_t tmpfs_size = 128U << 20U;

class Inside : public PrivateMounts {
protected:
    void fill(const Request& request) {
        const auto root = Sysroot::open("/").value();
        auto manifest = resolve(root, request);
        ASSERT_TRUE(manifest) << manifest.error().what << "\n" << manifest.error().advice;
        manifest_ = std::move(*manifest);
        const auto mounted = mount_tmpfs(target(), tmpfs_size, manifest_);
        ASSERT_TRUE(mounted) << mounted.error().what;
        const auto installed = install(manifest_, root, target());
        ASSERT_TRUE(installed) << installed.error().what;
        ASSERT_EQ(mount("/dev", (target() / "dev").c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0);
        ASSERT_EQ(mount("proc", (target() / "proc").c_str(), "proc", 0, nullptr), 0);
    }
    // Runs a program of the chroot, with nothing but the chroot, /dev and /proc in reach.
    Finished inside(std::vector<std::string> argv, const std::string& input = {}) const {
        Command command;
        command.argv = std::move(argv);
        command.input = input;
        command.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
        command.deadline = Deadline::after(std::chrono::seconds(60));
        command.prepare = [directory = target().string()] {
            return ::chroot(directory.c_str()) == 0 && chdir("/") == 0;
        };
        auto done = run(command);
        EXPECT_TRUE(done) << done.error().what;
        return done ? *done : Finished{.status = -1, .out = {}, .err = {}};
    }

    Manifest manifest_;
};

}  // namespace pando::chroot::test
