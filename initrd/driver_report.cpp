// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/driver_report.h"

#include "base/log.h"

#include <utility>

namespace pando::initrd {
namespace {

DriverReport& report() {
    static auto* all = new DriverReport;  // threads may outlive main()
    return *all;
}

}  // namespace

std::vector<std::string> DriverReport::note(const hwdetect::Coldplug& done) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const std::string& line : done.failed)
        if (told_.insert(line).second) lines.push_back("driver: " + line);
    for (const std::string& line : done.firmware)
        if (told_.insert(line).second) lines.push_back(line);
    for (const std::string& line : done.missing)
        if (told_.insert(line).second) kept_.push_back(line);
    return lines;
}

std::vector<std::string> DriverReport::lacking() {
    const std::lock_guard lock(mutex_);
    return std::exchange(kept_, {});
}

void note_drivers(const hwdetect::Coldplug& done) {
    for (const std::string& line : report().note(done)) log::warning("{}", line);
}

void tell_lacking_drivers() {
    note_drivers(hwdetect::coldplug_since());
    const auto lines = report().lacking();
    for (const std::string& line : lines) log::warning("{}", line);
    if (!lines.empty())
        log::hint(
            "if this boot needs one of them: pando image build --any-machine, or --machine FILE with what pando hw "
            "probe "
            "--json says of this machine");
}

void note_lacking_drivers() {
    for (const std::string& line : report().lacking()) log::info("{}", line);
}

}  // namespace pando::initrd
