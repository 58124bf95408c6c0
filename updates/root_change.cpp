// SPDX-License-Identifier: GPL-2.0-or-later
#include "updates/root_change.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/utc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::updates {
namespace {

namespace fs = std::filesystem;

constexpr auto packing_patience = std::chrono::minutes(5);

Result<> write_record(const fs::path& root, const Record& record) {
    return write_file_atomic(directory_of(root, record.number) / "change.json", to_json(record), 0600);
}

// Whoever made it is dead: the lock is ours.
Result<> end_interrupted(const fs::path& root, Record& record, const Packages& now) {
    const auto before = TRY(read_file(directory_of(root, record.number) / "packages"));
    record.packages = changed_packages(parse_packages(before), now);
    record.state = Record::State::interrupted;
    record.end = utc_now();
    TRY(write_record(root, record));
    log::warning("change {} ({} on {}) was cut off with {} packages changed", record.number, record.command,
                 record.node, record.packages.size());
    log::hint("pando root changes {} lists them; dpkg --configure -a ends what dpkg had begun: pando root shell",
              record.number);
    return {};
}

Result<> forget_oldest(const fs::path& root, const std::vector<Record>& records) {
    for (size_t i = 0; i + kept_changes < records.size(); ++i) TRY(remove_tree(directory_of(root, records[i].number)));
    return {};
}

// Complete before the record is: without one nothing was changed.
Result<> keep_what_is(const fs::path& root, const fs::path& directory, const Packages& packages) {
    TRY(remove_tree(directory));  // begun, and cut off
    TRY(make_directories(directory, 0700));
    TRY(write_file_atomic(directory / "packages", to_lines(packages), 0600));
    const Finished packed = TRY(run({.argv = {"tar", "--create", "--gzip", "--file",
                                              (directory / "etc.tar.gz").string(), "--directory", root.string(), "etc"},
                                     .deadline = Deadline::after(packing_patience)}));
    // 1: a file changed while it was read, by another node or by a person. It is kept as it was read.
    if (packed.status != 0 && packed.status != 1) return fail("keeping /etc as it is: tar: {}", packed.last_words());
    const UniqueFd archive(open((directory / "etc.tar.gz").c_str(), O_RDONLY | O_CLOEXEC));
    if (!archive.valid() || fchmod(archive.get(), 0600) < 0 || fsync(archive.get()) < 0)
        return fail_errno(errno, "writing {}", (directory / "etc.tar.gz").string());
    return sync_directory(directory);
}

}  // namespace

Result<RootChange> RootChange::begin(const fs::path& root, const cdsl::Holder& who, Deadline deadline) {
    RootChange change;
    change.root_ = root;
    const UniqueFd view(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!view.valid()) return fail_errno(errno, "opening {}", root.string());
    change.lock_ = TRY(cdsl::ChangeLock::take(view.get(), who, deadline, cdsl::package_changes));
    change.packages_ = TRY(installed_packages());
    auto records = TRY(read_records(root));
    if (!records.empty() && records.back().state == Record::State::running)
        TRY(end_interrupted(root, records.back(), change.packages_));
    TRY(forget_oldest(root, records));
    change.etc_ = TRY(read_etc(root));
    change.record_.number = records.empty() ? 1 : records.back().number + 1;
    change.record_.node = who.filled().node;
    change.record_.command = who.command;
    change.record_.begin = utc_now();
    TRY(keep_what_is(root, directory_of(root, change.record_.number), change.packages_));
    TRY(write_record(root, change.record_));
    return change;
}

Result<Record> RootChange::finish(int status) {
    record_.packages = changed_packages(packages_, TRY(installed_packages()));
    record_.files = changed_files(etc_, TRY(read_etc(root_)));
    record_.state = status == 0 ? Record::State::done : Record::State::failed;
    record_.status = status;
    record_.end = utc_now();
    TRY(write_record(root_, record_));
    return record_;
}

}  // namespace pando::updates
