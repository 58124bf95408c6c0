// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/edit_file.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "config/load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

// "alice on pts/3" behind the process id that the lock writes.
Result<FileLock> lock_for(const fs::path& file, const std::string& who, Deadline patience) {
    const fs::path lock_file = file.parent_path() / ("." + file.filename().string() + ".lock");
    if (FileLock::is_held(lock_file)) {
        const std::string content = read_file(lock_file, 4096).value_or("");
        const size_t second = content.find('\n');
        if (second != std::string::npos && second + 1 < content.size())
            log::info("{} edits it now: waiting",
                      content.substr(second + 1, content.find('\n', second + 1) - second - 1));
    }
    auto lock = TRY(FileLock::take(lock_file, patience));
    const UniqueFd fd(open(lock_file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening lock {}", lock_file.string());
    TRY(write_all(fd.get(), who + "\n"));
    return lock;
}

Result<fs::path> keep_as_draft(const fs::path& copy, const fs::path& file) {
    for (int n = 1; n <= 1000; ++n) {
        const fs::path draft = file.string() + (n == 1 ? ".draft" : fmt::format(".draft.{}", n));
        // A link is refused where a name is taken; a rename would take it over.
        if (link(copy.c_str(), draft.c_str()) == 0) {
            if (unlink(copy.c_str()) < 0) return fail_errno(errno, "removing {}", copy.string());
            return draft;
        }
        if (errno != EEXIST) return fail_errno(errno, "keeping what was edited as {}", draft.string());
    }
    return fail("{}.draft and 999 more are there", file.string()).advise("remove those that nobody needs");
}

// As write_file_atomic, with the owner of the file that is replaced.
Result<> replace(const fs::path& file, std::string_view text, const struct stat& like) {
    std::string temporary = (file.parent_path() / ("." + file.filename().string() + ".XXXXXX")).string();
    UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "writing {}", file.string());
    const auto abandoned = [&](const Error& error) {
        unlink(temporary.c_str());
        return Failure(error.context(fmt::format("writing {}", file.string())));
    };
    if (auto written = write_all(fd.get(), text); !written) return abandoned(written.error());
    // The owner first: a change of it drops bits of the mode.
    if ((like.st_uid != geteuid() || like.st_gid != getegid()) && fchown(fd.get(), like.st_uid, like.st_gid) < 0)
        return abandoned(fail_errno(errno, "giving it to its owner").error());
    if (fchmod(fd.get(), like.st_mode & 07777U) < 0) return abandoned(fail_errno(errno, "chmod").error());
    if (fsync(fd.get()) < 0) return abandoned(fail_errno(errno, "fsync").error());
    if (rename(temporary.c_str(), file.c_str()) < 0) return abandoned(fail_errno(errno, "rename").error());
    return sync_directory(file.parent_path());
}

// Whatever is wrong with the text, and with putting it in the file's place.
Result<> check(const std::string& text, const std::string& before, const fs::path& file, const fs::path& shown) {
    if (TRY(read_file(file, config::cluster_file_limit)) != before)
        return bad_input("{} was changed by somebody else meanwhile", shown.string())
            .advise("keep yours beside it, and take your change over by hand");
    (void)TRY(config::load_as(text, shown));
    return {};
}

}  // namespace

Result<Edited> edit_file(const fs::path& shown, const EditTalk& talk) {
    std::error_code ec;
    const fs::path file = fs::canonical(shown, ec);
    if (ec)
        return fail_errno(ec.value(), "{}", shown.string())
            .kind(ErrorKind::bad_input)
            .advise("give the path of the cluster's description; docs/examples/cluster.yaml is one to begin with");
    const fs::path copy = file.parent_path() / ("." + file.stem().string() + ".edit" + file.extension().string());
    const auto lock = TRY(lock_for(file, talk.who, talk.patience));
    if (fs::exists(copy, ec))
        log::warning("an editor was killed here before: what it had is {}", TRY(keep_as_draft(copy, file)).string());

    const std::string before = TRY(read_file(file, config::cluster_file_limit));
    struct stat like {};
    if (stat(file.c_str(), &like) < 0) return fail_errno(errno, "looking at {}", file.string());
    TRY(write_file_atomic(copy, before, 0600));  // it holds passwords, whatever the file's mode is
    while (true) {
        if (auto edited = talk.edit(copy); !edited) {
            unlink(copy.c_str());
            return Failure(edited.error());
        }
        const std::string text = TRY(read_file(copy, config::cluster_file_limit + 1));
        if (text == before) {
            unlink(copy.c_str());
            return Edited::unchanged;
        }
        const auto right = check(text, before, file, shown);
        if (right) {
            TRY(replace(file, text, like));
            unlink(copy.c_str());
            return Edited::replaced;
        }
        const char answer = TRY(talk.ask(right.error()));
        if (answer == 't') {
            unlink(copy.c_str());
            return Edited::thrown_away;
        }
        if (answer == 'k') {
            log::info("kept as {}", TRY(keep_as_draft(copy, file)).string());
            return Edited::kept;
        }
    }
}

namespace {

// A file that need not be there yet, by the name under which everybody locks it.
Result<fs::path> real_path(const fs::path& shown) {
    std::error_code ec;
    fs::path file = fs::weakly_canonical(fs::absolute(shown), ec);
    if (!ec && fs::is_directory(file.parent_path(), ec)) return file;
    return bad_input("there is no directory for {}", shown.string()).advise("make it first, for root alone");
}

Result<> put(const fs::path& file, const fs::path& shown, const NewText& made) {
    std::error_code ec;
    const bool there = fs::exists(file, ec);
    const std::string now = there ? TRY(read_file(file, config::cluster_file_limit)) : std::string();
    if (there != made.before.has_value() || (there && now != *made.before))
        return bad_input("{} was changed by somebody else meanwhile", shown.string()).advise("run this again");
    if (!there) return write_file_atomic(file, made.text, 0600);
    struct stat like {};
    if (stat(file.c_str(), &like) < 0) return fail_errno(errno, "looking at {}", file.string());
    return replace(file, made.text, like);
}

}  // namespace

Result<> put_file(const fs::path& shown, const NewText& made) {
    const fs::path file = TRY(real_path(shown));
    const auto lock = TRY(lock_for(file, made.who, made.patience));
    (void)TRY(config::load_as(made.text, shown));
    return put(file, shown, made);
}

fs::path draft_of(const fs::path& file) { return file.string() + ".draft"; }

Result<fs::path> put_draft(const fs::path& shown, const NewText& made) {
    const fs::path file = TRY(real_path(shown));
    const auto lock = TRY(lock_for(file, made.who, made.patience));
    TRY(put(draft_of(file), draft_of(shown), made));
    return draft_of(shown);
}

std::string whoever() {
    std::string name;
    for (const char* variable : {"SUDO_USER", "LOGNAME", "USER"})
        if (const char* value = getenv(variable); name.empty() && value != nullptr) name = value;
    const char* terminal = ttyname(STDIN_FILENO);
    return fmt::format("{} on {}", name.empty() ? fmt::format("user {}", getuid()) : name,
                       terminal == nullptr ? "no terminal" : terminal);
}

}  // namespace pando::cli
