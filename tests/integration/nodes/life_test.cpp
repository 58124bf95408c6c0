// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that change nodes, on a real partition's bytes, a real directory as the root, and a fence agent that is run.
// Power goes after each step of a plan: the same command given again completes it.
#include "base/file.h"
#include "base/process.h"
#include "cdsl/shared_root.h"
#include "config/slots.h"
#include "nodes/change.h"
#include "tests/unit/config/sample.h"

#include <fcntl.h>
#include <unistd.h>
#include <optional>

namespace pando::test {
namespace {

using namespace nodes;
namespace fs = std::filesystem;
using testing::HasSubstr;

// Keeps the machine's state in a file, as a BMC keeps it in its relay.
constexpr const char* agent = R"sh(#!/bin/sh
while IFS== read -r key value; do eval "$key='$value'"; done
case "$action" in
status) [ -e "$state" ] || exit 1; [ "$(cat "$state")" = on ] && exit 0; exit 2 ;;
off) echo off > "$state" ;;
esac
)sh";

class NodeLife : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root";
        renew();
    }

    // A cluster of n1 (here), n2 and n3; n3's machine is dead and switched on.
    void renew() {
        place_.emplace(std::move(*TemporaryDirectory::create("/tmp", "pando-life")));
        const UniqueFd fd(open((place() / "lun").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), 16 << 20), 0);
        store_ = std::move(*open_store(place() / "lun"));
        ASSERT_TRUE(make_directories(place() / "root/.pando/nodes/n3/etc"));
        ASSERT_TRUE(write_file_atomic(place() / "root/.pando/nodes/n3/etc/hostname", "n3\n"));
        ASSERT_TRUE(write_file_atomic(place() / "fence_relay", agent, 0755));
        state("n3", "on");
        text_ = with("cluster:\n  name: grove", "cluster:\n  name: grove\n  test: true") +
                fmt::format(R"(  - name: n3   # the one that dies
    id: 3
    machine: {{serial: OLD}}
    nics:
      - {{name: lan0, mac: "52:54:00:00:00:03", address: 10.0.0.13/24}}
    fence:
      - {{agent: {}, options: {{state: {}}}}}
)",
                            (place() / "fence_relay").string(), (place() / "n3").string());
        config::Bundle bundle{"grove", 1, {{"cluster.yaml", text_}, {"authkey", std::string(256, 'k')}}};
        const auto written = config::write_slot(*store_, bundle);
        ASSERT_TRUE(written) << written.error().what;
        claim("OLD", "old-boot");
        journals_ = 3;
        waiting_.clear();
        beating_.clear();
        members_ = {1, 2};
    }

    fs::path place() const { return place_->path(); }
    fs::path root() const { return place() / "root"; }
    void state(const std::string& node, const std::string& is) const {
        ASSERT_TRUE(write_file_atomic(place() / node, is + "\n"));
    }
    std::string state(const std::string& node) const { return read_line(place() / node).value_or("?"); }

    void claim(const std::string& serial, const std::string& boot) { claim(3, "n3", serial, boot); }
    void claim(uint32_t id, const std::string& node, const std::string& serial, const std::string& boot) {
        config::Claim claim;
        claim.id = id;
        claim.node = node;
        claim.machine.identity.serial = serial;
        claim.boot = boot;
        claim.state = config::ClaimState::up;
        claim.generation = 1;
        ASSERT_TRUE(config::write_claim(*store_, claim));
    }

    Means means() {
        Means means;
        means.root = root();
        means.here = "n1";
        means.who = "root on n1";
        means.store = store_.get();
        means.agents = [](const std::vector<std::string>& argv, const std::string& input, Deadline deadline) {
            return run({.argv = argv, .input = input, .deadline = deadline});
        };
        means.newest = [this] { return config::read_newest(*store_, "grove"); };
        means.now = [this]() -> Result<Now> { return now(); };
        means.publish = [this](const std::string&, const config::Bundle& seen, config::Bundle next,
                               const std::function<Result<>()>& before) -> Result<Published> {
            TRY(before());
            next.generation = seen.generation + 1;
            TRY(config::write_slot(*store_, next));
            return Published{next.generation, {}};
        };
        means.journals = [this]() -> Result<uint32_t> { return journals_; };
        means.add_journals = [this](uint32_t count) -> Result<> {
            journals_ += count;
            return {};
        };
        return means;
    }

    Now now() {
        Now now;
        now.bundle = *config::read_newest(*store_, "grove");
        now.cluster = *now.bundle.description();
        now.claims = *config::read_claims(*store_);
        now.waiting = waiting_;
        for (const std::string& boot : beating_) now.alive[boot] = true;
        now.quorum = initrd::Quorum{.quorate = true, .votes = 2, .needed = 2, .expected = 3, .members = members_};
        return now;
    }

    std::string yaml() { return now().bundle.files.at("cluster.yaml"); }

    // Power goes after 0, 1, 2 … steps; then the command is given again, and `holds` must be true.
    void cut_everywhere(const std::function<Result<Change>()>& command, const std::function<void()>& holds) {
        for (size_t steps = 0;; ++steps) {
            renew();
            const auto change = command();
            ASSERT_TRUE(change) << change.error().what;
            ASSERT_FALSE(change->plan.steps().empty());
            if (steps > change->plan.steps().size()) return;
            for (size_t i = 0; i < steps; ++i) {
                const auto applied = change->plan.steps()[i].apply();
                ASSERT_TRUE(applied) << change->plan.steps()[i].text << ": " << applied.error().what;
            }
            const auto again = command();
            ASSERT_TRUE(again) << "after " << steps << " steps: " << again.error().what;
            const auto done = again->plan.execute(Plan::Mode::apply);
            ASSERT_TRUE(done) << "after " << steps << " steps: " << done.error().what;
            holds();
            if (HasFailure()) {
                ADD_FAILURE() << "power went after " << steps << " steps";
                return;
            }
        }
    }

    void replace(const Replacement& wanted, const Proof& proof) {
        const auto change = plan_replacement(now(), means(), wanted, proof);
        ASSERT_TRUE(change) << change.error().what;
        const auto done = change->plan.execute(Plan::Mode::apply);
        ASSERT_TRUE(done) << done.error().what;
    }

    std::optional<TemporaryDirectory> place_;
    std::unique_ptr<Store> store_;
    std::string text_;
    uint32_t journals_ = 3;
    std::vector<config::Pending> waiting_;
    std::vector<std::string> beating_;
    std::vector<uint32_t> members_ = {1, 2};
};

