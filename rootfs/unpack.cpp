// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"
#include "base/process.h"
#include "rootfs/install.h"
#include "rootfs/pipeline.h"

#include <charconv>

namespace pando::rootfs {
namespace {

constexpr std::string_view progress_mark = "pando-records ";
constexpr unsigned records_per_line = 5000;  // tar counts in records of 10 KiB: a line every 50 MB
constexpr double megabytes_per_record = 0.01024;

// tar says how far it is on standard error, among its complaints.
bool complaint(std::string_view line) {
    const size_t mark = line.find(progress_mark);
    if (mark == std::string_view::npos) return true;
    const std::string_view number = line.substr(mark + progress_mark.size());
    unsigned records = 0;
    std::from_chars(number.data(), number.data() + number.size(), records);
    log::info("unpacked {:.0f} MB", records * megabytes_per_record);
    return false;
}

}  // namespace

Result<> unpack_archive(const std::string& archive, const std::filesystem::path& directory, Deadline deadline) {
    std::vector<std::vector<std::string>> programs;
    if (archive.starts_with("http://")) {
        programs.push_back({"wget", "-q", "-O", "-", archive});  // GNU's and busybox's
        programs.push_back({"zstd", "-dcq"});
    } else {
        programs.push_back({"zstd", "-dcq", "--", archive});
    }
    programs.push_back({"tar", "-x", "-p", "--numeric-owner", "--xattrs", "--xattrs-include=security.*", "--acls",
                        fmt::format("--checkpoint={}", records_per_line),
                        fmt::format("--checkpoint-action=echo={}%u", progress_mark), "-C", directory.string(), "-f",
                        "-"});
    auto done = run_pipeline(programs, deadline, complaint);
    if (!done && done.error().kind == ErrorKind::timeout)
        return Failure(done.error().context(fmt::format("unpacking {}", archive)));
    if (!done)
        return Failure(done.error().context(fmt::format("unpacking {}", archive)))
            .advise("check that the archive is whole and can be reached: zstd -t FILE, wget URL");
    return {};
}

}  // namespace pando::rootfs
