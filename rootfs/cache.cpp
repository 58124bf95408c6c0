// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/cache.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "rootfs/pipeline.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <vector>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr size_t kept_results = 3;  // of each kind; the ones used last
constexpr size_t key_length = 16;   // hex digits shown in names
constexpr const char* work_prefix = ".work";
constexpr auto longest_build = std::chrono::minutes(50);  // of another one, which is waited for
constexpr auto archive_time = std::chrono::minutes(10);

std::string short_key(const std::string& hash) { return hash.substr(0, key_length); }

// Its time of change says when a result was used last.
Result<> mark_used(const fs::path& path) {
    if (utimensat(AT_FDCWD, path.c_str(), nullptr, 0) < 0) return fail_errno(errno, "touching {}", path.string());
    return {};
}

// What a killed run left, and results that have not been used for long. The cache's lock is held.
Result<> tidy(const fs::path& cache) {
    std::vector<std::pair<fs::file_time_type, std::string>> bases, roots;
    for (const auto& name : TRY(list_directory(cache))) {
        if (name.starts_with(work_prefix)) TRY(remove_tree(cache / name));
        const bool tree = name.starts_with("root-") && !name.ends_with(".tar.zst");
        if (tree && !fs::exists(cache / (name + ".tar.zst"))) TRY(remove_tree(cache / name));  // half of a result
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

// A name says that all below it is on the disk: files are many, and after a power cut empty ones would be taken for
// what they were, at every later run.
Result<> put_in_place(const fs::path& from, const fs::path& to) {
    const UniqueFd fd(open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || syncfs(fd.get()) < 0) return fail_errno(errno, "flushing {}", from.string());
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

}  // namespace

Result<CachedRoot> cached(const CacheKeys& keys, const fs::path& cache, const Makers& makers) {
    TRY(make_directories(cache));
    const auto lock = TRY(FileLock::take(cache / ".lock", Deadline::after(longest_build)));
    TRY(tidy(cache));

    const fs::path base = cache / ("base-" + short_key(keys.base) + ".tar.zst");
    CachedRoot root;
    root.tree = cache / ("root-" + short_key(keys.root));
    root.archive = root.tree.string() + ".tar.zst";
    root.reused = fs::exists(root.tree) && fs::exists(root.archive);
    if (root.reused) {
        TRY(mark_used(root.archive));
        if (fs::exists(base)) TRY(mark_used(base));
        return root;
    }

    const auto work = TRY(TemporaryDirectory::create(cache, work_prefix));
    if (!fs::exists(base)) {
        const fs::path unfinished = work.path() / "base.tar.zst";
        TRY(makers.base(work.path(), unfinished));
        TRY(put_in_place(unfinished, base));
    }
    TRY(mark_used(base));
    log::info("making the shared root {}", short_key(keys.root));
    const fs::path tree = work.path() / "tree";
    TRY(unpack(base, tree));
    TRY(makers.root(tree));
    const fs::path archive = work.path() / "root.tar.zst";
    TRY(pack(tree, archive));
    // Both or none count: a crash in between is made good by the next run.
    TRY(remove_tree(root.tree));
    TRY(put_in_place(tree, root.tree));
    TRY(put_in_place(archive, root.archive));
    return root;
}

}  // namespace pando::rootfs
