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
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <set>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view swapped = "/usr";  // the directory of which there is one in each generation
constexpr uint64_t spare_bytes = 1U << 20U;   // left over when it is said beforehand that there is room
constexpr uint64_t block = 4096;              // that a directory takes on a disk

bool is_swapped(const fs::path& path) {
    return path == swapped || path.native().starts_with(std::string(swapped) + "/");
}

// In the store, which is taken for "/".
fs::path directory_of(unsigned number) { return fs::path("/") / std::to_string(number); }

fs::path store_of(const fs::path& chroot) { return chroot / generations_directory; }

fs::path in_store(const fs::path& store, unsigned number) { return store / std::to_string(number); }

fs::path link_text(unsigned number) { return fs::path(generations_directory) / std::to_string(number) / "usr"; }

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

// A generation's part of the manifest, with every path where it lies in the store.
Manifest stored(const Manifest& manifest, unsigned number) {
    const fs::path base = directory_of(number);
    Manifest result;
    Entry& directory = result.entries[base];
    directory.kind = Entry::Kind::directory;
    directory.mode = 0755;
    directory.reasons = {{"holds the generation", {}}};
    for (const auto& [path, entry] : manifest.entries) {
        if (!is_swapped(path)) continue;
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

Result<std::set<unsigned>> numbers_in(const fs::path& store) {
    std::set<unsigned> numbers;
    auto names = list_directory(store);
    if (!names && names.error().sys == ENOENT) return numbers;
    for (const std::string& name : TRY(std::move(names)))
        if (const auto number = whole_number<unsigned>(name)) numbers.insert(*number);
    return numbers;
}

Result<Generation> read_generation(const fs::path& store, unsigned number) {
    Generation generation;
    generation.number = number;
    const fs::path file = in_store(store, number) / "manifest.json";
    generation.manifest = TRY(Manifest::from_json(TRY(read_file(file))));
    struct stat status {};
    if (stat(file.c_str(), &status) == 0) generation.made = status.st_mtime;
    return generation;
}

// Those that were completed once, the newest first.
Result<std::vector<Generation>> complete_generations(const fs::path& store) {
    std::vector<Generation> found;
    const auto numbers = TRY(numbers_in(store));
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number)
        if (auto generation = read_generation(store, *number)) found.push_back(std::move(*generation));
    return found;
}

Result<dev_t> device_of(const fs::path& directory) {
    struct stat status {};
    if (stat(directory.c_str(), &status) < 0) return fail_errno(errno, "{}", directory.string());
    return status.st_dev;
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
    const std::string mark = fmt::format("/{}/", generations_directory);
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
    const fs::path there = in_store(store_of(chroot), file.generation) / file.path.relative_path();
    return stat(there.c_str(), &old) == 0 && stat((chroot / file.path.relative_path()).c_str(), &now) == 0 &&
           old.st_ino == now.st_ino;
}

Result<std::set<unsigned>> numbers_in_use(const fs::path& store) {
    std::set<unsigned> used;
    const dev_t device = TRY(device_of(store));
    for (const pid_t pid : TRY(all_processes()))
        for (const RunFile& file : files_run_by(pid, device)) used.insert(file.generation);
    return used;
}

// A store that is a disk's: what is written there shall be there after a power cut.
Result<> flush_disk(const fs::path& store) {
    if (TRY(device_of(store)) == TRY(device_of(store / ".."))) return {};
    const UniqueFd fd(open(store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || syncfs(fd.get()) < 0) return fail_errno(errno, "flushing {}", store.string());
    return {};
}

// All but those to be spared and those that a process runs from.
Result<std::vector<unsigned>> remove_others(const fs::path& store, const std::set<unsigned>& spared) {
    std::vector<unsigned> removed;
    const auto used = TRY(numbers_in_use(store));
    for (const unsigned number : TRY(numbers_in(store))) {
        if (spared.contains(number) || used.contains(number)) continue;
        // First what makes it complete: a power cut must not leave one that looks whole.
        std::error_code ec;
        fs::remove(in_store(store, number) / "manifest.json", ec);
        TRY(flush_disk(store));
        TRY(remove_tree(in_store(store, number)));
        removed.push_back(number);
    }
    return removed;
}

// Below a directory: what the manifest does not know, or another user could change. The first thing found; else empty.
std::string find_stranger(const Manifest& there, const Sysroot& store, const fs::path& directory) {
    const auto names = store.list(directory);
    if (!names) return names.error().what;
    for (const std::string& name : *names) {
        const fs::path path = directory / name;
        const auto entry = there.entries.find(path);
        if (entry == there.entries.end()) return fmt::format("{} does not belong there", path.string());
        const auto status = store.lstat(path);
        if (!status) return status.error().what;
        if (status->st_uid != geteuid()) return fmt::format("{} belongs to user {}", path.string(), status->st_uid);
        if (entry->second.kind != Entry::Kind::directory) continue;
        if (std::string found = find_stranger(there, store, path); !found.empty()) return found;
    }
    return {};
}

// What a disk has kept may have rotted, or somebody may have had it in his hands. Empty: every byte is right.
Result<std::string> fault_of_kept(const Manifest& manifest, const fs::path& store, unsigned number) {
    const Manifest there = stored(manifest, number);
    const auto root = TRY(Sysroot::open(store));
    if (const auto found = faults(there, root, Check::bytes); !found.empty())
        return found.size() == 1 ? found.front() : fmt::format("{}, and {} more", found.front(), found.size() - 1);
    return find_stranger(there, root, directory_of(number) / swapped.substr(1));
}

// Told beforehand: a filesystem that fills up half-way has cost the time it took, and may be needed by others.
Result<> check_room(const Manifest& there, const Twins& links, const fs::path& store) {
    Manifest fresh;
    uint64_t directories = 0;
    for (const auto& [path, entry] : there.entries) {
        if (!links.contains(path)) fresh.entries.emplace(path, entry);
        if (entry.kind == Entry::Kind::directory) ++directories;
    }
    const uint64_t needed = fresh.resident_bytes() + directories * block + spare_bytes;
    struct statvfs room {};
    if (statvfs(store.c_str(), &room) < 0) return fail_errno(errno, "{}", store.string());
    const uint64_t free = room.f_bavail * room.f_frsize;
    const bool names = room.f_files == 0 || room.f_favail >= fresh.entries.size();
    if (room.f_blocks == 0 || (free >= needed && names)) return {};
    constexpr double mebi = 1024.0 * 1024.0;
    return fail("{} has room for {:.1f} MiB and {} names, the chroot takes {:.1f} MiB and {}", store.string(),
                static_cast<double>(free) / mebi, room.f_favail, static_cast<double>(needed) / mebi,
                fresh.entries.size())
        .advise("raise chroot.size, or make room on the disk of chroot.path");
}

// The manifest's file comes last: a directory without it was never completed.
Result<Stored> make_generation(const Manifest& manifest, const Sysroot& source, const fs::path& store, unsigned number,
                               const Generation* before) {
    const Manifest there = stored(manifest, number);
    const Twins links = before != nullptr ? twins(*before, manifest, number) : Twins();
    TRY(check_room(there, links, store));
    Stored made;
    made.number = number;
    made.added = TRY(install(there, source, store, links));
    // A boot copies from its image, which nobody changes; packages may be changing on a live root.
    TRY(verify(there, TRY(Sysroot::open(store)), before != nullptr ? Check::bytes : Check::names));
    TRY(flush_disk(store));
    TRY(write_file_atomic(in_store(store, number) / "manifest.json", manifest.to_json()));
    TRY(flush_disk(store));
    return made;
}

// A boot: nothing is in place yet.
Result<Stored> store_at_boot(const Manifest& manifest, const Sysroot& source, const fs::path& store) {
    const auto kept = TRY(complete_generations(store));
    std::string broken;
    for (const Generation& one : kept) {
        if (!compare(one.manifest, manifest).none()) continue;
        std::string fault = TRY(fault_of_kept(manifest, store, one.number));
        if (fault.empty()) {
            unlink((in_store(store, one.number) / "fingerprint").c_str());  // of a root that may have changed meanwhile
            TRY(remove_others(store, {one.number}));
            return Stored{one.number, true, {}, std::move(broken)};
        }
        if (broken.empty()) broken = std::move(fault);
    }
    // What can be linked to is taken from the newest, each file only if its bytes are right.
    const Generation* before = kept.empty() ? nullptr : &kept.front();
    TRY(remove_others(store, before != nullptr ? std::set{before->number} : std::set<unsigned>()));
    const auto numbers = TRY(numbers_in(store));
    Stored made = TRY(make_generation(manifest, source, store, numbers.empty() ? 1 : *numbers.rbegin() + 1, before));
    TRY(remove_others(store, {made.number}));
    made.broken = std::move(broken);
    return made;
}

}  // namespace

Manifest beside_generations(const Manifest& manifest) {
    Manifest result;
    for (const auto& [path, entry] : manifest.entries)
        if (!is_swapped(path)) result.entries.emplace(path, entry);
    Entry& directory = result.entries[fs::path("/") / generations_directory];
    directory.kind = Entry::Kind::directory;
    directory.mode = 0755;
    directory.reasons = {{"holds the generations", {}}};
    return result;
}

Result<std::optional<Generation>> current_generation(const fs::path& chroot) {
    const auto number = current_number(chroot);
    if (!number) return std::optional<Generation>();
    return std::optional(TRY(read_generation(store_of(chroot), *number)));
}

Result<Stored> store_generation(const Manifest& manifest, const Sysroot& source, const fs::path& store,
                                const std::optional<Generation>& in_place) {
    if (!in_place) return store_at_boot(manifest, source, store);
    if (compare(in_place->manifest, manifest).none()) return Stored{in_place->number, true, {}, {}};
    for (const unsigned number : TRY(numbers_in(store)))
        if (number > in_place->number) TRY(remove_tree(in_store(store, number)));
    return make_generation(manifest, source, store, in_place->number + 1, &*in_place);
}

Result<> use_generation(const Manifest& manifest, const Sysroot& source, const fs::path& chroot, unsigned number) {
    const Manifest beside = beside_generations(manifest);
    (void)TRY(install(beside, source, chroot));
    TRY(verify(beside, TRY(Sysroot::open(chroot)), Check::names));
    return put_in_place(chroot, number);
}

Result<unsigned> install_generation(const Manifest& manifest, const Sysroot& source, const fs::path& chroot) {
    const auto current = TRY(current_generation(chroot));
    if (current && compare(current->manifest, manifest).none()) return current->number;
    TRY(make_directories(store_of(chroot)));
    const Stored made = TRY(store_generation(manifest, source, store_of(chroot), current));
    TRY(use_generation(manifest, source, chroot, made.number));
    return made.number;
}

Result<> verify_generation(const Generation& generation, const fs::path& chroot) {
    Manifest placed = beside_generations(generation.manifest);
    for (auto& [path, entry] : stored(generation.manifest, generation.number).entries)
        placed.entries[fs::path("/") / generations_directory / path.relative_path()] = entry;
    return verify(placed, TRY(Sysroot::open(chroot)), Check::content);
}

Result<std::vector<unsigned>> remove_unused_generations(const fs::path& chroot) {
    const auto current = current_number(chroot);
    if (!current) return std::vector<unsigned>();
    return remove_others(store_of(chroot), {*current});
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
    // Where links lead: a time zone is changed by one.
    for (const auto& [path, entry] : manifest.entries)
        if (entry.kind == Entry::Kind::symlink) text += "\n" + source.read_link(path).value_or("");
    return sha256(text);
}

Result<> keep_fingerprint(const fs::path& chroot, unsigned generation, std::string_view fingerprint) {
    return write_file_atomic(in_store(store_of(chroot), generation) / "fingerprint", fingerprint);
}

std::string kept_fingerprint(const fs::path& chroot, unsigned generation) {
    return read_line(in_store(store_of(chroot), generation) / "fingerprint").value_or("");
}

Result<std::vector<OldCode>> old_code(const fs::path& chroot) {
    std::vector<OldCode> found;
    const dev_t device = TRY(device_of(store_of(chroot)));
    for (const pid_t pid : TRY(survival_processes(chroot))) {
        OldCode process{pid, first_argument(pid), {}};
        for (const RunFile& file : files_run_by(pid, device))
            if (!is_still_current(chroot, file)) process.files.push_back(file.path);
        if (!process.files.empty()) found.push_back(std::move(process));
    }
    return found;
}

}  // namespace pando::chroot
