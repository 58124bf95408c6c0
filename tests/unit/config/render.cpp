// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/render.h"

#include "base/process.h"
#include "config/authkey.h"
#include "config/check.h"
#include "config/template.h"
#include "tests/unit/config/golden.h"
#include "tests/unit/config/sample.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <array>
#include <cstdio>

namespace pando::test {
namespace {

using namespace config;
using testing::HasSubstr;
using testing::Not;

Cluster loaded(const std::filesystem::path& file) {
    auto cluster = load_file(file);
    EXPECT_TRUE(cluster) << cluster.error().what;
    return cluster ? *cluster : Cluster{};
}

Cluster sample_cluster() {
    auto cluster = load(sample);
    EXPECT_TRUE(cluster) << cluster.error().what;
    return cluster ? *cluster : Cluster{};
}

const NetbootPaths paths{"/srv/pando", "/var/lib/pando"};

TEST(Render, GivesTheRecordedFiles) {
    for (const auto& [name, file] :
         {std::pair{"example", example_file()}, std::pair{"everything", cluster_data("everything.yaml")}}) {
        const Cluster cluster = loaded(file);
        const std::string prefix = name;
        expect_golden(prefix + ".corosync.conf", corosync_conf(cluster));
        expect_golden(prefix + ".dlm.conf", dlm_conf(cluster));
        expect_golden(prefix + ".hosts", hosts(cluster));
        expect_golden(prefix + ".dnsmasq.conf", dnsmasq_conf(cluster, paths));
        expect_golden(prefix + ".boot.ipxe", ipxe_script(cluster, "rd.pando.debug"));
    }
}

TEST(Render, BesideAnotherDhcpServerNoAddressIsGiven) {
    Cluster cluster = sample_cluster();
    cluster.boot.dhcp = "proxy";
    cluster.boot.subnet = "10.0.0.0/24";
    const std::string text = dnsmasq_conf(cluster, paths);
    EXPECT_THAT(text, HasSubstr("\ndhcp-range=10.0.0.0,proxy,255.255.255.0\n"));
    EXPECT_THAT(text, HasSubstr("dhcp-boot=tag:ipxe,http://10.0.0.1:80/boot.ipxe,,10.0.0.1\n"));
    for (const char* givers : {"dhcp-authoritative", "dhcp-host", "dhcp-option", ",1h"})
        EXPECT_THAT(text, Not(HasSubstr(givers)));
}

TEST(Render, TwoNodesAreATwoNodeClusterOthersWaitForAll) {
    Cluster cluster = sample_cluster();
    EXPECT_THAT(corosync_conf(cluster), HasSubstr("two_node: 1"));
    EXPECT_THAT(corosync_conf(cluster), Not(HasSubstr("wait_for_all")));
    cluster.nodes.push_back(cluster.nodes[0]);
    EXPECT_THAT(corosync_conf(cluster), HasSubstr("wait_for_all: 1"));
    EXPECT_THAT(corosync_conf(cluster), Not(HasSubstr("two_node")));
}

TEST(Render, NothingFollowsAnOpeningBraceOfCorosync) {
    const std::string text = corosync_conf(loaded(cluster_data("everything.yaml")));
    for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1))
        EXPECT_EQ(text[at + 1], '\n');
}

TEST(Render, EveryNodeThatHasADeviceIsFencedByTheOneAgent) {
    const Cluster cluster = loaded(cluster_data("everything.yaml"));
    const std::string text = dlm_conf(cluster);
    for (const auto& node : cluster.nodes) {
        const std::string section =
            fmt::format("\n\ndevice node-{0} fence_pando\nconnect node-{0} node={0}\n", node.id);
        EXPECT_NE(text.find(section), std::string::npos) << node.name;
        for (const auto& device : node.fence)
            for (const auto& [option, value] : device.options)
                EXPECT_EQ(text.find(option + "=" + value), std::string::npos) << "dlm_controld would keep it for ever";
    }
}

