// SPDX-License-Identifier: GPL-2.0-or-later
// A node maps, or a program writes, while another node is in the middle of a change.
#include "base/fd.h"
#include "base/log.h"
#include "cdsl/change.h"
#include "cdsl/declare.h"
#include "cdsl/layout.h"
#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Pipe {
public:
    Pipe() {
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        read_.reset(ends[0]);
        write_.reset(ends[1]);
    }
    void say() const { (void)!::write(write_.get(), "x", 1); }
    // False: nobody said anything within a minute.
    bool hear() const {
        pollfd something{read_.get(), POLLIN, 0};
        char what = 0;
        return poll(&something, 1, 60'000) > 0 && ::read(read_.get(), &what, 1) == 1;
    }

private:
    UniqueFd read_, write_;
};

class Meanwhile : public World {
protected:
    void SetUp() override {
        World::SetUp();
        for (const char* name : {"n1", "n2", "n3"}) {
            config::Node node;
            node.name = name;
            cluster_.nodes.push_back(node);
        }
        put("/etc/motd", "welcome");
        prepare_all();
        for (const char* node : {"n1", "n2"}) as_node([&] { boot(node); });
    }

    Mapped boot(const std::string& node, const Patience& patience = {}) const {
        auto mapped = map(root(), builtin_policy(), facts_of(node), {}, patience);
        EXPECT_TRUE(mapped) << mapped.error().what;
        return mapped.value_or(Mapped{});
    }

    Result<> create_motd(const Checkpoint& checkpoint = {}) const {
        const auto change = TRY(Change::begin(root(), {"n1", "pando cdsl create"}, checkpoint));
        Rule rule{"/etc/motd", Mode::link, Seed::copy, 0644, "a test"};
        TRY(change.carry_out(TRY(plan_creation(change.shared(), cluster_, {std::move(rule), ""}))));
        return {};
    }
    Result<> delete_motd(const Checkpoint& checkpoint = {}) const {
        const auto change = TRY(Change::begin(root(), {"n1", "pando cdsl delete"}, checkpoint));
        TRY(change.carry_out(TRY(plan_deletion(change.shared(), cluster_, {"/etc/motd", "n1", {}}))));
        return {};
    }

    // Runs `change` on another node up to where its checkpoint is told `stop`; it goes on with finish().
    void begin(const std::function<Result<>(const Checkpoint&)>& change, const std::string& stop) {
        fflush(nullptr);
        other_ = fork();
        if (other_ == 0) {
            const auto done = change([&](std::string_view reached) {
                if (reached != stop) return;
                stopped_.say();
                (void)go_on_.hear();
            });
            if (!done) fmt::print(stderr, "{}\n", done.error().what);
            _exit(done ? 0 : 1);
        }
        ASSERT_TRUE(stopped_.hear()) << "it never came to: " << stop;
    }
    void finish() {
        go_on_.say();
        int status = 0;
        ASSERT_EQ(waitpid(other_, &status, 0), other_);
        EXPECT_EQ(status, 0);
    }

    // What apply begins with when cluster.yaml has one more.
    static std::vector<Rule> wider() {
        std::vector<Rule> rules = builtin_policy();
        rules.push_back({"/srv", Mode::tmpfs, Seed::empty, 0755, "a test"});
        return rules;
    }

    std::vector<std::string> displaced() const { return list_directory(root() / displaced_directory).value(); }

    config::Cluster cluster_;
    Pipe stopped_, go_on_;
    pid_t other_ = -1;
};

constexpr Patience none{Milliseconds(0), Milliseconds(0)};

TEST_F(Meanwhile, ANewNodeWaitsForAChangeAndHasItsCopy) {
    begin([&](const Checkpoint& at) { return create_motd(at); }, "wrote the intent");
    const Pipe waits;
    fflush(nullptr);
    const pid_t booting = fork();
    if (booting == 0) {
        const Ended ended = in_child([&] {
            log::set_level(log::Level::info);
            log::set_sink([&](log::Level, std::string_view line) {
                if (line.starts_with("waiting for n1 (pando cdsl create")) waits.say();
            });
            EXPECT_THAT(boot("n3").failures, IsEmpty());
        });
        _exit(ended.killed ? 1 : ended.status);
    }
    EXPECT_TRUE(waits.hear()) << "it made its tree beside a change that knows nothing of it";
    finish();
    int status = 0;
    ASSERT_EQ(waitpid(booting, &status, 0), booting);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(get("/.pando/nodes/n3/etc/motd"), "welcome");
}

