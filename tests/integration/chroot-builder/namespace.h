// SPDX-License-Identifier: GPL-2.0-or-later
// The test program in a mount namespace of its own: what it mounts goes with it.
#pragma once

#include "base/file.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

namespace pando::chroot::test {

class PrivateMounts : public testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(geteuid(), 0U) << "integration tests run as root";
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    }
    void SetUp() override {
        auto made = TemporaryDirectory::create(std::filesystem::temp_directory_path(), "pando-chroot");
        ASSERT_TRUE(made) << made.error().what;
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
    }
    void TearDown() override {
        // Detached, and in a namespace that ends with this program: nothing below is deleted through a mount.
        for (const char* name : {"dev", "proc"}) umount2((target() / name).c_str(), MNT_DETACH);
        umount2(target().c_str(), MNT_DETACH);
    }
    std::filesystem::path target() const { return directory_->path() / "chroot"; }
    const std::filesystem::path& work() const { return directory_->path(); }

private:
    std::unique_ptr<TemporaryDirectory> directory_;
};

}  // namespace pando::chroot::test
