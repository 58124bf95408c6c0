// SPDX-License-Identifier: GPL-2.0-or-later
// A machine counts as off only by a device that did it and says so.
#include "nodes/off.h"

#include "config/fence_agent.h"
#include "tests/unit/config/sample.h"

#include <poll.h>
#include <mutex>

namespace pando::test {
namespace {

using namespace nodes;
using testing::ElementsAre;
using testing::HasSubstr;

// Agents that note what they are asked: "fence_ipmilan off".
struct Agents {
    std::map<std::string, int> status;  // by "AGENT ACTION"; else 0
    std::vector<std::string> asked;
    std::string hangs;  // until its time is over
    Milliseconds limit{5000};
    std::mutex mutex;

    fencing::Runner runner() {
        return [this](const std::vector<std::string>& argv, const std::string& input,
                      Deadline deadline) -> Result<Finished> {
            const size_t action = input.rfind("action=") + 7;
            const std::string what = argv[0] + " " + input.substr(action, input.find('\n', action) - action);
            const std::lock_guard lock(mutex);
            asked.push_back(what);
            if (hangs == what) {
                while (!deadline.passed()) poll(nullptr, 0, deadline.poll_timeout());
                return fail("no answer");
            }
            Finished done;
            done.status = status.contains(what) ? status.at(what) : 0;
            return done;
        };
    }
    Result<> switch_on(const std::string& devices) {
        const auto cluster = load(with("- {agent: fence_ipmilan, options: {ip: 10.0.0.101}}", devices));
        EXPECT_TRUE(cluster) << cluster.error().what;
        return nodes::switch_on(cluster->nodes[0], runner(), limit);
    }
    Result<std::string> switch_off(const std::string& devices) {
        const auto cluster = load(with("- {agent: fence_ipmilan, options: {ip: 10.0.0.101}}", devices));
        EXPECT_TRUE(cluster) << cluster.error().what;
        return fence_off(cluster->nodes[0], runner(), limit);
    }
};

const std::string bmc_and_outlet = "- {agent: fence_ipmilan}\n      - {agent: fence_apc}";

TEST(FenceOff, TheFirstDeviceThatDidItAndSaysSoIsEnough) {
    Agents agents{.status = {{"fence_ipmilan status", config::agent_says_off}}};
    EXPECT_EQ(agents.switch_off(bmc_and_outlet).value_or(""), "n1-ipmilan");
    EXPECT_THAT(agents.asked, ElementsAre("fence_ipmilan off", "fence_ipmilan status"));
}

TEST(FenceOff, WhatFailedToDoItIsNotBelieved) {
    Agents agents{.status = {{"fence_ipmilan off", 1},
                             {"fence_ipmilan status", config::agent_says_off},
                             {"fence_apc status", config::agent_says_off}}};
    EXPECT_EQ(agents.switch_off(bmc_and_outlet).value_or(""), "n1-apc");
    agents.status["fence_apc off"] = 1;
    const auto off = agents.switch_off(bmc_and_outlet);
    ASSERT_FALSE(off);
    EXPECT_THAT(off.error().what, HasSubstr("n1-ipmilan: "));
    EXPECT_THAT(off.error().what, HasSubstr("n1-apc: "));
}

TEST(FenceOff, ADeviceThatHangsTakesNothingFromTheNext) {
    Agents agents{.status = {{"fence_apc status", config::agent_says_off}}, .hangs = "fence_ipmilan off"};
    agents.limit = Milliseconds(50);
    EXPECT_EQ(agents.switch_off(bmc_and_outlet).value_or(""), "n1-apc");
}

TEST(SwitchOn, AllDevicesAreTold) {
    Agents agents;
    EXPECT_TRUE(agents.switch_on(bmc_and_outlet));
    EXPECT_THAT(agents.asked,
                ElementsAre("fence_ipmilan on", "fence_ipmilan status", "fence_apc on", "fence_apc status"));
}

TEST(SwitchOn, WhatStaysOffIsNamed) {
    Agents agents{.status = {{"fence_ipmilan status", config::agent_says_off}, {"fence_apc on", 1}}};
    const auto on = agents.switch_on(bmc_and_outlet);
    ASSERT_FALSE(on);
    EXPECT_THAT(on.error().what, HasSubstr("n1-ipmilan: it said that it did, and the machine is off"));
    EXPECT_THAT(on.error().what, HasSubstr("n1-apc: "));
}

TEST(FenceOff, NoMessageIsWrittenForSbd) {
    const std::string with_sbd = "- {agent: fence_sbd, options: {devices: /dev/sdz}}";
    Agents agents{
        .status = {{"fence_sbd status", config::agent_says_off}, {"fence_ipmilan status", config::agent_says_off}}};
    EXPECT_EQ(agents.switch_off(with_sbd + "\n      - {agent: fence_ipmilan}").value_or(""), "n1-ipmilan");
    EXPECT_THAT(agents.asked, ElementsAre("fence_ipmilan off", "fence_ipmilan status"));
    const auto alone = agents.switch_off(with_sbd);
    ASSERT_FALSE(alone);
    EXPECT_THAT(alone.error().what, HasSubstr("sbd"));
    EXPECT_THAT(alone.error().advice, HasSubstr("--confirm-off"));
}

}  // namespace
}  // namespace pando::test