config::Binding new_machine() {
    config::Binding binding;
    binding.machine.serial = "NEW";
    binding.macs["lan0"] = "52:54:00:00:00:f3";
    return binding;
}

TEST_F(NodeLife, AddIsCompletedWhereverPowerGoes) {
    const auto command = [&]() -> Result<Change> {
        members_ = {1, 2, 3};
        Wanted wanted{.keys = {{"name", "n4"}, {"machine", {{"serial", "FOUR"}}}}};
        wanted.keys["nics"].push_back({{"mac", "52:54:00:00:00:04"}});
        wanted.keys["fence"].push_back({{"agent", "fence_ipmilan"}, {"options", {{"ip", "10.0.0.104"}}}});
        return plan_addition(now(), means(), {wanted});
    };
    cut_everywhere(command, [&] {
        EXPECT_EQ(journals_, 4U);
        const auto cluster = now().cluster;
        const auto* n4 = cluster.find_node("n4");
        ASSERT_NE(n4, nullptr);
        EXPECT_EQ(n4->id, 4U);
        EXPECT_EQ(n4->cluster_address(), "10.0.0.14");
        EXPECT_EQ(now().bundle.generation, 2U) << "written once";
        EXPECT_TRUE(yaml().starts_with(text_)) << "nothing else was touched";
    });
}

TEST_F(NodeLife, ATreeThatWasLeftIsNotInherited) {
    ASSERT_TRUE(make_directories(root() / ".pando/nodes/n4"));
    Wanted wanted{.keys = {{"name", "n4"}}};
    wanted.keys["nics"].push_back({{"mac", "52:54:00:00:00:04"}});
    wanted.keys["fence"].push_back({{"agent", "fence_ipmilan"}, {"options", {{"ip", "10.0.0.104"}}}});
    const auto refused = plan_addition(now(), means(), {wanted});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().advice, HasSubstr("--retire n4"));
}

TEST_F(NodeLife, ReplaceIsCompletedWhereverPowerGoes) {
    const auto command = [&]() -> Result<Change> {
        const auto seen = now();
        const auto proof =
            ask_whether_off(*seen.cluster.find_node("n3"), means().agents, Deadline::after(Milliseconds(10000)));
        return plan_replacement(seen, means(), {.node = "n3", .binding = new_machine()}, proof);
    };
    cut_everywhere(command, [&] {
        EXPECT_EQ(state("n3"), "off");
        EXPECT_EQ(yaml(), with("52:54:00:00:00:03", "52:54:00:00:00:f3", with("serial: OLD", "serial: NEW", text_)));
        EXPECT_EQ(now().bundle.generation, 2U) << "written once";
        EXPECT_TRUE(now().claims.empty());
        EXPECT_EQ(what_to_restore(now(), means(), "n3")->binding.machine.serial, "OLD");
        EXPECT_TRUE(fs::exists(root() / ".pando/nodes/n3/etc/hostname"));
    });
}

