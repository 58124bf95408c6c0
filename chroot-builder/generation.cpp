// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/generation.h"

#include "base/file.h"
#include "base/number.h"
#include "base/procfs.h"
#include "base/sha256.h"
#include "chroot-builder/install.h"
#include "chroot-builder/residence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view generations = ".generations";
constexpr std::string_view swapped = "/usr";  // the directory of which there is one in each generation

bool is_swapped(const fs::path& path) {
    return path == swapped || path.native().starts_with(std::string(swapped) + "/");
}

fs::path directory_of(unsigned number) { return fs::path("/") / generations / std::to_string(number); }

fs::path link_text(unsigned number) { return fs::path(generations) / std::to_string(number) / "usr"; }

std::optional<unsigned> current_number(const fs::path& chroot) {
    std::error_code ec;
    const fs::path target = fs::read_symlink(chroot / "usr", ec);
    const auto number = whole_number<unsigned>(target.parent_path().filename().native());
    return !ec && number && target == link_text(*number) ? number : std::nullopt;
}

// ".." leaves a swapped directory at another place than its path says: such a link must be absolute.
std::string target_from(const fs::path& link, const std::string& target) {
    if (fs::path(target).is_absolute()) return target;
    const fs::path led = (link.parent_path() / target).lexically_normal();
    return is_swapped(led) ? target : led.string();
}

// The manifest with every path where it lies.
Manifest placed(const Manifest& manifest, unsigned number) {
    const fs::path base = directory_of(number);
    Manifest result;
    Entry directory;
    directory.kind = Entry::Kind::directory;
    directory.mode = 0755;
    directory.reasons = {{"holds the generations", {}}};
    result.entries[fs::path("/") / generations] = directory;
    result.entries[base] = directory;
    for (const auto& [path, entry] : manifest.entries) {
        if (!is_swapped(path)) {
            result.entries[path] = entry;
            continue;
        }
        Entry moved = entry;
        if (entry.kind == Entry::Kind::symlink) moved.target = target_from(path, entry.target);
        if (entry.kind == Entry::Kind::file && !entry.content && entry.source.empty()) moved.source = path;
        result.entries[base / path.relative_path()] = std::move(moved);
    }
    return result;
}

bool same(const Entry& one, const Entry& other) {
    return one.kind == other.kind && one.mode == other.mode && one.target == other.target && one.size == other.size &&
           one.sha256 == other.sha256;
}

// Where the current generation has the same file: the new one's is a hard link to it.
Twins twins(const Generation& current, const Manifest& wanted, unsigned number) {
    Twins result;
    for (const auto& [path, entry] : wanted.entries) {
        const auto known = current.manifest.entries.find(path);
        if (entry.kind != Entry::Kind::file || !is_swapped(path) || known == current.manifest.entries.end() ||
            !same(entry, known->second))
            continue;
        result[directory_of(number) / path.relative_path()] = directory_of(current.number) / path.relative_path();
    }
    return result;
}

Result<std::set<unsigned>> numbers_in(const fs::path& chroot) {
    std::set<unsigned> numbers;
    auto names = list_directory(chroot / generations);
    if (!names && names.error().sys == ENOENT) return numbers;
    for (const std::string& name : TRY(std::move(names)))
        if (const auto number = whole_number<unsigned>(name)) numbers.insert(*number);
    return numbers;
}

Result<> remove_generation(const fs::path& chroot, unsigned number) {
    return remove_tree(chroot / directory_of(number).relative_path());
}

Result<> put_in_place(const fs::path& chroot, unsigned number) {
    const fs::path temporary = chroot / ".usr.pando-new";
    unlink(temporary.c_str());
    if (symlink(link_text(number).c_str(), temporary.c_str()) < 0) return fail_errno(errno, "{}", temporary.string());
    if (rename(temporary.c_str(), (chroot / "usr").c_str()) < 0)
        return fail_errno(errno, "putting generation {} in place in {}", number, chroot.string())
            .advise("was the chroot made by an older version of pando? The next boot makes it anew");
    return sync_directory(chroot);
}

struct RunFile {
    unsigned generation = 0;
    fs::path path;  // /usr/sbin/corosync
};

// From a process's memory: "/.generations/3/usr/sbin/corosync", with the chroot's place in front where that is seen.
std::vector<RunFile> files_run_by(pid_t pid, dev_t device) {
    std::vector<RunFile> files;
    const auto maps = read_file(fmt::format("/proc/{}/maps", pid));
    if (!maps) return files;
    const std::string mark = "/" + std::string(generations) + "/";
    for (const std::string& path : mapped_files(*maps, device)) {
        const size_t at = path.find(mark);
        if (at == std::string::npos) continue;
        const size_t begin = at + mark.size();
        const size_t end = path.find('/', begin);
        const auto number = whole_number<unsigned>(std::string_view(path).substr(begin, end - begin));
        if (number && end != std::string::npos) files.push_back({*number, path.substr(end)});
    }
    return files;
}

