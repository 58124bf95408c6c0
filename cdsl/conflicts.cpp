// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/conflicts.h"

#include "base/file.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <unistd.h>
#include <array>
#include <climits>
#include <ctime>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr size_t held_limit = 512;  // open files; names of more are taken as they are at that moment
constexpr std::string_view deleted = " (deleted)";

bool same_content(const struct stat& one, const struct stat& other) {
    return one.st_ino == other.st_ino && one.st_size == other.st_size && one.st_mtim.tv_sec == other.st_mtim.tv_sec &&
           one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

std::string program_of(pid_t process) {
    auto name = read_line(fmt::format("/proc/{}/comm", process));
    return name && !name->empty() ? *name : "?";  // it has ended
}

}  // namespace

Result<WriteWatch> WriteWatch::start(const Survey& survey, const std::string& node) {
    WriteWatch watch(survey, node);
    std::error_code error;
    watch.root_ = fs::canonical(survey.root(), error);
    if (error) return fail("{}: {}", survey.root().string(), error.message());
    watch.begin_ = time(nullptr);
    watch.events_.reset(fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE,
                                      O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NOATIME));
    if (!watch.events_.valid())
        return Failure(fail_errno(errno, "watching for writes").advise("run it as root").error());
    if (fanotify_mark(watch.events_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_MODIFY | FAN_CLOSE_WRITE, AT_FDCWD,
                      watch.root_.c_str()) < 0)
        return fail_errno(errno, "watching {}", watch.root_.string());
    return watch;
}

Result<Observed> WriteWatch::run(Deadline deadline) {
    while (!deadline.passed()) {
        pollfd event{events_.get(), POLLIN, 0};
        const int ready = poll(&event, 1, deadline.poll_timeout());
        if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for writes");
        if (ready > 0) TRY(drain());
    }
    return finish();
}

Result<> WriteWatch::drain() {
    alignas(fanotify_event_metadata) std::array<char, 16384> buffer;
    for (;;) {
        const ssize_t n = read(events_.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return {};
        if (n <= 0) return fail_errno(n < 0 ? errno : EIO, "reading what was written");
        auto left = static_cast<size_t>(n);
        const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer.data());
        for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
            UniqueFd file(event->fd);
            if (file.valid() && event->pid != getpid()) note(std::move(file), event->pid);
        }
    }
}

void WriteWatch::note(UniqueFd file, pid_t writer) {
    struct stat st {};
    if (fstat(file.get(), &st) < 0 || !S_ISREG(st.st_mode)) return;
    Written& written = written_[{st.st_dev, st.st_ino}];
    if (!written.file.valid()) written.file = std::move(file);
    ++written.writes;
    written.programs.insert(program_of(writer));
    written.last = st;
    if (written_.size() >= held_limit) settle_names();
}

// Below the root, without the note of a name that is no more. Empty: elsewhere.
fs::path WriteWatch::name_of(int file) const {
    std::array<char, PATH_MAX> buffer;
    const ssize_t n = readlink(fmt::format("/proc/self/fd/{}", file).c_str(), buffer.data(), buffer.size());
    if (n <= 0) return {};
    std::string_view text(buffer.data(), static_cast<size_t>(n));
    if (text.ends_with(deleted)) text.remove_suffix(deleted.size());
    fs::path path(text);
    if (root_ == "/") return path;
    // A process in a mount namespace of its own may see the root as /.
    return is_below(path, root_) ? fs::path("/") / path.lexically_relative(root_) : fs::path();
}

bool WriteWatch::is_shared(const fs::path& path) const {
    if (path.empty() || is_below(path, fs::path("/") / pando_directory) || !checked_path(path.native())) return false;
    const Rule* rule = rule_over(survey_.rules_of(node_), path);
    return rule == nullptr || rule->mode == Mode::shared;
}

bool WriteWatch::changed_since(const Written& written, const fs::path& path) const {
    const auto now = stat_beneath(survey_.view(), path);
    return now && *now && !same_content(**now, written.last);
}

void WriteWatch::settle_names() {
    for (const auto& [inode, written] : written_) {
        const fs::path path = name_of(written.file.get());
        if (!is_shared(path)) continue;
        ObservedFile& file = settled_[path];
        file.path = path;
        file.writes += written.writes;
        file.programs.insert(written.programs.begin(), written.programs.end());
    }
    written_.clear();
}

Result<Observed> WriteWatch::finish() {
    TRY(drain());
    // First what the files are, then whether we wrote to them once more meanwhile.
    std::map<Inode, std::pair<fs::path, uint64_t>> changed;
    std::set<fs::path> ours;
    for (const auto& [inode, written] : written_) {
        const fs::path path = name_of(written.file.get());
        const auto now = stat_beneath(survey_.view(), path);
        if (now && *now && (*now)->st_ino == inode.second) ours.insert(path);
        if (is_shared(path) && changed_since(written, path)) changed[inode] = {path, written.writes};
    }
    TRY(drain());
    std::set<fs::path> elsewhere;
    for (const auto& [inode, before] : changed) {
        const auto now = written_.find(inode);
        const bool once_more = now == written_.end() || now->second.writes != before.second;
        const auto& [path, writes] = before;
        // An inode that a rename of ours left behind is no change of anybody else.
        const auto st = stat_beneath(survey_.view(), path);
        const bool left_behind = ours.contains(path) && st && *st && (*st)->st_ino != inode.second;
        if (!once_more && !left_behind) elsewhere.insert(path);
    }
    settle_names();
    Observed observed{node_, begin_, static_cast<int64_t>(time(nullptr)), {}};
    for (auto& [path, file] : settled_) {
        const auto there = stat_beneath(survey_.view(), path);
        if (!there || !*there || !S_ISREG((*there)->st_mode)) continue;  // a temporary file
        file.elsewhere = elsewhere.contains(path);
        observed.files.push_back(file);
    }
    return observed;
}

}  // namespace pando::cdsl
