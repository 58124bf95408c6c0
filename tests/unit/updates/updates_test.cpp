// SPDX-License-Identifier: GPL-2.0-or-later
// How a node follows changes of the root, and what is recorded of them.
#include "updates/followed.h"

#include "base/fd.h"
#include "base/file.h"
#include "cdsl/lock.h"
#include "updates/etc_files.h"
#include "updates/packages.h"
#include "updates/record.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::test {
namespace {

using namespace updates;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Root : testing::Test {
    Root() : place(*TemporaryDirectory::create(fs::temp_directory_path(), "pando-updates")) {}

    fs::path at(const std::string& name) const { return place.path() / name; }
    void write(const std::string& name, const std::string& text) const {
        ASSERT_TRUE(make_directories(at(name).parent_path(), 0755));
        ASSERT_TRUE(write_file_atomic(at(name), text));
    }
    // A process that runs a program of the root, as it is now.
    void process(int pid, const std::string& unit, const std::string& program) const {
        struct stat now {};
        ASSERT_EQ(stat(at(program).c_str(), &now), 0);
        write(fmt::format("proc/{}/maps", pid),
              fmt::format("55d0-55d1 r--p 00000000 fd:00 {0} /{1}\n55d1-55d2 r-xp 00001000 fd:00 {0} /{1}\n"
                          "7ffd-7ffe r-xp 00000000 00:00 0 [vdso]\n",
                          now.st_ino, program));
        write(fmt::format("proc/{}/cgroup", pid), "0::" + unit + "\n");
    }
    void record(unsigned number, Record::State state) const {
        Record one{.number = number, .node = "n1", .command = "apt-get upgrade", .state = state};
        const fs::path file = directory_of(place.path(), number) / "change.json";
        ASSERT_TRUE(make_directories(file.parent_path(), 0700));
        ASSERT_TRUE(write_file_atomic(file, updates::to_json(one)));
    }
    cdsl::ChangeLock at_work() const {
        const UniqueFd root(open(place.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        return std::move(*cdsl::ChangeLock::take(root.get(), {"n1", "apt-get upgrade"},
                                                 Deadline::after(Milliseconds(1000)), cdsl::package_changes));
    }
    Systemctl systemctl() {
        return [this](const std::vector<std::string>& words) -> Result<> {
            std::string line;
            for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
            asked.push_back(line);
            if (line == refused) return fail("it did not start");
            if (!gone.empty() && (line == "try-restart " + gone || line == "cat " + gone)) return fail("not found");
            return {};
        };
    }
    TemporaryDirectory place;
    std::vector<std::string> asked;
    std::string refused;
    std::string gone;  // a unit without a file
};

}  // namespace

TEST(Packages, AreReadWithWhatDpkgHadBegun) {
    const auto packages = parse_packages(
        "bash:amd64 5.2 installed\nold:all 1.0 config-files\nssh:amd64 1:9.2 half-configured\ngone:amd64 2 "
        "not-installed\n\n");
    EXPECT_THAT(packages, SizeIs(2));
    EXPECT_EQ(packages.at("ssh:amd64"), "1:9.2 (half-configured)");
    EXPECT_EQ(parse_packages(to_lines(packages)), packages);
    const auto changes = changed_packages(packages, parse_packages("bash:amd64 5.3 installed\nnew:all 1 installed\n"));
    ASSERT_THAT(changes, SizeIs(3));
    EXPECT_EQ(updates::to_text(changes[0]), "bash:amd64 5.2 -> 5.3");
    EXPECT_EQ(updates::to_text(changes[1]), "ssh:amd64 1:9.2 (half-configured) is removed");
    EXPECT_EQ(updates::to_text(changes[2]), "new:all 1 is new");
}

TEST(Units, AreToldByTheirCgroup) {
    EXPECT_EQ(unit_of("0::/system.slice/ssh.service\n"), "ssh.service");
    EXPECT_EQ(unit_of("0::/system.slice/system-getty.slice/getty@tty1.service"), "getty@tty1.service");
    EXPECT_EQ(unit_of("0::/system.slice/docker.service/inner/other.service"), "docker.service");
    EXPECT_EQ(unit_of("0::/init.scope"), "init.scope");
    EXPECT_EQ(unit_of("0::/user.slice/user-0.slice/session-3.scope"), "");
    EXPECT_EQ(unit_of("0::/user.slice/user-0.slice/user@0.service/app.slice/x.service"), "");
    EXPECT_EQ(unit_of(""), "");
}

TEST_F(Root, ServicesThatRunReplacedFilesAreFound) {
    write("usr/sbin/sshd", "old");
    write("usr/bin/other", "old");
    write("tmp/own", "old");
    process(10, "/system.slice/ssh.service", "usr/sbin/sshd");
    process(11, "/system.slice/ssh.service", "usr/sbin/sshd");
    process(12, "/system.slice/other.service", "usr/bin/other");
    process(13, "/system.slice/mine.service", "tmp/own");
    process(14, "/user.slice/user-0.slice/session-3.scope", "usr/sbin/sshd");
    process(15, "/system.slice/spared.service", "usr/sbin/sshd");
    EXPECT_THAT(*old_services(place.path()), IsEmpty());
    write("usr/sbin/sshd", "new");  // by rename, as dpkg does: another inode
    write("tmp/own", "new");        // of no package
    const auto old = old_services(place.path(), {15});
    ASSERT_TRUE(old);
    ASSERT_THAT(*old, SizeIs(2));
    EXPECT_EQ((*old)[0], (OldService{"", {14}, "/usr/sbin/sshd"}));
    EXPECT_EQ((*old)[1], (OldService{"ssh.service", {10, 11}, "/usr/sbin/sshd"}));
    EXPECT_EQ(unlink(at("usr/bin/other").c_str()), 0);
    EXPECT_THAT(*old_services(place.path(), {10, 11, 14, 15}), SizeIs(1)) << "one that is gone counts";
}

TEST_F(Root, AChangeIsFollowedOnce) {
    write("usr/sbin/sshd", "old");
    process(10, "/system.slice/ssh.service", "usr/sbin/sshd");
    process(11, "/system.slice/dbus.service", "usr/sbin/sshd");
    process(12, "/init.scope", "usr/sbin/sshd");
    write("usr/sbin/sshd", "new");
    const auto idle = follow(place.path(), systemctl());
    ASSERT_TRUE(idle) << idle.error().what;
    EXPECT_THAT(asked, IsEmpty()) << "nothing was changed by anybody";
    EXPECT_FALSE(*idle);
    EXPECT_TRUE(read_file(at("var/lib/pando/updates.json"))) << "but its kernel is told";

    record(1, Record::State::running);
    {
        const auto dpkg = at_work();
        ASSERT_TRUE(follow(place.path(), systemctl()));
        EXPECT_THAT(asked, IsEmpty()) << "dpkg is at work";
        EXPECT_EQ(read_records(place.path())->back().state, Record::State::running);
    }
    EXPECT_EQ(read_records(place.path())->back().state, Record::State::interrupted) << "whoever made it is dead";
    ASSERT_TRUE(follow(place.path(), systemctl()));
    EXPECT_THAT(asked, IsEmpty()) << "packages are unpacked in part";

    record(1, Record::State::done);
    const auto followed = follow(place.path(), systemctl());
    ASSERT_TRUE(followed && *followed);
    const auto done = *followed;
    EXPECT_THAT(asked, ElementsAre("daemon-reload", "daemon-reexec", "try-restart ssh.service"));
    EXPECT_THAT(done->restarted, ElementsAre("init.scope", "ssh.service"));
    EXPECT_THAT(done->left, ElementsAre(HasSubstr("dbus.service")));
    EXPECT_EQ(done->change, 1U);
    asked.clear();
    const auto again = follow(place.path(), systemctl());
    EXPECT_TRUE(again && !*again) << "it is done";
    EXPECT_THAT(asked, IsEmpty());
}

TEST_F(Root, AServiceThatDoesNotRestartIsNamedAndNotTriedForEver) {
    write("usr/sbin/sshd", "old");
    process(10, "/system.slice/ssh.service", "usr/sbin/sshd");
    write("usr/sbin/sshd", "new");
    record(3, Record::State::failed);
    refused = "try-restart ssh.service";
    const auto followed = follow(place.path(), systemctl());
    ASSERT_TRUE(followed && *followed);
    const auto done = *followed;
    EXPECT_THAT(done->failed, ElementsAre("ssh.service: it did not start"));
    asked.clear();
    const auto again = follow(place.path(), systemctl());
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_TRUE(again && !*again);
    EXPECT_EQ(parse_followed(updates::to_json(*done)), *done);
    for (const char* text : {"", "[]", "{}", "{\"change\": \"x\"}", "\xff"}) EXPECT_FALSE(parse_followed(text)) << text;
}

TEST_F(Root, AServiceWhosePackageIsRemovedIsStopped) {
    write("usr/sbin/probe", "old");
    process(10, "/system.slice/probe.service", "usr/sbin/probe");
    ASSERT_EQ(unlink(at("usr/sbin/probe").c_str()), 0);
    record(3, Record::State::done);
    gone = "probe.service";
    const auto followed = follow(place.path(), systemctl());
    ASSERT_TRUE(followed && *followed);
    EXPECT_THAT((*followed)->stopped, ElementsAre("probe.service"));
    EXPECT_THAT((*followed)->failed, IsEmpty());
    EXPECT_THAT(asked,
                ElementsAre("daemon-reload", "try-restart probe.service", "cat probe.service", "stop probe.service"));
    EXPECT_EQ(parse_followed(updates::to_json(**followed)), **followed);
}

TEST_F(Root, RecordsAreReadInOrderAndADamagedOneIsNamed) {
    EXPECT_THAT(*read_records(place.path()), IsEmpty());
    for (const unsigned number : {2U, 11U, 10U}) record(number, Record::State::done);
    ASSERT_TRUE(make_directories(directory_of(place.path(), 12)));  // its beginning was cut off
    const auto records = read_records(place.path());
    ASSERT_TRUE(records);
    ASSERT_THAT(*records, SizeIs(3));
    EXPECT_EQ(records->back().number, 11U);
    ASSERT_TRUE(write_file_atomic(directory_of(place.path(), 10) / "change.json", "{\"number\": \"ten\"}"));
    const auto damaged = read_records(place.path());
    ASSERT_FALSE(damaged);
    EXPECT_THAT(damaged.error().what, HasSubstr("000010/change.json"));
    EXPECT_FALSE(damaged.error().advice.empty());
}

TEST_F(Root, FilesOfEtcThatCameWentOrChangedAreNamed) {
    write("etc/kept", "1");
    write("etc/ssh/sshd_config", "1");
    write("etc/gone", "1");
    fs::create_symlink("../.pando/local/etc/hostname", at("etc/hostname"));
    const auto before = read_etc(place.path());
    ASSERT_TRUE(before);
    EXPECT_THAT(*before, SizeIs(4));
    write("etc/ssh/sshd_config", "2");
    write("etc/new", "1");
    EXPECT_EQ(unlink(at("etc/gone").c_str()), 0);
    EXPECT_THAT(changed_files(*before, *read_etc(place.path())),
                ElementsAre("/etc/gone", "/etc/new", "/etc/ssh/sshd_config"));
}

}  // namespace pando::test