// The command given again must not shoot the machine that has just become the node.
TEST_F(NodeLife, ReplaceGivenAgainLeavesTheNewMachineAlone) {
    state("n3", "off");
    Proof proof{Verdict::off, {}};
    auto change = plan_replacement(now(), means(), {.node = "n3", .binding = new_machine()}, proof);
    ASSERT_TRUE(change) << change.error().what;
    ASSERT_TRUE(change->plan.execute(Plan::Mode::apply));
    state("n3", "on");
    claim("NEW", "new-boot");
    proof.verdict = Verdict::on;
    change = plan_replacement(now(), means(), {.node = "n3", .binding = new_machine()}, proof);
    ASSERT_TRUE(change) << change.error().what;
    EXPECT_TRUE(change->plan.steps().empty());
    EXPECT_EQ(state("n3"), "on");
    EXPECT_EQ(now().claims.size(), 1U);
}

TEST_F(NodeLife, WhoLivesOrMayLiveIsNotReplaced) {
    const Proof off{Verdict::off, {}};
    Now seen = now();
    seen.quorum->members = {1, 2, 3};
    EXPECT_THAT(plan_replacement(seen, means(), {.node = "n3", .binding = new_machine()}, off).error().what,
                HasSubstr("is up"));
    seen = now();
    seen.alive["old-boot"] = true;
    EXPECT_THAT(plan_replacement(seen, means(), {.node = "n3", .binding = new_machine()}, off).error().what,
                HasSubstr("a machine runs as it"));
    const Proof unknown{Verdict::unknown, {{"n3", "n3-relay", false, "no route to host"}}};
    const auto refused = plan_replacement(now(), means(), {.node = "n3", .binding = new_machine()}, unknown);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("no route to host"));
    EXPECT_THAT(refused.error().advice, HasSubstr("--confirm-off"));
    auto sworn = plan_replacement(
        now(), means(), {.node = "n3", .binding = new_machine(), .confirmed_off = "pulled from its slot"}, unknown);
    ASSERT_TRUE(sworn) << sworn.error().what;
    ASSERT_TRUE(sworn->plan.execute(Plan::Mode::apply));
    EXPECT_THAT(rebindings(root(), "n3")->front().proof, HasSubstr("pulled from its slot"));
    EXPECT_EQ(state("n3"), "on") << "nobody was asked to switch it off";
}

TEST_F(NodeLife, TheOldBindingIsRestored) {
    const Proof off{Verdict::off, {}};
    EXPECT_FALSE(what_to_restore(now(), means(), "n3")) << "it was never replaced";
    const config::OptionChanges options = {{"state", (place() / "n3b").string()}, {"password", "fresh"}};
    replace({.node = "n3", .binding = new_machine(), .fence_options = options}, off);
    ASSERT_THAT(yaml(), HasSubstr("password: fresh"));
    auto old = what_to_restore(now(), means(), "n3");
    ASSERT_TRUE(old) << old.error().what;
    replace(*old, off);
    EXPECT_EQ(yaml(), text_) << "the fence device's options too";
    old = what_to_restore(now(), means(), "n3");
    ASSERT_TRUE(old) << old.error().what;
    EXPECT_TRUE(plan_replacement(now(), means(), *old, off)->plan.steps().empty()) << "it was given twice";
}

TEST_F(NodeLife, RestoreIsCompletedWhereverPowerGoes) {
    const Proof off{Verdict::off, {}};
    bool replaced = false;
    const auto command = [&]() -> Result<Change> {
        if (!std::exchange(replaced, true)) replace({.node = "n3", .binding = new_machine()}, off);
        return plan_replacement(now(), means(), TRY(what_to_restore(now(), means(), "n3")), off);
    };
    cut_everywhere(command, [&] {
        EXPECT_EQ(yaml(), text_);
        EXPECT_EQ(now().bundle.generation, 3U) << "written once";
        replaced = false;
    });
}

// Power goes between the record and the description: the record tells of what never came to pass.
TEST_F(NodeLife, ARecordOfWhatNeverCameToPassMisleadsNobody) {
    const Proof off{Verdict::off, {}};
    replace({.node = "n3", .binding = new_machine()}, off);
    const auto restoring = plan_replacement(now(), means(), *what_to_restore(now(), means(), "n3"), off);
    ASSERT_TRUE(restoring) << restoring.error().what;
    for (const auto& act : *restoring->under_lock) ASSERT_TRUE(act());
    ASSERT_EQ(rebindings(root(), "n3")->size(), 2U);
    replace(*what_to_restore(now(), means(), "n3"), off);
    EXPECT_EQ(yaml(), text_);
    EXPECT_EQ(rebindings(root(), "n3")->size(), 2U) << "the record takes its own place";
}

