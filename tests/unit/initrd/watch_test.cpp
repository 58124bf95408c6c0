// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/watch_rules.h"

#include "initrd/self_reset.h"
#include "initrd/watch.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

WatchSettings settings() {
    WatchSettings settings;
    settings.node = "n1";
    settings.lock_table = "grove:root";
    settings.storage = {"/dev/sda1"};
    return settings;
}

constexpr Milliseconds now{1000000};

// Mounted, all daemons there, the LUN answers.
WatchSight healthy() {
    WatchSight sight;
    sight.mounted = true;
    sight.daemons = {{"corosync", 812, {}}, {"dlm_controld", 815, {}}, {"pando-follow", 810, {}}};
    sight.storage_answered = now - 1s;
    return sight;
}

std::string verdict(const WatchSight& sight) { return judge(sight, settings(), now).value_or(""); }

hwdetect::WatchdogInfo card(const std::string& device, const std::string& identity, std::optional<unsigned> min = {},
                            std::optional<unsigned> max = {}) {
    hwdetect::WatchdogInfo info;
    info.device = device;
    info.identity = identity;
    info.min_timeout = min;
    info.max_timeout = max;
    return info;
}

std::string chosen(const std::vector<hwdetect::WatchdogInfo>& cards, const WatchSettings& wanted) {
    const auto found = choose_watchdog(cards, wanted);
    return found ? found->device : "none";
}

}  // namespace

TEST(Watch, LeavesAHealthyNodeAlone) { EXPECT_EQ(verdict(healthy()), ""); }

TEST(Watch, ResetsANodeThatLostADaemonAndNamesTheOneThatEndedFirst) {
    auto sight = healthy();
    sight.daemons[1].ended = now - 1s;
    EXPECT_EQ(verdict(sight), "dlm_controld (process 815) has ended");
    sight.daemons[0].ended = now - 2s;  // it takes dlm_controld along
    EXPECT_EQ(verdict(sight), "corosync (process 812) has ended");
    sight = healthy();
    sight.daemons[2] = {"pando-follow", 0, now};
    EXPECT_EQ(verdict(sight), "pando-follow does not run");
}

TEST(Watch, ABootMayStartItsDaemonsAnewBeforeTheRootIsMounted) {
    auto sight = healthy();
    sight.mounted = false;
    sight.daemons[0].ended = now - 1s;
    sight.storage_answered = now - 1h;
    EXPECT_EQ(verdict(sight), "");
}

TEST(Watch, WaitsForStorageAsLongAsItMayAndNoLonger) {
    auto sight = healthy();
    sight.storage_answered = now - 60s;
    EXPECT_EQ(verdict(sight), "");
    sight.storage_answered = now - 61s;
    EXPECT_EQ(verdict(sight), "the LUN (/dev/sda1) has answered nothing for 61 s");
    sight.storage_error = "reading /dev/sda1 at 0: Input/output error";
    EXPECT_THAT(verdict(sight), HasSubstr("for 61 s: reading /dev/sda1 at 0: Input/output error"));
}

TEST(Watch, ResetsANodeWhoseRootWithdrewAtOnce) {
    auto sight = healthy();
    sight.withdrawn = now;
    EXPECT_EQ(verdict(sight), "GFS2 has withdrawn from the shared root");
}

TEST(Watch, AnOrderlyExitMayEndWhatItLikesButNotTakeForEver) {
    auto sight = healthy();
    sight.leaving = now - 299s;
    sight.stopping = now - 2h;
    sight.daemons[0].ended = now - 10s;
    sight.withdrawn = now - 10s;
    sight.storage_answered = now - 200s;
    EXPECT_EQ(verdict(sight), "");
    sight.leaving = now - 301s;
    EXPECT_EQ(verdict(sight), "the exit is not over after 300 s");
}

TEST(Watch, AShutdownThatHangsBeforeTheExitIsBounded) {
    auto sight = healthy();
    sight.stopping = now - 600s;
    EXPECT_EQ(verdict(sight), "");
    sight.stopping = now - 601s;
    EXPECT_EQ(verdict(sight), "the shutdown is not over after 600 s");
    sight.daemons[0].ended = now;  // what else is wrong is not forgotten meanwhile
    EXPECT_THAT(verdict(sight), HasSubstr("corosync"));
}

TEST(Watch, ItsSettingsComeThroughACommandLine) {
    auto given = settings();
    given.mode = "required";
    given.device = "iTCO_wdt, the first";
    given.timeout = 45s;
    given.token = 3650ms;
    given.patience = 90s;
    given.shutdown = 5min;
    given.storage.push_back("/dev/sdb1");  // the other path
    const auto read = parse_watch_settings(to_words(given));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(to_words(*read), to_words(given));
    EXPECT_THAT(read->storage, ElementsAre("/dev/sda1", "/dev/sdb1"));
    EXPECT_EQ(read->device, "iTCO_wdt, the first");
    EXPECT_EQ(read->patience, 90s);
    EXPECT_EQ(read->token, 3650ms);
}

