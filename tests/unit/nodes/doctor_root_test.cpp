// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/doctor_root.h"

#include <gmock/gmock.h>

namespace pando::test {
namespace {

using namespace nodes;
using testing::AllOf;
using testing::Each;
using testing::Field;
using testing::HasSubstr;

updates::Followed followed(unsigned change) {
    return {.change = change,
            .when = "2026-11-23T12:00:00Z",
            .kernel = "6.1.0-40",
            .restarted = {},
            .failed = {},
            .left = {}};
}

RootFacts healthy() {
    updates::Record change{
        .number = 2, .node = "n1", .command = "apt-get upgrade", .state = updates::Record::State::done};
    return {.bytes = 1000,
            .free = 500,
            .cdsl = cdsl::Checked{.findings = {}, .rules = 46, .trees = 4},
            .changes = {change},
            .kernel = "6.1.0-40",
            .nodes = {{"n1", true, followed(2)}, {"n2", true, followed(2)}, {"n3", false, {}}}};
}

std::string said(const RootFacts& facts) { return to_text(examine(facts)); }

}  // namespace

TEST(DoctorOfTheRoot, FindsNothingWhereAllIsWell) {
    EXPECT_THAT(examine(healthy()), Each(Field(&Finding::grade, Grade::good)));
    RootFacts none = healthy();
    none.changes.clear();
    for (auto& node : none.nodes) node.followed.reset();
    EXPECT_THAT(examine(none), Each(Field(&Finding::grade, Grade::good))) << "nothing was ever changed";
}

TEST(DoctorOfTheRoot, SaysThatRoomGetsShort) {
    RootFacts facts = healthy();
    facts.free = 99;
    EXPECT_THAT(said(facts), HasSubstr("warning  room"));
    facts.free = 29;
    EXPECT_THAT(said(facts), AllOf(HasSubstr("FAULT    room"), HasSubstr("(2 %)"), HasSubstr("-> a full root")));
}

TEST(DoctorOfTheRoot, NamesTheFirstPathsThatAreNotAsThePolicySays) {
    RootFacts facts = healthy();
    for (const char* path : {"/etc/a", "/etc/b", "/etc/c", "/etc/d"})
        facts.cdsl->findings.push_back({cdsl::Drift::link_replaced, true, path, "n1", "a file is there", ""});
    facts.cdsl->findings.push_back({cdsl::Drift::kept_aside, false, "/etc/e", "", "kept", ""});
    EXPECT_THAT(said(facts), AllOf(HasSubstr("4 differences from the policy: /etc/a of n1, /etc/b of n1"),
                                   HasSubstr(", …"), HasSubstr("pando cdsl check")));
    facts.cdsl = fail("the inventory cannot be read");
    EXPECT_THAT(said(facts), HasSubstr("warning  cdsl         the inventory cannot be read"));
}

TEST(DoctorOfTheRoot, NamesWhoRunsOldCode) {
    RootFacts facts = healthy();
    facts.nodes[0].followed->change = 1;
    facts.nodes[1].followed->failed = {"ssh.service: it did not start"};
    facts.nodes[1].followed->left = {"dbus.service (why)"};
    facts.kernel = "6.1.0-41";
    EXPECT_THAT(said(facts),
                AllOf(HasSubstr("n1: has followed change 1 of 2"), HasSubstr("n2: did not restart ssh.service"),
                      HasSubstr("n2: old code until its next boot: dbus.service"),
                      HasSubstr("n1: runs kernel 6.1.0-40, the root has 6.1.0-41")));
    facts = healthy();
    facts.changes.back().state = updates::Record::State::interrupted;
    EXPECT_THAT(said(facts),
                AllOf(HasSubstr("change 2 (apt-get upgrade on n1) was cut off"), HasSubstr("dpkg --configure -a")));
}

}  // namespace pando::test
