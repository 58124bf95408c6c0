// SPDX-License-Identifier: GPL-2.0-or-later
// The hand-over from the initramfs to a real systemd-networkd, in network and mount namespaces of its own: what
// apply_plan() has made is still there, and was there all the time.
//
// networkd waits for udev to have seen an interface, and there is none here. It takes a read-only /sys for a
// container's, in which somebody else looks after devices, and goes on without.
#include "config/networkd.h"
#include "base/file.h"
#include "base/process.h"
#include "config/load.h"
#include "initrd/ip_batch.h"
#include "initrd/links.h"
#include "initrd/network.h"

#include <gmock/gmock.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>
#include <fstream>
#include <sstream>

using namespace pando;
using namespace pando::initrd;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

namespace fs = std::filesystem;

constexpr const char* networkd_program = "/lib/systemd/systemd-networkd";
constexpr const char* far_mac = "02:00:4d:00:01:01";
constexpr const char* lan_mac = "02:00:4d:00:00:01";
constexpr const char* san_mac = "02:00:4d:00:00:02";

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

// A bridge with the cluster's addresses of both families, routes and a name server; a plain NIC beside it.
const std::string plan = R"(cluster: {name: grove}
storage:
  iscsi: {portals: [10.77.0.1], target: iqn.2026-01.org.example:root}
boot: {server: 10.77.0.1, interface: eth0, subnet: 10.77.0.0/24}
nodes:
  - name: n1
    id: 1
    nics:
      - {name: lan0, mac: "02:00:4d:00:00:01", mtu: 1400}
      - name: br0
        cluster: true
        address: [10.77.0.11/24, 10.77.9.11/31, "2001:db8:77::11/64"]
        gateway: 10.77.0.1
        dns: 10.77.0.1
        mtu: 1400
        routes:
          - {destination: 198.51.100.0/24, gateway: 10.77.0.2}
          - {destination: "::/0", gateway: "2001:db8:77::1"}
        bridge: {members: [lan0]}
      - {name: san0, mac: "02:00:4d:00:00:02", address: 10.78.0.11/24}
    fence: [{agent: fence_ipmilan, options: {ip: 10.79.0.101}}]
)";

std::string ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    auto done = run_ok({.argv = arguments});
    EXPECT_TRUE(done) << done.error().what;
    return done ? done->out : "";
}

// Ends with this process, whatever becomes of it.
bool ends_with_us() { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; }

bool contains(const fs::path& file, std::string_view text) {
    const auto content = read_file(file);
    return content && content->find(text) != std::string::npos;
}

// Between looks at a state.
template <typename Condition>
bool wait_until(Condition condition) {
    auto events = LinkEvents::listen();
    const auto deadline = soon();
    while (!condition() && !deadline.passed())
        (void)events->until([] { return false; }, deadline.capped(milliseconds(20)));
    return condition();
}

class Handover : public testing::Test {
protected:
    void SetUp() override {
        const passwd* user = getpwnam("systemd-network");
        if (access(networkd_program, X_OK) != 0 || user == nullptr)
            GTEST_SKIP() << "no systemd-networkd, or not its user, on this machine";
        ASSERT_EQ(unshare(CLONE_NEWNET | CLONE_NEWNS), 0) << "needs root";
        ASSERT_EQ(mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(mount("sysfs", "/sys", "sysfs", MS_RDONLY, nullptr), 0);
        ASSERT_EQ(mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), 0);
        ASSERT_TRUE(make_directories("/run/systemd/netif"));
        ASSERT_EQ(chown("/run/systemd/netif", user->pw_uid, user->pw_gid), 0);
        // Only what is rendered here: not what the machine's administrator has.
        ASSERT_EQ(mount("tmpfs", "/etc/systemd/network", "tmpfs", 0, "mode=755"), 0);
        auto cluster = config::load_text(plan, "plan");
        ASSERT_TRUE(cluster) << cluster.error().what;
        cluster_ = *cluster;
        cable("eth0", lan_mac);
        cable("eth1", san_mac);
        cable("eth2", far_mac);  // not in the plan
        must({"address add 10.99.0.1/24 dev eth2", "link set dev eth2 down"});
    }