// What dlm_controld's own reader makes of the file for one node: sections end at an empty line, and a line that is
// neither `connect` nor `unfence` in one spoils the whole file. Gives the devices in order.
std::vector<std::string> as_dlm_controld_reads(const std::string& text, uint32_t id) {
    std::vector<std::string> devices;
    std::string device;
    size_t begin = 0;
    while (begin < text.size()) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string line = text.substr(begin, end - begin);
        begin = end + 1;
        EXPECT_LT(line.size(), 4096U);
        if (line.empty()) {
            device.clear();
        } else if (device.empty()) {
            std::array<char, 256> name{};
            if (sscanf(line.c_str(), "device %255s", name.data()) == 1) device = name.data();
        } else {
            std::array<char, 256> name{};
            unsigned node = 0;
            const bool unfence = sscanf(line.c_str(), "unfence %255s", name.data()) == 1;
            if (!unfence) {
                EXPECT_EQ(sscanf(line.c_str(), "connect %255s node=%u", name.data(), &node), 2) << line;
            }
            EXPECT_EQ(device, name.data());
            if (node == id) devices.push_back(device);
        }
    }
    return devices;
}

TEST(Render, DlmReadsOneDeviceForEachNode) {
    for (const auto& file : {example_file(), cluster_data("everything.yaml")}) {
        const Cluster cluster = loaded(file);
        for (const auto& node : cluster.nodes) {
            const std::vector<std::string> expected = {fmt::format("node-{}", node.id)};
            EXPECT_EQ(as_dlm_controld_reads(dlm_conf(cluster), node.id), expected);
        }
    }
}

TEST(Render, ANodeThatIsUnfencedIsSoByDlmControldBeforeItJoins) {
    Cluster cluster = loaded(example_file());
    EXPECT_THAT(dlm_conf(cluster), Not(HasSubstr("unfence")));
    cluster.nodes[1].fence.push_back({"n2-scsi", "fence_scsi", {}});
    cluster.nodes[1].fence.back().unfence = true;
    const uint32_t id = cluster.nodes[1].id;
    EXPECT_THAT(dlm_conf(cluster), HasSubstr(fmt::format("connect node-{0} node={0}\nunfence node-{0}\n\n", id)));
    EXPECT_THAT(as_dlm_controld_reads(dlm_conf(cluster), id), testing::SizeIs(1));
}

TEST(Render, NoAddressOfANodeIsBoundToAMac) {
    const std::string text = dnsmasq_conf(loaded(cluster_data("everything.yaml")), paths);
    EXPECT_THAT(text, testing::Not(HasSubstr("192.0.2.11,")));
    EXPECT_THAT(text, HasSubstr("dhcp-range=192.0.2.96,192.0.2.125,255.255.255.128,1h\n"));
}

TEST(Render, StrangersGetAddressesNobodyElseHas) {
    for (int prefix = 8; prefix <= 28; ++prefix) {
        const auto subnet = parse_cidr(fmt::format("10.0.0.0/{}", prefix));
        ASSERT_TRUE(subnet);
        const AddressRange range = unknown_machines(*subnet);
        EXPECT_TRUE(subnet->contains(range.first) && subnet->contains(range.last));
        EXPECT_GE(range.last.v4(), range.first.v4()) << prefix;
        EXPECT_LT(range.last.v4() - range.first.v4(), 256U);
        Cidr network = *subnet;
        const uint32_t broadcast = network.ip.v4() | ~(~0U << (32U - static_cast<unsigned>(prefix)));
        EXPECT_LT(range.last.v4(), broadcast - 1) << "the last address is often a router";
    }
}

TEST(Render, NodesOwnKernelArgumentsGoByMac) {
    const std::string text = ipxe_script(loaded(example_file()), "");
    EXPECT_TRUE(text.starts_with("#!ipxe\n"));
    EXPECT_THAT(text, HasSubstr("iseq ${netX/mac} d0:94:66:5a:10:03 && set node console=ttyS1,115200 ||\n"));
    EXPECT_THAT(text, Not(HasSubstr("d0:94:66:5a:10:01")));
}

TEST(Template, UnknownAndUnusedVariablesAreErrors) {
    const auto fault = [](std::string_view text, const Variables& variables) {
        const auto filled = fill(text, variables, "hosts.in");
        EXPECT_FALSE(filled) << *filled;
        return filled ? std::string() : filled.error().what;
    };
    const auto filled = fill("## not shown\na {{x}} b {{ x }}{{y}}\n", {{"x", "{{y}}"}, {"y", "2"}}, "hosts.in");
    EXPECT_EQ(*filled, "a {{y}} b {{y}}2\n");
    EXPECT_EQ(*fill("## without {{x}}\nb", {{"x", "1"}}, "hosts.in"), "b") << "said on purpose";
    EXPECT_THAT(fault("a\n  {{nods}}\n", {{"nodes", ""}}), HasSubstr("hosts.in:2:3: unknown variable \"nods\""));
    EXPECT_THAT(fault("a\n  {{nods}}\n", {{"nodes", ""}}), HasSubstr("did you mean"));
    EXPECT_THAT(fault("x", {{"x", "1"}}), HasSubstr("hosts.in:1:1: variable \"x\" is not used"));
    EXPECT_THAT(fault("{{x}}\n\xc3\xa4 {{x", {{"x", "1"}}), HasSubstr("hosts.in:2:3: \"{{\" is not closed"));
    EXPECT_THAT(fault("{{x\n}}", {{"x", "1"}}), HasSubstr("is not closed"));
}

