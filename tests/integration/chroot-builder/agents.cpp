// SPDX-License-Identifier: GPL-2.0-or-later
// Fence agents inside: all of the package tell their metadata or are refused by name, and those that the field uses
// most switch a device on the loopback of an empty network, one that really changes its state.
#include "base/number.h"
#include "chroot-builder/explain.h"
#include "tests/integration/chroot-builder/inside.h"

#include <gmock/gmock.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <sstream>

namespace pando::chroot {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class AgentTest : public test::Inside {
protected:
    // No network but a loopback of its own.
    static void SetUpTestSuite() {
        Inside::SetUpTestSuite();
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        const UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        ifreq request{};
        std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
        ASSERT_EQ(ioctl(socket_fd.get(), SIOCGIFFLAGS, &request), 0);
        request.ifr_flags |= IFF_UP;
        ASSERT_EQ(ioctl(socket_fd.get(), SIOCSIFFLAGS, &request), 0);
        // Agents of one's own stand here; on this machine nothing of it is changed.
        ASSERT_EQ(mount("own", "/usr/local/sbin", "tmpfs", 0, "mode=0755"), 0);
    }
    void TearDown() override {
        for (Child& device : devices_) {
            (void)device.stop(std::chrono::seconds(5));
        }
        for (const std::string& loop : loops_) (void)run_ok({.argv = {"losetup", "-d", loop}});
        Inside::TearDown();
    }

    static Request request_for_agent(const std::string& agent) {
        config::Cluster cluster;
        cluster.storage.transport = "local";
        cluster.nodes.resize(1);
        cluster.nodes.front().fence.push_back({.name = "device", .agent = agent, .options = {}});
        Request request = request_for(cluster, {});
        std::erase(request.programs, "/usr/sbin/pando-survival");
        std::erase(request.files, memory_lock);
        return request;
    }

    void start_device(std::vector<std::string> argv) {
        // It ends with the test, however that ends.
        const auto with_us = [] { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; };
        auto device = Child::spawn({.argv = std::move(argv), .prepare = with_us, .output_file = work() / "device.log"});
        ASSERT_TRUE(device) << device.error().what;
        devices_.push_back(std::move(*device));
    }
    std::string device_log() const { return read_file(work() / "device.log").value_or(""); }

    // A device says that it is ready by its port; one that has ended never will.
    bool comes_true(const std::function<bool()>& condition) {
        constexpr int look_again = 20;  // milliseconds
        const Deadline deadline = Deadline::after(std::chrono::seconds(30));
        while (!condition()) {
            pollfd ended{devices_.back().pidfd(), POLLIN, 0};
            if (deadline.passed() || poll(&ended, 1, look_again) > 0) return false;
        }
        return true;
    }

    // As dlm_controld runs it: the options on standard input.
    Finished fence(const std::string& agent, const std::string& options, const std::string& action) const {
        return inside({agent.starts_with('/') ? agent : "/usr/sbin/" + agent}, options + "action=" + action + "\n");
    }
    // Status is 0 for on and 2 for off.
    void switches(const std::string& agent, const std::string& options) const {
        const auto status = [&] { return fence(agent, options, "status"); };
        Finished done = status();
        EXPECT_EQ(done.status, 0) << "it is not on: " << done.out << done.err << device_log();
        done = fence(agent, options, "off");
        EXPECT_EQ(done.status, 0) << done.out << done.err << device_log();
        done = status();
        EXPECT_EQ(done.status, 2) << "it is not off: " << done.out << done.err << device_log();
        done = fence(agent, options, "on");
        EXPECT_EQ(done.status, 0) << done.out << done.err << device_log();
        EXPECT_EQ(status().status, 0) << "it is not on again";
    }

    std::string own_agent(const std::string& name, const std::string& text) const {
        const std::string path = "/usr/local/sbin/" + name;
        EXPECT_TRUE(write_file_atomic(path, text, 0755));
        return path;
    }

    std::string loop_device(uint64_t size) {
        const fs::path image = work() / fmt::format("disk-{}", loops_.size());
        EXPECT_TRUE(write_file_atomic(image, ""));
        fs::resize_file(image, size);
        auto made = run_ok({.argv = {"losetup", "--find", "--show", image.string()}});
        EXPECT_TRUE(made) << made.error().what;
        if (!made) return {};
        loops_.push_back(made->out.substr(0, made->out.find('\n')));
        return loops_.back();
    }