TEST_F(NodeLife, WhoComesToLifeWhileThePlanIsReadIsNotReplaced) {
    const Proof off{Verdict::off, {}};
    const auto planner = [&](const Now& seen, const Means& by) {
        return plan_replacement(seen, by, {.node = "n3", .binding = new_machine()}, off);
    };
    auto change = plan_with_second_look(now(), means(), planner);
    ASSERT_TRUE(change) << change.error().what;
    claim("OLD", "late-boot");
    beating_ = {"late-boot"};
    const auto refused = change->plan.execute(Plan::Mode::apply);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("the situation changed"));
    EXPECT_THAT(refused.error().what, HasSubstr("a machine runs as it"));
    EXPECT_EQ(yaml(), text_);
    EXPECT_TRUE(rebindings(root(), "n3")->empty()) << "nothing came to pass, nothing is kept";
}

TEST_F(NodeLife, WhoComesToLifeWhileThePlanIsReadIsNotSwitchedOff) {
    const Proof on{Verdict::on, {{"n3", "n3-relay", true, "on"}}};
    const auto change = plan_replacement(now(), means(), {.node = "n3", .binding = new_machine()}, on);
    ASSERT_TRUE(change) << change.error().what;
    members_ = {1, 2, 3};
    EXPECT_FALSE(change->plan.execute(Plan::Mode::apply));
    EXPECT_EQ(state("n3"), "on");
    EXPECT_EQ(yaml(), text_);
}

TEST_F(NodeLife, WhoIsSwitchedOnWhileThePlanIsReadIsNotReplaced) {
    state("n3", "off");
    const auto planner = [&](const Now& seen, const Means& by) {
        const auto proof =
            ask_whether_off(*seen.cluster.find_node("n3"), by.agents, Deadline::after(Milliseconds(10000)));
        return plan_replacement(seen, by, {.node = "n3", .binding = new_machine()}, proof);
    };
    auto change = plan_with_second_look(now(), means(), planner);
    ASSERT_TRUE(change) << change.error().what;
    state("n3", "on");
    const auto refused = change->plan.execute(Plan::Mode::apply);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("the situation changed"));
    EXPECT_EQ(yaml(), text_);
    EXPECT_EQ(state("n3"), "on");
    state("n3", "off");
    change = plan_with_second_look(now(), means(), planner);
    const auto done = change->plan.execute(Plan::Mode::apply);
    EXPECT_TRUE(done) << done.error().what;
    EXPECT_NE(yaml(), text_);
}

config::Pending waits_as(const std::string& serial, const std::string& mac, const std::string& boot) {
    config::Pending one;
    one.machine.identity.serial = serial;
    one.machine.macs = {mac};
    one.boot = boot;
    return one;
}

TEST_F(NodeLife, AMachineThatWaitsIsNotSwitchedOff) {
    const Proof on{Verdict::on, {{"n3", "n3-relay", true, "on"}}};
    Replacement wanted{.node = "n3", .binding = new_machine(), .boot = "new-boot"};
    const auto refused = plan_replacement(now(), means(), wanted, on);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("the one that waits"));
    EXPECT_THAT(refused.error().advice, HasSubstr("--confirm-off"));
    wanted.confirmed_off = "pulled from slot 7";
    replace(wanted, on);
    EXPECT_EQ(state("n3"), "on");
    EXPECT_THAT(rebindings(root(), "n3")->front().proof, HasSubstr("pulled from slot 7"));
}

