// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/sources.h"

#include "base/file.h"
#include "base/process.h"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <set>

namespace pando::rootfs {
namespace {

constexpr const char* debian_keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (size_t begin = 0; begin <= text.size();) {
        const size_t end = std::min(text.find(separator, begin), text.size());
        parts.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

// How to fetch; the rest of Acquire:: is about which files there are.
bool fetches(std::string_view line) {
    constexpr std::array prefixes = {"Acquire::http::",
                                     "Acquire::http ",
                                     "Acquire::https::",
                                     "Acquire::https ",
                                     "Acquire::ftp::",
                                     "Acquire::Retries ",
                                     "Acquire::Check-Valid-Until ",
                                     "Acquire::Check-Date ",
                                     "Acquire::ForceIPv4 ",
                                     "Acquire::ForceIPv6 "};
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const char* prefix) { return line.starts_with(prefix); });
}

Result<std::string> host_code_name() {
    const std::string release = TRY(read_file("/etc/os-release"));
    for (const auto& line : split(release, '\n')) {
        constexpr std::string_view key = "VERSION_CODENAME=";
        if (!line.starts_with(key)) continue;
        std::string name = line.substr(key.size());
        std::erase(name, '"');
        return name;
    }
    return fail("/etc/os-release names no VERSION_CODENAME").advise("say suite: in the profile");
}

Result<Finished> ask_apt(std::vector<std::string> argv) {
    return run_ok({.argv = std::move(argv),
                   .env = {{"LC_ALL", "C.UTF-8"}},
                   .deadline = Deadline::after(std::chrono::minutes(2))});
}

}  // namespace

const char* const index_format =
    "$(TARGET_OF)\t$(ORIGIN)\t$(CODENAME)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ARCHITECTURE)";

Result<Sources> parse_sources(std::string_view index_targets, std::string_view config_dump, std::string_view suite,
                              std::string_view keyring) {
    Sources sources;
    sources.suite = suite;
    const std::set<std::string> wanted = {sources.suite, sources.suite + "-updates", sources.suite + "-security"};
    std::set<std::string> seen;
    bool suite_itself = false;
    for (const auto& line : split(index_targets, '\n')) {
        const auto fields = split(line, '\t');
        if (fields.size() != 7) continue;
        const auto& [of, origin, code_name, uri, release, component] =
            std::tie(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
        if (of != "deb" || origin != "Debian" || !wanted.contains(code_name) || uri.starts_with("cdrom:")) continue;
        const std::string signed_by = keyring.empty() ? "" : fmt::format("[signed-by={}] ", keyring);
        std::string entry = fmt::format("deb {}{} {} {}", signed_by, uri, release, component);
        suite_itself = suite_itself || code_name == sources.suite;
        if (seen.insert(entry).second) sources.lines.push_back(std::move(entry));
    }
    if (!suite_itself)
        return fail("this host's apt has no lists of Debian {}", suite)
            .advise("add Debian's sources to apt, run apt-get update, and try again");
    for (const auto& line : split(config_dump, '\n'))
        if (fetches(line)) sources.options += line + "\n";
    return sources;
}

Result<Sources> host_sources(std::string_view suite) {
    const std::string name = suite.empty() ? TRY(host_code_name()) : std::string(suite);
    const auto targets = TRY(ask_apt({"apt-get", "indextargets", "--format", index_format, "Created-By: Packages"}));
    const auto config = TRY(ask_apt({"apt-config", "dump"}));
    const bool keyring = access(debian_keyring, R_OK) == 0;
    return parse_sources(targets.out, config.out, name, keyring ? debian_keyring : "");
}

std::vector<std::string> parse_simulation(std::string_view output) {
    std::vector<std::string> packages;
    for (const auto& line : split(output, '\n')) {
        // Inst NAME (VERSION Origin:Release [arch]) …
        const auto words = split(line, ' ');
        if (words.size() < 3 || words[0] != "Inst" || !words[2].starts_with('(')) continue;
        packages.push_back(words[1] + "=" + words[2].substr(1));
    }
    std::sort(packages.begin(), packages.end());
    return packages;
}

Result<std::vector<std::string>> resolved_packages(const Sources& sources, const std::vector<std::string>& packages) {
    const auto work = TRY(TemporaryDirectory::create(std::filesystem::temp_directory_path(), "pando-sources"));
    const auto list = work.path() / "sources.list";
    std::string text;
    for (const auto& line : sources.lines) text += line + "\n";
    TRY(write_file_atomic(list, text));
    // An empty root has no packages and no preferences of the host's.
    std::vector<std::string> argv = {"apt-get", "install", "--simulate", "--no-install-recommends"};
    for (const auto& option : {"Dir::State::status=/dev/null", "Dir::Etc::SourceParts=-", "Dir::Etc::Preferences=-",
                               "Dir::Etc::PreferencesParts=-", "Debug::NoLocking=true"})
        argv.insert(argv.end(), {"-o", option});
    argv.insert(argv.end(), {"-o", "Dir::Etc::SourceList=" + list.string(), "?essential", "apt"});
    argv.insert(argv.end(), packages.begin(), packages.end());
    auto simulated = ask_apt(argv);
    if (!simulated)
        return Failure(simulated.error().context(
                           fmt::format("choosing the packages of a root of Debian {}", sources.suite)))
            .advise("correct the package names in the profile; run apt-get update when apt's lists are old");
    auto resolved = parse_simulation(simulated->out);
    if (resolved.empty()) return fail("apt-get would install nothing for the root");
    return resolved;
}

}  // namespace pando::rootfs