    // A server whose power is a process: one that waits for ever.
    void start_bmc() {
        const fs::path start = work() / "machine";
        ASSERT_TRUE(write_file_atomic(start, "#!/bin/sh\nexec tail -f /dev/null\n", 0755));
        ASSERT_TRUE(write_file_atomic(work() / "bmc.conf", fmt::format(R"(name "device"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 623
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a1b2c3d4e5f60718293a4b5c6d7e8f90
  endlan
  serial 15 127.0.0.1 9002 codec VM
  startcmd "{}"
  startnow true
  poweroff_wait 1
  kill_wait 1
  user 2 true "fence" "secret" admin 10 md5
)",
                                                                       start.string())));
        ASSERT_TRUE(write_file_atomic(work() / "bmc.commands",
                                      "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n"
                                      "sel_enable 0x20 1000 0x0a\nmc_enable 0x20\n"));
        ASSERT_TRUE(make_directories(work() / "bmc.state"));
        start_device({"ipmi_sim", "-n", "-c", (work() / "bmc.conf").string(), "-f", (work() / "bmc.commands").string(),
                      "-s", (work() / "bmc.state").string()});
        ASSERT_TRUE(comes_true([] {
            const auto bound = read_file("/proc/net/udp");
            return bound && bound->find(":026F ") != std::string::npos;
        })) << device_log();
    }

