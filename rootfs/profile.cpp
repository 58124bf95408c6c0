// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"
#include "config/document.h"
#include "rootfs/build.h"

#include <algorithm>
#include <map>

namespace pando::rootfs {
namespace {

constexpr size_t profile_limit = 1U << 20U;  // bytes

using config::Complaints;
using config::Value;

void read_list(const Value& value, std::string_view key, Complaints& complaints, std::vector<std::string>& into) {
    if (value.kind == Value::Kind::null) return;
    if (value.kind != Value::Kind::list)
        return complaints.add(value.mark, fmt::format("{} must be a list", key),
                              "write each on a line of its own: - x");
    for (const auto& item : value.items) {
        // A comma or a space would become two words further on; a leading dash an option.
        const bool plain = item.kind == Value::Kind::scalar && !item.text.empty() && item.text[0] != '-' &&
                           item.text.find_first_of(" \t\n,\"'") == std::string::npos;
        if (!plain)
            complaints.add(item.mark, fmt::format("an entry of {} must be one plain word", key), "one entry a line");
        else
            into.push_back(item.text);
    }
}

}  // namespace

Result<Profile> parse_profile(std::string_view yaml, std::string_view file_name) {
    Profile profile;
    profile.content = yaml;
    const std::map<std::string, std::vector<std::string>*> lists = {
        {"packages", &profile.packages},           {"exclude-paths", &profile.exclude_paths},
        {"include-paths", &profile.include_paths}, {"mask", &profile.mask_units},
        {"enable", &profile.enable_units},
    };
    std::vector<std::string> known = {"suite"};
    for (const auto& [key, list] : lists) known.push_back(key);

    Complaints complaints(file_name, yaml);
    const auto root = config::parse_document(yaml, complaints);
    if (!root) return complaints.error();
    if (root->kind != Value::Kind::mapping)
        complaints.add(root->mark, "a profile is a mapping", "begin with packages:");
    for (const auto& entry : root->entries) {
        if (const auto list = lists.find(entry.key); list != lists.end())
            read_list(entry.value, entry.key, complaints, *list->second);
        else if (entry.key == "suite")
            profile.suite = entry.value.text;
        else
            complaints.add(entry.mark, fmt::format("unknown key {}", entry.key), config::suggestion(entry.key, known));
    }
    const bool suite_is_word = std::all_of(profile.suite.begin(), profile.suite.end(),
                                           [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
    if (!suite_is_word) complaints.add(root->mark, "suite is no code name", "as in: suite: bookworm");
    if (profile.packages.empty() && complaints.empty())
        complaints.add(root->mark, "no packages", "name at least a kernel: packages: [linux-image-amd64]");
    if (!complaints.empty()) return complaints.error();
    return profile;
}

Result<Profile> load_profile(const std::filesystem::path& yaml) {
    auto text = read_file(yaml, profile_limit);
    if (!text) return Failure(text.error()).kind(ErrorKind::bad_input).advise("name the profile with --profile FILE");
    return parse_profile(*text, yaml.string());
}

}  // namespace pando::rootfs
