// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/fence_node.h"
#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <nlohmann/json.hpp>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// A tree with agents that write down what they were given, and end with the status in their name.
class FenceNode : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(fs::temp_directory_path(), "pando-fence");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
        for (const char* status : {"0", "1"}) {
            const fs::path agent = place->path() / "usr/sbin" / (std::string("fence_") + status);
            ASSERT_TRUE(make_directories(agent.parent_path()));
            ASSERT_TRUE(write_file_atomic(
                agent,
                fmt::format("#!/bin/sh\n{{ echo fence_{0}; cat; }} >>{1}/said\necho no power >&2\nexit {0}\n", status,
                            place->path().string()),
                0755));
        }
        const auto node = [](uint32_t id, std::vector<config::FenceDevice> devices) {
            config::Node node;
            node.name = fmt::format("n{}", id);
            node.id = id;
            node.fence = std::move(devices);
            return node;
        };
        cluster.nodes = {node(1, {{"n1-bmc", "fence_0", {{"ip", "192.0.2.1"}}}}),
                         node(2, {{"n2-bmc", "fence_1", {{"ip", "192.0.2.2"}, {"password", "two words"}}},
                                  {"n2-pdu", "fence_0", {{"port", "7"}}}}),
                         node(3, {{"n3-bmc", "fence_1", {}}})};
    }
    // Outside a chroot the agents are at their paths in it.
    Result<> fence(const std::string& input) {
        const auto request = parse_fence_request(input);
        if (!request) return Failure(request.error());
        const fs::path file = fence_file(place->path(), request->id);
        if (auto json = read_file(file)) {
            auto devices = nlohmann::json::parse(*json);
            for (auto& device : devices)
                device["agent"] =
                    (place->path() / fs::path(device["agent"].get<std::string>()).relative_path()).string();
            EXPECT_TRUE(write_file_atomic(file, devices.dump(), 0600));
        }
        return fence_node(*request, place->path(), std::chrono::seconds(10));
    }
    std::string said() const { return read_file(place->path() / "said").value_or(""); }

    std::optional<TemporaryDirectory> place;
    config::Cluster cluster;
};

TEST_F(FenceNode, ItsDevicesAreTriedInOrderWithTheirOwnOptions) {
    ASSERT_TRUE(write_fence_files(cluster, place->path()));
    const auto done = fence("node=2\nfail_time=1700000000\n");
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(said(), "fence_1\nip=192.0.2.2\npassword=two words\nfence_0\nport=7\n");
}

TEST_F(FenceNode, TheActionThatIsAskedForGoesAlong) {
    ASSERT_TRUE(write_fence_files(cluster, place->path()));
    ASSERT_TRUE(fence("node=1\naction=on\n"));
    EXPECT_EQ(said(), "fence_0\nip=192.0.2.1\naction=on\n");
}

TEST_F(FenceNode, ThatNoDeviceDidItIsAFailureThatTellsWhy) {
    ASSERT_TRUE(write_fence_files(cluster, place->path()));
    const auto done = fence("node=3\n");
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("node id 3 is not fenced: n3-bmc: status 1: no power"));
    EXPECT_FALSE(fence("node=4\n")) << "a node that is not in the description";
    EXPECT_FALSE(fence("fail_time=1\n"));
    EXPECT_FALSE(fence("node=x\n"));
}

// What dlm_controld cannot do: the blade was replaced, and its BMC is another one.
TEST_F(FenceNode, TheDevicesAreThoseOfTheDescriptionNow) {
    ASSERT_TRUE(write_fence_files(cluster, place->path()));
    cluster.nodes[1].fence = {{"n2-bmc", "fence_0", {{"ip", "192.0.2.99"}}}};
    cluster.nodes.pop_back();
    ASSERT_TRUE(write_fence_files(cluster, place->path()));
    ASSERT_TRUE(fence("node=2\n"));
    EXPECT_EQ(said(), "fence_0\nip=192.0.2.99\n");
    EXPECT_FALSE(fs::exists(fence_file(place->path(), 3))) << "of a node that is gone";
}

TEST_F(FenceNode, PasswordsAreForRootAlone) {
    ASSERT_TRUE(write_fence_files(cluster, place->path()));
    struct stat status {};
    ASSERT_EQ(stat(fence_file(place->path(), 2).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(FenceNode, AnAgentThatTheChrootDoesNotHaveIsNamed) {
    cluster.nodes[0].fence[0].agent = "fence_elsewhere";
    const auto written = write_fence_files(cluster, place->path());
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().what, HasSubstr("n1-bmc of node n1: fence_elsewhere is not in this node's chroot"));
    EXPECT_THAT(written.error().advice, HasSubstr("pando image build"));
}

}  // namespace
}  // namespace pando::fencing
