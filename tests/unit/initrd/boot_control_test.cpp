// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_control.h"

#include "base/file.h"
#include "initrd/ask_boot.h"
#include "initrd/boot.h"
#include "initrd/control_socket.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

using namespace pando;
using namespace pando::initrd;
using nlohmann::json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

Doing join_that_waits() {
    Doing doing;
    doing.state = Doing::State::stage;
    doing.stage = "join";
    doing.begin = Milliseconds(5000);
    doing.span = seconds(300);
    doing.waiting_for = "quorum: 1 of 2 votes, 2 needed; missing: n2";
    doing.then = "this machine reboots (policy reboot)";
    return doing;
}

Doing rescue_of(const std::string& stage, bool may_go_back) {
    Doing doing;
    doing.state = Doing::State::rescue;
    doing.stage = stage;
    doing.span = seconds(300);
    doing.may_retry = true;
    doing.may_go_back = may_go_back;
    return doing;
}

json retry(BootControl& control, const std::string& stage) {
    return control.answer({{"verb", "retry"}, {"stage", stage}});
}
json set(BootControl& control, const std::string& setting) {
    return control.answer({{"verb", "set"}, {"setting", setting}});
}

}  // namespace

TEST(WaitingLine, SaysStageElapsedWhatForAndWhatHappensWhen) {
    EXPECT_EQ(waiting_line(join_that_waits(), Milliseconds(45020)),
              "join: 40 s; waiting for quorum: 1 of 2 votes, 2 needed; missing: n2; at 300 s this machine reboots "
              "(policy reboot)");
    EXPECT_EQ(waiting_line({}, Milliseconds(1)), "");
    Doing taken = join_that_waits();
    taken.span = Milliseconds(0);
    EXPECT_EQ(waiting_line(taken, Milliseconds(45020)), "") << "a person is at work";
}

TEST(WaitingLine, IsToldAfterTenSecondsThenEveryThirtyThenEveryMinute) {
    const Doing doing = join_that_waits();
    const auto after = [&](int64_t elapsed) {
        return (next_telling(doing, doing.begin + seconds(elapsed)) - doing.begin).count() / 1000;
    };
    std::vector<int64_t> told;
    for (int64_t at = after(0); at <= 420; at = after(at)) told.push_back(at);
    EXPECT_THAT(told, ElementsAre(10, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 360, 420));
}

TEST(WaitingLine, NamesThePolicyAndTheTriesThatAreLeft) {
    using config::Policy;
    EXPECT_EQ(what_then(Policy::reboot, 0, 3, seconds(300)), "this machine reboots (policy reboot)");
    EXPECT_EQ(what_then(Policy::retry, 0, 3, seconds(300)), "it is tried again (policy retry, 1 of 3)");
    EXPECT_EQ(what_then(Policy::retry, 3, 3, seconds(300)), "this machine reboots (policy retry, no try is left)");
    EXPECT_THAT(what_then(Policy::rescue, 0, 3, seconds(300)), HasSubstr("a shell is offered for 300 s"));
}

TEST(Setting, HasStageKeyAndValue) {
    const auto longer = parse_setting("join.deadline=30m");
    ASSERT_TRUE(longer) << longer.error().what;
    EXPECT_EQ(longer->stage, "join");
    EXPECT_EQ(longer->settings.deadline, std::chrono::minutes(30));
    EXPECT_FALSE(longer->settings.policy);
    EXPECT_EQ(parse_setting("root.policy=rescue")->settings.policy, config::Policy::rescue);
    EXPECT_EQ(parse_setting("rescue.deadline=1h")->settings.deadline, std::chrono::hours(1));
}

TEST(Setting, WhatIsNoSettingIsRefusedWithAnExample) {
    for (const char* text : {"", "join", "join=3s", "join.deadline", "join.deadline=", "join.deadline=soon",
                             "join.deadline=0s", "join.deadline=25h", "joining.deadline=3s", "join.policy=wait",
                             "rescue.policy=reboot", "join.color=red", "=.", ".=", "join=deadline.3s"}) {
        const auto setting = parse_setting(text);
        ASSERT_FALSE(setting) << text;
        EXPECT_EQ(setting.error().kind, ErrorKind::bad_input) << text;
        EXPECT_THAT(setting.error().advice, HasSubstr("join.deadline=30m")) << text;
    }
}

