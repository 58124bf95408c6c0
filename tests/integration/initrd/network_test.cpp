// SPDX-License-Identifier: GPL-2.0-or-later
// A blade's network in a namespace of its own: veth pairs lead to a "switch" namespace with a real dnsmasq.
// Nothing leaves these two namespaces; both end with the test.
#include "initrd/network.h"
#include "base/file.h"
#include "base/process.h"
#include "initrd/ip_batch.h"
#include "initrd/links.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <csignal>
#include <thread>

using namespace pando;
using namespace pando::initrd;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

namespace {

constexpr const char* mac1 = "02:00:4d:00:00:01";
constexpr const char* mac2 = "02:00:4d:00:00:02";

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

std::string ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    auto done = run_ok({.argv = arguments});
    EXPECT_TRUE(done) << done.error().what;
    return done ? done->out : "";
}

void must(const std::vector<std::string>& commands) {
    auto done = ip_batch(commands, soon());
    ASSERT_TRUE(done) << done.error().what;
}

config::Nic nic(const std::string& name, const char* mac, std::optional<std::string> address) {
    config::Nic made;
    made.name = name;
    if (mac != nullptr) made.mac = mac;
    if (address) made.addresses = {*address};
    return made;
}

// Ends with this process, whatever becomes of it.
bool in_new_network() { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && unshare(CLONE_NEWNET) == 0; }

// The blade is this process, in a namespace of its own. A second one is what its cables lead to: "far end".
class Network : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root";
        must({"link set dev lo up"});
        auto holder = Child::spawn({.argv = {"sleep", "infinity"}, .prepare = in_new_network});
        ASSERT_TRUE(holder) << holder.error().what;
        holder_ = std::move(*holder);
    }

    void TearDown() override {
        for (auto* child : {&dnsmasq_, &holder_}) {
            if (!*child) continue;
            auto stopped = (*child)->stop(milliseconds(2000));
            EXPECT_TRUE(stopped) << stopped.error().what;
        }
    }

    // A cable: eth-like `name` here with `mac`, "far-NAME" over there, up, with an address if one is given.
    void cable(const std::string& name, const std::string& mac, const std::string& far_address = "") {
        must({"link add name " + name + " address " + mac + " type veth peer name far-" + name,
              "link set dev far-" + name + " netns " + fmt::to_string(holder_->pid())});
        machine_.nics.push_back({.name = name, .mac = mac, .driver = "veth", .device = {}, .carrier = false});
        if (!far_address.empty()) far({"ip", "address", "add", far_address, "dev", "far-" + name});
        far({"ip", "link", "set", "dev", "far-" + name, "up"});
    }

    std::vector<std::string> over_there(const std::vector<std::string>& argv) const {
        std::vector<std::string> all = {"nsenter", "-t", fmt::to_string(holder_->pid()), "-n"};
        all.insert(all.end(), argv.begin(), argv.end());
        return all;
    }

    void far(const std::vector<std::string>& argv) const {
        auto done = run_ok({.argv = over_there(argv)});
        ASSERT_TRUE(done) << done.error().what;
    }

    void start_dnsmasq(const std::string& interface, const std::vector<std::string>& more) {
        std::vector<std::string> argv = {"dnsmasq",
                                         "--keep-in-foreground",
                                         "--conf-file=/dev/null",
                                         "--port=0",
                                         "--no-ping",
                                         "--dhcp-authoritative",
                                         "--bind-dynamic",
                                         "--interface=" + interface,
                                         "--dhcp-leasefile=" + (directory_.path() / "leases").string(),
                                         "--user=root"};
        argv.insert(argv.end(), more.begin(), more.end());
        auto child = Child::spawn({.argv = over_there(argv),
                                   .prepare = [] { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; },
                                   .output_file = directory_.path() / "dnsmasq.log"});
        ASSERT_TRUE(child) << child.error().what;
        dnsmasq_ = std::move(*child);
    }

    TemporaryDirectory directory_ = *TemporaryDirectory::create("/tmp", "network-test-");
    std::optional<Child> holder_, dnsmasq_;
    hwdetect::Machine machine_;
};

}  // namespace

TEST_F(Network, PlanNamesNicsByMacAndGivesAddresses) {
    cable("eth0", mac2);
    cable("eth1", mac1, "10.77.0.1/24");
    config::Node node;
    node.name = "n1";
    node.nics = {nic("eth0", mac1, "10.77.0.11/24"), nic("san0", mac2, "10.78.0.11/24")};
    node.nics[0].gateway = "10.77.0.1";
    node.nics[0].mtu = 1400;
    auto applied = apply_plan(node, machine_, soon());
    ASSERT_TRUE(applied) << applied.error().what;
    EXPECT_THAT(ip({"-o", "link", "show", "dev", "eth0"}), AllOf(HasSubstr(mac1), HasSubstr("mtu 1400")));
    EXPECT_THAT(ip({"-o", "link", "show", "dev", "san0"}), HasSubstr(mac2));
    EXPECT_THAT(ip({"-o", "address", "show", "dev", "eth0"}),
                AllOf(HasSubstr("10.77.0.11/24"), HasSubstr("valid_lft forever")));
    EXPECT_THAT(ip({"route", "show", "default"}), HasSubstr("via 10.77.0.1 dev eth0"));
    EXPECT_TRUE(run_ok({.argv = over_there({"busybox", "ping", "-c", "1", "-W", "5", "10.77.0.11"})}));
}

