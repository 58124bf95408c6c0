// SPDX-License-Identifier: GPL-2.0-or-later
// Filesystems of the real mkfs.gfs2, in plain files.
#include "initrd/gfs2_journals.h"

#include "base/file.h"
#include "base/process.h"

#include <gmock/gmock.h>

namespace pando::initrd {
namespace {

class Journals : public testing::Test {
protected:
    std::unique_ptr<Store> made(uint32_t journals, uint32_t block_size) {
        const auto file = directory_.path() / "filesystem";
        EXPECT_TRUE(write_file_atomic(file, ""));
        std::filesystem::resize_file(file, (uint64_t(journals) * 16 + 80) << 20U);
        const auto done =
            run_ok({.argv = {"mkfs.gfs2", "-O", "-q", "-p", "lock_dlm", "-t", "grove:root", "-j",
                             std::to_string(journals), "-J", "8", "-b", std::to_string(block_size), file.string()}});
        EXPECT_TRUE(done) << done.error().what;
        return std::move(open_store(file).value());
    }
    TemporaryDirectory directory_ = std::move(TemporaryDirectory::create("/tmp", "pando-journals").value());
};

TEST_F(Journals, AreCounted) {
    EXPECT_EQ(journals_on(*made(1, 4096)).value(), 1U);
    EXPECT_EQ(journals_on(*made(5, 4096)).value(), 5U);
}

// 20 names do not fit into the index's own block.
TEST_F(Journals, AreCountedWhenTheIndexIsLarge) { EXPECT_EQ(journals_on(*made(20, 1024)).value(), 20U); }

TEST_F(Journals, OfWhatIsNoGfs2OrIsTornAreAnError) {
    const auto file = directory_.path() / "zeros";
    ASSERT_TRUE(write_file_atomic(file, std::string(1U << 20U, '\0')));
    EXPECT_FALSE(journals_on(*open_store(file).value()));
    const auto torn = made(1, 4096);
    const std::string head = torn->read(65536, Store::block).value();
    std::string master = head;  // its pointer to the master directory leads nowhere
    for (size_t i = 56; i < 64; ++i) master[i] = '\x7f';
    ASSERT_TRUE(torn->write(65536, master));
    EXPECT_FALSE(journals_on(*torn));
}

}  // namespace
}  // namespace pando::initrd
