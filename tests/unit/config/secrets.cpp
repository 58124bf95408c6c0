// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/secrets.h"

#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace config;
using testing::HasSubstr;
using testing::Not;

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

// Whatever YAML takes for the value, and what people write when they do not know YAML.
TEST(Secrets, AllOfAValueIsHidden) {
    EXPECT_EQ(shown("password: ab,cd\n"), "password: (secret 1)\n");
    EXPECT_EQ(shown("password: \"ab\"cd\nip: 1\n"), "password: (secret 1)\nip: 1\n");
    EXPECT_EQ(shown("password : ab\n"), "password : (secret 1)\n");
    EXPECT_EQ(shown("password:\tab\n"), "password:\t(secret 1)\n");
    EXPECT_EQ(shown("password:ab\n"), "password:(secret 1)\n");
    EXPECT_EQ(shown("{\"password\":ab}\n"), "{\"password\":(secret 1)}\n");
    EXPECT_EQ(shown("[password=ab, ip=1]\n"), "[password=(secret 1), ip=1]\n");
    EXPECT_EQ(shown("{password: a}b, ip: 1}\n"), "{password: (secret 1), ip: 1}\n");
    EXPECT_EQ(shown("  password:\n    ab\n  ip: 1\n"), "  password:\n    (secret 1)\n  ip: 1\n");
    EXPECT_EQ(shown("  password: ab\n    cd\n  ip: 1\n"), "  password: (secret 1)\n  ip: 1\n");
    EXPECT_EQ(shown("  password: !!str |\n    ab\n  ip: 1\n"), "  password: (secret 1)\n  ip: 1\n");
    EXPECT_EQ(shown("# password: \"ab\nip: 1\n"), "# password: (secret 1)\nip: 1\n");
    EXPECT_EQ(shown("  - password: ab\n    ip: 1\n"), "  - password: (secret 1)\n    ip: 1\n");
}

TEST(Secrets, KeysOfTheSchemaAreNone) {
    const std::string text = "corosync:\n  token: 3s\nrescue: {keys: [ssh-ed25519 AAAA]}\n";
    EXPECT_EQ(shown(text), text);
    EXPECT_EQ(shown("options:\n  token: 3s\n"), "options:\n  token: (secret 1)\n");
}

// The options of n1's fence device, refused; what is said of it.
std::string refused(const std::string& options) {
    const auto cluster = load(with("{ip: 10.0.0.101}", options));
    EXPECT_FALSE(cluster) << options;
    return cluster ? "" : cluster.error().what;
}

TEST(Secrets, AComplaintDoesNotQuoteThem) {
    const std::string beside = refused("{ip: 10.0.0.101, password: s3cret, method: cycle}");
    EXPECT_THAT(beside, HasSubstr("method=cycle reports success"));
    EXPECT_THAT(beside, HasSubstr("password: (secret), method: cycle}"));
    EXPECT_THAT(beside, Not(HasSubstr("s3cret")));
    // The caret stands below the same word as in the file.
    const size_t line = beside.find('\n') + 1, caret = beside.find('^') - beside.find('\n', line) - 1;
    EXPECT_EQ(beside.substr(line + caret, 5), "cycle");

    const std::string itself = refused("{ip: 10.0.0.101, password: \"my s3cret\"}");
    EXPECT_THAT(itself, HasSubstr("(secret): a fence option may hold no blank"));
    EXPECT_THAT(itself, Not(HasSubstr("s3cret")));
    EXPECT_THAT(refused("{ip: 10.0.0.101, password: s3cret: x}"), Not(HasSubstr("s3cret")));
    EXPECT_THAT(refused("{ip: 10.0.0.101, password: \"s3cret}"), Not(HasSubstr("s3cret")));
    EXPECT_THAT(refused("\n          password: s3cret\n         ip: 10.0.0.101\n        "), Not(HasSubstr("s3cret")));
}

TEST(Secrets, AChangeIsStillSeen) {
    const auto [before, after] = without_secrets("password: one\n", "password: two\n");
    EXPECT_NE(before, after);
    const auto [same_before, same_after] = without_secrets("password: one\n", "password: one\n");
    EXPECT_EQ(same_before, same_after);
}

}  // namespace
}  // namespace pando::test
