// SPDX-License-Identifier: GPL-2.0-or-later
// Power goes between any two changes: the process is killed at each of them in turn, and the next run completes.
#include "tests/integration/cdsl/world.h"

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;

class Crash : public World {
protected:
    // Kills `work` at its first, second, … change until it comes through, each time on a renewed root, and hands every
    // remains to `afterwards`. Returns how many kills there were.
    int kill_everywhere(const std::function<void()>& before, const std::function<void(const Checkpoint&)>& work,
                        const std::function<void(int)>& afterwards) {
        for (int n = 1; n < 1000; ++n) {
            renew();
            before();
            const Ended ended = in_child([&] { work(kill_at(n)); });
            if (!ended.killed) {
                EXPECT_EQ(ended.status, 0);
                return n - 1;
            }
            afterwards(n);
            if (HasFailure()) return n;
        }
        ADD_FAILURE() << "does not come to an end";
        return 0;
    }

    // Every file of the image is where it was, or behind a link whose content the template holds.
    void expect_nothing_lost() const {
        const std::map<std::string, std::string> files = {
            {"/etc/hostname", "image\n"},
            {"/etc/ssh/ssh_host_ed25519_key", "secret\n"},
            {"/etc/iscsi/initiatorname.iscsi", "InitiatorName=of.the.image\n"},
            {"/var/log/apt/history.log", "installed\n"},
            {"/var/lib/systemd/random-seed", "seed\n"},
            {"/var/cache/apt/pkgcache.bin", "packages\n"},
            {"/var/spool/cron/root", "* * * * * true\n"}};
        for (const auto& [path, content] : files) {
            const bool linked = fs::is_symlink(root() / fs::path(path).relative_path());
            EXPECT_EQ(get(linked ? "/.pando/nodes/.template" + path : path), content) << path;
        }
    }
};

void prepare_with(const fs::path& root, const std::vector<Rule>& policy, const Checkpoint& checkpoint) {
    const auto done = prepare(root, policy, checkpoint).execute(Plan::Mode::apply);
    EXPECT_TRUE(done) << done.error().what;
}

TEST_F(Crash, PrepareKilledAnywhereLosesNothingAndTheNextRunCompletes) {
    prepare_all();
    const auto whole = snapshot();
    const int kills = kill_everywhere(
        [] {}, [&](const Checkpoint& checkpoint) { prepare_with(root(), builtin_policy(), checkpoint); },
        [&](int n) {
            expect_nothing_lost();
            prepare_all();
            EXPECT_THAT(without_spares(differences(whole, snapshot())), testing::IsEmpty()) << "killed at change " << n;
        });
    EXPECT_GT(kills, 40);
}

TEST_F(Crash, PrepareStoppedAfterAnyStepIsCompletedByTheNextRun) {
    prepare_all();
    const auto whole = snapshot();
    const size_t steps = prepare(root(), builtin_policy()).steps().size();
    for (size_t count = 0; count < steps; ++count) {
        renew();
        {
            const Plan plan = prepare(root(), builtin_policy());
            for (size_t i = 0; i < count; ++i)
                if (!plan.steps()[i].done().value_or(false)) {
                    const auto applied = plan.steps()[i].apply();
                    ASSERT_TRUE(applied) << plan.steps()[i].text << ": " << applied.error().what;
                }
        }
        expect_nothing_lost();
        prepare_all();
        ASSERT_THAT(differences(whole, snapshot()), testing::IsEmpty()) << "stopped after step " << count;
    }
}

TEST_F(Crash, ANodesFirstBootKilledAnywhereIsCompletedByTheNext) {
    prepare_all();
    as_node([&] { map_as("n1"); });
    const auto whole = snapshot();
    const int kills = kill_everywhere(
        [&] { prepare_all(); },
        [&](const Checkpoint& checkpoint) { (void)map(root(), builtin_policy(), facts_of("n1"), checkpoint); },
        [&](int n) {
            as_node([&] { map_as("n1"); });
            EXPECT_THAT(differences(whole, snapshot()), testing::IsEmpty()) << "killed at change " << n;
        });
    EXPECT_GT(kills, 15);
}

TEST_F(Crash, ABootThatFindsANewRuleKilledAnywhereIsCompletedByTheNext) {
    auto grown = builtin_policy();
    grown.push_back({"/srv/deep/down/here", Mode::bind, Seed::copy, 0755, "x"});
    const auto before = [&] {
        put("/srv/deep/down/here/data", "precious");
        prepare_all();
        as_node([&] { map_as("n1"); });
        prepare_all(grown);
    };
    renew();
    before();
    as_node([&] { map_as("n1", grown); });
    const auto whole = snapshot();
    ASSERT_TRUE(whole.contains(".pando/nodes/n1/srv/deep/down/here/data"));
    kill_everywhere(
        before, [&](const Checkpoint& checkpoint) { (void)map(root(), grown, facts_of("n1"), checkpoint); },
        [&](int n) {
            as_node([&] { map_as("n1", grown); });
            EXPECT_THAT(differences(whole, snapshot()), testing::IsEmpty()) << "killed at change " << n;
        });
}

// /var becomes private when /var/log has long been: what the nodes have below it stays theirs.
TEST_F(Crash, ARuleAboveOlderOnesKilledAnywhereKeepsTheirContent) {
    auto grown = builtin_policy();
    grown.push_back({"/var/lib", Mode::bind, Seed::copy, 0755, "x"});
    const auto before = [&] {
        prepare_all();
        as_node([&] {
            map_as("n1");
            put("/var/lib/systemd/random-seed", "n1's own", 0600);
        });
        prepare_all(grown);
    };
    renew();
    before();
    as_node([&] {
        map_as("n1", grown);
        EXPECT_EQ(get("/var/lib/systemd/random-seed"), "n1's own");
        EXPECT_EQ(get("/var/lib/dpkg/status"), "Package: base\n");
    });
    const auto whole = snapshot();
    kill_everywhere(
        before, [&](const Checkpoint& checkpoint) { (void)map(root(), grown, facts_of("n1"), checkpoint); },
        [&](int n) {
            as_node([&] { map_as("n1", grown); });
            EXPECT_THAT(differences(whole, snapshot()), testing::IsEmpty()) << "killed at change " << n;
        });
    // And the same in the template, which prepare() fills.
    const auto older = [&] { prepare_all(); };
    renew();
    older();
    prepare_all(grown);
    const auto prepared = snapshot();
    kill_everywhere(
        older, [&](const Checkpoint& checkpoint) { prepare_with(root(), grown, checkpoint); },
        [&](int n) {
            prepare_all(grown);
            EXPECT_THAT(differences(prepared, snapshot()), testing::IsEmpty()) << "killed at change " << n;
        });
}

TEST_F(Crash, PuttingALinkBackKilledAnywhereKeepsTheFile) {
    const auto before = [&] {
        prepare_all();
        as_node([&] { map_as("n1"); });
        put("/etc/hostname", "written by rename\n");
    };
    kill_everywhere(
        before, [&](const Checkpoint& checkpoint) { (void)map(root(), builtin_policy(), facts_of("n1"), checkpoint); },
        [&](int n) {
            as_node([&] { map_as("n1"); });
            EXPECT_EQ(get("/.pando/displaced/etc_hostname.n1.1"), "written by rename\n") << n;
            EXPECT_FALSE(fs::exists(root() / ".pando/displaced/etc_hostname.n1.2")) << n;
            EXPECT_TRUE(fs::is_symlink(root() / "etc/hostname"));
        });
}

}  // namespace
}  // namespace pando::cdsl
