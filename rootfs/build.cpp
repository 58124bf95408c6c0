// SPDX-License-Identifier: GPL-2.0-or-later
// Two results are cached: the stock packages (minutes of work), and the root that Pando's files make of them (seconds).
#include "rootfs/build.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sha256.h"
#include "cdsl/policy.h"
#include "rootfs/content.h"
#include "rootfs/finish.h"
#include "rootfs/pipeline.h"
#include "rootfs/sources.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <algorithm>
#include <chrono>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr int format = 1;           // grows when this file makes another tree of the same input
constexpr size_t kept_results = 3;  // of each kind; the ones used last
constexpr size_t key_length = 16;   // hex digits shown in names
constexpr const char* work_prefix = ".work";
constexpr auto packages_time = std::chrono::minutes(40);
constexpr auto archive_time = std::chrono::minutes(10);

std::string short_key(const std::string& hash) { return hash.substr(0, key_length); }

std::string policy_text() {
    std::string text;
    for (const auto& rule : cdsl::builtin_policy())
        text += fmt::format("{} {} {} {:o} {} {}\n", rule.path.string(), static_cast<int>(rule.mode),
                            static_cast<int>(rule.seed), rule.permissions, rule.scope, static_cast<int>(rule.when));
    return text;
}

// Its time of change says when a result was used last.
Result<> mark_used(const fs::path& path) {
    if (utimensat(AT_FDCWD, path.c_str(), nullptr, 0) < 0) return fail_errno(errno, "touching {}", path.string());
    return {};
}

Result<> remove_tree(const fs::path& path) {
    std::error_code ec;
    fs::remove_all(path, ec);
    if (ec) return fail_errno(ec.value(), "removing {}", path.string());
    return {};
}

// What a killed run left, and results that have not been used for long. The cache's lock is held.
Result<> tidy(const fs::path& cache) {
    std::vector<std::pair<fs::file_time_type, std::string>> bases, roots;
    for (const auto& name : TRY(list_directory(cache))) {
        if (name.starts_with(work_prefix)) TRY(remove_tree(cache / name));
        std::error_code ec;
        const auto used = fs::last_write_time(cache / name, ec);
        if (ec || !name.ends_with(".tar.zst")) continue;
        if (name.starts_with("base-")) bases.emplace_back(used, name);
        if (name.starts_with("root-")) roots.emplace_back(used, name);
    }
    for (auto* results : {&bases, &roots}) {
        std::sort(results->rbegin(), results->rend());
        for (size_t i = kept_results; i < results->size(); ++i) {
            const std::string& name = (*results)[i].second;
            TRY(remove_tree(cache / name));
            TRY(remove_tree(cache / name.substr(0, name.size() - std::string_view(".tar.zst").size())));
        }
    }
    return {};
}

Result<> put_in_place(const fs::path& from, const fs::path& to) {
    UniqueFd fd(open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || fsync(fd.get()) < 0) return fail_errno(errno, "flushing {}", from.string());
    if (rename(from.c_str(), to.c_str()) < 0) return fail_errno(errno, "making {}", to.string());
    return sync_directory(to.parent_path());
}

// `-I` and `--zstd` of tar start the compressor through a shell; a pipeline does not.
Result<> unpack(const fs::path& archive, const fs::path& tree) {
    TRY(make_directories(tree));
    return run_pipeline({{"zstd", "-dcq", archive.string()},
                         {"tar", "-x", "-p", "--numeric-owner", "--xattrs", "--xattrs-include=security.*", "--acls",
                          "-C", tree.string(), "-f", "-"}},
                        Deadline::after(archive_time), {});
}

Result<> pack(const fs::path& tree, const fs::path& archive) {
    return run_pipeline({{"tar", "-c", "--numeric-owner", "--sort=name", "--xattrs", "--xattrs-include=security.*",
                          "--acls", "-C", tree.string(), "-f", "-", "."},
                         {"zstd", "-q", "-6", "-T0", "-o", archive.string()}},
                        Deadline::after(archive_time), {});
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
    const fs::path unfinished = work / "base.tar.zst";
    argv.insert(argv.end(), {sources.suite, unfinished.string(), list.string()});
    // INITRD=No: the kernel's package would have an initramfs made, which nobody boots.
    (void)TRY(run_ok(
        {.argv = argv, .env = {{"INITRD", "No"}, {"LC_ALL", "C.UTF-8"}}, .deadline = Deadline::after(packages_time)}));
    return put_in_place(unfinished, archive);
}

}  // namespace

Result<BuiltRoot> build(const Profile& profile, const fs::path& pando_tree, const fs::path& cache_root) {
    if (geteuid() != 0) return bad_input("making a root needs root").advise("run this command as root");
    if (!fs::is_directory(pando_tree / "usr"))
        return bad_input("{} is no tree of Pando's files", pando_tree.string())
            .advise("make it with: DESTDIR=DIR cmake --install BUILD --prefix /usr --strip");
    const fs::path cache = cache_root / "root";
    TRY(make_directories(cache));
    // One build at a time: the second finds what the first made.
    const auto lock = TRY(FileLock::take(cache / ".lock", Deadline::after(packages_time + archive_time)));
    TRY(tidy(cache));

    const auto sources = TRY(host_sources(profile.suite));
    const auto packages = TRY(resolved_packages(sources, profile.packages));
    const std::string base_key =
        sha256(fmt::format("{}\n{}\n{}\n{}", format, sources.suite, profile.content, fmt::join(packages, "\n")));
    const fs::path base = cache / ("base-" + short_key(base_key) + ".tar.zst");

    BuiltRoot built;
    built.key = sha256(fmt::format("{}\n{}\n{}\n{}", format, base_key, TRY(tree_checksum(pando_tree)), policy_text()));
    built.tree = cache / ("root-" + short_key(built.key));
    built.archive = built.tree.string() + ".tar.zst";
    built.reused = fs::exists(built.tree) && fs::exists(built.archive);
    if (built.reused) {
        TRY(mark_used(built.archive));
        if (fs::exists(base)) TRY(mark_used(base));
        return built;
    }

    const auto work = TRY(TemporaryDirectory::create(cache, work_prefix));
    if (!fs::exists(base)) {
        log::info("making a root of {} packages of Debian {}: this takes minutes, once", packages.size(),
                  sources.suite);
        TRY(make_base(profile, sources, work.path(), base));
    }
    TRY(mark_used(base));
    log::info("making the shared root {}", short_key(built.key));
    const fs::path tree = work.path() / "tree";
    TRY(unpack(base, tree));
    TRY(finish(tree, profile, pando_tree, built.key));
    const fs::path archive = work.path() / "root.tar.zst";
    TRY(pack(tree, archive));
    // Both or none count: a crash in between is made good by the next run.
    TRY(remove_tree(built.tree));
    TRY(put_in_place(tree, built.tree));
    TRY(put_in_place(archive, built.archive));
    return built;
}

}  // namespace pando::rootfs