    std::string start_redfish() {
        const auto made = run_ok({.argv = {"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                                           "-subj", "/CN=bmc", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                                           (work() / "key").string(), "-out", certificate().string()}});
        EXPECT_TRUE(made) << made.error().what;
        EXPECT_TRUE(write_file_atomic(work() / "both", *read_file(certificate()) + *read_file(work() / "key"), 0600));
        start_device({TEST_DATA "/devices/redfish.py", (work() / "both").string(), (work() / "port").string()});
        EXPECT_TRUE(comes_true([&] { return fs::exists(work() / "port"); })) << device_log();
        return read_file(work() / "port").value_or("");
    }
    fs::path certificate() const { return work() / "certificate"; }

private:
    std::vector<Child> devices_;
    std::vector<std::string> loops_;
};

// --- all of the package ---

bool is_installed(const std::string& package) {
    const auto done = run({.argv = {"dpkg-query", "-W", "-f", "${db:Status-Status}", package}});
    return done && done->out == "installed";
}

TEST_F(AgentTest, EveryAgentOfThePackageTellsItsMetadataFromInsideOrIsRefusedByName) {
    const auto listed = run_ok({.argv = {"dpkg-query", "-L", "fence-agents"}});
    ASSERT_TRUE(listed) << listed.error().what;
    std::istringstream lines(listed->out);
    size_t closed = 0;
    size_t refused = 0;
    for (std::string path; std::getline(lines, path);) {
        if (!path.starts_with("/usr/sbin/fence_") || path.ends_with("fence_ack_manual")) continue;  // for people
        const std::string agent = fs::path(path).filename();
        Request request;
        request.agents = {agent};
        for (const char* point : {"/dev", "/proc"}) {
            Entry directory;
            directory.kind = Entry::Kind::directory;
            directory.mode = 0755;
            request.made[point] = directory;
        }
        const auto manifest = resolve(Sysroot::open("/").value(), request);
        if (!manifest) {
            ++refused;
            fmt::print("{:24} refused: {} -> {}\n", agent,
                       manifest.error().what.substr(manifest.error().what.find('\n') + 3), manifest.error().advice);
            // What it says is missing is really not here.
            EXPECT_THAT(manifest.error().what, HasSubstr(agent));
            if (manifest.error().what.find("no package of Debian") != std::string::npos) continue;
            const std::string start = "install there: ";
            ASSERT_TRUE(manifest.error().advice.starts_with(start)) << agent << ": " << manifest.error().advice;
            std::istringstream packages(manifest.error().advice.substr(start.size()));
            for (std::string package; packages >> package;) EXPECT_FALSE(is_installed(package)) << agent;
            continue;
        }
        ++closed;
        fmt::print("{:24} closes: {} files, {:.1f} MB\n", agent, manifest->entries.size(),
                   static_cast<double>(manifest->bytes()) / 1e6);
        fill(request);
        const Finished done = inside({path, "-o", "metadata"});
        EXPECT_EQ(done.status, 0) << agent << ": " << done.err;
        EXPECT_THAT(done.out, HasSubstr("<resource-agent name=\"" + agent + "\"")) << agent;
        EXPECT_THAT(done.err, AllOf(Not(HasSubstr("Traceback")), Not(HasSubstr("No module named")))) << agent;
        Inside::TearDown();
    }
    fmt::print("{} agents close, {} are refused\n", closed, refused);
    EXPECT_GE(closed, 60U);
}

// --- those that must work, with a device ---

TEST_F(AgentTest, IpmilanSwitchesAServer) {
    start_bmc();
    fill(request_for_agent("fence_ipmilan"));
    switches("fence_ipmilan", "ip=127.0.0.1\nusername=fence\npassword=secret\nlanplus=1\ncipher=3\npower_wait=1\n");
}

TEST_F(AgentTest, RedfishSwitchesAServer) {
    const std::string port = start_redfish();
    fill(request_for_agent("fence_redfish"));
    const std::string options = "ip=127.0.0.1\nipport=" + port + "\nusername=fence\npassword=secret\n";
    switches("fence_redfish", options + "ssl_insecure=1\n");
    const Finished done = fence("fence_redfish", options, "status");
    EXPECT_NE(done.status, 0) << "a stranger's certificate was taken";
    EXPECT_THAT(done.err, HasSubstr("certificate verify failed"));
}

TEST_F(AgentTest, RedfishKnowsTheCertificatesOfTheRoot) {
    const std::string port = start_redfish();
    const char* known = "/etc/ssl/certs/ca-certificates.crt";
    if (!fs::exists(known)) GTEST_SKIP() << known << " is not there: package ca-certificates";
    ASSERT_EQ(mount(certificate().c_str(), known, nullptr, MS_BIND, nullptr), 0);
    fill(request_for_agent("fence_redfish"));
    switches("fence_redfish", "ip=127.0.0.1\nipport=" + port + "\nusername=fence\npassword=secret\n");
    ASSERT_EQ(umount(known), 0);
    const auto why = explain(manifest_, known);
    ASSERT_TRUE(why) << why.error().what;
    EXPECT_THAT(why->chain.front().text(), HasSubstr("certificates, read by"));
}

TEST_F(AgentTest, ApcSnmpSwitchesAnOutlet) {
    ASSERT_TRUE(make_directories(work() / "outlets"));
    // The outlets' states, and who the device says it is, as an APC rack PDU has them.
    ASSERT_TRUE(write_file_atomic(work() / "snmpd.conf",
                                  fmt::format("agentaddress udp:127.0.0.1:161\nrwcommunity private 127.0.0.1\n"
                                              "sysobjectid 1.3.6.1.4.1.318.1.3.4.5\n"
                                              "pass .1.3.6.1.4.1.318.1.1.12.3 /bin/sh {} {}\n",
                                              TEST_DATA "/devices/apc_outlets.sh", (work() / "outlets").string())));
    ASSERT_TRUE(make_directories(work() / "state"));
    setenv("SNMP_PERSISTENT_DIR", (work() / "state").c_str(), 1);
    start_device({"/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", (work() / "snmpd.conf").string(), "-p",
                  (work() / "snmpd.pid").string()});
    ASSERT_TRUE(comes_true([] {
        const auto bound = read_file("/proc/net/udp");
        return bound && bound->find(":00A1 ") != std::string::npos;
    })) << device_log();
    fill(request_for_agent("fence_apc_snmp"));
    switches("fence_apc_snmp", "ip=127.0.0.1\nport=3\ncommunity=private\nsnmp_version=2c\n");
    EXPECT_EQ(read_file(work() / "outlets/3").value_or(""), "1\n");
}

TEST_F(AgentTest, SbdLeavesAMessageOnTheDisk) {
    const std::string disk = loop_device(8U << 20U);
    for (std::vector<std::string> tail :
         {std::vector<std::string>{"-4", "2", "-1", "1", "create"}, {"allocate", "n2"}}) {
        std::vector<std::string> argv = {"sbd", "-d", disk};
        argv.insert(argv.end(), tail.begin(), tail.end());
        const auto made = run_ok({.argv = argv, .deadline = Deadline::after(std::chrono::seconds(60))});
        ASSERT_TRUE(made) << made.error().what;
    }
    fill(request_for_agent("fence_sbd"));
    switches("fence_sbd", "devices=" + disk + "\nport=n2\n");
    EXPECT_EQ(fence("fence_sbd", "devices=" + disk + "\nport=n2\n", "off").status, 0);
    const auto list = run_ok({.argv = {"sbd", "-d", disk, "list"}});
    ASSERT_TRUE(list) << list.error().what;
    EXPECT_THAT(list->out, testing::ContainsRegex("n2\toff"));
}

// A disk with persistent reservations is not to be had in a namespace: here the agent comes as far as the disk says no.
TEST_F(AgentTest, ScsiFailsAtTheDiskAndAtNothingBefore) {
    const std::string disk = loop_device(1U << 20U);
    fill(request_for_agent("fence_scsi"));
    const Finished done = fence("fence_scsi", "devices=" + disk + "\nkey=4d0a0001\n", "status");
    EXPECT_NE(done.status, 0);
    EXPECT_THAT(done.err, AllOf(HasSubstr("Cannot get registration keys"), Not(HasSubstr("Unable to run")),
                                Not(HasSubstr("Traceback"))));
    const Finished turs = inside({"/usr/bin/sg_turs", "-V"});
    EXPECT_EQ(turs.status, 0) << turs.err;
}

// --- one's own ---

constexpr const char* own_shell_agent = R"(#!/bin/sh
# Options come on standard input, one a line: name=value
while IFS='=' read -r name value; do
    case $name in
        action) action=$value ;;
        url) url=$value ;;
        password_script) ask=$value ;;
    esac