// --- the real parsers ----------------------------------------------------------------------------------------------

// corosync takes a configuration only where one of its nodes is at home: in a UTS namespace of the node's name. A user
// namespace lets the test run without privilege.
std::array<char, 64> host_name{};

bool become_host() {
    const int flags = geteuid() == 0 ? CLONE_NEWUTS : CLONE_NEWUSER | CLONE_NEWUTS;
    return unshare(flags) == 0 && sethostname(host_name.data(), strlen(host_name.data())) == 0;
}

std::string replaced(std::string text, const std::string& old, const std::string& fresh) {
    const size_t at = text.find(old);
    EXPECT_NE(at, std::string::npos);
    return text.replace(at, old.size(), fresh);
}

Result<Finished> corosync_reads(const std::string& text, const std::string& node) {
    auto directory = TRY(TemporaryDirectory::create("/tmp", "pando-corosync"));
    const auto file = directory.path() / "corosync.conf";
    const auto log = directory.path() / "log";
    const auto key = directory.path() / "authkey";
    TRY(make_authkey(key));
    const std::string here = replaced(text, "/var/log/corosync.log", log.string());
    TRY(write_file_atomic(file, replaced(here, "/etc/corosync/authkey", key.string())));
    host_name.fill('\0');
    node.copy(host_name.data(), host_name.size() - 1);
    auto done = TRY(run({.argv = {"corosync", "-t", "-c", file.string()},
                         .deadline = Deadline::after(std::chrono::seconds(30)),
                         .prepare = become_host}));
    if (const auto said = read_file(log)) done.err += *said;
    return done;
}

TEST(RealParser, CorosyncTakesItsFile) {
    if (!find_program("corosync")) GTEST_SKIP() << "corosync is not installed";
    for (const auto& file : {example_file(), cluster_data("everything.yaml")}) {
        const Cluster cluster = loaded(file);
        const auto good = corosync_reads(corosync_conf(cluster), cluster.nodes[0].name);
        ASSERT_TRUE(good) << good.error().what;
        EXPECT_TRUE(good->ok()) << good->err;
        // The same with a mistake is refused: the check checks.
        const auto bad =
            corosync_reads(replaced(corosync_conf(cluster), "totem {", "totem { x"), cluster.nodes[0].name);
        ASSERT_TRUE(bad) << bad.error().what;
        EXPECT_FALSE(bad->ok());
    }
}

TEST(RealParser, DnsmasqTakesItsFile) {
    if (!find_program("dnsmasq")) GTEST_SKIP() << "dnsmasq is not installed";
    auto directory = TemporaryDirectory::create("/tmp", "pando-dnsmasq");
    ASSERT_TRUE(directory);
    const auto conf = directory->path() / "dnsmasq.conf";
    std::vector<Cluster> clusters = {loaded(example_file()), loaded(cluster_data("everything.yaml")), sample_cluster()};
    clusters.back().boot.dhcp = "proxy";
    for (const Cluster& cluster : clusters) {
        const std::string text = dnsmasq_conf(cluster, {directory->path(), directory->path()});
        ASSERT_TRUE(write_file_atomic(conf, text));
        const auto good = run({.argv = {"dnsmasq", "--test", "-C", conf.string()}});
        ASSERT_TRUE(good) << good.error().what;
        EXPECT_TRUE(good->ok()) << good->err;
        ASSERT_TRUE(write_file_atomic(conf, replaced(text, "dhcp-range=", "dhcp-rnage=")));
        const auto bad = run({.argv = {"dnsmasq", "--test", "-C", conf.string()}});
        ASSERT_TRUE(bad) << bad.error().what;
        EXPECT_FALSE(bad->ok());
    }
}

}  // namespace
}  // namespace pando::test