TEST_F(Network, PlanMayBeAppliedAgain) {
    cable("eth0", mac1);
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1, "10.77.0.11/24")};
    ASSERT_TRUE(apply_plan(node, machine_, soon()));
    machine_.nics[0].name = "lan0";
    node.nics[0].addresses = {"10.77.0.12/24"};
    auto applied = apply_plan(node, machine_, soon());
    ASSERT_TRUE(applied) << applied.error().what;
    EXPECT_THAT(ip({"-o", "address", "show", "dev", "lan0"}),
                AllOf(HasSubstr("10.77.0.12/24"), testing::Not(HasSubstr("10.77.0.11"))));
}

TEST_F(Network, PlanWaitsForIpv6AddressesToBeOurs) {
    cable("eth0", mac1, "2001:db8::1/64");
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1, "2001:db8::11/64")};
    node.nics[0].gateway = "2001:db8::1";
    auto applied = apply_plan(node, machine_, soon());
    ASSERT_TRUE(applied) << applied.error().what;
    EXPECT_FALSE(address_check("lan0").pending);
    EXPECT_THAT(ip({"-6", "route", "show", "default"}), HasSubstr("via 2001:db8::1 dev lan0"));
}

TEST_F(Network, PlanRefusesAnIpv6AddressThatIsTaken) {
    cable("eth0", mac1, "2001:db8::11/64");
    // An address that is being tested itself would not answer: the other machine has had it for long.
    far({"ip", "address", "delete", "2001:db8::11/64", "dev", "far-eth0"});
    far({"ip", "address", "add", "2001:db8::11/64", "dev", "far-eth0", "nodad"});
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1, "2001:db8::11/64")};
    auto applied = apply_plan(node, machine_, soon());
    ASSERT_FALSE(applied);
    EXPECT_THAT(applied.error().what, AllOf(HasSubstr("in use"), HasSubstr("2001:db8::11")));
}

TEST_F(Network, PlanWithoutALinkEndsAtTheDeadlineAndSaysWhich) {
    cable("eth0", mac1);
    far({"ip", "link", "set", "dev", "far-eth0", "down"});
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1, "10.77.0.11/24")};
    const auto start = since_boot();
    auto applied = apply_plan(node, machine_, Deadline::after(milliseconds(1500)));
    ASSERT_FALSE(applied);
    EXPECT_LT(since_boot() - start, milliseconds(5000));
    EXPECT_EQ(applied.error().kind, ErrorKind::timeout);
    EXPECT_THAT(applied.error().what, AllOf(HasSubstr("lan0"), HasSubstr(mac1), HasSubstr("no link")));
}

TEST_F(Network, PlanSeesALinkThatComesLate) {
    cable("eth0", mac1);
    far({"ip", "link", "set", "dev", "far-eth0", "down"});
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1, "10.77.0.11/24")};
    // The link comes up once the plan has given the interface its name.
    std::thread plug([&] {
        const auto deadline = soon();
        auto events = LinkEvents::listen();
        (void)events->until([] { return interface_exists("lan0"); }, deadline);
        far({"ip", "link", "set", "dev", "far-eth0", "up"});
    });
    auto applied = apply_plan(node, machine_, soon());
    plug.join();
    ASSERT_TRUE(applied) << applied.error().what;
    EXPECT_TRUE(interface_running("lan0"));
}

TEST_F(Network, PlanMakesBondAndVlanAndMayBeAppliedAgain) {
    if (auto bond = ip_batch({"link add name probe0 type bond", "link delete dev probe0"}, soon()); !bond)
        GTEST_SKIP() << "this kernel has no bonding: " << bond.error().what;
    cable("eth0", mac1);
    cable("eth1", mac2);
    config::Node node;
    node.name = "n1";
    config::Nic bond = nic("bond0", nullptr, "10.77.0.11/24");
    bond.bond = config::Bond{{"lan0", "lan1"}, "active-backup"};
    config::Nic vlan = nic("san0", nullptr, "10.78.0.11/24");
    vlan.vlan = config::Vlan{"bond0", 100};
    node.nics = {nic("lan0", mac1, {}), nic("lan1", mac2, {}), bond, vlan};
    for (int attempt = 1; attempt <= 2; ++attempt) {
        auto applied = apply_plan(node, machine_, soon());
        ASSERT_TRUE(applied) << "attempt " << attempt << ": " << applied.error().what;
        EXPECT_THAT(ip({"-d", "-o", "link", "show", "dev", "bond0"}), HasSubstr("mode active-backup"));
        EXPECT_THAT(ip({"-o", "link", "show", "dev", "lan1"}), HasSubstr("master bond0"));
        EXPECT_THAT(ip({"-d", "-o", "link", "show", "dev", "san0"}), HasSubstr("vlan protocol 802.1Q id 100"));
        EXPECT_TRUE(interface_running("san0"));
        machine_.nics[0].name = "lan0";  // stage network looks at the machine before every try
        machine_.nics[1].name = "lan1";
    }
}