    void TearDown() override {
        for (auto* child : {&networkd_, &monitor_})
            if (*child) {
                auto stopped = (*child)->stop(milliseconds(5000));
                EXPECT_TRUE(stopped) << stopped.error().what;
            }
    }

    static void must(const std::vector<std::string>& commands) {
        auto done = ip_batch(commands, soon());
        ASSERT_TRUE(done) << done.error().what;
    }

    void cable(const std::string& name, const std::string& mac) {
        must({"link add name " + name + " address " + mac + " type veth peer name far-" + name,
              "link set dev far-" + name + " up", "link set dev " + name + " up"});
        machine_.nics.push_back({.name = name, .mac = mac, .driver = "veth", .device = {}, .carrier = false});
    }

    void start_networkd() {
        fs::remove_all("/run/systemd/netif/links");
        auto child = Child::spawn({.argv = {networkd_program},
                                   .env = {{"SYSTEMD_LOG_LEVEL", "debug"}, {"SYSTEMD_LOG_TARGET", "console"}},
                                   .prepare = ends_with_us,
                                   .output_file = log()});
        ASSERT_TRUE(child) << child.error().what;
        networkd_ = std::move(*child);
        for (const char* name : {"br0", "lan0", "san0"})
            ASSERT_TRUE(wait_until([&] { return contains(state_of(name), "ADMIN_STATE=configured"); }))
                << name << ": " << read_file(state_of(name)).value_or("no state") << read_file(log()).value_or("");
    }

    void stop_networkd() {
        auto stopped = networkd_->stop(milliseconds(10000));
        ASSERT_TRUE(stopped) << stopped.error().what;
        networkd_.reset();
    }

    static fs::path state_of(const std::string& name) {
        return fs::path("/run/systemd/netif/links") / fmt::to_string(index_of(name));
    }
    static unsigned index_of(const std::string& name) {
        std::istringstream line(ip({"-o", "link", "show", "dev", name}));
        unsigned index = 0;
        line >> index;
        return index;
    }

    fs::path log() const { return directory_.path() / "networkd.log"; }
    fs::path events() const { return directory_.path() / "events"; }

    void start_monitor() {
        auto child = Child::spawn({.argv = {"ip", "-o", "monitor", "link", "address", "route"},
                                   .prepare = ends_with_us,
                                   .output_file = events()});
        ASSERT_TRUE(child) << child.error().what;
        monitor_ = std::move(*child);
        mark("198.18.0.1");
    }

    // Makes the monitor say something that is seen: all before it has been written then.
    void mark(const std::string& address) {
        const std::string line = address + "/32";
        ASSERT_TRUE(wait_until([&] {
            must({"address replace " + line + " dev lo", "address delete " + line + " dev lo"});
            return contains(events(), "Deleted 1: lo    inet " + line) || contains(events(), line);
        })) << read_file(events()).value_or("nothing");
    }

    // Lines about the interfaces that carry the cluster and the storage which say that something went.
    std::vector<std::string> losses() const {
        std::vector<std::string> found;
        std::istringstream lines(read_file(events()).value_or(""));
        for (std::string line; std::getline(lines, line);) {
            const bool ours = line.find("br0") != std::string::npos || line.find("san0") != std::string::npos ||
                              line.find("lan0") != std::string::npos;
            const bool deleted = line.starts_with("Deleted");
            const bool link = line.find("mtu ") != std::string::npos;
            const bool up = line.find("LOWER_UP") != std::string::npos && line.find("state DOWN") == std::string::npos;
            // A port of a bridge has no use for a link-local address: the bridge has one.
            const bool of_the_port = line.find("lan0") != std::string::npos && line.find("fe80:") != std::string::npos;
            if (ours && ((deleted && !of_the_port) || (link && !up))) found.push_back(line);
        }
        return found;
    }

    // What networkd has to say against our files.
    static std::vector<std::string> complaints(const std::string& log) {
        std::vector<std::string> found;
        std::istringstream lines(log);
        for (std::string line; std::getline(lines, line);)
            for (const char* word : {"Unknown", "Failed", "ignoring", "Invalid"})
                if (line.find("05-pando") != std::string::npos && line.find(word) != std::string::npos)
                    found.push_back(line);
        return found;
    }

