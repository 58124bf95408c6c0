// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::test {
namespace {

using namespace nodes;

std::string shown(const std::string& text) { return without_secrets(text, "").first; }

TEST(Secrets, ValuesOfSecretOptionsAreNotShown) {
    EXPECT_EQ(shown("options: {ip: 10.0.0.1, password: s3cret, login: root}\n"),
              "options: {ip: 10.0.0.1, password: (secret 1), login: root}\n");
    EXPECT_EQ(shown("  password: s3cret   # of the BMC\n  ip: 10.0.0.1\n"),
              "  password: (secret 1)   # of the BMC\n  ip: 10.0.0.1\n");
    EXPECT_EQ(shown("{\"passwd\": \"a, } \\\" b\", 'token': 'it''s'}"),
              "{\"passwd\": (secret 1), 'token': (secret 2)}");
    EXPECT_EQ(shown("  community: |\n    line\n    more\n  ip: 1\n"), "  community: (secret 1)\n  ip: 1\n");
    EXPECT_EQ(shown("# password: old\n"), "# password: (secret 1)\n");
    EXPECT_EQ(shown("authkey_file: authkey\nmonkeys: # none\n"), "authkey_file: authkey\nmonkeys: # none\n");
}

TEST(Secrets, AChangeIsStillSeen) {
    const auto [before, after] = without_secrets("password: one\n", "password: two\n");
    EXPECT_NE(before, after);
    const auto [same_before, same_after] = without_secrets("password: one\n", "password: one\n");
    EXPECT_EQ(same_before, same_after);
}

}  // namespace
}  // namespace pando::test
