// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/answer.h"
#include "initrd/device_map.h"
#include "initrd/drill_check.h"
#include "initrd/drill_plan.h"
#include "initrd/drill_report.h"
#include "initrd/node_report.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>
#include <nlohmann/json.hpp>

using namespace pando;
using namespace pando::initrd;
using test::RecordedMachine;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

config::Cluster three_nodes() {
    config::Cluster cluster;
    cluster.name = "grove";
    for (uint32_t id : {1U, 2U, 3U}) {
        config::Node node;
        node.name = fmt::format("n{}", id);
        node.id = id;
        node.fence.push_back({node.name + "-bmc", "fence_ipmilan", {{"ip", "192.0.2.9"}, {"password", "secret word"}}});
        cluster.nodes.push_back(node);
    }
    return cluster;
}

NodeState healthy() {
    NodeState state;
    state.boot = Timeline();
    state.boot->node = "n1";
    state.boot->state = "booted";
    state.quorum = Quorum{.quorate = true, .votes = 3, .needed = 2, .expected = 3, .members = {3, 1, 2}};
    state.root = Mount{.device = makedev(254, 0),
                       .point = "/",
                       .options = "rw",
                       .filesystem = "gfs2",
                       .source = "/dev/mapper/pando-root",
                       .super_options = "rw"};
    return state;
}

DrillReport report_with(bool quorum_held) {
    return {.node = "n1",
            .map = "pando-root",
            .asked = 10,
            .suspended = 10.04,
            .rows = {{"a direct read of the root", true, 0.01, 10.1, "waited"},
                     {"quorum", quorum_held, 0, 10, quorum_held ? "yes each time" : "4.0 s: NO 1"}}};
}

Result<Sysroot> opened(const RecordedMachine& machine) { return Sysroot::open(machine.path()); }

}  // namespace

TEST(DrillPlan, ComesBackFromItsJsonAsItWas) {
    DrillPlan plan = plan_drill(three_nodes(), healthy(), "pando-root", 12);
    plan.json = true;
    plan.witness_commands = 7;
    plan.witness_answers = 9;
    const auto again = DrillPlan::from_json(plan.to_json());
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(again->node, "n1");
    EXPECT_EQ(again->map, "pando-root");
    EXPECT_EQ(again->seconds, 12U);
    EXPECT_TRUE(again->json);
    EXPECT_EQ(again->witness_commands, 7);
    EXPECT_EQ(again->witness_answers, 9);
    EXPECT_EQ(again->members, (std::vector<uint32_t>{1, 2, 3}));
    ASSERT_EQ(again->devices.size(), 2U);
    EXPECT_EQ(again->devices[1].node, "n3");
    EXPECT_EQ(again->devices[1].name, "n3-bmc");
    EXPECT_EQ(again->devices[1].agent, "fence_ipmilan");
    EXPECT_EQ(again->devices[1].input, plan.devices[1].input);
}

TEST(DrillPlan, AsksThePeersDevicesForTheirStatusAndNotItsOwn) {
    const auto plan = plan_drill(three_nodes(), healthy(), "pando-root", 10);
    ASSERT_EQ(plan.devices.size(), 2U);
    for (const auto& device : plan.devices) {
        EXPECT_NE(device.node, "n1");
        EXPECT_THAT(device.input, AllOf(HasSubstr("password=secret word\n"), HasSubstr("action=status\n")));
    }
}

TEST(DrillPlan, WhatIsNoPlanIsRefusedWithoutSayingWhatItHolds) {
    for (const std::string text :
         {"", "{}", "[1]", R"({"node":"n1","devices":"secret word"})", R"({"x":"secret word)"}) {
        const auto plan = DrillPlan::from_json(text);
        ASSERT_FALSE(plan) << text;
        EXPECT_EQ(plan.error().kind, ErrorKind::bad_input);
        EXPECT_THAT(plan.error().what, Not(HasSubstr("secret")));
    }
}

TEST(DrillReport, HoldsWhenEveryRowDoes) {
    EXPECT_TRUE(report_with(true).held());
    EXPECT_FALSE(report_with(false).held());
    EXPECT_FALSE(DrillReport{}.held());
}

TEST(DrillReport, IsReadByPeopleAndPrograms) {
    EXPECT_THAT(to_text(report_with(true)), AllOf(HasSubstr("suspended for 10.0 s"), HasSubstr("ok       quorum"),
                                                  HasSubstr("all of it held"), Not(HasSubstr("NOT OK"))));
    EXPECT_THAT(to_text(report_with(false)), AllOf(HasSubstr("NOT OK   quorum"), HasSubstr("4.0 s: NO 1")));
    const auto document = nlohmann::json::parse(to_json(report_with(false)));
    EXPECT_EQ(document["state"], "over");
    EXPECT_EQ(document["held"], false);
    EXPECT_DOUBLE_EQ(document["suspended_seconds"].get<double>(), 10.04);
    EXPECT_EQ(document["checks"][1]["what"], "quorum");
    EXPECT_EQ(document["checks"][1]["held"], false);
}

TEST(DrillReport, OneThatRunsTellsHowLongYet) {
    const auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "drill.json";
    EXPECT_FALSE(drill_time_left(file));
    ASSERT_TRUE(write_file_atomic(file, running_drill("n1", since_boot() + std::chrono::seconds(8))));
    const auto left = drill_time_left(file);
    ASSERT_TRUE(left);
    EXPECT_GT(left->count(), 1000);
    EXPECT_LE(left->count(), 8000);
    // One that was killed has left its words behind: its time is over.
    ASSERT_TRUE(write_file_atomic(file, running_drill("n1", since_boot() - Milliseconds(1))));
    EXPECT_FALSE(drill_time_left(file));
    ASSERT_TRUE(write_file_atomic(file, to_json(report_with(true))));
    EXPECT_FALSE(drill_time_left(file));
    ASSERT_TRUE(write_file_atomic(file, "torn"));
    EXPECT_FALSE(drill_time_left(file));
}