// Its fence device is known, its machine is not: the one that comes is on, and nobody was there before it.
TEST_F(NodeLife, TheFirstMachineOfANodeIsApprovedWhileItIsOn) {
    const std::string described = text_ + fmt::format(R"(  - name: n4
    id: 4
    nics:
      - {{name: lan0, mac: "52:54:00:00:00:04", address: 10.0.0.14/24}}
    fence:
      - {{agent: {}, options: {{state: {}}}}}
)",
                                                      (place() / "fence_relay").string(), (place() / "n4").string());
    const auto describe = [&](const std::string& text) {
        config::Bundle next = now().bundle;
        next.files["cluster.yaml"] = text;
        ++next.generation;
        const auto written = config::write_slot(*store_, next);
        ASSERT_TRUE(written) << written.error().what;
    };
    describe(described);
    state("n4", "on");
    const Proof on{Verdict::on, {{"n4", "n4-relay", true, "on"}}};
    const auto approve = [&] {
        return plan_replacement(now(), means(), {.node = "n4", .binding = new_machine(), .boot = "new-boot"}, on);
    };
    const auto change = approve();
    ASSERT_TRUE(change) << change.error().what;
    EXPECT_TRUE(change->questions.empty()) << "nobody is switched off";
    EXPECT_THAT(change->notes, testing::Contains(HasSubstr("no machine has ever run as n4")));
    for (const auto& act : *change->under_lock) ASSERT_TRUE(act());
    EXPECT_TRUE(approve()) << "power went before the description was written";

    const auto is_asked = [&] {
        const auto refused = approve();
        return !refused && refused.error().what.find("the one that waits") != std::string::npos;
    };
    const fs::path tree = root() / ".pando/nodes/n4";
    ASSERT_TRUE(make_directories(tree));
    EXPECT_TRUE(is_asked()) << "a machine that booted as n4 left the tree";
    fs::remove(tree);
    claim(4, "n4", "OLD4", "old-boot4");
    EXPECT_TRUE(is_asked()) << "a machine claimed n4";
    ASSERT_TRUE(config::clear_claim(*store_, 4));
    describe(with("id: 4\n", "id: 4\n    machine: {asset: A4}\n", described));
    EXPECT_TRUE(is_asked()) << "n4 was bound to a machine";
    describe(described);

    const auto again = approve();
    ASSERT_TRUE(again) << again.error().what;
    ASSERT_TRUE(again->plan.execute(Plan::Mode::apply));
    EXPECT_EQ(state("n4"), "on");
    EXPECT_EQ(rebindings(root(), "n4")->front().proof, "no machine had ever run as it");
    describe(described);
    EXPECT_FALSE(is_asked()) << "an edit took it back before anybody ran";
    describe(with("52:54:00:00:00:04", "52:54:00:00:00:f4", described));
    EXPECT_TRUE(is_asked()) << "n4 was another machine before, the history says";
}

TEST_F(NodeLife, ReplaceWithAMachineThatWaitedIsKnownAsDoneWhoeverElseWaits) {
    const Proof off{Verdict::off, {}};
    replace({.node = "n3", .binding = new_machine(), .boot = "new-boot"}, off);
    const auto done = [&](const std::string& which) {
        const Now seen = now();
        return *was_bound(seen, means(), *seen.cluster.find_node("n3"), which);
    };
    waiting_ = {waits_as("NEW", "52:54:00:00:00:f3", "new-boot"), waits_as("ELSE", "52:54:00:00:00:f4", "else")};
    EXPECT_TRUE(done("")) << "it waits as long as it has not noticed";
    waiting_.erase(waiting_.begin());
    claim("NEW", "new-boot");
    beating_ = {"new-boot"};
    EXPECT_TRUE(done(""));
    EXPECT_TRUE(done("2"));
    EXPECT_TRUE(done("NEW"));
    EXPECT_FALSE(done("ELSE"));
    beating_.clear();
    EXPECT_FALSE(done("")) << "the node died since: another machine is meant";
    waiting_ = {waits_as("NEW", "52:54:00:00:00:f5", "third-boot")};
    EXPECT_FALSE(done("NEW")) << "it came again with another NIC";
}

TEST_F(NodeLife, AKeyThatTheNewMachineLacksIsNotForgottenInSilence) {
    Replacement wanted{.node = "n3"};
    wanted.binding.machine.uuid = "4c4c4544-0042-3510-8052-b4c04f4a3133";
    const auto change = plan_replacement(now(), means(), wanted, {Verdict::off, {}});
    ASSERT_TRUE(change) << change.error().what;
    EXPECT_THAT(change->notes, testing::Contains(HasSubstr("no serial number any more")));
}

TEST_F(NodeLife, TwoNodesDoNotShareAFenceDevice) {
    members_ = {1, 2, 3};
    Wanted wanted{.keys = {{"name", "n4"}, {"machine", {{"serial", "FOUR"}}}}};
    wanted.keys["nics"].push_back({{"mac", "52:54:00:00:00:04"}});
    wanted.keys["fence"].push_back({{"agent", "fence_ipmilan"}, {"options", {{"ip", "10.0.0.102"}}}});
    const auto refused = plan_addition(now(), means(), {wanted});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("n2"));
    wanted.keys["fence"][0]["options"]["plug"] = "4";
    EXPECT_TRUE(plan_addition(now(), means(), {wanted})) << "another plug of the same device";
}

TEST_F(NodeLife, AFenceDeviceThatDoesNotAnswerWithNewOptionsIsFoundWhenTheyAreGiven) {
    const auto wrong =
        with("n3\"", "n3-wrong\"", with((place() / "n3").string(), "\"" + (place() / "n3").string() + "\"", text_));
    EXPECT_TRUE(require_fence_answer(text_, "n3", means()));
    const auto refused = require_fence_answer(wrong, "n3", means());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().advice, HasSubstr("--fence-option"));
}

