// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/dlm.h"

#include "base/number.h"

#include <poll.h>
#include <algorithm>

namespace pando::fencing {
namespace {

constexpr const char* dlm_tool = "/usr/sbin/dlm_tool";
constexpr Milliseconds look_interval{200};

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const size_t end = std::min(line.find(' '), line.size());
        if (end > 0) words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

template <typename T>
T number_behind(const std::vector<std::string_view>& words, std::string_view key) {
    const auto at = std::find(words.begin(), words.end(), key);
    return at == words.end() || at + 1 == words.end() ? T{0} : whole_number<T>(*(at + 1)).value_or(T{0});
}

}  // namespace

std::vector<Waiting> parse_dlm_status(std::string_view text) {
    std::vector<Waiting> waiting;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto words = words_of(line);
        if (words.size() < 2) continue;
        if (words[0] == "startup") {
            // "startup node 3", or several ids behind one word.
            for (size_t i = 1; i < words.size(); ++i)
                if (const auto id = whole_number<uint32_t>(words[i])) waiting.push_back({.id = *id, .startup = true});
        } else if (words[0] == "fence") {
            const auto id = whole_number<uint32_t>(words[1]);
            if (!id) continue;
            waiting.push_back({.id = *id,
                               .delayed = std::find(words.begin(), words.end(), "delay") != words.end(),
                               .actor = number_behind<uint32_t>(words, "actor"),
                               .since = number_behind<int64_t>(words, "fail")});
        }
    }
    return waiting;
}

Result<std::vector<Waiting>> who_is_waited_for(const Inside& inside, Deadline deadline) {
    const auto status = TRY(inside({dlm_tool, "status"}, deadline));
    // It ends with 0 when nobody answers, and says so.
    if (!status.ok() || status.out.find("cluster nodeid") == std::string::npos)
        return fail("dlm_controld does not answer: {}", status.last_words()).advise("pando status --here");
    return parse_dlm_status(status.out);
}

Result<> acknowledge(const Inside& inside, uint32_t id, Deadline deadline) {
    const auto told = TRY(inside({dlm_tool, "fence_ack", std::to_string(id)}, deadline));
    if (!told.ok()) return fail("dlm_tool fence_ack {}: {}", id, told.last_words());
    while (true) {
        const auto waiting = TRY(who_is_waited_for(inside, deadline));
        if (std::none_of(waiting.begin(), waiting.end(), [&](const Waiting& one) { return one.id == id; })) return {};
        if (deadline.passed())
            return fail("dlm_controld was told that node id {} is off, and goes on waiting for it", id)
                .kind(ErrorKind::timeout)
                .advise("look at /run/initramfs/var/log/dlm_controld/dlm_controld.log; give the command again");
        (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());  // it tells nobody by itself
    }
}

}  // namespace pando::fencing
