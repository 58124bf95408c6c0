// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/sources.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::rootfs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

constexpr const char* targets =
    "deb\tDebian\tbookworm\thttp://mirror.example/debian/\tbookworm\tmain\tamd64\n"
    "deb\tDebian\tbookworm\thttp://mirror.example/debian/\tbookworm\tmain\tall\n"
    "deb\tDebian\tbookworm-updates\thttp://mirror.example/debian/\tbookworm-updates\tmain\tamd64\n"
    "deb\tDebian\tbookworm-security\thttp://security.example/\tbookworm-security\tmain\tamd64\n"
    "deb\tDebian Backports\tbookworm-backports\thttp://mirror.example/debian/\tbookworm-backports\tmain\tamd64\n"
    "deb\tDebian\tbookworm-backports\thttp://mirror.example/debian/\tbookworm-backports\tmain\tamd64\n"
    "deb\tDebian\ttrixie\thttp://mirror.example/debian/\ttrixie\tmain\tamd64\n"
    "deb\tVendor\tbookworm\thttp://vendor.example/\tbookworm\tmain\tamd64\n"
    "deb\tDebian\tbookworm\tcdrom:[Debian 12]/\tbookworm\tmain\tamd64\n"
    "deb-src\tDebian\tbookworm\thttp://mirror.example/debian/\tbookworm\tmain\tsource\n";

}  // namespace

TEST(Sources, AreDebiansOfTheSuiteItsUpdatesAndSecurityEachOnce) {
    const auto sources = parse_sources(targets, "", "bookworm", "");
    ASSERT_TRUE(sources) << sources.error().what;
    EXPECT_THAT(sources->lines, ElementsAre("deb http://mirror.example/debian/ bookworm main",
                                            "deb http://mirror.example/debian/ bookworm-updates main",
                                            "deb http://security.example/ bookworm-security main"));
}

TEST(Sources, NameTheKeyringTheyAreCheckedBy) {
    const auto sources = parse_sources(targets, "", "bookworm", "/usr/share/keyrings/k.gpg");
    ASSERT_TRUE(sources);
    for (const auto& line : sources->lines) EXPECT_THAT(line, HasSubstr("[signed-by=/usr/share/keyrings/k.gpg]"));
}

TEST(Sources, HostThatDoesNotKnowTheSuiteIsToldWhatToDo) {
    const auto sources = parse_sources(targets, "", "forky", "");
    ASSERT_FALSE(sources);
    EXPECT_THAT(sources.error().what, HasSubstr("forky"));
    EXPECT_THAT(sources.error().advice, HasSubstr("apt-get update"));
    EXPECT_FALSE(parse_sources("", "", "bookworm", ""));
}

TEST(Sources, HowToFetchComesAlongAndNothingElse) {
    const auto sources = parse_sources(targets,
                                       "APT::Architecture \"amd64\";\nAcquire::http \"\";\n"
                                       "Acquire::http::Proxy \"http://proxy.example:3128\";\n"
                                       "Acquire::Check-Valid-Until \"false\";\n"
                                       "Acquire::IndexTargets::deb::Packages::MetaKey \"x\";\n"
                                       "DPkg::Post-Invoke:: \"reboot\";\n",
                                       "bookworm", "");
    ASSERT_TRUE(sources);
    EXPECT_EQ(sources->options,
              "Acquire::http \"\";\nAcquire::http::Proxy \"http://proxy.example:3128\";\n"
              "Acquire::Check-Valid-Until \"false\";\n");
}

TEST(Sources, SimulationTellsNameAndVersionOfWhatWouldBeInstalled) {
    EXPECT_THAT(parse_simulation("Reading package lists...\n"
                                 "Inst libc6 (2.36-9 Debian:12.1/stable [amd64]) []\n"
                                 "Inst gcc-12-base (12.2.0-14 Debian:12.1/stable [amd64])\n"
                                 "Conf gcc-12-base (12.2.0-14 Debian:12.1/stable [amd64])\n"),
                ElementsAre("gcc-12-base=12.2.0-14", "libc6=2.36-9"));
    EXPECT_TRUE(parse_simulation("").empty());
}
