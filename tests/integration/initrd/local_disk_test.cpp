// SPDX-License-Identifier: GPL-2.0-or-later
// The chroot's generations on a real filesystem of a loop device: boots that find them again, and everything that can
// be wrong with a disk. A boot is fill_chroot() on an empty tmpfs; a reboot unmounts both.
#include "initrd/fill_chroot.h"

#include "base/file.h"
#include "base/process.h"
#include "base/sha256.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/install.h"
#include "initrd/unmounting.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr uint64_t disk_size = 64U << 20U;
constexpr uint64_t tmpfs_size = 64U << 20U;
constexpr int files = 60;

std::string must(const std::vector<std::string>& argv) {
    const auto done = run_ok({.argv = argv, .deadline = Deadline::after(std::chrono::seconds(60))});
    EXPECT_TRUE(done) << done.error().what;
    std::string out = done ? done->out : "";
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

class LoopDisk {
public:
    explicit LoopDisk(const fs::path& file, uint64_t size = disk_size) {
        EXPECT_TRUE(write_file_atomic(file, ""));
        fs::resize_file(file, size);
        device = must({"losetup", "-f", "--show", file.string()});
    }
    LoopDisk(const LoopDisk&) = delete;
    LoopDisk& operator=(const LoopDisk&) = delete;
    ~LoopDisk() { must({"losetup", "-d", device}); }

    void make(const std::string& type, const std::string& label) const {
        if (type == "xfs")
            must({"mkfs.xfs", "-q", "-f", "-L", label, device});
        else
            must({"mkfs." + type, "-q", "-F", "-b", "4096", "-L", label, device});
    }
    std::string uuid() const { return must({"blkid", "-p", "-s", "UUID", "-o", "value", device}); }
    void overwrite(off_t offset, size_t size) const {
        const UniqueFd fd(open(device.c_str(), O_WRONLY | O_CLOEXEC));
        const std::string zeros(size, '\0');
        ASSERT_EQ(pwrite(fd.get(), zeros.data(), zeros.size(), offset), static_cast<ssize_t>(zeros.size()));
        ASSERT_EQ(fsync(fd.get()), 0);
    }

    std::string device;
};

class LocalDisk : public testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(geteuid(), 0U) << "integration tests run as root";
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    }
    void SetUp() override {
        // Others on this machine have disks, too: a label of our own.
        label_ = "t" + must({"cat", "/proc/sys/kernel/random/uuid"}).substr(0, 8);
        ASSERT_TRUE(make_directories(image() / "usr/lib"));
        write_version("one");
    }
    void TearDown() override {
        power_off();
        umount2(other().c_str(), MNT_DETACH);
    }

    fs::path image() const { return work_.path() / "image"; }
    fs::path target() const { return work_.path() / "chroot"; }
    fs::path other() const { return work_.path() / "other"; }  // where a test mounts the disk for itself
    fs::path store() const { return target() / chroot::generations_directory; }

    static std::string content_of(int number, const std::string& version) {
        // Every third file changes with the version.
        return std::string(static_cast<size_t>(number) * 997, static_cast<char>('a' + number % 26)) +
               (number % 3 == 0 ? version : "steady");
    }
    void write_version(const std::string& version) {
        manifest_ = {};
        for (const char* name : {"/etc", "/usr", "/usr/lib"}) {
            chroot::Entry& directory = manifest_.entries[name];
            directory.kind = chroot::Entry::Kind::directory;
            directory.mode = 0755;
            directory.reasons = {{"test", {}}};
        }
        chroot::Entry& made = manifest_.entries["/etc/made"];
        made.content = "made\n";
        made.size = 5;
        made.mode = 0644;
        made.sha256 = sha256("made\n");
        for (int i = 0; i < files; ++i) {
            const std::string name = fmt::format("usr/lib/{}", i);
            const std::string content = content_of(i, version);
            ASSERT_TRUE(write_file_atomic(image() / name, content));
            chroot::Entry& entry = manifest_.entries["/" + name];
            entry.mode = 0644;
            entry.size = content.size();
            entry.sha256 = sha256(content);
            entry.reasons = {{"test", {}}};
        }
        version_ = version;
    }

    ChrootJob job(const std::string& place) const {
        ChrootJob job;
        job.target = target();
        job.record = work_.path() / "chroot.json";
        job.size = tmpfs_size;
        job.root_filesystem = "gfs2";
        job.disk.wanted = config::parse_chroot_place(place).value();
        job.disk.storage.transport = "local";
        job.disk.cluster = "grove";
        job.disk.patience = std::chrono::seconds(1);
        job.disk.image = image();
        return job;
    }
    Result<FilledChroot> boot() const { return fill_chroot(job("LABEL=" + label_), manifest_); }
    void power_off() const {
        umount2(store().c_str(), 0);
        umount2(target().c_str(), MNT_DETACH);
    }

    // Everything the manifest says, at the paths by which daemons find it.
    void expect_complete(const Result<FilledChroot>& filled) const {
        ASSERT_TRUE(filled) << filled.error().what;
        for (int i = 0; i < files; ++i)
            ASSERT_EQ(read_file(target() / fmt::format("usr/lib/{}", i)).value_or("(none)"), content_of(i, version_))
                << i;
        EXPECT_EQ(read_file(target() / "etc/made").value_or("(none)"), "made\n");
        EXPECT_TRUE(fs::is_symlink(target() / "usr"));
    }
    void expect_on_disk(const Result<FilledChroot>& filled, const LoopDisk& disk, const std::string& type) const {
        expect_complete(filled);
        EXPECT_TRUE(filled->place.on_disk()) << filled->place.reason;
        EXPECT_EQ(filled->place.device, disk.device);
        EXPECT_EQ(filled->place.filesystem, type);
        EXPECT_THAT(filled->summary, HasSubstr("on " + disk.device));
        struct stat here {};
        struct stat there {};
        ASSERT_EQ(stat((target() / "usr/lib").c_str(), &here), 0);
        ASSERT_EQ(stat(target().c_str(), &there), 0);
        EXPECT_NE(here.st_dev, there.st_dev);
    }
    // The fallback is complete and said, in the remarks and in the record.
    void expect_in_memory(const Result<FilledChroot>& filled, const std::string& reason) const {
        expect_complete(filled);
        EXPECT_FALSE(filled->place.on_disk());
        ASSERT_EQ(filled->remarks.size(), 1U);
        EXPECT_THAT(filled->remarks[0].what, AllOf(HasSubstr("the chroot is in memory, not at "), HasSubstr(reason)));
        EXPECT_FALSE(filled->remarks[0].advice.empty());
        const auto place = chroot::Place::load(work_.path() / "chroot.json");
        ASSERT_TRUE(place) << place.error().what;
        EXPECT_FALSE(place->on_disk());
        EXPECT_THAT(place->reason, HasSubstr(reason));
        struct stat here {};
        struct stat there {};
        ASSERT_EQ(stat((target() / "usr/lib").c_str(), &here), 0);
        ASSERT_EQ(stat(target().c_str(), &there), 0);
        EXPECT_EQ(here.st_dev, there.st_dev);
    }
    std::map<std::string, ino_t> inodes() const {
        std::map<std::string, ino_t> found;
        for (const auto& file : fs::directory_iterator(target() / "usr/lib")) {
            struct stat status {};
            EXPECT_EQ(stat(file.path().c_str(), &status), 0);
            found[file.path().filename()] = status.st_ino;
        }
        return found;
    }
    template <typename Change>
    void change_disk(const LoopDisk& disk, const std::string& type, const Change& change) const {
        ASSERT_TRUE(make_directories(other()));
        ASSERT_EQ(mount(disk.device.c_str(), other().c_str(), type.c_str(), 0, nullptr), 0) << std::strerror(errno);
        change(other() / "pando-chroot");
        ASSERT_EQ(umount2(other().c_str(), 0), 0);
    }

    TemporaryDirectory work_ = *TemporaryDirectory::create("/var/tmp", "pando-disk");
    chroot::Manifest manifest_;
    std::string label_, version_;
};