TEST_F(NodeLife, AnAdditionGivenAgainIsKnownAsDone) {
    EXPECT_FALSE(was_added(now(), "n4", ""));
    EXPECT_FALSE(was_added(now(), "n3", "")) << "it is off, and nobody waits";
    EXPECT_TRUE(was_added(now(), "n3", "OLD"));
    waiting_ = {waits_as("OLD", "52:54:00:00:00:03", "boot")};
    EXPECT_TRUE(was_added(now(), "n3", ""));
    waiting_.clear();
    beating_ = {"old-boot"};
    EXPECT_TRUE(was_added(now(), "n3", ""));
}

TEST_F(NodeLife, RemoveIsCompletedWhereverPowerGoes) {
    const auto command = [&]() -> Result<Change> {
        const auto seen = now();
        std::map<std::string, Proof> proofs;
        if (seen.cluster.find_node("n3") != nullptr)
            TRY(write_rebinding(root(), {.node = "n3", .before = new_machine(), .generation = 1}));
        if (const auto* node = seen.cluster.find_node("n3"))
            proofs["n3"] = ask_whether_off(*node, means().agents, Deadline::after(Milliseconds(10000)));
        return plan_removal(seen, means(), {{"n3"}, false, ""}, proofs);
    };
    cut_everywhere(
        [&]() -> Result<Change> {
            auto change = command();
            // After the last step nothing is left of the node, and the command says so.
            if (!change && now().cluster.find_node("n3") == nullptr) return Change();
            return change;
        },
        [&] {
            EXPECT_EQ(state("n3"), "off");
            EXPECT_EQ(yaml(), text_.substr(0, text_.find("  - name: n3")));
            EXPECT_TRUE(now().claims.empty());
            EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n3"));
            EXPECT_EQ(*read_line(root() / ".pando/kept/tree.n3.1/etc/hostname"), "n3") << "kept, not destroyed";
            EXPECT_FALSE(fs::exists(root() / ".pando/kept/tree.n3.2"));
            EXPECT_FALSE(*has_history(root(), "n3")) << "a later n3 has its own";
            EXPECT_EQ(list_directory(root() / ".pando/history/removed")->size(), 1U);
        });
}

TEST_F(NodeLife, RemoveRefusesTheNodeItRunsOnAndThoseThatAreUp) {
    EXPECT_THAT(plan_removal(now(), means(), {{"n9"}, false, ""}, {}).error().what, HasSubstr("no node n9"));
    Now seen = now();
    seen.quorum->members = {1, 2, 3};
    EXPECT_THAT(plan_removal(seen, means(), {{"n1"}, true, ""}, {}).error().what, HasSubstr("runs on"));
    EXPECT_THAT(plan_removal(seen, means(), {{"n3"}, false, ""}, {}).error().what, HasSubstr("is up"));
    const Proof on{Verdict::on, {{"n3", "n3-relay", true, "on"}}};
    const auto stopped = plan_removal(seen, means(), {{"n3"}, true, ""}, {{"n3", on}});
    ASSERT_TRUE(stopped) << stopped.error().what;
    EXPECT_FALSE(stopped->questions.empty()) << "somebody is asked before a machine is switched off";
}

TEST_F(NodeLife, WhoRunsIsRemovedWhenItsFenceDeviceAndTheClusterSayThatItIsGone) {
    members_ = {1, 2, 3};
    const Proof unknown{Verdict::unknown, {{"n3", "n3-relay", false, "no route to host"}}};
    const auto refused = plan_removal(now(), means(), {{"n3"}, true, "it is off, I swear"}, {{"n3", unknown}});
    ASSERT_FALSE(refused) << "nobody's word counts for one that votes";
    EXPECT_THAT(refused.error().what, HasSubstr("n3 runs"));

    const Proof on{Verdict::on, {{"n3", "n3-relay", true, "on"}}};
    Means by = means();
    by.agents = [this](const std::vector<std::string>& argv, const std::string& input, Deadline deadline) {
        auto done = run({.argv = argv, .input = input, .deadline = deadline});
        if (state("n3") == "off") members_ = {1, 2};  // corosync notices
        return done;
    };
    const auto change = plan_removal(now(), by, {{"n3"}, true, ""}, {{"n3", on}});
    ASSERT_TRUE(change) << change.error().what;
    std::vector<std::string> texts = change->plan.texts();
    ASSERT_GE(texts.size(), 3U);
    EXPECT_THAT(texts[0], HasSubstr("switch the machine of n3 off"));
    EXPECT_THAT(texts[1], HasSubstr("wait until n3 has left"));
    EXPECT_THAT(texts[2], HasSubstr("write generation"));
    EXPECT_FALSE(*change->plan.steps()[1].done());
    const auto done = change->plan.execute(Plan::Mode::apply);
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(state("n3"), "off");
    EXPECT_EQ(now().cluster.find_node("n3"), nullptr);
}

