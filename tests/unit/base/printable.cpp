// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/printable.h"

#include <gtest/gtest.h>

namespace pando {
namespace {

TEST(Printable, StaysOnItsLine) {
    EXPECT_EQ(printable("/etc/a b"), "/etc/a b");
    EXPECT_EQ(printable("a\nb\tc\\d"), "a\\nb\\tc\\\\d");
    EXPECT_EQ(printable("\x1b[2J\x7f"), "\\x1b[2J\\x7f");
    EXPECT_EQ(printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(printable("\xff"
                        "a\xc3"),
              "\\xffa\\xc3");
}

TEST(Printable, KnowsUtf8) {
    EXPECT_TRUE(is_utf8("a\xc3\xbc\xe2\x82\xac\xf0\x9f\x8c\xb2"));
    for (const char* bad :
         {"\xc3", "\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"})
        EXPECT_FALSE(is_utf8(bad));
}

TEST(PlainText, IsUtf8WithoutControlCharactersAndIsCutAtAWholeCharacter) {
    EXPECT_EQ(plain_text("gr\xc3\xbc\xc3\x9f \\", 128), "gr\xc3\xbc\xc3\x9f \\");
    EXPECT_EQ(plain_text("a\x1b[2J\nb\x7f", 128), "a?[2J?b?");
    EXPECT_EQ(plain_text("\xc2\x9b"
                         "a\xc2\xa0",
                         128),
              "?a\xc2\xa0")
        << "U+009B begins a terminal's command";
    EXPECT_EQ(plain_text("\xff\xc3", 128), "??");
    EXPECT_EQ(plain_text("ab\xe2\x82\xac", 4), "ab");
    EXPECT_EQ(plain_text("ab\xe2\x82\xac", 5), "ab\xe2\x82\xac");
    EXPECT_EQ(plain_text(std::string_view("a\0b", 3), 2), "a?");
}

}  // namespace
}  // namespace pando
