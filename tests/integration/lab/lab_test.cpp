// SPDX-License-Identifier: GPL-2.0-or-later
// The lab's services, network and BMCs, without a virtual machine: real daemons in a real namespace.
#include "lab/lab.h"

#include "base/file.h"
#include "lab/layout.h"
#include "lab/netboot.h"
#include "lab/network.h"
#include "lab/processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <set>

namespace pando::lab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

void say_nothing(std::string_view) {}

// Every process that has the directory in its command line: the daemons name their configuration there.
std::vector<std::string> processes_naming(const fs::path& directory) {
    std::vector<std::string> found;
    for (const auto& name : list_directory("/proc").value_or(std::vector<std::string>{})) {
        if (name == std::to_string(getpid()) || name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::string line = read_file("/proc/" + name + "/cmdline").value_or("");
        if (line.find(directory.string()) != std::string::npos) found.push_back(name + " " + line);
    }
    return found;
}

class LabServices : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(geteuid(), 0U) << "integration tests need root";
        auto made = TemporaryDirectory::create("/tmp", "lab");
        ASSERT_TRUE(made) << made.error().what;
        directory_.emplace(std::move(*made));
        for (const char* file : {"vmlinuz", "pando.img"})
            ASSERT_TRUE(write_file_atomic(netboot() / file, fmt::format("this is {}\n", file)));
    }
    void TearDown() override {
        for (const auto& name : names_) EXPECT_TRUE(Lab::down(name, state(), true, say_nothing));
        if (!directory_) return;
        EXPECT_THAT(processes_naming(directory_->path()), IsEmpty());
    }

    fs::path state() const { return directory_->path() / "state"; }
    fs::path netboot() const {
        const fs::path netboot = directory_->path() / "netboot";
        fs::create_directories(netboot);
        return netboot;
    }
    // The process id keeps two runs of this test apart.
    std::string name(const std::string& suffix = "") {
        std::string name = fmt::format("it{}{}", getpid(), suffix);
        names_.insert(name);
        return name;
    }
    LabOptions options(const std::string& lab) const {
        LabOptions options;
        options.name = lab;
        options.state = state();
        options.netboot = netboot();
        options.blades = 1;
        options.lun_size = 16U << 20U;
        options.machine.acceleration = Acceleration::emulation;  // no guest runs here, so none need be asked
        options.power_on = false;
        return options;
    }
    void expect_nothing_left(const std::string& lab) {
        EXPECT_FALSE(fs::exists(namespace_file(network_name(lab))));
        EXPECT_THAT(processes_naming(state() / lab), IsEmpty());
        for (const auto& entry : list_directory(state() / lab).value_or(std::vector<std::string>{}))
            EXPECT_EQ(entry, "logs");
        // The first namespace of a machine leaves /run/netns a mount point of its own; nothing of ours is in it.
        EXPECT_THAT(read_file("/proc/self/mountinfo").value_or(""), testing::Not(HasSubstr(network_name(lab))));
    }
    // Runs `up` in a process of its own, which says every progress line to `at_line` there. Its wait status.
    int up_elsewhere(const LabOptions& options, const std::function<void(std::string_view)>& at_line) {
        const pid_t pid = fork();
        if (pid == 0) _exit(Lab::up(options, at_line) ? 0 : 7);
        int status = 0;
        waitpid(pid, &status, 0);
        return status;
    }

    std::optional<TemporaryDirectory> directory_;
    std::set<std::string> names_;
};

std::string fetched(const Lab& lab, const std::string& path) {
    auto got = lab.exec({"busybox", "wget", "-q", "-O", "-", "http://10.77.0.1" + path},
                        Deadline::after(std::chrono::seconds(10)));
    return got && got->ok() ? got->out : "failed: " + (got ? got->err : got.error().what);
}

