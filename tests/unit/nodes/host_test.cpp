// SPDX-License-Identifier: GPL-2.0-or-later
// What a recorded machine tells of its networks, of who gives addresses in them, and of LUNs.
#include "nodes/host.h"

#include "nodes/host_parts.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

namespace pando::test {
namespace {

using namespace nodes;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* addresses = R"([
 {"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]},
 {"ifname":"docker0","addr_info":[{"family":"inet","local":"172.17.0.1","prefixlen":16,"scope":"global"}]},
 {"ifname":"eno1","addr_info":[{"family":"inet","local":"192.0.2.10","prefixlen":24,"scope":"global"},
   {"family":"inet","local":"192.0.2.99","prefixlen":24,"scope":"global","secondary":true},
   {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]},
 {"ifname":"bond0.100","addr_info":[{"family":"inet","local":"10.9.0.7","prefixlen":16,"scope":"global","dynamic":true}]},
 {"ifname":"wan0","addr_info":[{"family":"inet","local":"198.51.100.1","prefixlen":31,"scope":"global"}]}])";
constexpr const char* routes = R"([{"dst":"default","gateway":"10.9.0.1","dev":"bond0.100"},
                                   {"dst":"default","gateway":"203.0.113.1","dev":"eno1"}])";

std::vector<HostNetwork> networks() {
    auto all = host_networks(addresses, routes);
    EXPECT_TRUE(all) << all.error().what;
    return all ? *all : std::vector<HostNetwork>();
}

// eno1 with one address, and a lease in `file`.
HostNetwork with_lease(const std::string& file, const std::string& text, const std::string& address = "192.0.2.10") {
    RecordedMachine machine("sys/class/net/eno1/ifindex = 3");
    std::filesystem::create_directories((machine.path() / file).parent_path());
    EXPECT_TRUE(write_file_atomic(machine.path() / file, text));
    std::vector<HostNetwork> all = {{.interface = "eno1", .address = address + "/24"}};
    add_leases(machine.root(), all);
    return all.front();
}

TEST(Host, HasTheNetworksThatBladesCouldBeIn) {
    const auto all = networks();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].interface, "eno1");
    EXPECT_EQ(all[0].address, "192.0.2.10/24");
    EXPECT_EQ(all[0].gateway, "") << "the router of another network";
    EXPECT_EQ(all[0].dhcp_server, "");
    EXPECT_EQ(all[1].interface, "bond0.100");
    EXPECT_EQ(all[1].gateway, "10.9.0.1");
    EXPECT_EQ(all[1].dhcp_server, "a DHCP server") << "its address has a lifetime";
}

TEST(Host, TakesAnythingForAnAnswerOfIp) {
    for (const char* text :
         {"", "[]", "[1,\"a\",null,{}]", R"([{"ifname":"a","addr_info":[{"family":"inet"}]}])",
          R"([{"ifname":7,"addr_info":{}}])",
          R"([{"ifname":"a","addr_info":[{"family":"inet","scope":"global","local":"x","prefixlen":-3}]}])"}) {
        const auto all = host_networks(text, text);
        ASSERT_TRUE(all) << text;
        EXPECT_TRUE(all->empty()) << text;
    }
    // Of another type than `ip` has it: neither true nor an exception.
    const auto odd = host_networks(R"([{"ifname":"a","addr_info":[{"family":"inet","scope":"global",
        "local":"192.0.2.10","prefixlen":24,"secondary":"no","dynamic":1}]}])",
                                   "");
    ASSERT_TRUE(odd);
    ASSERT_EQ(odd->size(), 1U);
    EXPECT_EQ(odd->front().dhcp_server, "");
    EXPECT_FALSE(host_networks("no JSON", ""));
    EXPECT_FALSE(host_networks("{}", ""));
}

TEST(Host, FindsTheServerInEveryClientsLease) {
    const auto networkd =
        with_lease("run/systemd/netif/leases/3", "# private\nADDRESS=192.0.2.10\nSERVER_ADDRESS=192.0.2.1\n");
    EXPECT_EQ(networkd.dhcp_server, "192.0.2.1");
    EXPECT_EQ(networkd.dhcp_evidence, "lease in /run/systemd/netif/leases/3");
    const auto dhclient = with_lease("var/lib/dhcp/dhclient.leases",
                                     "lease {\n  interface \"eno1\";\n  fixed-address 192.0.2.10;\n  option "
                                     "dhcp-server-identifier 192.0.2.2;\n}\n");
    EXPECT_EQ(dhclient.dhcp_server, "192.0.2.2");
    const auto manager = with_lease("var/lib/NetworkManager/internal-0a-0b-eno1.lease", "ADDRESS=192.0.2.10\n");
    EXPECT_EQ(manager.dhcp_server, "a DHCP server");
    std::string message(240, '\0');
    message.replace(16, 4, "\xc0\x00\x02\x0a", 4);
    message += std::string("\x35\x01\x05\x36\x04\xc0\x00\x02\x03\xff", 10);
    EXPECT_EQ(with_lease("var/lib/dhcpcd/eno1.lease", message).dhcp_server, "192.0.2.3");
}

