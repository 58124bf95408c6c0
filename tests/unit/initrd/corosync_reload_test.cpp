// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/corosync_reload.h"

#include "config/render.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace initrd;

// As corosync 3.1 says it, with much else around it.
constexpr std::string_view running = R"(config.reload_in_progress (u8) = 0
internal_configuration.service.0.name (str) = corosync_cmap
nodelist.local_node_pos (u32) = 0
nodelist.node.0.name (str) = n1
nodelist.node.0.nodeid (u32) = 1
nodelist.node.0.ring0_addr (str) = 10.0.0.11
nodelist.node.1.name (str) = n2
nodelist.node.1.nodeid (u32) = 2
nodelist.node.1.ring0_addr (str) = 10.0.0.12
runtime.config.totem.token (u32) = 3000
pando.fingerprint (str) = 0123456789abcdef
stats.clear.all (u8) = 0
totem.cluster_name (str) = grove
totem.token (u32) = 3000
)";

constexpr std::string_view file = "totem {\n}\n# pando {\n\npando {\n    fingerprint: 0123456789abcdef\n}\n";

std::string but(const std::string& old, const std::string& fresh) { return with(old, fresh, std::string(running)); }

TEST(Reload, IsNotNeededWhenCorosyncGoesByTheDescription) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_TRUE(goes_by(*cluster, running, file));
    // The places in the list mean nothing.
    std::string swapped = but("node.0.", "node.7.");
    for (int i = 0; i < 2; ++i) swapped = with("node.0.", "node.7.", swapped);
    EXPECT_TRUE(goes_by(*cluster, swapped, file));
}

TEST(Reload, IsNeededForANodeMoreOrLessAndForWhatChangedOfOne) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster);
    for (const auto& [old, fresh] : std::initializer_list<std::pair<std::string, std::string>>{
             {"nodelist.node.1.name (str) = n2\nnodelist.node.1.nodeid (u32) = 2\nnodelist.node.1.ring0_addr (str) = "
              "10.0.0.12\n",
              ""},
             {"runtime.config", "nodelist.node.2.name (str) = n3\nnodelist.node.2.nodeid (u32) = 3\nruntime.config"},
             {"nodeid (u32) = 2", "nodeid (u32) = 3"},
             {"10.0.0.12", "10.0.0.13"},
             {"name (str) = n2", "name (str) = n9"}})
        EXPECT_FALSE(goes_by(*cluster, but(old, fresh), file)) << old << " -> " << fresh;
    EXPECT_FALSE(goes_by(*cluster, "", file));
    EXPECT_FALSE(goes_by(*cluster, "no = key\n) = (\n (\n", file));
}

// Whatever it is that changed: a time, or a site's own template.
TEST(Reload, IsNeededWhenItsFileHasChangedSince) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster);
    EXPECT_FALSE(goes_by(*cluster, running, with("0123456789abcdef", "0123456789abcde0", std::string(file))));
    EXPECT_FALSE(goes_by(*cluster, but("pando.fingerprint (str) = 0123456789abcdef\n", ""), file)) << "not yet read";
}

TEST(Reload, FindsTheFingerprintThatTheDescriptionsFileHas) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster);
    const std::string conf = config::corosync_conf(*cluster);
    EXPECT_FALSE(goes_by(*cluster, running, conf));
    const size_t at = conf.rfind("fingerprint: ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_TRUE(goes_by(*cluster, but("0123456789abcdef", conf.substr(at + 13, 16)), conf));
}

TEST(Reload, GoesByTheNodesAloneWithAFileOfAnOlderPando) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster);
    EXPECT_TRUE(goes_by(*cluster, but("pando.fingerprint (str) = 0123456789abcdef\n", ""), "totem {\n}\n"));
}

// A node that died after the description was changed: the longer list would take quorum from those that are left.
TEST(Reload, IsHeldBackWhileThoseThatAreThereWouldHaveNoQuorumByTheNewList) {
    auto cluster = *load(sample);
    cluster.nodes.push_back(cluster.nodes.front());
    cluster.nodes.back().id = 3;
    Quorum now{.quorate = true, .votes = 1, .needed = 1, .expected = 2, .members = {1}};
    const auto held = check_votes(cluster, now);
    ASSERT_FALSE(held);
    EXPECT_THAT(held.error().what, testing::HasSubstr("with 3 nodes 2 votes are needed, and 1 is there"));
    now.members = {1, 7};  // one that the new list has not
    EXPECT_FALSE(check_votes(cluster, now));
    now.members = {1, 3};
    EXPECT_TRUE(check_votes(cluster, now));
}

}  // namespace
}  // namespace pando::test
