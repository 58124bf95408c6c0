// SPDX-License-Identifier: GPL-2.0-or-later
// What pando-survival needs of it: apart from the start, which is a boot's.
#include "base/file.h"
#include "base/number.h"
#include "base/procfs.h"
#include "initrd/sbd.h"

#include <algorithm>
#include <csignal>

namespace pando::initrd {

std::optional<pid_t> sbd_process(const std::filesystem::path& pid_file) {
    std::string text = read_file(pid_file).value_or("");
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });  // it is filled up with blanks
    const auto pid = whole_number<int>(text);
    // sbd that was killed leaves the file, and the kernel gives numbers again.
    if (!pid || first_argument(*pid) != "@sbd") return std::nullopt;
    return *pid;
}

Result<std::string> end_sbd(Deadline deadline, const std::filesystem::path& pid_file) {
    const auto pid = sbd_process(pid_file);
    if (!pid) return std::string("not needed: it does not run");
    auto process = TRY(Child::adopt(*pid));
    kill(*pid, SIGTERM);
    TRY(process.wait(deadline));
    return std::string("ok");
}

}  // namespace pando::initrd
