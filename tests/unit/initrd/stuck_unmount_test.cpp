// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/stuck_unmount.h"

#include <gtest/gtest.h>

namespace pando::initrd {
namespace {

TEST(StuckUnmount, TheFunctionsOfAStackInnermostFirst) {
    EXPECT_EQ(functions_of("[<0>] gfs2_gl_hash_clear+0xd6/0x160 [gfs2]\n[<0>] gfs2_put_super+0x1b5/0x240 [gfs2]\n"
                           "[<0>] generic_shutdown_super+0x77/0x170\n"),
              "gfs2_gl_hash_clear < gfs2_put_super < generic_shutdown_super");
    EXPECT_EQ(functions_of(""), "");
}

constexpr const char* glocks =
    "G:  s:SH n:5/805b f:Iqob t:SH d:EX/0 a:0 v:0 r:3 m:200 p:1\n"
    " H: s:SH f:EH e:0 p:880 [(ended)] gfs2_inode_lookup+0x1d5/0x370 [gfs2]\n"
    "G:  s:UN n:2/8010 f:lIqob t:EX d:EX/0 a:0 v:0 r:4 m:20 p:1\n"
    " H: s:EX f:W e:0 p:902 [exit] gfs2_evict_inode+0x15c/0x530 [gfs2]\n"
    " I: n:13/32784 t:8 f:0x00 d:0x00000201 s:64 p:0\n"
    "G:  s:EX n:3/11 f:DpIqb t:UN d:UN/200 a:0 v:0 r:3 m:0 p:1\n";

TEST(StuckUnmount, GlocksThatAreNotAtRestWithWhoWaits) {
    const auto lines = unrestful_glocks(glocks, 12);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(lines[0].starts_with("G:  s:UN n:2/8010"));
    EXPECT_TRUE(lines[1].starts_with(" H: s:EX f:W"));
    EXPECT_TRUE(lines[2].starts_with("G:  s:EX n:3/11"));
    EXPECT_EQ(unrestful_glocks(glocks, 1).size(), 1U);
}

}  // namespace
}  // namespace pando::initrd
