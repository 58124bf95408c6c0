// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/gpt.h"

#include "base/file.h"
#include "base/process.h"
#include "rootfs/install.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <optional>

namespace pando::test {
namespace {

using namespace rootfs;
using testing::HasSubstr;

constexpr uint64_t disk_size = 96U << 20U;
constexpr uint64_t mebibyte = 1U << 20U;

// What sfdisk makes of a plain file.
class GptTest : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "pando-gpt");
        ASSERT_TRUE(made);
        directory_.emplace(std::move(*made));
        fd_.reset(open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd_.get(), disk_size), 0);
    }
    std::filesystem::path file() const { return directory_->path() / "disk"; }
    void partition(const std::string& script) const {
        const auto done = run_ok({.argv = {"sfdisk", "--quiet", file().string()}, .input = "label: gpt\n" + script});
        ASSERT_TRUE(done) << done.error().what;
    }
    void ours() const { partition("size=64MiB, name=pando-bundle\nsize=8MiB, name=pando-sbd\nname=pando-root\n"); }
    std::unique_ptr<Store> disk() const {
        auto store = open_store(file());
        EXPECT_TRUE(store);
        return store ? std::move(*store) : nullptr;
    }
    void overwrite(uint64_t at, std::string_view bytes) const {
        ASSERT_EQ(pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)),
                  static_cast<ssize_t>(bytes.size()));
        ASSERT_EQ(fsync(fd_.get()), 0);
    }
    void flip(uint64_t at) const {
        char byte = 0;
        ASSERT_EQ(pread(fd_.get(), &byte, 1, static_cast<off_t>(at)), 1);
        byte = static_cast<char>(byte ^ 1);
        overwrite(at, std::string_view(&byte, 1));
    }
    void expect_ours() const {
        const auto store = disk();
        const auto found = read_gpt(*store);
        ASSERT_TRUE(found) << found.error().what;
        ASSERT_EQ(found->size(), 3U);
        EXPECT_EQ(found->front().number, 1);
        EXPECT_EQ(found->front().name, partition_bundle);
        EXPECT_EQ(found->front().start, mebibyte);
        EXPECT_EQ(found->front().size, 64 * mebibyte);
        EXPECT_EQ(found->at(1).name, partition_sbd);
        EXPECT_EQ(found->at(2).name, partition_root);
    }
    std::string refusal() const {
        const auto store = disk();
        const auto found = read_gpt(*store);
        EXPECT_FALSE(found) << "accepted";
        return found ? std::string() : found.error().what;
    }

private:
    std::optional<TemporaryDirectory> directory_;
    UniqueFd fd_;
};

TEST_F(GptTest, IsReadAsSfdiskWroteIt) {
    ours();
    expect_ours();
}

TEST_F(GptTest, TheBackupCountsWhenThePrimaryIsDamagedAnywhere) {
    ours();
    for (const uint64_t at : {512U, 512U + 16, 512U + 24, 512U + 72, 512U + 88, 1024U, 1024U + 32, 1024U + 56}) {
        flip(at);
        expect_ours();
        flip(at);
    }
    overwrite(0, std::string(17'408, '\0'));
    expect_ours();
}

TEST_F(GptTest, BothDamagedIsNoTable) {
    ours();
    flip(512 + 56);
    flip(disk_size - 512 + 56);
    EXPECT_THAT(refusal(), HasSubstr("no GPT partition table"));
}

TEST_F(GptTest, ABlankOrTinyDiskAndOneOfGarbageHaveNone) {
    EXPECT_THAT(refusal(), HasSubstr("no GPT partition table"));
    overwrite(0, std::string(mebibyte, '\xa5'));
    EXPECT_THAT(refusal(), HasSubstr("no GPT partition table"));
    auto tiny = open_store(file(), 0, 2 * Store::block);
    ASSERT_TRUE(tiny);
    EXPECT_THAT(read_gpt(**tiny).error().what, HasSubstr("too small"));
}

TEST_F(GptTest, APartitionIsOpenedByItsNameAndReachesNothingElse) {
    ours();
    auto bundle = open_partition(disk(), partition_bundle);
    ASSERT_TRUE(bundle) << bundle.error().what;
    EXPECT_EQ((*bundle)->size(), 64 * mebibyte);
    ASSERT_TRUE((*bundle)->write(Store::block, std::string(Store::block, 'x')));
    EXPECT_EQ(disk()->read(mebibyte + Store::block, Store::block)->front(), 'x');
    EXPECT_FALSE((*bundle)->read(64 * mebibyte, Store::block));
    EXPECT_FALSE((*bundle)->write(64 * mebibyte - Store::block, std::string(2 * Store::block, 'x')));
    const auto none = open_partition(disk(), "pando-other");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().what, HasSubstr("no partition pando-other"));
}

TEST_F(GptTest, TwoOfOneNameAreRefused) {
    partition("size=20MiB, name=pando-bundle\nsize=20MiB, name=pando-bundle\n");
    const auto bundle = open_partition(disk(), partition_bundle);
    ASSERT_FALSE(bundle);
    EXPECT_THAT(bundle.error().what, HasSubstr("several partitions"));
}

}  // namespace
}  // namespace pando::test
