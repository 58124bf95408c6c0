// SPDX-License-Identifier: GPL-2.0-or-later
// Which shared files does this node write? fanotify tells of every write on this machine, whatever mount namespace it
// comes from, and of none on the others: so each node watches itself, and what they found is compared
// (cdsl/observed.h). A file that this node wrote and that has another content at the end was written elsewhere as well,
// whether or not the other node watched.
//
//   auto watch = TRY(WriteWatch::start(survey, "n1"));
//   const Observed observed = TRY(watch.run(Deadline::after(std::chrono::minutes(1))));
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"
#include "cdsl/observed.h"
#include "cdsl/survey.h"

#include <sys/stat.h>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pando::cdsl {

class WriteWatch {
public:
    // From now on. Needs the privilege to watch a filesystem (CAP_SYS_ADMIN).
    static Result<WriteWatch> start(const Survey& survey, const std::string& node);

    // Until the deadline. Files of private paths and Pando's own are left out, and those that are gone at the end.
    Result<Observed> run(Deadline deadline);

    // The parts of run(): takes in what happened until now, and ends the watch. Neither waits for anything.
    Result<> drain();
    Result<Observed> finish();

private:
    // An inode that was written, held open until its name has settled: who writes by rename writes to another name.
    struct Written {
        UniqueFd file;
        uint64_t writes = 0;
        std::set<std::string> programs;
        struct stat last {};  // after our last write to it
    };
    using Inode = std::pair<dev_t, ino_t>;

    WriteWatch(const Survey& survey, std::string node) : survey_(survey), node_(std::move(node)) {}

    void note(UniqueFd file, pid_t writer);
    void settle_names();
    std::filesystem::path name_of(int file) const;
    bool is_shared(const std::filesystem::path& path) const;
    bool changed_since(const Written& written, const std::filesystem::path& path) const;

    const Survey& survey_;
    std::string node_;
    std::filesystem::path root_;
    int64_t begin_ = 0;
    UniqueFd events_;
    std::map<Inode, Written> written_;
    // By name: writes to inodes that have gone since, as a rename leaves them behind.
    std::map<std::filesystem::path, ObservedFile> settled_;
};

}  // namespace pando::cdsl
