// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/build.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cdsl/policy.h"
#include "rootfs/cache.h"
#include "rootfs/content.h"
#include "rootfs/finish.h"
#include "rootfs/sources.h"

#include <fmt/ranges.h>
#include <unistd.h>
#include <chrono>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr int format = 1;  // grows when this file makes another tree of the same input
constexpr auto packages_time = std::chrono::minutes(40);

std::string policy_text() {
    std::string text;
    for (const auto& rule : cdsl::builtin_policy())
        text += fmt::format("{} {} {} {:o} {} {}\n", rule.path.string(), static_cast<int>(rule.mode),
                            static_cast<int>(rule.seed), rule.permissions, rule.scope, static_cast<int>(rule.when));
    return text;
}

Result<> make_base(const Profile& profile, const Sources& sources, const fs::path& work, const fs::path& archive) {
    const fs::path list = work / "sources.list";
    const fs::path options = work / "apt.conf";
    TRY(write_file_atomic(list, fmt::format("{}\n", fmt::join(sources.lines, "\n"))));
    // May hold a proxy's password.
    TRY(write_file_atomic(options, sources.options + "APT::Install-Recommends \"false\";\n", 0600));
    std::vector<std::string> argv = {"mmdebstrap", "--variant=minbase", "--mode=root", "--quiet",
                                     "--aptopt=" + options.string()};
    for (const auto& path : profile.exclude_paths) argv.push_back("--dpkgopt=path-exclude=" + path);
    for (const auto& path : profile.include_paths) argv.push_back("--dpkgopt=path-include=" + path);
    argv.push_back(fmt::format("--include={}", fmt::join(profile.packages, ",")));
    argv.insert(argv.end(), {sources.suite, archive.string(), list.string()});
    // INITRD=No: the kernel's package would have an initramfs made, which nobody boots.
    (void)TRY(run_ok(
        {.argv = argv, .env = {{"INITRD", "No"}, {"LC_ALL", "C.UTF-8"}}, .deadline = Deadline::after(packages_time)}));
    return {};
}

// Changes with what goes onto the root.
Result<std::string> checksum(const PandoFiles& pando) {
    if (pando.packages.empty()) return tree_checksum(pando.tree);
    std::string text = "packages\n";
    for (const auto& package : TRY(node_packages(pando.packages)))
        text += fmt::format("{} {}\n", package.filename().string(), TRY(sha256_of_file(package)));
    return sha256(text);
}

}  // namespace

Result<std::vector<fs::path>> node_packages(const fs::path& directory) {
    std::vector<fs::path> found;
    const auto names = TRY(list_directory(directory));
    for (const std::string_view prefix : {"pando_", "pando-node_"}) {
        std::vector<std::string> fitting;
        for (const auto& name : names)
            if (name.starts_with(prefix) && name.ends_with(".deb")) fitting.push_back(name);
        if (fitting.size() != 1)
            return bad_input("{} has {} of {}….deb, not one", directory.string(), fitting.size(), prefix)
                .advise("make them there: PANDO_BUILD_DIR=BUILD PANDO_DEB_DIR=DIR debian/rules binary");
        found.push_back(directory / fitting.front());
    }
    return found;
}

Result<BuiltRoot> build(const Profile& profile, const PandoFiles& pando, const fs::path& cache_root) {
    if (geteuid() != 0) return bad_input("making a root needs root").advise("run this command as root");
    if (pando.packages.empty() && !fs::is_directory(pando.tree / "usr"))
        return bad_input("{} is no tree of Pando's files", pando.tree.string())
            .advise("make it with: DESTDIR=DIR cmake --install BUILD --prefix /usr --strip");
    const auto sources = TRY(host_sources(profile.suite));
    const auto packages = TRY(resolved_packages(sources, profile.packages));
    CacheKeys keys;
    keys.base =
        sha256(fmt::format("{}\n{}\n{}\n{}", format, sources.suite, profile.content, fmt::join(packages, "\n")));
    keys.root = sha256(fmt::format("{}\n{}\n{}\n{}", format, keys.base, TRY(checksum(pando)), policy_text()));
    Makers makers;
    makers.base = [&](const fs::path& work, const fs::path& archive) {
        log::info("making a root of {} packages of Debian {}: this takes minutes, once", packages.size(),
                  sources.suite);
        return make_base(profile, sources, work, archive);
    };
    makers.root = [&](const fs::path& tree) { return finish(tree, profile, pando, keys.root); };
    const auto root = TRY(cached(keys, cache_root / "root", makers));
    return BuiltRoot{.archive = root.archive, .tree = root.tree, .key = keys.root, .reused = root.reused};
}

}  // namespace pando::rootfs