TEST(Host, AnOldOrBrokenLeaseSaysNothing) {
    EXPECT_EQ(with_lease("run/systemd/netif/leases/3", "ADDRESS=192.0.2.10\nSERVER_ADDRESS=192.0.2.1\n", "192.0.2.11")
                  .dhcp_server,
              "");
    EXPECT_EQ(with_lease("run/systemd/netif/leases/3", "\xff\xfe garbage =\n=\n").dhcp_server, "");
    EXPECT_EQ(with_lease("var/lib/dhcp/dhclient.leases", "interface \"eno1\";\nlease {\n").dhcp_server, "");
    EXPECT_EQ(with_lease("var/lib/dhcpcd/eno1.lease", std::string(240, '\0') + "\x36\xff").dhcp_server, "");
    EXPECT_EQ(with_lease("var/lib/dhcpcd/eno1.lease", "short").dhcp_server, "");
}

TEST(Host, SeesADhcpServerOnItself) {
    EXPECT_EQ(dhcp_server_here(RecordedMachine("proc/net/udp =  1: 00000000:0044 00000000:0000 07").root()), "");
    EXPECT_THAT(dhcp_server_here(RecordedMachine("proc/net/udp =  1: 0100A8C0:0043 00000000:0000 07").root()),
                HasSubstr("port 67"));
}

TEST(Host, ReadsARecordedMachine) {
    auto machine = RecordedMachine::from_file("dell-r640");
    machine.add("etc/hostname = boot1");
    std::filesystem::create_directories(machine.path() / "recorded");
    ASSERT_TRUE(write_file_atomic(machine.path() / "recorded/ip-address.json", addresses));
    ASSERT_TRUE(write_file_atomic(machine.path() / "recorded/ip-route.json", routes));
    ASSERT_TRUE(write_file_atomic(machine.path() / "recorded/ipmitool-lan",
                                  "IP Address Source       : Static\nIP Address              : 10.20.1.5\n"));
    machine.add(
        "root/.ssh/authorized_keys = ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4dM0Zq0xq5cHqHkWqS2m1r1cM6iF8d9aTq9f8Xo2bC "
        "a");
    const auto facts = read_host(machine.root(), ask_host(machine.root()));
    ASSERT_TRUE(facts) << facts.error().what;
    EXPECT_EQ(facts->name, "boot1");
    EXPECT_EQ(facts->networks.size(), 2U);
    EXPECT_EQ(facts->bmc_address, "10.20.1.5");
    EXPECT_EQ(facts->keys.size(), 1U);
    ASSERT_EQ(facts->luns.size(), 1U) << "the SAS disks and the NVMe drive are this machine's alone";
    const HostLun& lun = facts->luns.front();
    EXPECT_EQ(lun.device, "sdc");
    EXPECT_EQ(lun.target, "iqn.2026-01.org.example:root");
    EXPECT_THAT(lun.portals, ElementsAre("192.0.2.1:3260"));
    EXPECT_EQ(lun.lun, 1U);
    EXPECT_EQ(lun.used, "");
    ASSERT_EQ(facts->targets.size(), 1U);
    EXPECT_THAT(facts->targets[0].portals, ElementsAre("192.0.2.1:3260"));
}

TEST(Host, ALunThatIsMountedOrBehindAMapIsToldAsThat) {
    auto machine = RecordedMachine::from_file("dell-r640");
    machine.add("proc/mounts = /dev/mapper/mpatha1 /srv xfs rw 0 0");
    machine.add("sys/devices/platform/host9/session1/target9:0:0/9:0:0:1/block/sdc/holders/dm-0/");
    machine.add("sys/class/block/dm-0/dm/uuid = mpath-360000000000000000000000000000000");
    machine.add("sys/class/block/dm-0/dm/name = mpatha");
    machine.add("sys/class/block/dm-0/holders/dm-1/");
    machine.add("sys/class/block/dm-1/dm/name = mpatha1");
    machine.add("etc/iscsi/nodes/iqn.2026-01.org.example:other/192.0.2.7,3261,1/");
    const auto facts = read_host(machine.root(), {});
    ASSERT_TRUE(facts) << facts.error().what;
    ASSERT_EQ(facts->luns.size(), 1U);
    EXPECT_EQ(facts->luns[0].name, "mpatha");
    EXPECT_EQ(facts->luns[0].used, "mounted at /srv");
    ASSERT_EQ(facts->targets.size(), 2U);
    EXPECT_THAT(facts->targets[1].portals, ElementsAre("192.0.2.7:3261"));
}

TEST(Host, TheBmcsAddressIsOneThatOthersReach) {
    EXPECT_EQ(bmc_address("IP Address              : 0.0.0.0\n"), "");
    EXPECT_EQ(bmc_address("IP Address              : 169.254.0.3\n"), "");
    EXPECT_EQ(bmc_address("garbage \xff\nIP Address"), "");
}

}  // namespace
}  // namespace pando::test
