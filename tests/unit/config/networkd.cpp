// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/networkd.h"

#include "base/file.h"
#include "tests/unit/config/golden.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace config;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

Cluster networks() {
    auto cluster = load_file(cluster_data("network.yaml"));
    EXPECT_TRUE(cluster) << cluster.error().what;
    return cluster ? *cluster : Cluster{};
}

TEST(Networkd, GivesTheRecordedFiles) {
    const Cluster cluster = networks();
    ASSERT_EQ(cluster.nodes.size(), 5U);
    for (const Node& node : cluster.nodes) {
        std::string text;
        for (const auto& [name, content] : networkd_files(cluster, node))
            text += fmt::format("## {}\n{}\n", name, content);
        expect_golden("network." + node.name + ".networkd", text + "## resolv.conf\n" + resolv_conf(node));
    }
}

TEST(Networkd, EveryInterfaceHasItsFilesAndIsKept) {
    const Cluster cluster = networks();
    ASSERT_EQ(cluster.nodes.size(), 5U);
    for (const Node& node : cluster.nodes) {
        auto files = networkd_files(cluster, node);
        for (const Nic& nic : node.nics) {
            const std::string base = "05-pando-" + nic.name;
            EXPECT_EQ(files.count(base + ".link"), nic.mac ? 1U : 0U) << nic.name;
            EXPECT_EQ(files.count(base + ".netdev"), nic.mac ? 0U : 1U) << nic.name;
            const std::string& network = files[base + ".network"];
            const Nic* master = node.master_of(nic.name);
            // A member that networkd managed would be taken down to be made one again.
            if (master != nullptr && master->bond)
                EXPECT_THAT(network, HasSubstr("\nUnmanaged=yes\n")) << nic.name;
            else
                for (const char* kept : {"KeepConfiguration", "ConfigureWithoutCarrier", "IgnoreCarrierLoss"})
                    EXPECT_THAT(network, HasSubstr(fmt::format("\n{}=yes\n", kept))) << nic.name;
        }
    }
}

TEST(Networkd, AnEarlierPlansFilesGoAndOthersStay) {
    const Cluster cluster = networks();
    ASSERT_EQ(cluster.nodes.size(), 5U);
    const auto directory = TemporaryDirectory::create("/tmp", "networkd-test-");
    ASSERT_TRUE(directory) << directory.error().what;
    const auto place = directory->path() / "systemd/network";
    ASSERT_TRUE(write_networkd(cluster, *cluster.find_node("backup"), place));
    ASSERT_TRUE(write_file_atomic(place / "50-mine.network", "mine"));
    for (int time = 1; time <= 2; ++time) {
        const auto written = write_networkd(cluster, *cluster.find_node("six"), place);
        ASSERT_TRUE(written) << written.error().what;
        EXPECT_THAT(*list_directory(place),
                    ElementsAre("05-pando-lan0.link", "05-pando-lan0.network", "50-mine.network"));
        EXPECT_EQ(*read_file(place / "05-pando-lan0.network"),
                  networkd_files(cluster, *cluster.find_node("six"))["05-pando-lan0.network"]);
    }
}

TEST(Networkd, ResolvConfHoldsWhatThePlanGives) {
    const auto cluster = load_file(cluster_data("everything.yaml"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_THAT(resolv_conf(cluster->nodes[0]),
                HasSubstr("\nsearch blades.example.org example.org lab.example.org\nnameserver 192.0.2.3\n"
                          "nameserver 2001:db8::3\nnameserver 192.0.2.6\n"));
    EXPECT_THAT(resolv_conf(cluster->nodes[1]), Not(HasSubstr("nameserver")));
}

TEST(Networkd, AnIpv6ClusterToo) {
    std::string text = with("10.0.0.11/24", "\"2001:db8::11/64\", gateway: \"2001:db8::1\"");
    text = with("10.0.0.12/24", "\"2001:db8::12/64\"", text);
    const auto cluster = load(text);
    ASSERT_TRUE(cluster) << cluster.error().what;
    const auto files = networkd_files(*cluster, cluster->nodes[0]);
    EXPECT_THAT(files, ElementsAre(Key("05-pando-lan0.link"), Key("05-pando-lan0.network")));
    EXPECT_THAT(files.at("05-pando-lan0.network"),
                HasSubstr("Address=2001:db8::11/64\n\n[Route]\nGateway=2001:db8::1\n"));
}

}  // namespace
}  // namespace pando::test
