// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/last_end.h"

#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

using namespace pando;
using namespace pando::initrd;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

namespace {

constexpr const char* our_log =
    "<6>[  200.000000] connection1:0: detected conn error (1020)\n"
    "<5>[  262.100000] pando: ERROR this machine resets itself now: the LUN (/dev/sda1) has answered nothing for 61 s\n"
    "<5>[  262.150000] pando: state: processes: @corosync (812, S)\n"
    "<5>[  262.200000] pando: this machine resets itself now: the LUN (/dev/sda1) has answered nothing for 61 s\n"
    "<6>[  262.300000] sysrq: Trigger a crash\n"
    "<0>[  262.300100] Kernel panic - not syncing: sysrq triggered crash\n";

// A directory as pstore shows it.
class Pstore {
public:
    Pstore() : directory_(std::move(*TemporaryDirectory::create(testing::TempDir(), "pstore"))) {}
    void add(const std::string& name, const std::string& text, std::time_t time) const {
        const auto file = directory_.path() / name;
        ASSERT_TRUE(write_file_atomic(file, text));
        const timespec times[] = {{time, 0}, {time, 0}};
        ASSERT_EQ(utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
    }
    const std::filesystem::path& path() const { return directory_.path(); }

private:
    TemporaryDirectory directory_;
};

}  // namespace

TEST(LastEnd, IsOurReasonWhereWeResetTheMachine) {
    EXPECT_EQ(reason_in(our_log), "this machine reset itself: the LUN (/dev/sda1) has answered nothing for 61 s");
}

TEST(LastEnd, IsOursWhenOnlyTheEndOfTheLogWasKept) {
    const std::string_view log = our_log;
    EXPECT_EQ(reason_in(log.substr(log.find("pando: this machine"))),
              "this machine reset itself: the LUN (/dev/sda1) has answered nothing for 61 s");
}

TEST(LastEnd, IsTheKernelsWhenItPanickedByItself) {
    EXPECT_EQ(reason_in("<0>[ 1.0] Kernel panic - not syncing: Fatal exception in interrupt\n"
                        "<0>[ 1.1] ---[ end Kernel panic - not syncing: Fatal exception in interrupt ]---\n"),
              "its kernel panicked: Fatal exception in interrupt");
    EXPECT_EQ(reason_in("<4>[ 1.0] BUG: soft lockup\n"), "its kernel left a log, and no panic is in it");
    EXPECT_EQ(reason_in(""), "its kernel left a log, and no panic is in it");
}

TEST(LastEnd, PartsOfADumpComeInTheirOrder) {
    EXPECT_EQ(join_dump({"Panic#1 Part1\nend\n", "Panic#1 Part10\nbegin\n", "Panic#1 Part2\nmiddle"}),
              "begin\nmiddle\nend\n");
    EXPECT_EQ(join_dump({"no header\nat all\n"}), "no header\nat all\n") << "not a line is lost";
    EXPECT_EQ(join_dump({}), "");
}

TEST(LastEnd, TheNewestDumpCountsAndAllAreToBeErased) {
    const Pstore pstore;
    pstore.add("dmesg-erst-1", "Panic#1 Part1\nKernel panic - not syncing: an older one\n", 1000);
    pstore.add("dmesg-erst-3", std::string("Panic#1 Part1\n") + our_log, 5002);
    pstore.add("dmesg-erst-2", "Panic#1 Part2\nbefore it\n", 5000);
    pstore.add("dmesg-erst-4.enc.z", "\x01\x02", 5002);
    pstore.add("mce-erst-5", "not a log", 6000);
    const auto end = read_last_end(pstore.path());
    ASSERT_TRUE(end) << end.error().what;
    ASSERT_TRUE(*end);
    EXPECT_THAT((*end)->reason, HasSubstr("the LUN (/dev/sda1)"));
    EXPECT_EQ((*end)->log, std::string("before it\n") + our_log);
    EXPECT_THAT((*end)->log, Not(HasSubstr("older")));
    EXPECT_EQ((*end)->time, 5002);
    EXPECT_THAT((*end)->records,
                UnorderedElementsAre("dmesg-erst-1", "dmesg-erst-2", "dmesg-erst-3", "dmesg-erst-4.enc.z"));
}

TEST(LastEnd, AMachineThatKeptNothingTellsNothing) {
    const Pstore pstore;
    const auto end = read_last_end(pstore.path());
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
    EXPECT_FALSE(read_last_end(pstore.path() / "absent"));
}
