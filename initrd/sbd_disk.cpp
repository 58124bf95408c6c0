// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/sbd_disk.h"

#include "base/number.h"
#include "base/store.h"

#include <fmt/ranges.h>
#include <sstream>

namespace pando::initrd {
namespace {

constexpr std::string_view magic = "SBD_SBD_";  // of a header
constexpr const char* sbd = "/usr/sbin/sbd";

// "Timeout (msgwait)  : 60"
std::optional<unsigned> timeout_in(std::string_view text, std::string_view name) {
    const std::string key = fmt::format("Timeout ({})", name);
    size_t at = text.find(key);
    if (at == std::string_view::npos || (at = text.find(':', at)) == std::string_view::npos) return std::nullopt;
    std::string_view rest = text.substr(at + 1, text.find('\n', at) - at - 1);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    return whole_number<unsigned>(std::string(rest));
}

enum class Content { header, zeros, other };

// sbd says no more than "NOT dumped" of a disk that cannot be read, of a blank one and of anything else.
Result<Content> look_at(const std::string& disk) {
    const auto store = TRY(open_store(disk));
    const std::string start = TRY(store->read(0, Store::block));
    if (start.starts_with(magic)) return Content::header;
    return start.find_first_not_of('\0') == std::string::npos ? Content::zeros : Content::other;
}

Result<> create(const SbdRunner& run, const std::string& disk, const config::SbdTimes& times, Deadline deadline) {
    const std::vector<std::string> argv = {
        sbd, "-d", disk, "-1", std::to_string(times.watchdog), "-4", std::to_string(times.msgwait), "create"};
    const auto done = TRY(run(argv, deadline));
    if (done.ok()) return {};
    return fail("sbd wrote no header to {}: {}", disk, done.last_words()).advise("is the LUN writable? dmesg");
}

Result<std::optional<config::SbdTimes>> read_header(const SbdRunner& run, const std::string& disk, Deadline deadline) {
    const auto dump = TRY(run({sbd, "-d", disk, "dump"}, deadline));
    return dump.ok() ? parse_sbd_dump(dump.out) : std::nullopt;
}

}  // namespace

std::optional<config::SbdTimes> parse_sbd_dump(std::string_view text) {
    const auto watchdog = timeout_in(text, "watchdog"), msgwait = timeout_in(text, "msgwait");
    if (!watchdog || !msgwait) return std::nullopt;
    return config::SbdTimes{*watchdog, *msgwait};
}

std::map<std::string, std::string> parse_sbd_list(std::string_view text) {
    std::map<std::string, std::string> slots;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, name, message;
        if (words >> number >> name >> message && whole_number<unsigned>(number)) slots.emplace(name, message);
    }
    return slots;
}

Result<std::string> prepare_sbd_disk(const SbdRunner& run, const std::string& disk, const config::SbdTimes& times,
                                     const OthersUp& others_up, Deadline deadline) {
    const auto wanted = fmt::format("{} s for the watchdog, {} s for a message", times.watchdog, times.msgwait);
    const std::string anew = fmt::format("sbd -d {} -1 {} -4 {} create", disk, times.watchdog, times.msgwait);
    const auto header = TRY(read_header(run, disk, deadline));
    if (header && *header == times) return wanted;
    if (!header) {
        const Content content = TRY(look_at(disk));
        if (content == Content::header)
            return fail("{} has a header of sbd's that sbd does not read", disk).advise("with all nodes down: " + anew);
        if (content == Content::other)
            return fail("{} holds something else than messages of sbd", disk)
                .advise("if it may be lost, with all nodes down: " + anew);
    } else {
        const auto others = TRY(others_up());
        if (!others.empty())
            return fail("{} says {} s for the watchdog and {} s for a message; cluster.yaml wants {}, and {} {} by it",
                        disk, header->watchdog, header->msgwait, wanted, fmt::join(others, ", "),
                        others.size() == 1 ? "runs" : "run")
                .advise(fmt::format(
                    "stop all nodes and start them again, or write the former watchdog.timeout of {} s again",
                    header->watchdog));
    }
    TRY(create(run, disk, times, deadline));
    const auto written = TRY(read_header(run, disk, deadline));
    if (!written || !(*written == times))
        return fail("{} does not read back as sbd wrote it", disk).advise("look at the storage, and at dmesg");
    return wanted + ", written now";
}

}  // namespace pando::initrd