TEST(BootControl, AStageThatRunsIsGivenMoreTimeAndTellsSo) {
    BootControl control({"network", "join", "root"});
    control.begin(join_that_waits());
    EXPECT_TRUE(set(control, "join.deadline=30m").at("ok"));
    EXPECT_EQ(control.answer({{"verb", "status"}}).at("deadline"), 1800);
    EXPECT_EQ(control.settings("join").deadline, std::chrono::minutes(30));
    EXPECT_TRUE(set(control, "join.deadline=10s").at("ok"));
    EXPECT_EQ(control.doing().span, std::chrono::minutes(30)) << "a try that runs is not cut short";
    EXPECT_FALSE(set(control, "install.deadline=10s").at("ok")) << "this boot has no such stage";
    EXPECT_FALSE(control.settings("root").deadline);
}

TEST(BootControl, ARetryIsForAStageThatFailedOrOneBefore) {
    BootControl control({"network", "join", "root"});
    control.begin(join_that_waits());
    EXPECT_THAT(retry(control, "").at("error"), HasSubstr("no stage has failed"));
    control.begin(rescue_of("join", true));
    EXPECT_THAT(retry(control, "root").at("error"), HasSubstr("no stage is passed over"));
    EXPECT_THAT(retry(control, "joining").at("error"), HasSubstr("no stage joining"));
    EXPECT_FALSE(control.take_retry());
    EXPECT_TRUE(retry(control, "network").at("ok"));
    EXPECT_EQ(control.take_retry(), "network");
    EXPECT_FALSE(control.take_retry()) << "asked for once";
    EXPECT_TRUE(retry(control, "").at("ok"));
    EXPECT_EQ(control.take_retry(), "join");
}

TEST(BootControl, NoStageIsGoneBackToOnceTheClustersDaemonsRun) {
    BootControl control({"network", "join", "root"});
    control.begin(rescue_of("root", false));
    EXPECT_THAT(retry(control, "network").at("error"), HasSubstr("daemons run already"));
    EXPECT_TRUE(retry(control, "root").at("ok"));
}

TEST(BootControl, ARescueIsGivenMoreTime) {
    BootControl control({"join"});
    control.begin(rescue_of("join", true));
    EXPECT_TRUE(set(control, "rescue.deadline=1h").at("ok"));
    EXPECT_GT(control.rescue_deadline().remaining(), std::chrono::minutes(59));
}

TEST(BootControl, NonsenseIsAnsweredAsSuch) {
    BootControl control({"join"});
    for (const json& request : {json(), json("retry"), json::array(), json::object(), json{{"verb", 7}},
                                json{{"verb", "set"}, {"setting", json::array()}}, json{{"verb", "explode"}}})
        EXPECT_FALSE(control.answer(request).at("ok")) << request.dump();
    EXPECT_EQ(control.answer({{"verb", "status"}}).at("state"), "between stages");
}