// dlm_controld fences a member that is gone, and a fencing ends with its power on.
TEST_F(NodeLife, AMachineThatItsFencingSwitchesOnAgainIsRemovedAllTheSame) {
    members_ = {1, 2, 3};
    bool fenced = false;
    Means by = means();
    by.agents = [this](const std::vector<std::string>& argv, const std::string& input, Deadline deadline) {
        auto done = run({.argv = argv, .input = input, .deadline = deadline});
        if (state("n3") == "off") members_ = {1, 2};  // corosync notices
        return done;
    };
    by.publish = [this, &fenced](const std::string&, const config::Bundle& seen, config::Bundle next,
                                 const std::function<Result<>()>& before) -> Result<Published> {
        if (!fenced) state("n3", "on");  // the cluster's lock is there when the fencing is over
        fenced = true;
        TRY(before());
        next.generation = seen.generation + 1;
        TRY(config::write_slot(*store_, next));
        return Published{next.generation, {}};
    };
    const Removal wanted{{"n3"}, true, ""};
    const Planner planner = [&](const Now& seen, const Means& with) {
        const Proof proof =
            ask_whether_off(*seen.cluster.find_node("n3"), with.agents, Deadline::after(std::chrono::seconds(5)));
        return plan_removal(seen, with, wanted, {{"n3", proof}});
    };
    const auto change = plan_with_second_look(now(), by, planner);
    ASSERT_TRUE(change) << change.error().what;
    const auto done = change->plan.execute(Plan::Mode::apply);
    ASSERT_TRUE(done) << done.error().what << " " << done.error().advice;
    EXPECT_TRUE(fenced);
    EXPECT_EQ(now().cluster.find_node("n3"), nullptr);
    EXPECT_EQ(state("n3"), "off") << "nobody wants it on";
}

// Its BMC is silent just then: the node is removed all the same, and the command says so.
TEST_F(NodeLife, AMachineThatCannotBeSeenOffOnceMoreIsRemovedAllTheSame) {
    members_ = {1, 2, 3};
    bool fenced = false;
    Means by = means();
    by.agents = [this, &fenced](const std::vector<std::string>& argv, const std::string& input,
                                Deadline deadline) -> Result<Finished> {
        if (fenced) return fail("no answer").kind(ErrorKind::timeout);
        auto done = run({.argv = argv, .input = input, .deadline = deadline});
        if (state("n3") == "off") members_ = {1, 2};
        return done;
    };
    by.publish = [this, &fenced](const std::string&, const config::Bundle& seen, config::Bundle next,
                                 const std::function<Result<>()>& before) -> Result<Published> {
        TRY(before());
        fenced = true;
        next.generation = seen.generation + 1;
        TRY(config::write_slot(*store_, next));
        return Published{next.generation, {}};
    };
    const Removal wanted{{"n3"}, true, ""};
    const Planner planner = [&](const Now& seen, const Means& with) {
        const Proof proof =
            ask_whether_off(*seen.cluster.find_node("n3"), with.agents, Deadline::after(std::chrono::seconds(5)));
        return plan_removal(seen, with, wanted, {{"n3", proof}});
    };
    const auto change = plan_with_second_look(now(), by, planner);
    ASSERT_TRUE(change) << change.error().what;
    const auto done = change->plan.execute(Plan::Mode::apply);
    EXPECT_TRUE(done) << done.error().what;
    EXPECT_EQ(now().cluster.find_node("n3"), nullptr);
}

TEST_F(NodeLife, WhoseMacIsInTheBootScriptIsNotForgottenThere) {
    const Proof off{Verdict::off, {{"n3", "n3-relay", true, "off"}}};
    const Planner planner = [&](const Now& seen, const Means& with) {
        return plan_replacement(seen, with, {.node = "n3", .binding = new_machine()}, off);
    };
    const auto plain = plan_with_second_look(now(), means(), planner);
    ASSERT_TRUE(plain) << plain.error().what;
    EXPECT_THAT(plain->notes, testing::Not(testing::Contains(HasSubstr("boot.ipxe"))));
    config::Bundle own = *config::read_newest(*store_, "grove");
    own.generation += 1;
    own.files["cluster.yaml"] = with("    id: 3\n", "    id: 3\n    kernel_arguments: [console=ttyS1]\n", text_);
    ASSERT_TRUE(config::write_slot(*store_, own));
    const auto change = plan_with_second_look(now(), means(), planner);
    ASSERT_TRUE(change) << change.error().what;
    EXPECT_THAT(change->notes, testing::Contains(HasSubstr("boot.ipxe")));
}