TEST_F(LabServices, GiveABladeItsAddressItsFilesItsLunAndItsBmc) {
    LabOptions wanted = options(name());
    wanted.kernel_arguments = "for=all";
    wanted.node_arguments["n1"] = "for=n1";
    const auto lab = Lab::up(wanted, say_nothing);
    ASSERT_TRUE(lab) << lab.error().what;

    EXPECT_EQ(fetched(*lab, "/vmlinuz"), "this is vmlinuz\n");
    EXPECT_EQ(fetched(*lab, "/boot.ipxe"), chooser_script());
    EXPECT_THAT(fetched(*lab, "/lab/any.ipxe"), HasSubstr("for=all"));
    EXPECT_THAT(fetched(*lab, "/lab/52-54-00-77-00-01.ipxe"), HasSubstr("for=all for=n1"));
    ASSERT_TRUE(lab->set_kernel_arguments("n1", "for=next"));
    EXPECT_THAT(fetched(*lab, "/lab/52-54-00-77-00-01.ipxe"), HasSubstr("for=all for=next"));
    // What is put there later is served, too.
    ASSERT_TRUE(write_file_atomic(netboot() / "late", "late\n"));
    EXPECT_EQ(fetched(*lab, "/late"), "late\n");

    // A NIC with the blade's MAC on the lab's bridge asks for an address.
    const Deadline deadline = Deadline::after(std::chrono::seconds(20));
    ASSERT_TRUE(
        lab->exec({"ip", "link", "add", "nic", "address", "52:54:00:77:00:01", "type", "veth", "peer", "name", "port"},
                  deadline)
            ->ok());
    ASSERT_TRUE(lab->exec({"ip", "link", "set", "port", "master", "br0", "up"}, deadline)->ok());
    ASSERT_TRUE(lab->exec({"ip", "link", "set", "nic", "up"}, deadline)->ok());
    const auto leased = lab->exec({"busybox", "udhcpc", "-f", "-q", "-n", "-i", "nic", "-s", "/bin/true"}, deadline);
    ASSERT_TRUE(leased) << leased.error().what;
    EXPECT_THAT(leased->out + leased->err, HasSubstr("lease of 10.77.0.2"));

    EXPECT_TRUE(connect_inside(lab->network(), "10.77.0.1", 3260, deadline));
    EXPECT_EQ(fs::file_size(state() / lab->name() / "lun"), 16U << 20U);
    const auto power = lab->power_state("n1");
    ASSERT_TRUE(power) << power.error().what;
    EXPECT_EQ(*power, Power::off);
    const auto status = lab->status();
    ASSERT_EQ(status.size(), 1U);
    EXPECT_EQ(status[0].power, Power::off);
    EXPECT_FALSE(status[0].ssh);

    // Somebody who comes later finds the same lab.
    const auto opened = Lab::open(lab->name(), state());
    ASSERT_TRUE(opened) << opened.error().what;
    EXPECT_EQ(opened->power_state("n1").value_or(Power::on), Power::off);
    EXPECT_FALSE(opened->power_state("n2"));

    ASSERT_TRUE(Lab::down(lab->name(), state(), false, say_nothing));
    expect_nothing_left(lab->name());
    EXPECT_THAT(read_file(logs_directory(state() / lab->name()) / "dnsmasq").value_or(""),
                HasSubstr("52:54:00:77:00:01"));
}

TEST_F(LabServices, TheLogsOfTheLabBeforeAreKept) {
    const auto log = logs_directory(state() / name()) / "http";
    const auto before = earlier_logs_directory(state() / name()) / "http";
    for (const bool second : {false, true, true}) {
        const auto lab = Lab::up(options(name()), say_nothing);
        ASSERT_TRUE(lab) << lab.error().what;
        EXPECT_EQ(fs::exists(before), second);
        EXPECT_TRUE(fs::exists(log));
        EXPECT_FALSE(fs::exists(before.parent_path() / "before"));
        ASSERT_TRUE(Lab::down(lab->name(), state(), false, say_nothing));
    }
    expect_nothing_left(name());
}

TEST_F(LabServices, NothingOfTheLabIsOnTheHostsOwnNetwork) {
    const auto lab = Lab::up(options(name()), say_nothing);
    ASSERT_TRUE(lab) << lab.error().what;
    const auto during = run_ok({.argv = {"ip", "-o", "address"}});
    ASSERT_TRUE(during);
    EXPECT_THAT(during->out, testing::Not(HasSubstr("10.77.0.")));
    // A way out would be a route, or an interface whose other end is elsewhere.
    const auto routes = lab->exec({"ip", "route"}, Deadline::after(std::chrono::seconds(5)));
    ASSERT_TRUE(routes);
    EXPECT_THAT(routes->out, testing::Not(HasSubstr("default")));
}

TEST_F(LabServices, TwoLabsOfDifferentNamesStandSideBySide) {
    const auto one = Lab::up(options(name("a")), say_nothing);
    ASSERT_TRUE(one) << one.error().what;
    const auto two = Lab::up(options(name("b")), say_nothing);
    ASSERT_TRUE(two) << two.error().what;
    EXPECT_TRUE(one->power_state("n1"));
    EXPECT_TRUE(two->power_state("n1"));
    ASSERT_TRUE(Lab::down(one->name(), state(), true, say_nothing));
    EXPECT_FALSE(fs::exists(state() / one->name()));
    EXPECT_TRUE(two->power_state("n1"));
    EXPECT_EQ(fetched(*two, "/vmlinuz"), "this is vmlinuz\n");
}

TEST_F(LabServices, ASecondUpOfTheSameNameIsRefusedAndHarmsNothing) {
    const auto lab = Lab::up(options(name()), say_nothing);
    ASSERT_TRUE(lab) << lab.error().what;
    const auto again = Lab::up(options(lab->name()), say_nothing);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(again.error().advice, HasSubstr("lab down"));
    EXPECT_TRUE(lab->power_state("n1"));
}