TEST_F(Meanwhile, ANewNodeThatWaitedLongEnoughSaysForWhom) {
    begin([&](const Checkpoint& at) { return create_motd(at); }, "wrote the intent");
    as_node([&] {
        const auto mapped = map(root(), builtin_policy(), facts_of("n3"), {}, none);
        ASSERT_FALSE(mapped);
        EXPECT_THAT(mapped.error().what, HasSubstr("n1 (pando cdsl create"));
    });
    finish();
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n3"));
}

TEST_F(Meanwhile, ANodeWithAllItNeedsMapsWithoutTheLock) {
    begin([&](const Checkpoint& at) { return create_motd(at); }, "wrote the intent");
    as_node([&] {
        const auto mapped = boot("n2", none);
        EXPECT_THAT(mapped.failures, IsEmpty());
        EXPECT_GT(mapped.binds, 0U);
    });
    finish();
}

TEST_F(Meanwhile, ADeletionIsNotUndoneByANodeThatMaps) {
    ASSERT_TRUE(create_motd());
    as_node([&] { EXPECT_EQ(boot("n2").failures.size(), 0U); });
    // The file is in the link's place again, and the lock still held.
    begin([&](const Checkpoint& at) { return delete_motd(at); }, "published");
    as_node([&] { EXPECT_THAT(boot("n2", none).repaired, IsEmpty()); });
    finish();
    as_node([&] { EXPECT_THAT(boot("n2").repaired, IsEmpty()); });
    EXPECT_FALSE(fs::is_symlink(root() / "etc/motd"));
    EXPECT_EQ(get("/etc/motd"), "welcome");
    EXPECT_THAT(displaced(), IsEmpty());
}

TEST_F(Meanwhile, ALinkReplacedDuringAChangeIsLeftAndSaid) {
    ASSERT_TRUE(create_motd());
    put("/etc/new", "by rename");
    fs::rename(root() / "etc/new", root() / "etc/motd");
    begin([&](const Checkpoint& at) { return prepare(root(), wider(), at).execute(Plan::Mode::apply); },
          "wrote the intent");
    as_node([&] {
        const auto mapped = boot("n2", none);
        EXPECT_THAT(mapped.failures,
                    ElementsAre(testing::AllOf(HasSubstr("/etc/motd: is left as it is"), HasSubstr("changed by"))));
        EXPECT_GT(mapped.binds, 0U) << "the others are mapped all the same";
    });
    finish();
}

// What a program renames to the path between a look and the exchange is kept.
TEST_F(Meanwhile, NothingWrittenWhileALinkIsPutIsLost) {
    bool once = true;
    ASSERT_TRUE(create_motd([&](std::string_view done) {
        if (done != "made the link" || !std::exchange(once, false)) return;
        put("/etc/new", "the last word");
        fs::rename(root() / "etc/new", root() / "etc/motd");
    }));
    EXPECT_FALSE(once);
    EXPECT_TRUE(fs::is_symlink(root() / "etc/motd"));
    ASSERT_THAT(displaced(), ElementsAre("etc_motd.shared.1"));
    EXPECT_EQ(get("/.pando/displaced/etc_motd.shared.1"), "the last word");
}

TEST_F(Meanwhile, ADirectoryThatTakesTheLinksPlaceStaysThere) {
    bool once = true;
    const auto created = create_motd([&](std::string_view done) {
        if (done != "made the link" || !std::exchange(once, false)) return;
        fs::remove(root() / "etc/motd");
        fs::create_directory(root() / "etc/motd");
        put("/etc/motd/inside", "kept");
    });
    EXPECT_EQ(get("/etc/motd/inside"), "kept");
    EXPECT_THAT(displaced(), IsEmpty());
    ASSERT_FALSE(created);
    EXPECT_THAT(created.error().what, HasSubstr("is a directory"));
}

}  // namespace
}  // namespace pando::cdsl