// A hard link to the same file is the same code.
bool is_still_current(const fs::path& chroot, const RunFile& file) {
    struct stat old {};
    struct stat now {};
    const fs::path there = chroot / directory_of(file.generation).relative_path() / file.path.relative_path();
    return stat(there.c_str(), &old) == 0 && stat((chroot / file.path.relative_path()).c_str(), &now) == 0 &&
           old.st_ino == now.st_ino;
}

}  // namespace

Result<std::optional<Generation>> current_generation(const fs::path& chroot) {
    const auto number = current_number(chroot);
    if (!number) return std::optional<Generation>();
    Generation current;
    current.number = *number;
    const fs::path file = chroot / directory_of(*number).relative_path() / "manifest.json";
    current.manifest = TRY(Manifest::from_json(TRY(read_file(file))));
    struct stat status {};
    if (stat(file.c_str(), &status) == 0) current.made = status.st_mtime;
    return std::optional(std::move(current));
}

Result<unsigned> install_generation(const Manifest& manifest, const Sysroot& source, const fs::path& chroot) {
    const auto current = TRY(current_generation(chroot));
    if (current && compare(current->manifest, manifest).none()) return current->number;
    for (const unsigned number : TRY(numbers_in(chroot)))
        if (number > (current ? current->number : 0)) TRY(remove_generation(chroot, number));

    const unsigned number = current ? current->number + 1 : 1;
    const Manifest there = placed(manifest, number);
    TRY(install(there, source, chroot, current ? twins(*current, manifest, number) : Twins()));
    TRY(verify(there, TRY(Sysroot::open(chroot)), Check::names));
    TRY(write_file_atomic(chroot / directory_of(number).relative_path() / "manifest.json", manifest.to_json()));
    TRY(put_in_place(chroot, number));
    return number;
}

Result<> verify_generation(const Generation& generation, const fs::path& chroot) {
    return verify(placed(generation.manifest, generation.number), TRY(Sysroot::open(chroot)), Check::content);
}

Result<std::vector<unsigned>> remove_unused_generations(const fs::path& chroot) {
    std::set<unsigned> unused = TRY(numbers_in(chroot));
    const auto current = current_number(chroot);
    if (!current) return std::vector<unsigned>();
    unused.erase(*current);
    struct stat status {};
    if (stat(chroot.c_str(), &status) < 0) return fail_errno(errno, "{}", chroot.string());
    for (const pid_t pid : TRY(all_processes()))
        for (const RunFile& file : files_run_by(pid, status.st_dev)) unused.erase(file.generation);
    for (const unsigned number : unused) TRY(remove_generation(chroot, number));
    return std::vector<unsigned>(unused.begin(), unused.end());
}

Difference compare(const Manifest& old, const Manifest& wanted) {
    Difference difference;
    for (const auto& [path, entry] : wanted.entries) {
        const auto known = old.entries.find(path);
        if (known != old.entries.end() && same(known->second, entry)) continue;
        (known == old.entries.end() ? difference.added : difference.changed).push_back(path);
        difference.new_bytes += entry.size;
    }
    for (const auto& [path, entry] : old.entries)
        if (!wanted.entries.contains(path)) difference.removed.push_back(path);
    return difference;
}

std::string fingerprint(const Manifest& manifest, const Sysroot& source, std::string_view request) {
    std::string text(request);
    auto files = manifest.sources();
    files.emplace_back("/var/lib/dpkg/status");
    for (const fs::path& file : files) {
        const auto status = source.stat(file);
        text += "\n" + file.string();
        if (!status) continue;
        text += fmt::format(" {} {} {} {}.{} {}.{} {:o}", status->st_dev, status->st_ino, status->st_size,
                            status->st_mtim.tv_sec, status->st_mtim.tv_nsec, status->st_ctim.tv_sec,
                            status->st_ctim.tv_nsec, status->st_mode);
    }
    return sha256(text);
}

Result<> keep_fingerprint(const fs::path& chroot, unsigned generation, std::string_view fingerprint) {
    return write_file_atomic(chroot / directory_of(generation).relative_path() / "fingerprint", fingerprint);
}

std::string kept_fingerprint(const fs::path& chroot, unsigned generation) {
    return read_line(chroot / directory_of(generation).relative_path() / "fingerprint").value_or("");
}

Result<std::vector<OldCode>> old_code(const fs::path& chroot) {
    std::vector<OldCode> found;
    struct stat status {};
    if (stat(chroot.c_str(), &status) < 0) return fail_errno(errno, "{}", chroot.string());
    for (const pid_t pid : TRY(survival_processes(chroot))) {
        OldCode process{pid, first_argument(pid), {}};
        for (const RunFile& file : files_run_by(pid, status.st_dev))
            if (!is_still_current(chroot, file)) process.files.push_back(file.path);
        if (!process.files.empty()) found.push_back(std::move(process));
    }
    return found;
}

}  // namespace pando::chroot