class OnEveryFilesystem : public LocalDisk, public testing::WithParamInterface<const char*> {
protected:
    void SetUp() override {
        LocalDisk::SetUp();
        if (!find_program(std::string("mkfs.") + GetParam())) GTEST_SKIP() << "no mkfs." << GetParam();
        disk_ = std::make_unique<LoopDisk>(work_.path() / "disk",
                                           std::string(GetParam()) == "xfs" ? 320U << 20U : disk_size);
        disk_->make(GetParam(), label_);
    }
    void TearDown() override {
        LocalDisk::TearDown();
        disk_.reset();
    }
    std::unique_ptr<LoopDisk> disk_;
};
INSTANTIATE_TEST_SUITE_P(Types, OnEveryFilesystem, testing::Values("ext4", "ext3", "xfs"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(OnEveryFilesystem, ABootFillsItAndTheNextWritesNothing) {
    const auto first = boot();
    expect_on_disk(first, *disk_, GetParam());
    EXPECT_THAT(first->summary, HasSubstr(fmt::format("generation 1, {} files added", files)));
    EXPECT_THAT(first->remarks, IsEmpty());
    const auto before = inodes();
    power_off();
    const auto second = boot();
    expect_on_disk(second, *disk_, GetParam());
    EXPECT_THAT(second->summary, HasSubstr("generation 1 kept, 0 files added (0.0 MB)"));
    EXPECT_EQ(inodes(), before);
    EXPECT_THAT(second->remarks, IsEmpty());
}

TEST_P(OnEveryFilesystem, IsFoundByUuidAsWellInADirectoryOfOnesChoice) {
    const auto filled = fill_chroot(job("UUID=" + disk_->uuid() + ":/srv/some/where"), manifest_);
    expect_on_disk(filled, *disk_, GetParam());
    change_disk(*disk_, GetParam(), [&](const fs::path& usual) {
        EXPECT_FALSE(fs::exists(usual));
        EXPECT_TRUE(fs::exists(usual.parent_path() / "srv/some/where/1/manifest.json"));
    });
}

TEST_P(OnEveryFilesystem, OnlyDifferencesAreApplied) {
    ASSERT_TRUE(boot());
    const auto before = inodes();
    power_off();
    write_version("two");
    const auto filled = boot();
    expect_on_disk(filled, *disk_, GetParam());
    EXPECT_THAT(filled->summary, HasSubstr(fmt::format("generation 2, {} files added", files / 3)));
    const auto after = inodes();
    for (int i = 0; i < files; ++i) {
        const std::string name = std::to_string(i);
        EXPECT_EQ(after.at(name) == before.at(name), i % 3 != 0) << name;
    }
    EXPECT_FALSE(fs::exists(store() / "1")) << "what nothing runs from goes, or the disk fills up";
}

// The power goes while a boot fills the disk: what was not flushed is lost, and the next boot finds a mess or a whole.
TEST_P(OnEveryFilesystem, APowerCutAtAnyMomentLeavesWhatTheNextBootMakesRight) {
    constexpr unsigned long shut_down = _IOR('X', 125, uint32_t);  // EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN
    ASSERT_TRUE(make_directories(other()));
    expect_complete(boot());
    power_off();
    unsigned cut_short = 0;
    unsigned finished = 0;
    Milliseconds moment{1};
    for (int round = 0; round < 24 || (finished == 0 && round < 36); ++round, moment += moment / 4 + Milliseconds(1)) {
        write_version(fmt::format("round {}", round));
        ASSERT_EQ(mount(disk_->device.c_str(), other().c_str(), GetParam(), 0, nullptr), 0) << std::strerror(errno);
        const pid_t child = fork();
        if (child == 0) {
            if (unshare(CLONE_NEWNS) != 0) _exit(1);
            const auto filled = boot();
            // In memory is a success too, and says nothing of the disk.
            _exit(filled && filled->place.on_disk() ? 0 : 1);
        }
        auto booting = Child::adopt(child);
        ASSERT_TRUE(booting);
        pollfd end{booting->pidfd(), POLLIN, 0};
        (void)poll(&end, 1, static_cast<int>(moment.count()));
        {
            const UniqueFd disk(open(other().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            uint32_t without_flushing = 2;
            ASSERT_EQ(ioctl(disk.get(), shut_down, &without_flushing), 0) << std::strerror(errno);
        }
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ++finished : ++cut_short;
        ASSERT_EQ(umount2(other().c_str(), 0), 0);
        const auto filled = boot();
        expect_on_disk(filled, *disk_, GetParam());
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            EXPECT_THAT(filled->summary, HasSubstr("kept, 0 files added")) << "what was complete outlives the cut";
        }
        power_off();
        if (HasFailure()) return;
    }
    EXPECT_GT(cut_short, 3U);
    EXPECT_GT(finished, 0U) << "none was let come to its end";
}

class WithDisk : public LocalDisk {
protected:
    void SetUp() override {
        LocalDisk::SetUp();
        disk_ = std::make_unique<LoopDisk>(work_.path() / "disk");
        disk_->make("ext4", label_);
    }
    void TearDown() override {
        LocalDisk::TearDown();
        disk_.reset();
    }
    std::unique_ptr<LoopDisk> disk_;
};

TEST_F(WithDisk, KilledAtAnyMomentTheNextBootMakesItRight) {
    unsigned cut_short = 0;
    Milliseconds moment{1};
    for (int round = 0; round < 24; ++round, moment += moment / 4 + Milliseconds(1)) {
        write_version(fmt::format("round {}", round));
        const pid_t child = fork();
        if (child == 0) {
            if (unshare(CLONE_NEWNS) != 0) _exit(1);
            const auto filled = boot();
            // In memory is a success too, and says nothing of the disk.
            _exit(filled && filled->place.on_disk() ? 0 : 1);
        }
        auto booting = Child::adopt(child);
        ASSERT_TRUE(booting);
        pollfd end{booting->pidfd(), POLLIN, 0};
        (void)poll(&end, 1, static_cast<int>(moment.count()));
        kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        if (WIFSIGNALED(status)) ++cut_short;
        expect_on_disk(boot(), *disk_, "ext4");
        power_off();
        if (HasFailure()) return;
    }
    EXPECT_GT(cut_short, 3U);
}

TEST_F(WithDisk, WhatHasRottenIsNoticedAndMadeAnew) {
    const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> changes = {
        {"7 has other content",
         [](const fs::path& lib) {
             // As a disk does it: the same size and times, other bytes.
             const std::string wrong(fs::file_size(lib / "7"), '!');
             const UniqueFd fd(open((lib / "7").c_str(), O_WRONLY | O_CLOEXEC));
             ASSERT_EQ(pwrite(fd.get(), wrong.data(), wrong.size(), 0), static_cast<ssize_t>(wrong.size()));
         }},
        {"8 missing", [](const fs::path& lib) { fs::remove(lib / "8"); }},
        {"9 has mode 4755", [](const fs::path& lib) { ASSERT_EQ(chmod((lib / "9").c_str(), 04755), 0); }},
        {"10 belongs to user 4711", [](const fs::path& lib) { ASSERT_EQ(chown((lib / "10").c_str(), 4711, 0), 0); }},
        {"evil.so does not belong there",
         [](const fs::path& lib) { ASSERT_TRUE(write_file_atomic(lib / "evil.so", "")); }},
        {"usr/lib has mode 0777", [](const fs::path& lib) { ASSERT_EQ(chmod(lib.c_str(), 0777), 0); }},
        {"usr/lib is of another kind",
         [](const fs::path& lib) {
             fs::rename(lib, lib.parent_path() / "moved");
             fs::create_directory_symlink("moved", lib);
         }},
    };
    expect_complete(boot());
    power_off();
    for (size_t i = 0; i < changes.size(); ++i) {
        change_disk(*disk_, "ext4",
                    [&](const fs::path& kept) { changes[i].second(kept / std::to_string(i + 1) / "usr/lib"); });
        const auto filled = boot();
        expect_on_disk(filled, *disk_, "ext4");
        ASSERT_EQ(filled->remarks.size(), 1U) << changes[i].first;
        EXPECT_THAT(filled->remarks[0].what, HasSubstr(changes[i].first));
        EXPECT_THAT(filled->remarks[0].advice, HasSubstr("replace it"));
        EXPECT_FALSE(fs::exists(target() / "usr/lib/evil.so"));
        EXPECT_THAT(filled->summary, HasSubstr(fmt::format("generation {}", i + 2)));
        power_off();
        if (HasFailure()) return;
    }
}

TEST_F(WithDisk, AnAttemptAfterAFailureGoesOnWithIt) {
    ASSERT_TRUE(boot());
    const auto before = inodes();
    const auto again = boot();  // nothing was unmounted
    expect_on_disk(again, *disk_, "ext4");
    EXPECT_EQ(inodes(), before);
}

TEST_F(WithDisk, NothingOfItIsInTheWayOfAnybodyElse) {
    ASSERT_TRUE(boot());
    const std::string mounts = read_file("/proc/self/mountinfo").value();
    size_t count = 0;
    for (size_t at = 0; (at = mounts.find(" " + disk_->device + " ", at)) != std::string::npos; ++at) ++count;
    EXPECT_EQ(count, 1U) << "only the directory, at its place:\n" << mounts;
    EXPECT_THAT(mounts, HasSubstr("/pando-chroot " + store().string() + " rw,nosuid,nodev,noatime"));
}

TEST_F(WithDisk, AnUpdateOnTheRunningNodeIsKeptAsWell) {
    ASSERT_TRUE(boot());
    write_version("two");
    const auto root = Sysroot::open(image()).value();
    ASSERT_EQ(chroot::install_generation(manifest_, root, target()).value(), 2U);
    EXPECT_THAT(chroot::remove_unused_generations(target()).value(), testing::ElementsAre(1U));
    power_off();
    const auto filled = boot();
    expect_on_disk(filled, *disk_, "ext4");
    EXPECT_THAT(filled->summary, HasSubstr("generation 2 kept, 0 files added"));
}

TEST_F(WithDisk, AtTheEndItIsCleanAlthoughSomebodyRunsFromIt) {
    ASSERT_TRUE(boot());
    const UniqueFd running(open((target() / "usr/lib/1").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(running.valid());
    const auto state = [&] { return must({"dumpe2fs", "-h", disk_->device}); };
    EXPECT_THAT(state(), HasSubstr("needs_recovery"));
    const auto made = make_read_only(store(), Deadline::after(std::chrono::seconds(20)));
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_EQ(*made, disk_->device);
    EXPECT_THAT(state(), AllOf(Not(HasSubstr("needs_recovery")), HasSubstr("clean")));
    EXPECT_EQ(read_file(target() / "usr/lib/1").value_or(""), content_of(1, version_)) << "it is still there";
    EXPECT_EQ(make_read_only(store(), Deadline::after(std::chrono::seconds(20))).value_or("?"), "");
}

TEST_F(WithDisk, ADirectoryWithOtherThingsIsLeftAlone) {
    change_disk(*disk_, "ext4", [](const fs::path& directory) {
        ASSERT_TRUE(make_directories(directory / "1"));
        ASSERT_TRUE(write_file_atomic(directory / "1/mail", "dear\n"));
    });
    expect_in_memory(boot(), "holds what is not Pando's: 1");
    power_off();
    change_disk(*disk_, "ext4",
                [](const fs::path& directory) { EXPECT_EQ(read_file(directory / "1/mail").value_or(""), "dear\n"); });
}

TEST_F(WithDisk, ADirectoryThatOthersMayWriteIsNotTrusted) {
    change_disk(*disk_, "ext4", [](const fs::path& directory) {
        ASSERT_TRUE(make_directories(directory));
        ASSERT_EQ(chmod(directory.c_str(), 0777), 0);
    });
    expect_in_memory(boot(), "may be written by others than root");
}

TEST_F(WithDisk, ASymlinkInItsPlaceIsNotFollowed) {
    change_disk(*disk_, "ext4", [](const fs::path& directory) {
        ASSERT_TRUE(make_directories(directory.parent_path() / "elsewhere"));
        fs::create_directory_symlink("elsewhere", directory);
    });
    expect_in_memory(boot(), "opening /pando-chroot on the disk");
}

TEST_F(WithDisk, AnotherClustersIsTakenOverAndSaid) {
    auto theirs = job("LABEL=" + label_);
    theirs.disk.cluster = "thicket";
    expect_complete(fill_chroot(theirs, manifest_));
    const auto before = inodes();
    power_off();
    const auto filled = boot();
    expect_on_disk(filled, *disk_, "ext4");
    ASSERT_EQ(filled->remarks.size(), 1U);
    EXPECT_THAT(filled->remarks[0].what, HasSubstr("was that of cluster thicket"));
    EXPECT_EQ(inodes(), before) << "right bytes are right bytes";
    power_off();
    EXPECT_THAT(boot()->remarks, IsEmpty());
}

TEST_F(WithDisk, WhatAnotherVersionOfPandoLeftIsCleared) {
    change_disk(*disk_, "ext4", [](const fs::path& directory) {
        ASSERT_TRUE(make_directories(directory / "5/usr"));
        ASSERT_TRUE(write_file_atomic(directory / "pando-chroot.json", "{\"version\": 99, \"layout\": []}"));
    });
    const auto filled = boot();
    expect_on_disk(filled, *disk_, "ext4");
    EXPECT_FALSE(fs::exists(store() / "5"));
}

TEST_F(WithDisk, AFullDiskIsToldBeforehandAndLeftAsItWas) {
    fs::path filler;
    change_disk(*disk_, "ext4", [&](const fs::path& directory) {
        const UniqueFd fd(open((directory.parent_path() / "filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        const std::string block(1U << 20U, 'x');
        while (write(fd.get(), block.data(), block.size()) > 0) continue;
        EXPECT_EQ(errno, ENOSPC);
    });
    expect_in_memory(boot(), "has room for ");
}

TEST_F(WithDisk, ATmpfsTooSmallForAllIsRefusedWhenTheDiskIsMissing) {
    auto small = job("LABEL=" + label_);
    small.size = 256U << 10U;
    EXPECT_TRUE(fill_chroot(small, manifest_)) << "with the disk it needs only the rest";
    power_off();
    small.disk.wanted = config::parse_chroot_place("LABEL=" + label_ + "x").value();
    const auto refused = fill_chroot(small, manifest_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("the chroot takes"));
    EXPECT_THAT(refused.error().advice, HasSubstr("chroot.size"));
}

TEST_F(WithDisk, AFullTmpfsIsRefusedBeforeADaemonStarts) {
    ASSERT_TRUE(boot());
    ASSERT_TRUE(make_directories(target() / "var/log"));
    const UniqueFd log(open((target() / "var/log/corosync.log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string lines(1U << 20U, '\n');
    while (write(log.get(), lines.data(), lines.size()) > 0) continue;
    ASSERT_EQ(errno, ENOSPC);
    const auto refused = boot();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, AnyOf(HasSubstr("is full"), HasSubstr("No space left")));
    EXPECT_FALSE(refused.error().advice.empty());
}

TEST_F(WithDisk, TwoWithOneLabelAreBothLeftAlone) {
    const LoopDisk copy(work_.path() / "copy");
    copy.make("ext4", label_);
    expect_in_memory(boot(), "two devices answer to LABEL=" + label_);
    power_off();
}

TEST_F(WithDisk, ADamagedOneThatWillNotMountIsDoneWithout) {
    disk_->overwrite(4096, 256U << 10U);  // the group descriptors; the superblock still tells the label
    expect_in_memory(boot(), "mounting " + disk_->device);
}

TEST_F(WithDisk, OneWithoutItsSuperblockIsMissing) {
    disk_->overwrite(0, 4096);
    expect_in_memory(boot(), "no disk with LABEL=" + label_ + " appeared within 1 s");
}

// Writes to it wait for ever, as with a disk whose controller has died: its backing file is on a frozen filesystem.
TEST_F(WithDisk, OneThatNeverAnswersIsLeftBehind) {
    ASSERT_TRUE(make_directories(other()));
    ASSERT_EQ(mount(disk_->device.c_str(), other().c_str(), "ext4", 0, nullptr), 0);
    label_ += "in";
    const LoopDisk inner(other() / "disk", 32U << 20U);
    inner.make("ext4", label_);
    const UniqueFd outer(open(other().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(ioctl(outer.get(), FIFREEZE, 0), 0) << std::strerror(errno);
    auto dying = job("LABEL=" + label_);
    dying.disk.work = std::chrono::seconds(1);
    const auto begin = since_boot();
    const auto filled = fill_chroot(dying, manifest_);
    const auto took = since_boot() - begin;
    EXPECT_EQ(ioctl(outer.get(), FITHAW, 0), 0);
    expect_in_memory(filled, "preparing the disk was not over in time");
    EXPECT_LT(took, Milliseconds(10000));
    // The thread that was left behind ends now, and takes its mounts along: the next boot has the disk.
    const auto threads = [] { return list_directory("/proc/self/task").value().size(); };
    for (const Deadline deadline = Deadline::after(std::chrono::seconds(60)); threads() > 1 && !deadline.passed();)
        (void)poll(nullptr, 0, 20);
    ASSERT_EQ(threads(), 1U);
    expect_complete(filled);
    power_off();
    expect_on_disk(fill_chroot(job("LABEL=" + label_), manifest_), inner, "ext4");
    power_off();
}

TEST_F(LocalDisk, AMissingOneIsDoneWithoutAfterItsTime) {
    const auto begin = since_boot();
    expect_in_memory(boot(), "no disk with LABEL=" + label_);
    EXPECT_LT(since_boot() - begin, Milliseconds(8000));
}

TEST_F(LocalDisk, AClusterFilesystemIsRefusedByName) {
    const LoopDisk disk(work_.path() / "disk");
    must({"mkfs.gfs2", "-O", "-q", "-p", "lock_dlm", "-t", "grove:root", "-j", "1", "-J", "8", disk.device});
    expect_in_memory(fill_chroot(job("UUID=" + disk.uuid()), manifest_), "gfs2 is a cluster filesystem");
    power_off();
}

TEST_F(LocalDisk, APathLeadsToTheSharedRootAndSoToMemory) {
    expect_in_memory(fill_chroot(job("/var/lib/pando/chroot"), manifest_), "gfs2 is a cluster filesystem");
}

TEST_F(LocalDisk, ATmpfsThatIsWantedIsNothingToRemark) {
    const auto filled = fill_chroot(job("tmpfs"), manifest_);
    expect_complete(filled);
    EXPECT_THAT(filled->remarks, IsEmpty());
    EXPECT_THAT(filled->summary, AllOf(HasSubstr("in memory"), Not(HasSubstr("generation"))));
}

}  // namespace
}  // namespace pando::initrd
