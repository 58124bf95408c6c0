// SPDX-License-Identifier: GPL-2.0-or-later
// What belongs into the fencing chroot and why: the closure of programs, libraries, plugins and data files, found by
// reading (ELF headers, Python imports), never by running. The image carries the manifest and the files; a booting
// node installs from it.
//
//   auto root = TRY(Sysroot::open("/"));
//   Manifest manifest = TRY(resolve(root, request_for(cluster, files)));
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "config/agent_files.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

// Why something is inside: "library of" /usr/sbin/corosync; "asked for" by nobody in the chroot.
struct Reason {
    std::string relation;
    std::filesystem::path by;  // an entry of the same manifest; empty when the request itself is the reason
    std::string text() const { return by.empty() ? relation : relation + " " + by.string(); }
    bool operator==(const Reason&) const = default;
};

struct Entry {
    enum class Kind { file, directory, symlink };
    Kind kind = Kind::file;
    uint32_t mode = 0;                   // permission bits
    uint64_t size = 0;                   // bytes; files only
    std::string sha256;                  // files only
    std::string target;                  // symlinks only: the link's text
    std::optional<std::string> content;  // small files made by us, which no tree holds: /etc/nsswitch.conf
    std::filesystem::path source;        // where the tree holds the file, when that is elsewhere; else empty
    std::vector<Reason> reasons;         // all that want it, the first found first; never empty
    std::string why() const { return reasons.empty() ? std::string() : reasons.front().text(); }
};

// A path is the real one: nothing above it in the manifest is a symlink, so an entry is made by its name alone.
struct Manifest {
    std::map<std::filesystem::path, Entry> entries;  // absolute paths; sorted, so directories come before content
    // What reading could not tell of scripts, one sentence each; of resolve() only, not in the JSON.
    std::vector<std::string> warnings;
    uint64_t bytes() const;                              // sum of the files' sizes
    uint64_t resident_bytes() const;                     // what they take on a tmpfs: whole pages, and the entries' own
    std::vector<std::filesystem::path> sources() const;  // the files that install() reads: what an image must hold
    std::string to_json() const;
    static Result<Manifest> from_json(std::string_view json);
};

struct Request {
    std::vector<std::string> programs;  // absolute paths or names in the usual directories: corosync, dlm_controld, …
    std::vector<std::string> agents;    // fence agents by name or path: fence_ipmilan, /usr/local/sbin/fence_mine
    std::vector<std::filesystem::path> files;     // copied as they are, with their ELF closure when they are ELF
    std::map<std::filesystem::path, Entry> made;  // directories, links and small files that the tree need not have
    // Programs that the boot brings by itself, as they are secrets: what they need goes in, they do not.
    struct Delivered {
        std::string content;
        std::string why;
    };
    std::map<std::filesystem::path, Delivered> delivered;
};

// Preloaded into daemons that do not lock their memory; initrd/pando-lock.
constexpr const char* memory_lock = "/usr/lib/pando/pando-lock.so";

// The survival set's own part (corosync, dlm_controld, their tools and directories), the same on every cluster.
Request survival_request();

// That, and what this cluster adds: its fence agents with their files, its way to the storage, its further programs.
Request request_for(const config::Cluster& cluster, const config::AgentFiles& files);

// The closure in the tree of `root`. Error: everything that is missing, and for whom.
Result<Manifest> resolve(const Sysroot& root, const Request& request);

}  // namespace pando::chroot