namespace {

// Another process asks; this one is process 1. The child ends with what `right` says of its answer.
int asked_by_another(ControlServer& server, const std::filesystem::path& path, const json& request,
                     const std::function<bool(const json&)>& right) {
    const pid_t pid = fork();
    if (pid == 0) {
        const auto answer = ask_boot(request, path);
        _exit(answer && right(*answer) ? 0 : 1);
    }
    pollfd asked{server.descriptor(), POLLIN, 0};
    if (poll(&asked, 1, 20000) == 1) server.serve_one();
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST(ControlSocket, AnotherProcessAsksOrdersAndEndsTheBoot) {
    const auto directory = TemporaryDirectory::create("/dev/shm", "boot-");
    ASSERT_TRUE(directory);
    const auto path = directory->path() / "boot.sock";
    BootControl control({"join"});
    control.begin(join_that_waits());
    std::optional<Ending> ended;
    auto server = ControlServer::open(path, control, [&](Ending ending) { ended = ending; });
    ASSERT_TRUE(server) << server.error().what;
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << "root's alone";

    EXPECT_EQ(asked_by_another(*server, path, {{"verb", "status"}},
                               [](const json& answer) { return answer.value("stage", "") == "join"; }),
              0);
    EXPECT_EQ(asked_by_another(*server, path, {{"verb", "set"}, {"setting", "join.deadline=30m"}},
                               [](const json& answer) { return answer.value("ok", false); }),
              0);
    EXPECT_EQ(control.settings("join").deadline, std::chrono::minutes(30));
    EXPECT_EQ(asked_by_another(*server, path, {{"verb", "retry"}},
                               [](const json& answer) { return !answer.value("ok", true); }),
              0);
    EXPECT_FALSE(ended);
    EXPECT_EQ(asked_by_another(*server, path, {{"verb", "poweroff"}},
                               [](const json& answer) { return answer.value("ok", false); }),
              0);
    EXPECT_EQ(ended, Ending::power_off);
}

TEST(ControlSocket, KnowsOfAPersonInAShellAsLongAsThatIsOpen) {
    const auto directory = TemporaryDirectory::create("/dev/shm", "boot-");
    ASSERT_TRUE(directory);
    const auto path = directory->path() / "boot.sock";
    BootControl control({"join"});
    auto server = ControlServer::open(path, control, [](Ending) {});
    ASSERT_TRUE(server) << server.error().what;
    const pid_t person = fork();
    if (person == 0) {
        const auto attendance = attend_boot("the ssh session from 192.0.2.5", path);
        if (!attendance) _exit(1);
        pause();
    }
    pollfd asked{server->descriptor(), POLLIN, 0};
    ASSERT_EQ(poll(&asked, 1, 20000), 1);
    server->serve_one();
    EXPECT_EQ(control.attending(), "the ssh session from 192.0.2.5");
    server->see_off();
    EXPECT_EQ(control.attending(), "the ssh session from 192.0.2.5") << "it has not ended";
    ASSERT_EQ(server->attendants().size(), 1U);
    kill(person, SIGKILL);
    pollfd ended{server->attendants().front(), POLLIN, 0};
    ASSERT_EQ(poll(&ended, 1, 20000), 1) << "it is seen at once";
    server->see_off();
    EXPECT_EQ(control.attending(), "");
    EXPECT_TRUE(server->attendants().empty());
    waitpid(person, nullptr, 0);
}

TEST(ControlSocket, WhereNoBootRunsThatIsTheError) {
    const auto directory = TemporaryDirectory::create("/dev/shm", "boot-");
    ASSERT_TRUE(directory);
    const auto answer = ask_boot({{"verb", "status"}}, directory->path() / "boot.sock");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().sys, ENOENT);
}

namespace {

// Beside run_stages(), which never returns from a failure that nobody mends: ends the test before anything is reset.
class Operator {
public:
    explicit Operator(std::function<bool()> act)
        : thread_([this, act = std::move(act)] {
              const Deadline deadline = Deadline::after(seconds(20));
              for (bool done = false; !over_;) {
                  if (deadline.passed()) _exit(1);
                  if (!done) done = act();
                  poll(nullptr, 0, 5);
              }
          }) {}
    ~Operator() {
        over_ = true;
        thread_.join();
    }
    Operator(const Operator&) = delete;
    Operator& operator=(const Operator&) = delete;

private:
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

std::vector<std::string> ran;

Result<std::string> passes(Boot&, Deadline) {
    ran.emplace_back("network");
    return std::string("done");
}

// Not before its second try.
Result<std::string> fails_once(Boot&, Deadline) {
    ran.emplace_back("join");
    if (std::count(ran.begin(), ran.end(), "join") == 1) return fail("no quorum");
    return std::string("done");
}

// Until its time is over, the first time.
Result<std::string> takes_its_time(Boot&, Deadline deadline) {
    ran.emplace_back("root");
    if (ran.size() > 1) return std::string("done");
    while (!deadline.passed()) poll(nullptr, 0, deadline.poll_timeout());
    return fail("not mounted in time").kind(ErrorKind::timeout);
}

class Run : public testing::Test {
protected:
    void SetUp() override {
        ran.clear();
        boot.timeline = Timeline(directory.path() / "boot.json");
        (void)boot_control().answer({{"verb", "set"}, {"setting", "rescue.deadline=1h"}});
    }
    TemporaryDirectory directory = *TemporaryDirectory::create("/dev/shm", "boot-");
    Boot boot;
};

}  // namespace

TEST_F(Run, AStageThatFailedGoesOnWithAnEarlierOneWhenAskedTo) {
    const Operator person([] { return retry(boot_control(), "network").at("ok").get<bool>(); });
    run_stages(boot, {{"network", seconds(10), config::Policy::rescue, passes, "-"},
                      {"join", seconds(10), config::Policy::rescue, fails_once, "-"}});
    EXPECT_THAT(ran, ElementsAre("network", "join", "network", "join"));
    EXPECT_EQ(boot.timeline.stages.back().result, "ok");
}

TEST_F(Run, AStageThatIsGivenMoreTimeGoesOnAndHasNotFailed) {
    const Operator person([] {
        return boot_control().doing().stage == "root" && set(boot_control(), "root.deadline=1m").at("ok").get<bool>();
    });
    run_stages(boot, {{"root", Milliseconds(1500), config::Policy::rescue, takes_its_time, "-"}});
    EXPECT_THAT(ran, ElementsAre("root", "root"));
    ASSERT_EQ(boot.timeline.stages.size(), 1U) << "one try";
    EXPECT_EQ(boot.timeline.stages.back().result, "ok");
}