    // Addresses and routes.
    static std::string state() {
        std::string text;
        for (const char* name : {"br0", "san0", "eth2"}) text += ip({"-o", "address", "show", "dev", name});
        for (const char* family : {"-4", "-6"})
            for (const char* name : {"br0", "san0"}) text += ip({family, "route", "show", "dev", name});
        return text;
    }

    TemporaryDirectory directory_ = *TemporaryDirectory::create("/tmp", "networkd-test-");
    std::optional<Child> networkd_, monitor_;
    hwdetect::Machine machine_;
    config::Cluster cluster_;
};

}  // namespace

TEST_F(Handover, NetworkdAdoptsWhatTheInitramfsMadeAndDropsNothing) {
    const config::Node& node = cluster_.nodes[0];
    auto applied = apply_plan(node, machine_, soon());
    ASSERT_TRUE(applied) << applied.error().what;
    auto written = config::write_networkd(cluster_, node, config::networkd_directory);
    ASSERT_TRUE(written) << written.error().what;
    // The kernel is still testing the link-local addresses.
    ASSERT_TRUE(wait_until([] { return state().find("tentative") == std::string::npos; })) << state();
    const std::string before = state();
    for (const char* there : {"10.77.0.11/24 brd 10.77.0.255", "10.77.9.11/31", "2001:db8:77::11/64", "198.51.100.0/24",
                              "default via 10.77.0.1", "default via 2001:db8:77::1", "10.78.0.11/24"})
        ASSERT_THAT(before, HasSubstr(there));

    start_monitor();
    for (int time = 1; time <= 2; ++time) {
        start_networkd();
        EXPECT_EQ(state(), before) << "start " << time;
        stop_networkd();
        EXPECT_EQ(state(), before) << "stop " << time;
    }
    mark("198.18.0.2");
    EXPECT_THAT(losses(), testing::IsEmpty()) << read_file(events()).value_or("");
    EXPECT_THAT(read_file(events()).value_or(""), HasSubstr("br0")) << "networkd did nothing that is seen";
    const std::string said = read_file(log()).value_or("");
    EXPECT_THAT(said, HasSubstr("br0: netdev exists, using existing without changing its parameters"));
    EXPECT_THAT(said, Not(HasSubstr("Failed to configure")));
    EXPECT_THAT(complaints(said), testing::IsEmpty());
}

TEST_F(Handover, AnInterfaceOutsideThePlanIsNotNetworkds) {
    const config::Node& node = cluster_.nodes[0];
    ASSERT_TRUE(apply_plan(node, machine_, soon()));
    must({"address add 10.99.0.1/24 dev eth2"});
    ASSERT_TRUE(config::write_networkd(cluster_, node, config::networkd_directory));
    start_networkd();
    EXPECT_TRUE(contains(state_of("eth2"), "ADMIN_STATE=unmanaged"));
    EXPECT_THAT(ip({"-o", "address", "show", "dev", "eth2"}), HasSubstr("10.99.0.1/24"));
}

TEST_F(Handover, ALostLinkTakesNoAddressAway) {
    const config::Node& node = cluster_.nodes[0];
    ASSERT_TRUE(apply_plan(node, machine_, soon()));
    ASSERT_TRUE(config::write_networkd(cluster_, node, config::networkd_directory));
    const std::string before = ip({"-o", "-4", "address", "show"});
    start_networkd();
    must({"link set dev far-eth1 down"});
    ASSERT_TRUE(wait_until([&] { return contains(state_of("san0"), "CARRIER_STATE=no-carrier"); }));
    EXPECT_EQ(ip({"-o", "-4", "address", "show"}), before);
    must({"link set dev far-eth1 up"});
    ASSERT_TRUE(wait_until([&] { return contains(state_of("san0"), "CARRIER_STATE=carrier"); }));
    EXPECT_EQ(ip({"-o", "-4", "address", "show"}), before);
}
