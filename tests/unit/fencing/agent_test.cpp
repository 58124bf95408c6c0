// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/agent.h"
#include "tests/unit/fencing/fake_agents.h"

#include <sys/stat.h>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FenceNode : public FakeAgents {
protected:
    void SetUp() override {
        FakeAgents::SetUp();
        good_agent("fence_0");
        agent("fence_1", "echo no power >&2; exit 1");
        const auto member = [](uint32_t id, std::vector<config::FenceDevice> devices) {
            config::Node node;
            node.name = fmt::format("n{}", id);
            node.id = id;
            node.fence = std::move(devices);
            return node;
        };
        cluster.nodes = {member(1, {{"n1-bmc", "fence_0", {{"ip", "192.0.2.1"}}}}),
                         member(2, {{"n2-bmc", "fence_1", {{"ip", "192.0.2.2"}, {"password", "two words"}}, 1},
                                    {"n2-pdu", "fence_0", {{"port", "7"}}}}),
                         member(3, {{"n3-bmc", "fence_1", {}, 1}})};
        ASSERT_TRUE(write_fence_files(cluster, tree()));
    }
    // Outside a chroot the agents are at their paths in it.
    Result<Record> fence(uint32_t id) {
        auto node = read_node_devices(tree(), id);
        if (!node) return Failure(node.error());
        for (auto& device : node->devices) device.agent = tree() / fs::path(device.agent).relative_path();
        return fence_node(tree(), *node, {"n1", "dlm_controld", ""}, {}, {});
    }
    std::vector<Record> history() const {
        std::vector<Record> records;
        for (const std::string& line : read_lines(history_file(tree()))) records.push_back(*record_of(line));
        return records;
    }

    config::Cluster cluster;
};

TEST_F(FenceNode, ItsDevicesAreTriedInOrderWithTheirOwnOptions) {
    const auto done = fence(2);
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(said(), "fence_1 off\nfence_1 metadata\nfence_0 off\nfence_0 status\n");
    EXPECT_THAT(read_file(tree() / "input").value_or(""),
                HasSubstr("ip=192.0.2.2\npassword=two words\naction=off\naction=metadata\nport=7\naction=off\n"));
}

TEST_F(FenceNode, WhatWasFencedIsInTheHistoryWithEveryAttempt) {
    ASSERT_TRUE(fence(2));
    const auto records = history();
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].node, "n2");
    EXPECT_EQ(records[0].id, 2U);
    EXPECT_EQ(records[0].device, "n2-pdu");
    EXPECT_EQ(records[0].by, "dlm_controld");
    EXPECT_TRUE(records[0].ok);
    ASSERT_EQ(records[0].attempts.size(), 3U);
    EXPECT_EQ(records[0].attempts[0].device, "n2-bmc");
    EXPECT_EQ(records[0].attempts[0].says, "status 1: no power");
    EXPECT_EQ(records[0].attempts[2].action, "status");
    EXPECT_EQ(records[0].attempts[2].says, "off");
    EXPECT_EQ(read_file(history_file(tree()))->find("two words"), std::string::npos) << "a password";
}

TEST_F(FenceNode, ThatNoDeviceDidItIsAFailureThatTellsWhy) {
    const auto done = fence(3);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("node id 3 is not fenced: n3-bmc: status 1: no power"));
    EXPECT_FALSE(fence(4)) << "a node that is not in the description";
}

// dlm_controld asks again without end: neither may memory fill up, nor the history lose what was before.
TEST_F(FenceNode, AFailureThatGoesOnIsCountedAndSeldomWritten) {
    for (int i = 0; i < 9; ++i) ASSERT_FALSE(fence(3));
    EXPECT_EQ(read_failing(tree(), 3)->rounds, 9U);
    EXPECT_THAT(read_failing(tree(), 3)->says, HasSubstr("no power"));
    EXPECT_EQ(history().size(), 4U) << "1, 2, 4, 8";
    EXPECT_THAT(history().back().says, HasSubstr("8 times now"));
    good_agent("fence_1");
    ASSERT_TRUE(fence(3));
    EXPECT_FALSE(read_failing(tree(), 3));
}

TEST_F(FenceNode, DlmControldAsksForANodeByItsId) {
    const auto request = parse_fence_request("node=2\nfail_time=1700000000\n");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->id, 2U);
    EXPECT_FALSE(request->unfence);
    EXPECT_TRUE(parse_fence_request("node=1\naction=on\n")->unfence);
    EXPECT_FALSE(parse_fence_request("fail_time=1\n"));
    EXPECT_FALSE(parse_fence_request("node=x\n"));
}

// What dlm_controld cannot do: the blade was replaced, and its BMC is another one.
TEST_F(FenceNode, TheDevicesAreThoseOfTheDescriptionNow) {
    cluster.nodes[1].fence = {{"n2-bmc", "fence_0", {{"ip", "192.0.2.99"}}}};
    cluster.nodes.pop_back();
    ASSERT_TRUE(write_fence_files(cluster, tree()));
    ASSERT_TRUE(fence(2));
    EXPECT_EQ(said(), "fence_0 off\nfence_0 status\n");
    EXPECT_THAT(read_file(tree() / "input").value_or(""), HasSubstr("ip=192.0.2.99"));
    EXPECT_FALSE(fs::exists(fence_file(tree(), 3))) << "of a node that is gone";
}

TEST_F(FenceNode, AllOfADeviceIsInItsFile) {
    auto& device = cluster.nodes[1].fence[0];
    device.attempts = 5;
    device.timeout = Milliseconds(7000);
    device.delay = Milliseconds(15000);
    device.unfence = true;
    ASSERT_TRUE(write_fence_files(cluster, tree()));
    const auto read = find_node_devices(tree(), "n2");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, 2U);
    EXPECT_EQ(read->devices[0].attempts, 5U);
    EXPECT_EQ(read->devices[0].timeout, Milliseconds(7000));
    EXPECT_EQ(read->devices[0].delay, Milliseconds(15000));
    EXPECT_TRUE(read->devices[0].unfence);
    EXPECT_FALSE(read->devices[1].unfence);
    const auto unknown = find_node_devices(tree(), "n9");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().advice, HasSubstr("n1 n2 n3"));
}

TEST_F(FenceNode, ADamagedFileIsNoNodeWithoutDevices) {
    for (const char* text : {"{", "7", R"({"node":"n2"})", R"({"devices":[{"agent":""}]})", R"([{"agent":"x"}])"}) {
        ASSERT_TRUE(write_file_atomic(fence_file(tree(), 2), text, 0600));
        EXPECT_FALSE(read_node_devices(tree(), 2)) << text;
    }
}

TEST_F(FenceNode, PasswordsAreForRootAlone) {
    struct stat status {};
    ASSERT_EQ(stat(fence_file(tree(), 2).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(FenceNode, AnAgentThatTheChrootDoesNotHaveIsNamed) {
    cluster.nodes[0].fence[0].agent = "fence_elsewhere";
    const auto written = write_fence_files(cluster, tree());
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr("n1-bmc of node n1: fence_elsewhere is not in this node's chroot"));
    EXPECT_THAT(written.error().advice, HasSubstr("pando image build"));
}

}  // namespace
}  // namespace pando::fencing
