// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/watch_rules.h"

#include "base/number.h"

#include <fmt/ranges.h>
#include <algorithm>

namespace pando::initrd {
namespace {

// One row for each word of the command line.
struct TextWord {
    std::string_view key;
    std::string WatchSettings::*member;
};
struct TimeWord {
    std::string_view key;
    Milliseconds WatchSettings::*member;
};
constexpr TextWord texts[] = {{"node", &WatchSettings::node},
                              {"table", &WatchSettings::lock_table},
                              {"mode", &WatchSettings::mode},
                              {"device", &WatchSettings::device}};
constexpr TimeWord times[] = {{"timeout", &WatchSettings::timeout},
                              {"token", &WatchSettings::token},
                              {"patience", &WatchSettings::patience},
                              {"shutdown", &WatchSettings::shutdown}};
constexpr std::string_view storage_key = "storage";

Result<> take_word(std::string_view key, const std::string& value, WatchSettings& settings) {
    if (key == storage_key) {
        if (value.empty()) return bad_input("{}= names no device", key);
        settings.storage.push_back(value);
        return {};
    }
    for (const TextWord& word : texts)
        if (word.key == key) {
            settings.*word.member = value;
            return {};
        }
    for (const TimeWord& word : times)
        if (word.key == key) {
            const auto number = whole_number<uint32_t>(value);
            if (!number || *number == 0) return bad_input("{}={}: milliseconds are wanted", key, value);
            settings.*word.member = Milliseconds(*number);
            return {};
        }
    return bad_input("{}={}: there is no such setting of the watch", key, value);
}

int64_t seconds(Milliseconds span) { return span.count() / 1000; }

std::string text_of(const WatchedDaemon& daemon) {
    if (daemon.pid == 0) return daemon.name + " does not run";
    return fmt::format("{} (process {}) has ended", daemon.name, daemon.pid);
}

// corosync takes dlm_controld along: whoever ended first is the cause.
std::optional<std::string> judge_daemons(const WatchSight& sight) {
    const WatchedDaemon* first = nullptr;
    for (const WatchedDaemon& daemon : sight.daemons)
        if (daemon.ended && (first == nullptr || *daemon.ended < *first->ended)) first = &daemon;
    if (first == nullptr) return std::nullopt;
    return text_of(*first);
}

bool is_softdog(const hwdetect::WatchdogInfo& card) { return card.identity.starts_with("Software Watchdog"); }

}  // namespace

std::vector<std::string> to_words(const WatchSettings& settings) {
    std::vector<std::string> words;
    for (const TextWord& word : texts)
        if (const std::string& value = settings.*word.member; !value.empty())
            words.push_back(fmt::format("{}={}", word.key, value));
    for (const std::string& device : settings.storage) words.push_back(fmt::format("{}={}", storage_key, device));
    for (const TimeWord& word : times) words.push_back(fmt::format("{}={}", word.key, (settings.*word.member).count()));
    return words;
}

Result<WatchSettings> parse_watch_settings(const std::vector<std::string>& words) {
    WatchSettings settings;
    for (const std::string& word : words) {
        const size_t at = word.find('=');
        if (at == std::string::npos) return bad_input("{}: a setting is KEY=VALUE", word);
        TRY(take_word(std::string_view(word).substr(0, at), word.substr(at + 1), settings));
    }
    if (settings.node.empty() || settings.lock_table.empty() || settings.storage.empty())
        return bad_input("node=, table= and storage= are wanted");
    return settings;
}

std::optional<std::string> judge(const WatchSight& sight, const WatchSettings& settings, Milliseconds now) {
    if (sight.leaving) {
        if (now - *sight.leaving <= settings.exit_patience) return std::nullopt;
        return fmt::format("the exit is not over after {} s", seconds(settings.exit_patience));
    }
    if (sight.withdrawn) return "GFS2 has withdrawn from the shared root";
    // Before the mount and after the unmount nothing is lost with any of them, and a boot may start them anew.
    if (sight.mounted) {
        if (auto reason = judge_daemons(sight)) return reason;
        if (const Milliseconds silent = now - sight.storage_answered; silent > settings.patience)
            return fmt::format("the LUN ({}) has answered nothing for {} s{}{}", fmt::join(settings.storage, ", "),
                               seconds(silent), sight.storage_error.empty() ? "" : ": ", sight.storage_error);
    }
    if (sight.stopping && now - *sight.stopping > settings.shutdown)
        return fmt::format("the shutdown is not over after {} s", seconds(settings.shutdown));
    return std::nullopt;
}

std::optional<hwdetect::WatchdogInfo> choose_watchdog(const std::vector<hwdetect::WatchdogInfo>& cards,
                                                      const WatchSettings& settings) {
    const auto fits = [&](const hwdetect::WatchdogInfo& card) {
        if (is_softdog(card) != (settings.mode == "softdog")) return false;
        return settings.device.empty() || card.device == settings.device || card.identity.starts_with(settings.device);
    };
    const auto found = settings.mode == "off" || settings.mode == mode_sbd
                           ? cards.end()
                           : std::find_if(cards.begin(), cards.end(), fits);
    return found == cards.end() ? std::nullopt : std::optional(*found);
}

unsigned timeout_for(const hwdetect::WatchdogInfo& card, Milliseconds wanted) {
    const auto seconds_wanted = static_cast<unsigned>((wanted.count() + 999) / 1000);
    const unsigned least = std::max(card.min_timeout.value_or(1), 1U);
    if (seconds_wanted < least) return least;
    return card.max_timeout ? std::min(seconds_wanted, std::max(*card.max_timeout, least)) : seconds_wanted;
}

std::string timeout_fault(unsigned seconds, const WatchSettings& settings) {
    if (std::chrono::seconds(seconds) > settings.token) return {};
    return fmt::format("its timeout of {} s is no longer than corosync's token of {:.2f} s", seconds,
                       static_cast<double>(settings.token.count()) / 1000);
}

Milliseconds feed_interval(unsigned seconds) {
    return std::max(Milliseconds(1000), Milliseconds(std::chrono::seconds(seconds)) / 6);
}

Milliseconds reset_bound(const WatchSettings& settings, unsigned watchdog_seconds) {
    return settings.patience + std::max(reset_grace, Milliseconds(std::chrono::seconds(watchdog_seconds)));
}

}  // namespace pando::initrd
