// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/displace.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr int names = 1000;
constexpr int turns = 100;  // of programs that write and remove the path all the time

std::string shown(const std::string& name) { return fmt::format("/{}/{}", displaced_directory, name); }

Failure full() {
    return fail("/{} is full of it", displaced_directory).advise("look through that directory and empty it");
}

// The link under a name of its own, which is then that of what it is exchanged with. One that an interrupted run left
// is used again.
Result<std::string> link_aside(int aside, const fs::path& path, const std::string& label) {
    const std::string target = target_of_link(path);
    for (int number = 1; number < names; ++number) {
        std::string name = fmt::format("{}.{}.{}", flat_name(path), label, number);
        if (symlinkat(target.c_str(), aside, name.c_str()) == 0) return name;
        if (errno != EEXIST) return fail_errno(errno, "making the link {}", shown(name));
        if (TRY(link_text(aside, name)) == target) return name;
    }
    return full();
}

enum class Placed { alone, exchanged };

Result<Placed> place(int aside, const std::string& name, int parent, const fs::path& file) {
    for (int turn = 0; turn < turns; ++turn) {
        if (renameat2(aside, name.c_str(), parent, file.c_str(), RENAME_NOREPLACE) == 0) return Placed::alone;
        if (errno != EEXIST) return fail_errno(errno, "putting the link at {}", file.string());
        if (renameat2(aside, name.c_str(), parent, file.c_str(), RENAME_EXCHANGE) == 0) return Placed::exchanged;
        if (errno != ENOENT) return fail_errno(errno, "putting the link at {}", file.string());
    }
    return fail("{} comes and goes all the time", file.string()).advise("end the program that writes it");
}

}  // namespace

Result<std::string> displace(int root, const fs::path& path, const std::string& label) {
    const auto parent = TRY(open_parent(root, path));
    const auto directory = TRY(open_beneath(root, displaced_directory, O_PATH | O_DIRECTORY));
    const auto original = TRY(stat_beneath(parent.get(), path.filename()));
    if (!original) return fail("{} went away meanwhile", path.string());
    for (int number = 1; number < names; ++number) {
        const std::string name = fmt::format("{}.{}.{}", flat_name(path), label, number);
        if (linkat(parent.get(), path.filename().c_str(), directory.get(), name.c_str(), 0) == 0) {
            TRY(sync_filesystem(directory.get()));
            return shown(name);
        }
        if (errno != EEXIST) return fail_errno(errno, "keeping it as {}", shown(name));
        const auto taken = TRY(stat_beneath(directory.get(), name));
        if (taken && taken->st_ino == original->st_ino && taken->st_dev == original->st_dev) return shown(name);
    }
    return full();
}

Result<std::string> put_link(int root, const fs::path& path, const std::string& label,
                             const std::function<Result<bool>(const Entry&)>& spare, const Checkpoint& checkpoint) {
    const auto reached = [&](std::string_view done) {
        if (checkpoint) checkpoint(done);
    };
    const auto parent = TRY(open_parent(root, path));
    const auto aside = TRY(ensure_directory(root, displaced_directory, 0700));
    const std::string name = TRY(link_aside(aside.get(), path, label));
    reached("made the link");
    const fs::path file = path.filename();
    const auto placed = place(aside.get(), name, parent.get(), file);
    if (!placed) {
        (void)unlinkat(aside.get(), name.c_str(), 0);
        return Failure(placed.error());
    }
    TRY(flush_directory(parent.get()));
    reached("linked");
    if (*placed == Placed::alone) return std::string();

    const auto came = TRY(stat_beneath(aside.get(), name));
    if (came && S_ISDIR(came->st_mode)) {
        if (renameat2(aside.get(), name.c_str(), parent.get(), file.c_str(), RENAME_EXCHANGE) < 0)
            return fail_errno(errno, "putting back the directory {}, which is {} now", path.string(), shown(name));
        (void)unlinkat(aside.get(), name.c_str(), 0);
        return fail("{} is a directory, a link is for a single file", path.string())
            .advise("use mode bind for a directory");
    }
    const bool link = TRY(link_text(aside.get(), name)) == target_of_link(path);
    if (link || (spare && TRY(spare({aside.get(), name})))) {
        if (unlinkat(aside.get(), name.c_str(), 0) < 0) return fail_errno(errno, "removing {}", shown(name));
        reached("removed what is elsewhere");
        TRY(flush_directory(aside.get()));
        return std::string();
    }
    TRY(flush_directory(aside.get()));
    return shown(name);
}

}  // namespace pando::cdsl
