// SPDX-License-Identifier: GPL-2.0-or-later
#include "updates/followed.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/utc.h"
#include "cdsl/layout.h"
#include "chroot-builder/residence.h"
#include "updates/record.h"

#include <sys/utsname.h>
#include <nlohmann/json.hpp>

namespace pando::updates {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr auto follow_patience = std::chrono::minutes(10);
constexpr auto restart_patience = std::chrono::minutes(2);
constexpr size_t file_limit = 1U << 20U;

std::string running_kernel() {
    utsname names{};
    return uname(&names) == 0 ? names.release : "";
}

// Systemd itself takes its new code over without ending.
Result<> restart(const Systemctl& control, const std::string& unit) {
    if (unit == "init.scope") return control({"daemon-reexec"});
    return control({"try-restart", unit});
}

void restart_all(Followed& followed, const std::vector<OldService>& services, const Systemctl& control) {
    for (const OldService& one : services) {
        if (const std::string why = why_not_restarted(one.unit); !why.empty()) {
            followed.left.push_back(one.unit.empty() ? why : fmt::format("{} ({})", one.unit, why));
            continue;
        }
        const auto done = restart(control, one.unit);
        if (done)
            followed.restarted.push_back(one.unit);
        else if (!control({"cat", one.unit}) && control({"stop", one.unit}))  // it has no unit file any more
            followed.stopped.push_back(one.unit);
        else
            followed.failed.push_back(fmt::format("{}: {}", one.unit, done.error().what));
    }
}

std::optional<Followed> read_followed(const fs::path& file) {
    const auto text = read_file(file, file_limit);
    return text ? parse_followed(*text) : std::nullopt;
}

}  // namespace

std::string to_json(const Followed& followed) {
    const Json json = {{"change", followed.change},   {"when", followed.when},
                       {"kernel", followed.kernel},   {"restarted", followed.restarted},
                       {"stopped", followed.stopped}, {"failed", followed.failed},
                       {"left", followed.left}};
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Followed> parse_followed(std::string_view text) {
    const auto json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    // nlohmann's own errors are exceptions: a value of another type is one.
    try {
        return Followed{json.at("change").get<unsigned>(),
                        json.at("when").get<std::string>(),
                        json.at("kernel").get<std::string>(),
                        json.at("restarted").get<std::vector<std::string>>(),
                        json.value("stopped", std::vector<std::string>()),  // a node's that follows by an older version
                        json.at("failed").get<std::vector<std::string>>(),
                        json.at("left").get<std::vector<std::string>>()};
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::optional<Followed> followed_by(const fs::path& root, const std::string& node) {
    return read_followed(root / cdsl::nodes_directory / node / fs::path(followed_file).relative_path());
}

Result<> systemctl(const std::vector<std::string>& words) {
    std::vector<std::string> argv = {"systemctl"};
    argv.insert(argv.end(), words.begin(), words.end());
    (void)TRY(run_ok({.argv = argv, .deadline = Deadline::after(restart_patience)}));
    return {};
}

Result<std::optional<Followed>> follow(const fs::path& root, const Systemctl& control) {
    const fs::path file = root / fs::path(followed_file).relative_path();
    // The timer's and that of the command which made the change: the second would see nothing to do, and say so.
    TRY(make_directories(root / "run/pando", 0755));
    const auto lock = TRY(FileLock::take(root / "run/pando/updates.lock", Deadline::after(follow_patience)));
    auto followed = read_followed(file).value_or(Followed());
    const Followed before = followed;
    const auto records = TRY(read_records(root));
    // After one that was cut off packages are unpacked in part: what runs is left alone until that is mended.
    const bool whole = !records.empty() &&
                       (records.back().state == Record::State::done || records.back().state == Record::State::failed);
    const bool fresh = whole && records.back().number != followed.change;
    followed.kernel = running_kernel();
    if (fresh) {
        followed = {records.back().number, utc_now(), followed.kernel, {}, {}, {}, {}};
        TRY(control({"daemon-reload"}));
        restart_all(followed, TRY(old_services(root, chroot::survival_processes().value_or(std::vector<pid_t>()))),
                    control);
    }
    if (followed != before) {
        if (followed.when.empty()) followed.when = utc_now();
        TRY(make_directories(file.parent_path(), 0755));
        TRY(write_file_atomic(file, to_json(followed), 0644));
    }
    return fresh ? std::optional(followed) : std::nullopt;
}

}  // namespace pando::updates