TEST(Watch, RefusesSettingsThatItDoesNotKnow) {
    const auto refused = [](const std::vector<std::string>& more) {
        auto words = to_words(settings());
        words.insert(words.end(), more.begin(), more.end());
        const auto read = parse_watch_settings(words);
        return read ? std::string("taken") : read.error().what;
    };
    EXPECT_EQ(refused({}), "taken");
    EXPECT_THAT(refused({"patienc=1"}), HasSubstr("no such setting"));
    EXPECT_THAT(refused({"patience=soon"}), HasSubstr("milliseconds"));
    EXPECT_THAT(refused({"patience=0"}), HasSubstr("milliseconds"));
    EXPECT_THAT(refused({"patience"}), HasSubstr("KEY=VALUE"));
    EXPECT_FALSE(parse_watch_settings({"node=n1"})) << "nothing to watch";
}

TEST(Watchdog, ACardGetsATimeoutThatItTakes) {
    EXPECT_EQ(timeout_for(card("watchdog0", "i6300ESB timer", 1, 2046), 30s), 30U);
    EXPECT_EQ(timeout_for(card("watchdog0", "old", 60, 600), 30s), 60U);
    EXPECT_EQ(timeout_for(card("watchdog", "IB700", 0, 30), 45s), 30U);
    EXPECT_EQ(timeout_for(card("watchdog0", "nobody tells"), 30s), 30U);
    EXPECT_EQ(timeout_for(card("watchdog0", "HPE iLO2+", 1), 10min), 600U) << "no upper end";
    EXPECT_EQ(timeout_for(card("watchdog0", "a liar", 20, 10), 30s), 20U);
    EXPECT_EQ(timeout_for(card("watchdog0", "i6300ESB timer", 1, 2046), 1500ms), 2U) << "never less than was asked for";
}

TEST(Watchdog, TheKernelsOwnCountsOnlyWhereItIsAskedFor) {
    const std::vector<hwdetect::WatchdogInfo> cards = {card("watchdog0", "Software Watchdog"),
                                                       card("watchdog1", "iTCO_wdt")};
    auto wanted = settings();
    EXPECT_EQ(chosen(cards, wanted), "watchdog1");
    wanted.mode = "required";
    EXPECT_EQ(chosen({cards[0]}, wanted), "none");
    wanted.mode = "softdog";
    EXPECT_EQ(chosen(cards, wanted), "watchdog0");
    EXPECT_EQ(chosen({cards[1]}, wanted), "none");
    wanted.mode = "off";
    EXPECT_EQ(chosen(cards, wanted), "none");
}

TEST(Watchdog, OfSeveralCardsTheNamedOneIsTaken) {
    const std::vector<hwdetect::WatchdogInfo> cards = {card("watchdog0", "iTCO_wdt"), card("watchdog1", "IPMI")};
    auto wanted = settings();
    EXPECT_EQ(chosen(cards, wanted), "watchdog0");
    wanted.device = "IPMI";
    EXPECT_EQ(chosen(cards, wanted), "watchdog1");
    wanted.device = "watchdog1";
    EXPECT_EQ(chosen(cards, wanted), "watchdog1");
    wanted.device = "hpwdt";
    EXPECT_EQ(chosen(cards, wanted), "none");
}

TEST(Watchdog, ATimeoutThatIsQuickerThanCorosyncIsWrong) {
    auto wanted = settings();
    wanted.token = 3650ms;
    EXPECT_EQ(timeout_fault(4, wanted), "");
    EXPECT_EQ(timeout_fault(3, wanted), "its timeout of 3 s is no longer than corosync's token of 3.65 s");
    wanted.token = 4000ms;
    EXPECT_THAT(timeout_fault(4, wanted), HasSubstr("4 s is no longer"));
}

TEST(Watchdog, TheBoundOfAResetIsStorageAndTheSlowerWay) {
    EXPECT_EQ(reset_bound(settings(), 30), 90s);
    EXPECT_EQ(reset_bound(settings(), 0), 60s + reset_grace);
}

TEST(Watchdog, IsFedOftenEnoughAndNoOftener) {
    EXPECT_EQ(feed_interval(1), 1s);
    EXPECT_EQ(feed_interval(5), 1s);
    EXPECT_EQ(feed_interval(30), 5s);
}

TEST(Watchdog, WhatIsToldOfItIsReadAgain) {
    const WatchState state{"required", "/dev/watchdog0", "i6300ESB \"timer\"", 30, "slow"};
    const auto read = parse_watch_state(to_json(state));
    ASSERT_TRUE(read);
    EXPECT_EQ(to_json(*read), to_json(state));
    EXPECT_EQ(read->timeout, 30U);
    EXPECT_EQ(read->identity, "i6300ESB \"timer\"");
    EXPECT_FALSE(parse_watch_state(""));
    EXPECT_FALSE(parse_watch_state("[]"));
    EXPECT_EQ(parse_watch_state("{\"timeout_seconds\": \"x\", \"mode\": 3}").value_or(WatchState{}).timeout, 0U);
}

TEST(SelfReset, TellsTheLastLinesOfALogAndNoMoreThanItMay) {
    EXPECT_THAT(last_lines("one\ntwo\nthree\n", 2, 100), ElementsAre("two", "three"));
    EXPECT_THAT(last_lines("one\ntwo\nthree", 9, 8), ElementsAre("two", "three"));
    EXPECT_THAT(last_lines("one\ntwo\nthree", 9, 7), ElementsAre("three"));
    EXPECT_THAT(last_lines("one\n", 9, 100), ElementsAre("one"));
    EXPECT_THAT(last_lines("", 9, 100), IsEmpty());
    EXPECT_THAT(last_lines("\n\n", 9, 100), IsEmpty());
}
