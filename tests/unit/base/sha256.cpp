// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sha256.h"

#include "base/file.h"

#include <gtest/gtest.h>

using namespace pando;

namespace {

// The examples of FIPS 180-4.
TEST(Sha256Test, GivesTheSumsOfTheStandard) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, IsTheSameInPieces) {
    Sha256 hash;
    for (const char* piece : {"a", "", "bc"}) hash.add(piece);
    EXPECT_EQ(hash.hex(), sha256("abc"));
}

TEST(Sha256Test, SumsAFileLongerThanItsBuffer) {
    auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const std::string content(1000000, 'a');
    ASSERT_TRUE(write_file_atomic(directory->path() / "f", content));
    EXPECT_EQ(sha256_of_file(directory->path() / "f").value_or(""), sha256(content));
    EXPECT_FALSE(sha256_of_file(directory->path() / "none"));
}

}  // namespace
