// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_words.h"

#include <algorithm>
#include <array>

namespace pando::initrd {
namespace {

constexpr const char* usage =
    "fence test [NODE …], fence history [--json], fence now NODE --reason TEXT [--yes], "
    "fence confirm NODE --reason TEXT [--is-off NODE]";

Failure misuse(const std::string& what) { return bad_input("{}", what).advise(usage); }

}  // namespace

Result<FenceWords> parse_fence_words(const std::vector<std::string>& words) {
    static constexpr std::array<std::string_view, 4> verbs = {"test", "history", "now", "confirm"};
    if (words.empty() || std::find(verbs.begin(), verbs.end(), words[0]) == verbs.end())
        return misuse(words.empty() ? "fence what?" : fmt::format("fence has no verb {}", words[0]));
    FenceWords out;
    out.verb = words[0];
    const bool acts = out.verb == "now" || out.verb == "confirm";
    for (size_t i = 1; i < words.size(); ++i) {
        const std::string& word = words[i];
        const auto value = [&](std::string& into) -> Result<> {
            if (i + 1 == words.size()) return misuse(word + " needs a value");
            into = words[++i];
            return {};
        };
        if (word == "--reason" && acts)
            TRY(value(out.reason));
        else if (word == "--by")
            TRY(value(out.by));
        else if (word == "--is-off" && out.verb == "confirm")
            TRY(value(out.is_off));
        else if (word == "--yes" && out.verb == "now")
            out.yes = true;
        else if (word == "--json" && !acts)
            out.json = true;
        else if (word.starts_with("-"))
            return misuse(fmt::format("fence {} has no option {}", out.verb, word));
        else
            out.nodes.push_back(word);
    }
    if (acts && out.nodes.size() != 1) return misuse(fmt::format("fence {} takes one node", out.verb));
    if (acts && out.reason.find_first_not_of(" \t") == std::string::npos)
        return misuse(fmt::format("fence {} needs a reason: --reason \"it smokes\"; it is kept", out.verb));
    if (out.verb == "history" && !out.nodes.empty()) return misuse("fence history takes no node");
    return out;
}

}  // namespace pando::initrd