TEST_F(LabServices, DownDoesNotTouchTheLabOfThatNameInAnotherStateDirectory) {
    const auto lab = Lab::up(options(name()), say_nothing);
    ASSERT_TRUE(lab) << lab.error().what;
    const auto refused = Lab::down(lab->name(), directory_->path() / "elsewhere", false, say_nothing);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(refused.error().what, HasSubstr((state() / lab->name()).string()));
    EXPECT_TRUE(lab->power_state("n1"));
}

TEST_F(LabServices, BadInputWritesNothing) {
    LabOptions wanted = options(name());
    wanted.netboot = directory_->path();
    EXPECT_EQ(Lab::up(wanted, say_nothing).error().kind, ErrorKind::bad_input);
    wanted = options(name());
    wanted.blades = 1000;
    EXPECT_EQ(Lab::up(wanted, say_nothing).error().kind, ErrorKind::bad_input);
    wanted = options(name());
    wanted.lun = directory_->path() / "no-such-lun";
    EXPECT_EQ(Lab::up(wanted, say_nothing).error().kind, ErrorKind::bad_input);
    wanted = options(name());
    wanted.node_arguments["n7"] = "quiet";
    EXPECT_EQ(Lab::up(wanted, say_nothing).error().kind, ErrorKind::bad_input);
    wanted = options(name());
    wanted.state = state() / std::string(120, 'x');  // no room for a socket's path
    EXPECT_EQ(Lab::up(wanted, say_nothing).error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(fs::exists(state()));
}

TEST_F(LabServices, DownClearsAwayAfterUpWasKilledAtAnyPoint) {
    const LabOptions wanted = options(name());
    int lines = 0;
    for (;; ++lines) {
        int line = 0;
        const int status = up_elsewhere(wanted, [&](std::string_view) {
            if (line++ == lines) raise(SIGKILL);
        });
        if (WIFEXITED(status)) {
            EXPECT_EQ(WEXITSTATUS(status), 0);
            break;  // it says no more lines than that
        }
        EXPECT_FALSE(Lab::open(wanted.name, state())) << "killed after line " << lines << ", and yet it is up";
        const auto down = Lab::down(wanted.name, state(), false, say_nothing);
        ASSERT_TRUE(down) << "killed after line " << lines << ": " << down.error().what;
        expect_nothing_left(wanted.name);
    }
    EXPECT_GE(lines, 5);
    ASSERT_TRUE(Lab::down(wanted.name, state(), false, say_nothing));
    ASSERT_TRUE(Lab::down(wanted.name, state(), false, say_nothing));  // twice is once
    expect_nothing_left(wanted.name);
}

TEST_F(LabServices, DownGoesOnAfterADamagedRecord) {
    const auto lab = Lab::up(options(name()), say_nothing);
    ASSERT_TRUE(lab) << lab.error().what;
    const fs::path records = process_directory(state() / lab->name());
    ASSERT_TRUE(write_file_atomic(records / "n1-bmc.json", "{"));
    ASSERT_TRUE(write_file_atomic(records / "tgtd.json", R"({"who": "tgtd", "pid": "x"})"));
    std::string said;
    const auto down = Lab::down(lab->name(), state(), false, [&](std::string_view line) {
        said.append(line);
        said += '\n';
    });
    ASSERT_TRUE(down) << down.error().what;
    EXPECT_THAT(said, HasSubstr("warning: " + (records / "n1-bmc.json").string()));
    EXPECT_THAT(said, HasSubstr("warning: " + (records / "tgtd.json").string()));
    EXPECT_THAT(said, HasSubstr("  -> "));
    expect_nothing_left(lab->name());
}

TEST_F(LabServices, AnInterruptedUpTakesItselfDown) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const LabOptions wanted = options(name());
        const int status = up_elsewhere(wanted, [&](std::string_view line) {
            if (line.starts_with("dnsmasq")) raise(signal);
        });
        ASSERT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 7);
        expect_nothing_left(wanted.name);
    }
}

TEST_F(LabServices, AMissingProgramIsNamedAndNothingIsLeft) {
    const fs::path programs = directory_->path() / "bin";
    fs::create_directories(programs);
    for (const char* program : {"ip", "dnsmasq"}) {
        const auto found = find_program(program);
        ASSERT_TRUE(found) << found.error().what;
        fs::create_symlink(*found, programs / program);
    }
    const std::string path = getenv("PATH");
    LabOptions wanted = options(name());
    wanted.cluster_yaml = directory_->path() / "cluster.yaml";  // its own would need ssh-keygen
    ASSERT_TRUE(write_file_atomic(wanted.cluster_yaml, cluster_yaml({wanted.name, 1, {}}).value_or("")));
    setenv("PATH", programs.c_str(), 1);
    const auto lab = Lab::up(wanted, say_nothing);
    setenv("PATH", path.c_str(), 1);
    ASSERT_FALSE(lab);
    EXPECT_THAT(lab.error().what, HasSubstr("lighttpd is not installed"));
    expect_nothing_left(wanted.name);
}

}  // namespace
}  // namespace pando::lab