TEST_F(Network, FailedCommandIsNamed) {
    auto done = ip_batch({"link set dev lo up", "link set dev none0 up", "link set dev lo down"}, soon());
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, AllOf(HasSubstr("ip link set dev none0 up"), HasSubstr("none0")));
    EXPECT_TRUE(interface_running("lo"));
}

TEST_F(Network, DhcpGivesAddressRouteAndMtu) {
    cable("eth0", mac1, "10.77.0.1/24");
    start_dnsmasq("far-eth0", {"--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,1h",
                               "--dhcp-host=02:00:4d:00:00:01,10.77.0.55", "--dhcp-option=26,1400"});
    auto lease = dhcp("eth0", soon());
    ASSERT_TRUE(lease) << lease.error().what;
    EXPECT_EQ(lease->interface, "eth0");
    EXPECT_EQ(lease->address, "10.77.0.55/24");
    EXPECT_EQ(lease->gateway, "10.77.0.1");
    EXPECT_EQ(lease->mtu, 1400U);
    EXPECT_EQ(lease->server, "10.77.0.1");
    EXPECT_THAT(ip({"-o", "address", "show", "dev", "eth0"}),
                AllOf(HasSubstr("10.77.0.55/24"), HasSubstr("valid_lft forever")));
    EXPECT_THAT(ip({"route", "show", "default"}), HasSubstr("via 10.77.0.1"));
    EXPECT_THAT(ip({"-o", "link", "show", "dev", "eth0"}), HasSubstr("mtu 1400"));
}

TEST_F(Network, DhcpWithoutAServerEndsAtTheDeadlineAndSaysSo) {
    cable("eth0", mac1);
    const auto start = since_boot();
    auto lease = dhcp("eth0", Deadline::after(milliseconds(4500)));
    ASSERT_FALSE(lease);
    EXPECT_LT(since_boot() - start, milliseconds(9000));
    EXPECT_EQ(lease.error().kind, ErrorKind::timeout);
    EXPECT_THAT(lease.error().what, AllOf(HasSubstr("eth0"), HasSubstr("no DHCP server answered")));
}

TEST_F(Network, DhcpRefusesAServersNonsense) {
    cable("eth0", mac1, "10.77.0.1/24");
    start_dnsmasq("far-eth0", {"--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,1h", "--dhcp-option=26,68"});
    auto lease = dhcp("eth0", Deadline::after(milliseconds(6000)));
    ASSERT_FALSE(lease);
    EXPECT_THAT(lease.error().what, AllOf(HasSubstr("refused"), HasSubstr("mtu")));
    EXPECT_EQ(ip({"-o", "-4", "address", "show", "dev", "eth0"}), "");
}

TEST_F(Network, BootstrapAsksTheNicThatBootedFirst) {
    cable("eth0", mac1, "10.77.0.1/24");
    cable("eth1", mac2, "10.78.0.1/24");
    start_dnsmasq("far-eth*", {"--dhcp-range=10.77.0.50,10.77.0.60,255.255.255.0,1h",
                               "--dhcp-range=10.78.0.50,10.78.0.60,255.255.255.0,1h"});
    auto lease = bootstrap(machine_, "02:00:4d:00:00:02", soon());
    ASSERT_TRUE(lease) << lease.error().what;
    EXPECT_EQ(lease->interface, "eth1");
}

TEST_F(Network, BootstrapGoesOnToANicThatHasALink) {
    cable("eth0", mac1);
    far({"ip", "link", "set", "dev", "far-eth0", "down"});
    cable("eth1", mac2, "10.78.0.1/24");
    start_dnsmasq("far-eth1", {"--dhcp-range=10.78.0.50,10.78.0.60,255.255.255.0,1h"});
    auto lease = bootstrap(machine_, mac1, soon());
    ASSERT_TRUE(lease) << lease.error().what;
    EXPECT_EQ(lease->interface, "eth1");
}

TEST_F(Network, BootstrapWithoutAnyLinkSaysSoOfEveryNic) {
    cable("eth0", mac1);
    cable("eth1", mac2);
    far({"ip", "link", "set", "dev", "far-eth0", "down"});
    far({"ip", "link", "set", "dev", "far-eth1", "down"});
    auto lease = bootstrap(machine_, "", Deadline::after(milliseconds(1000)));
    ASSERT_FALSE(lease);
    EXPECT_THAT(lease.error().what, AllOf(HasSubstr("eth0 (02:00:4d:00:00:01): no link"), HasSubstr("eth1")));
    EXPECT_THAT(lease.error().advice, HasSubstr("cables"));
}