TEST_F(NodeLife, NothingIsSwitchedOffByAPlanThatIsOutdated) {
    const Proof on{Verdict::on, {{"n3", "n3-relay", true, "on"}}};
    const auto change = plan_removal(now(), means(), {{"n3"}, false, ""}, {{"n3", on}});
    ASSERT_TRUE(change) << change.error().what;
    config::Bundle other = *config::read_newest(*store_, "grove");
    other.generation += 1;
    other.files["cluster.yaml"] = with("serial: OLD", "serial: NEW", text_);
    ASSERT_TRUE(config::write_slot(*store_, other));
    const auto done = change->plan.execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("the description was changed"));
    EXPECT_EQ(state("n3"), "on") << "it may be the new machine's power";
}

// Power goes when the description has the new name and the tree has not; somebody starts the blade.
TEST_F(NodeLife, RenameIsCompletedWhenTheNodeHasBootedByItsNewName) {
    auto change = plan_renaming(now(), means(), "n3", "db");
    ASSERT_TRUE(change) << change.error().what;
    for (const auto& step : change->plan.steps()) {
        ASSERT_TRUE(step.apply());
        if (step.text.find("write generation") != std::string::npos) break;
    }
    ASSERT_NE(now().cluster.find_node("db"), nullptr);
    ASSERT_TRUE(make_directories(root() / ".pando/nodes/db/etc"));
    ASSERT_TRUE(write_file_atomic(root() / ".pando/nodes/db/etc/hostname", "a fresh one\n"));
    change = plan_renaming(now(), means(), "n3", "db");
    ASSERT_TRUE(change) << change.error().what << " " << change.error().advice;
    EXPECT_THAT(change->notes, testing::Contains(HasSubstr("kept aside")));
    const auto done = change->plan.execute(Plan::Mode::apply);
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(read_line(root() / ".pando/nodes/db/etc/hostname").value_or(""), "n3") << "its own, as it was";
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n3"));
    EXPECT_EQ(list_directory(root() / ".pando/kept")->size(), 1U) << "nothing is thrown away";
}

// The tree of a node that runs is not taken away under it: not by a yes from before it booted.
TEST_F(NodeLife, RenameLeavesTheTreeOfANodeThatHasBootedSince) {
    auto change = plan_renaming(now(), means(), "n3", "db");
    ASSERT_TRUE(change) << change.error().what;
    for (const auto& step : change->plan.steps()) {
        ASSERT_TRUE(step.apply());
        if (step.text.find("write generation") != std::string::npos) break;
    }
    ASSERT_TRUE(make_directories(root() / ".pando/nodes/db/etc"));
    change = plan_renaming(now(), means(), "n3", "db");
    ASSERT_TRUE(change) << change.error().what;
    members_ = {1, 2, 3};
    const auto refused = change->plan.execute(Plan::Mode::apply);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("db is up, a member of the cluster"));
    EXPECT_TRUE(fs::exists(root() / ".pando/nodes/db/etc")) << "it writes there";
    EXPECT_TRUE(fs::exists(root() / ".pando/nodes/n3/etc"));
    members_ = {1, 2};
    const auto done = change->plan.execute(Plan::Mode::apply);
    EXPECT_TRUE(done) << done.error().what;
}

TEST_F(NodeLife, RenameIsCompletedWhereverPowerGoes) {
    const auto command = [&]() -> Result<Change> {
        if (now().cluster.find_node("n3") != nullptr)
            TRY(write_rebinding(root(), {.node = "n3", .before = new_machine(), .generation = 1}));
        auto change = plan_renaming(now(), means(), "n3", "db");
        if (!change && now().cluster.find_node("db") != nullptr) return Change();
        return change;
    };
    cut_everywhere(command, [&] {
        EXPECT_EQ(yaml(), with("name: n3", "name: db", text_));
        EXPECT_TRUE(fs::exists(root() / ".pando/nodes/db/etc/hostname"));
        EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n3"));
        EXPECT_TRUE(now().claims.empty());
        EXPECT_FALSE(*has_history(root(), "n3"));
        EXPECT_TRUE(*has_history(root(), "db"));
    });
    EXPECT_FALSE(plan_renaming(now(), means(), "n1", "db"));
    EXPECT_FALSE(plan_renaming(now(), means(), "n1", "No Name"));
    Now seen = now();
    EXPECT_FALSE(plan_renaming(seen, means(), "n2", "pine")) << "it is up";
}

}  // namespace
}  // namespace pando::test
