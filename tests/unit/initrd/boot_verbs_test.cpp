// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_verbs.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using testing::HasSubstr;
using testing::Not;

TEST(BootVerbs, HaveTheirOperandsAndOptions) {
    EXPECT_TRUE(parse_boot_verb({"status", "--json"})->json);
    EXPECT_EQ(parse_boot_verb({"retry"})->operand, "");
    EXPECT_EQ(parse_boot_verb({"retry", "join"})->operand, "join");
    EXPECT_EQ(parse_boot_verb({"set", "join.deadline=30m"})->operand, "join.deadline=30m");
    EXPECT_FALSE(parse_boot_verb({"fence", "n2"})->yes);
    EXPECT_TRUE(parse_boot_verb({"fence", "--yes", "n2"})->yes);
    for (const auto& wrong : std::vector<std::vector<std::string>>{{},
                                                                   {"booted"},
                                                                   {"status", "join"},
                                                                   {"status", "--yes"},
                                                                   {"retry", "a", "b"},
                                                                   {"set"},
                                                                   {"fence"},
                                                                   {"fence", "--yes"},
                                                                   {"fence", "n1", "n2"},
                                                                   {"reboot", "now"},
                                                                   {"log", "-f"}})
        EXPECT_FALSE(parse_boot_verb(wrong)) << testing::PrintToString(wrong);
}

TEST(BootVerbs, TheLogShowsOurLinesOfTheKernelsAlone) {
    EXPECT_EQ(boot_line("6,339,5140900,-;pando: join: 10 s; waiting for quorum\n SUBSYSTEM=x\n"),
              "[    5.14] join: 10 s; waiting for quorum");
    EXPECT_FALSE(boot_line("6,339,5140900,-;usb 1-1: new device\n"));
    EXPECT_FALSE(boot_line("pando: text"));
    EXPECT_FALSE(boot_line(";pando: text"));
    EXPECT_FALSE(boot_line("6,339,soon,-;pando: text"));
    EXPECT_FALSE(boot_line(""));
}

TEST(BootVerbs, StatusTellsResultsAndWhatIsWaitedFor) {
    Timeline timeline("/nowhere");
    timeline.node = "n1";
    timeline.cluster = "grove";
    timeline.begin("network", 1);
    timeline.succeed("192.0.2.1 on eth0");
    timeline.begin("join", 1);
    const std::string text = status_text(timeline, {{"ok", true},
                                                    {"state", "stage"},
                                                    {"stage", "join"},
                                                    {"elapsed", 40},
                                                    {"deadline", 300},
                                                    {"waiting_for", "quorum; missing: n2"},
                                                    {"then", "this machine reboots (policy reboot)"}});
    EXPECT_THAT(text, HasSubstr("n1 of cluster grove: stage"));
    EXPECT_THAT(text, HasSubstr("192.0.2.1 on eth0"));
    EXPECT_THAT(text, HasSubstr("join: 40 s; waiting for quorum; missing: n2; at 300 s this machine reboots"));
    timeline.state = "booted";
    const std::string later = status_text(timeline, {});
    EXPECT_THAT(later, HasSubstr("n1 of cluster grove: booted"));
    EXPECT_THAT(later, Not(HasSubstr("waiting")));
}
