// SPDX-License-Identifier: GPL-2.0-or-later
// pando-survival lives in memory on every node, for ever. One call into a file that another part of Pando shares can
// bring a library along that it never uses, and that library brings its own.
#include "base/file.h"
#include "chroot-builder/elf.h"

#include <gmock/gmock.h>
#include <filesystem>

namespace pando::test {
namespace {

TEST(Survival, BringsNoLibraryThatTheDaemonsDoNotBringAnyway) {
    const auto content = read_file(std::filesystem::path(PANDO_BINARY_DIR) / "initrd/pando-survival", 64U << 20U);
    ASSERT_TRUE(content) << content.error().what;
    const auto elf = chroot::read_elf(*content);
    ASSERT_TRUE(elf) << elf.error().what;
    EXPECT_THAT(elf->needed,
                testing::UnorderedElementsAre("libcrypto.so.3", "libquorum.so.5", "libvotequorum.so.8", "libcfg.so.7",
                                              "libcorosync_common.so.4", "libc.so.6", "ld-linux-x86-64.so.2"));
}

}  // namespace
}  // namespace pando::test