TEST(DrillCheck, AHealthyNodeMayDrill) { EXPECT_TRUE(check_node(healthy(), three_nodes(), false)); }

TEST(DrillCheck, ANodeThatIsNotMayNot) {
    const auto refused = [](const NodeState& state, bool force, const char* why) {
        const auto checked = check_node(state, three_nodes(), force);
        ASSERT_FALSE(checked) << why;
        EXPECT_EQ(checked.error().kind, ErrorKind::bad_input);
        EXPECT_THAT(checked.error().what, HasSubstr(why));
        EXPECT_FALSE(checked.error().advice.empty());
    };
    NodeState state = healthy();
    state.boot.reset();
    refused(state, true, "no node that pando booted");
    state = healthy();
    state.faults = {"no quorum: the shared root is frozen"};
    refused(state, true, "no quorum");
    state = healthy();
    state.root_suspended = true;
    refused(state, true, "suspended already");
    state = healthy();
    state.quorum->members = {1, 3};
    refused(state, false, "missing: n2");
    EXPECT_TRUE(check_node(state, three_nodes(), true));
}

TEST(DrillCheck, ARecoveryUnderWayIsNotDisturbed) {
    const RecordedMachine machine("sys/fs/gfs2/grove:root/withdraw = 0\nsys/fs/gfs2/grove:root/freeze = 0\n");
    const auto root = opened(machine);
    ASSERT_TRUE(root);
    const char* quiet = "dlm lockspaces\nname          root\nflags         0x00000000 \nchange        member 3\n";
    EXPECT_TRUE(check_at_rest(*root, three_nodes(), quiet));
    EXPECT_FALSE(check_at_rest(*root, three_nodes(), "name root\nflags 0x00000004 kern_stop\n"));
    EXPECT_FALSE(
        check_at_rest(*root, three_nodes(), "change member 3\nnew change member 2\nnew status wait fencing\n"));
    for (const char* file : {"withdraw", "freeze"}) {
        const RecordedMachine ill(fmt::format("sys/fs/gfs2/grove:root/{} = 1\n", file));
        const auto its_root = opened(ill);
        ASSERT_TRUE(its_root);
        EXPECT_FALSE(check_at_rest(*its_root, three_nodes(), quiet)) << file;
    }
}

TEST(DrillCheck, WhatWouldTakeTheSilenceForADeathIsAskedBefore) {
    const auto allowed = [](const std::string& recorded, unsigned seconds) {
        const RecordedMachine machine(recorded);
        const auto root = opened(machine);
        return root && check_patience(*root, seconds).has_value();
    };
    EXPECT_TRUE(allowed("dev/\n", 60));
    const std::string watchdog = "sys/class/watchdog/watchdog0/timeout = 30\nsys/class/watchdog/watchdog0/state = ";
    EXPECT_TRUE(allowed(watchdog + "inactive\n", 60));
    EXPECT_TRUE(allowed(watchdog + "active\n", 15));
    EXPECT_FALSE(allowed(watchdog + "active\n", 16));
    const std::string hung = "proc/sys/kernel/hung_task_timeout_secs = 100\nproc/sys/kernel/hung_task_panic = ";
    EXPECT_TRUE(allowed(hung + "0\n", 60));
    EXPECT_TRUE(allowed(hung + "1\n", 50));
    EXPECT_FALSE(allowed(hung + "1\n", 51));
}

TEST(NodeReport, TellsOfASuspendedRootAndWhoHoldsIt) {
    NodeState state = healthy();
    EXPECT_THAT(to_text(state), Not(HasSubstr("uspended")));
    state.root_suspended = true;
    EXPECT_THAT(to_text(state), HasSubstr("read-write, SUSPENDED"));
    state.drill_time_left = Milliseconds(6100);
    EXPECT_THAT(to_text(state), HasSubstr("/dev/mapper/pando-root gfs2 read-write, suspended by a drill, 7 s left"));
    const auto document = nlohmann::json::parse(to_json(state));
    EXPECT_EQ(document["root"]["suspended"], true);
    EXPECT_EQ(document["root"]["drill_seconds_left"], 7);
}

TEST(FenceAnswer, OnAndOffAreAnswersAndNothingElseIs) {
    const auto state = [](int status) {
        return fencing::power_state("fence_x", Finished{status, "", "first\nno route\n"});
    };
    EXPECT_EQ(state(0).value(), "on");
    EXPECT_EQ(state(2).value(), "off");
    ASSERT_FALSE(state(1));
    EXPECT_EQ(state(1).error().what, "fence_x ended with status 1: no route");
    EXPECT_FALSE(fencing::power_state("fence_x", Result<Finished>(fail("killed"))));
}

TEST(DeviceMap, ALinearMapIsAllOfTheDeviceBelow) {
    const MapTable table = linear_table(makedev(8, 3), 4096);
    EXPECT_EQ(table, (MapTable{.sectors = 4096, .target = "linear", .parameters = "8:3 0"}));
    EXPECT_FALSE(table == linear_table(makedev(8, 19), 4096));
    EXPECT_FALSE(table == linear_table(makedev(8, 3), 4095));
}