done
TOOL="curl --silent --insecure --max-time 10"
secret=$(sh "$ask")
power() { $TOOL -u "fence:$secret" "$url/redfish/v1/Systems/1"; }
reset() {
    $TOOL -u "fence:$secret" -d "{\"ResetType\": \"$1\"}" "$url/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"
}
case $action in
    on) reset On ;;
    off) reset ForceOff ;;
    status) power | grep --quiet --only-matching -P '"PowerState": "On"' && exit 0 || exit 2 ;;
    *) exit 1 ;;
esac
)";

TEST_F(AgentTest, AShellScriptOfOnesOwnSwitchesWithWhatItCalls) {
    const std::string port = start_redfish();
    const std::string agent = own_agent("fence_mine", own_shell_agent);
    config::Cluster cluster;
    cluster.storage.transport = "local";
    cluster.nodes.resize(1);
    cluster.nodes.front().fence.push_back(
        {.name = "mine", .agent = agent, .options = {{"password_script", "/etc/pando/ask"}}});
    const std::string ask = "#!/bin/sh\ntr a-z b-za < /etc/pando/turned\n";
    Request request = request_for(cluster, {{"/etc/pando/ask", ask}});
    std::erase(request.programs, "/usr/sbin/pando-survival");
    std::erase(request.files, memory_lock);
    fill(request);
    EXPECT_FALSE(fs::exists(target() / "etc/pando/ask")) << "a secret is in the image";
    // The boot's part.
    ASSERT_TRUE(write_file_atomic(target() / "etc/pando/ask", ask, 0700));
    ASSERT_TRUE(write_file_atomic(target() / "etc/pando/turned", "rdbqds", 0600));

    switches(agent, "url=https://127.0.0.1:" + port + "\npassword_script=/etc/pando/ask\n");
    EXPECT_EQ(manifest_.entries.at("/usr/bin/curl").why(), "called by " + agent);
    EXPECT_EQ(manifest_.entries.at("/usr/bin/tr").why(),
              "called by /etc/pando/ask, password_script of fence device mine");
    // GNU grep knows -P, busybox's does not.
    EXPECT_EQ(manifest_.entries.at("/usr/bin/grep").kind, Entry::Kind::file);
}

TEST_F(AgentTest, APythonScriptOfOnesOwnSwitchesWithWhatItCalls) {
    start_bmc();
    const std::string agent = own_agent("fence_mine_too", R"(#!/usr/bin/python3
import subprocess
import sys
options = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
def ask(*words):
    return subprocess.run(["ipmitool", "-I", "lanplus", "-C", "3", "-H", options["ip"], "-U", "fence", "-P", "secret",
                           "chassis", "power", *words], capture_output=True, text=True, check=True).stdout
action = options["action"]
if action == "status":
    sys.exit(0 if "is on" in ask("status") else 2)
ask(action)
while ("is on" in ask("status")) != (action == "on"):
    pass
)");
    fill(request_for_agent(agent));
    switches(agent, "ip=127.0.0.1\n");
    EXPECT_EQ(manifest_.entries.at("/usr/bin/ipmitool").why(), "called by " + agent);
}

}  // namespace
}  // namespace pando::chroot
