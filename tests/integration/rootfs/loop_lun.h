// SPDX-License-Identifier: GPL-2.0-or-later
// A file that is a LUN: a loop device over a sparse file, which the kernel takes away when the last user closes it.
#pragma once

#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <filesystem>
#include <optional>

namespace pando::test {

class LoopLun : public ::testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root";
        auto made = TemporaryDirectory::create("/var/tmp", "pando-lun");
        ASSERT_TRUE(made);
        work.emplace(std::move(*made));
        const auto file = work->path() / "lun";
        UniqueFd backing(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(backing.get(), lun_size), 0);
        attach(backing.get());
    }
    void TearDown() override { loop.reset(); }

    // Others on this machine take loop devices too: the number found free may be gone when it is used.
    void attach(int backing, unsigned sector = 512) {
        const UniqueFd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
        ASSERT_TRUE(control.valid());
        for (int attempt = 0; attempt < 20; ++attempt) {
            const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
            ASSERT_GE(number, 0);
            device = "/dev/loop" + std::to_string(number);
            loop.reset(open(device.c_str(), O_RDWR | O_CLOEXEC));
            ASSERT_TRUE(loop.valid());
            loop_config config{};
            config.fd = static_cast<unsigned>(backing);
            config.block_size = sector;
            config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_PARTSCAN;
            if (ioctl(loop.get(), LOOP_CONFIGURE, &config) == 0) return;
            ASSERT_EQ(errno, EBUSY);
        }
        FAIL() << "no free loop device";
    }
    void write_at(off_t offset, std::string_view data) {
        ASSERT_EQ(pwrite(loop.get(), data.data(), data.size(), offset), static_cast<ssize_t>(data.size()));
        ASSERT_EQ(fsync(loop.get()), 0);
    }

    static constexpr off_t lun_size = off_t(3) << 30;
    std::optional<TemporaryDirectory> work;
    UniqueFd loop;
    std::filesystem::path device;
};

}  // namespace pando::test
