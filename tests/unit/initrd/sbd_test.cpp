// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/sbd.h"

#include "base/file.h"
#include "initrd/sbd_disk.h"

#include <gmock/gmock.h>
#include <unistd.h>
#include <memory>

using namespace pando;
using namespace pando::initrd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

namespace {

// Of sbd 1.5.2.
const std::string dump = R"(==Dumping header on disk /dev/pando-sbd
Header version     : 2.1
UUID               : 27bda4a8-b6be-4d59-933b-d2a2b25121fb
Number of slots    : 255
Sector size        : 512
Timeout (watchdog) : 30
Timeout (allocate) : 2
Timeout (loop)     : 1
Timeout (msgwait)  : 60
==Header on disk /dev/pando-sbd is dumped
)";

const config::SbdTimes times{30, 60};

// A disk as a file, and an sbd that writes down what it was asked.
class SbdDisk : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/var/tmp", "pando-test");  // not every tmpfs takes direct reads
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        holds(std::string(8192, '\0'));
    }
    void holds(const std::string& content) { ASSERT_TRUE(write_file_atomic(disk(), content)); }
    std::string disk() const { return directory_->path() / "disk"; }
    Result<std::string> prepare() {
        const SbdRunner run = [this](const std::vector<std::string>& argv, Deadline) -> Result<Finished> {
            if (argv.back() == "create") {
                created_.assign(argv.begin() + 3, argv.end());
                dumped_ = dump;
                return Finished{};
            }
            Finished done;
            done.status = dumped_.empty() ? 1 : 0;
            done.out = dumped_;
            return done;
        };
        const OthersUp others_up = [this] { return Result<std::vector<std::string>>(others_); };
        return prepare_sbd_disk(run, disk(), times, others_up, Deadline::after(std::chrono::seconds(5)));
    }

    std::string dumped_;
    std::vector<std::string> others_, created_;

private:
    std::unique_ptr<TemporaryDirectory> directory_;
};

hwdetect::WatchdogInfo card(std::optional<unsigned> min, std::optional<unsigned> max) {
    hwdetect::WatchdogInfo info;
    info.min_timeout = min;
    info.max_timeout = max;
    return info;
}

}  // namespace

TEST(Sbd, ReadsWhatItPrints) {
    EXPECT_EQ(parse_sbd_dump(dump), times);
    EXPECT_FALSE(parse_sbd_dump("==Dumping header on disk /dev/sda2\n==Header on disk /dev/sda2 NOT dumped\n"));
    EXPECT_FALSE(parse_sbd_dump(""));
    EXPECT_THAT(parse_sbd_list("0\tn1\tclear\t\n1\tn2\treset\tn1\n== disk /dev/x unreadable!\n"),
                ElementsAre(Pair("n1", "clear"), Pair("n2", "reset")));
}

TEST(Sbd, IsStartedForThisNodeAndLeavesNoRootToFlush) {
    const SbdPlan plan{"n1", {"/dev/pando-sbd"}, "/dev/watchdog0", times};
    EXPECT_THAT(sbd_command(plan),
                ElementsAre("/usr/sbin/sbd", "-d", "/dev/pando-sbd", "-w", "/dev/watchdog0", "-n", "n1", "-p",
                            "/run/pando/sbd.pid", "-S", "0", "-s", "10", "-r", "noflush,reboot", "watch"));
}

TEST(Sbd, ACardThatDoesNotKeepItsTimeIsNamedWithItsRange) {
    EXPECT_EQ(card_fault(card(1, 2046), 30), "");
    EXPECT_EQ(card_fault(card({}, {}), 30), "");
    EXPECT_EQ(card_fault(card(15, 1800), 5), "it takes 15 to 1800 s, and sbd's time is 5 s on all nodes");
    EXPECT_EQ(card_fault(card(0, 30), 60), "it takes 1 to 30 s, and sbd's time is 60 s on all nodes");
    EXPECT_EQ(card_fault(card(30, {}), 10), "it takes 30 to any s, and sbd's time is 10 s on all nodes");
}

TEST(Sbd, AFileThatAKilledOneLeftNamesNoProcess) {
    auto directory = TemporaryDirectory::create("/var/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "sbd.pid";
    EXPECT_FALSE(sbd_process(file));
    ASSERT_TRUE(write_file_atomic(file, fmt::format("{:>10}\n", getpid())));
    EXPECT_FALSE(sbd_process(file)) << "another process has the number now";
    const auto other = Child::spawn({.argv = {"sleep", "60"}, .argv0 = "@sbd"});
    ASSERT_TRUE(other);
    ASSERT_TRUE(write_file_atomic(file, fmt::format("{:>10}\n", other->pid())));
    EXPECT_EQ(sbd_process(file), other->pid());
    const auto ended = end_sbd(Deadline::after(std::chrono::seconds(5)), file);
    ASSERT_TRUE(ended) << ended.error().what;
    EXPECT_EQ(*ended, "ok");
    EXPECT_EQ(*end_sbd(Deadline::after(std::chrono::seconds(5)), file), "not needed: it does not run");
}

TEST_F(SbdDisk, AHeaderThatFitsIsLeftAlone) {
    dumped_ = dump;
    others_ = {"n2"};
    const auto done = prepare();
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(*done, "30 s for the watchdog, 60 s for a message");
    EXPECT_THAT(created_, IsEmpty());
}

TEST_F(SbdDisk, ABlankOneGetsAHeader) {
    const auto done = prepare();
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_THAT(*done, HasSubstr("written now"));
    EXPECT_THAT(created_, ElementsAre("-1", "30", "-4", "60", "create"));
}

// Two nodes that start at once: sbd of the first goes on by a header of the second that has the same times (decision
// 0015), and whoever comes later leaves that one alone.
TEST_F(SbdDisk, TwoThatFindItBlankWriteTheSame) {
    ASSERT_TRUE(prepare());
    const auto first = created_;
    dumped_.clear();  // as the second saw it, before the first had written
    created_.clear();
    ASSERT_TRUE(prepare());
    EXPECT_EQ(created_, first);
    created_.clear();
    others_ = {"n1", "n2"};
    ASSERT_TRUE(prepare());
    EXPECT_THAT(created_, IsEmpty());
}

// What cannot be read may be in use: messages that somebody counts on would be cleared.
TEST_F(SbdDisk, AHeaderThatCannotBeReadIsNotReplaced) {
    holds("SBD_SBD_" + std::string(8184, 'x'));
    const auto done = prepare();
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("that sbd does not read"));
    EXPECT_THAT(done.error().advice, HasSubstr("with all nodes down"));
    EXPECT_THAT(created_, IsEmpty());
}

TEST_F(SbdDisk, SomethingElseOnTheDiskIsNotOverwritten) {
    holds(std::string(8192, 'x'));
    const auto done = prepare();
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("something else"));
    EXPECT_THAT(created_, IsEmpty());
}

TEST_F(SbdDisk, OtherTimesAreWrittenOnlyWhenNobodyGoesByTheOldOnes) {
    dumped_ = dump;
    dumped_.replace(dumped_.find(": 30"), 4, ": 45");
    others_ = {"n2", "n3"};
    const auto refused = prepare();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("says 45 s for the watchdog"));
    EXPECT_THAT(refused.error().what, HasSubstr("n2, n3 run by it"));
    EXPECT_THAT(refused.error().advice, HasSubstr("the former watchdog.timeout of 45 s"));
    EXPECT_THAT(created_, IsEmpty());
    others_.clear();
    const auto done = prepare();
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_THAT(created_, ElementsAre("-1", "30", "-4", "60", "create"));
}
