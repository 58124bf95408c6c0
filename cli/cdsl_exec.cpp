// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl exec: one command over every node's copy of a private path.
#include "base/log.h"
#include "base/process.h"
#include "cdsl/beneath.h"
#include "cdsl/copies.h"
#include "cdsl/layout.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

using Json = nlohmann::ordered_json;

struct ExecCommand {
    LookOptions look;
    std::vector<std::string> paths;
    std::vector<std::string> words;
    bool with_template = false;
    bool dry_run = false;
    bool stop = false;
    uint32_t seconds = 3600;
};

std::string replaced(std::string word, std::string_view what, const std::string& by) {
    for (size_t at = 0; (at = word.find(what, at)) != std::string::npos; at += by.size())
        word.replace(at, what.size(), by);
    return word;
}

constexpr int timed_out = 124;    // as timeout(1)
constexpr int not_started = 127;  // as a shell

// The copy itself, opened without following a symlink anywhere. Nobody can put another file or directory in the place
// of what is open, whereas a path would be walked again by the command.
Result<UniqueFd> open_copy(const cdsl::Survey& survey, const cdsl::CopyOfNode& copy) {
    auto opened = TRY(cdsl::open_beneath(survey.view(), copy.place, O_PATH | O_NOFOLLOW));
    struct stat st {};
    if (fstat(opened.get(), &st) < 0) return fail_errno(errno, "looking at {}", copy.place.string());
    if (S_ISLNK(st.st_mode)) return fail("{} is a symlink", copy.place.string());
    return opened;
}

std::vector<std::string> words_for(const std::vector<std::string>& words, const std::string& by) {
    std::vector<std::string> all;
    for (const std::string& word : words) all.push_back(replaced(word, "{}", by));
    return all;
}

// {} is the open copy. A directory is gone into, so that du and find, which follow no symlink they are given, see it.
pando::Command command_for(const ExecCommand& options, const cdsl::CopyOfNode& copy, int opened) {
    pando::Command command;
    command.argv =
        words_for(options.words, fmt::format("/proc/self/fd/{}{}", opened, S_ISDIR(copy.stat->st_mode) ? "/." : ""));
    command.env = {{"PANDO_NODE", copy.node}, {"PANDO_PATH", copy.path.string()}};
    command.deadline = Deadline::after(std::chrono::seconds(options.seconds));
    command.prepare = [opened] { return fcntl(opened, F_SETFD, 0) == 0; };
    return command;
}

Error too_slow(const Error& error) {
    return error.kind == ErrorKind::timeout
               ? Error{error.what, "give it longer with --timeout SECONDS", error.kind, error.sys}
               : error;
}

Result<int> status_of(const pando::Command& command) {
    auto child = TRY(Child::spawn(command));
    auto status = child.wait(command.deadline);
    if (status) return status;
    TRY(child.stop(std::chrono::seconds(5)));
    return fail("it did not end in time and was stopped").kind(ErrorKind::timeout);
}

class Execution {
public:
    Execution(const ExecCommand& options, const cdsl::Survey& survey) : options_(options), survey_(survey) {}

    // A copy that is not there is passed over; a command that fails is no reason to leave the other copies out.
    int run(const std::vector<cdsl::CopyOfNode>& copies) {
        for (const auto& copy : copies) {
            if (!copy.stat) {
                log::debug("{} has no copy of {}", copy.node, copy.path.string());
                continue;
            }
            ++found_;
            run_one(copy);
            if (status_ != 0 && options_.stop) break;
        }
        return status_;
    }

    size_t found() const { return found_; }
    // What programs say may be any bytes.
    void print_results() const { fmt::print("{}\n", results_.dump(2, ' ', false, Json::error_handler_t::replace)); }

private:
    void run_one(const cdsl::CopyOfNode& copy) {
        const auto place = (survey_.root() / copy.place.relative_path()).string();
        Json result = {
            {"node", copy.node}, {"path", copy.path.string()}, {"command", words_for(options_.words, place)}};
        if (S_ISLNK(copy.stat->st_mode)) {
            // A program's way to point elsewhere (resolv.conf into /run): what it leads to is no node's copy.
            log::warning("{} of {} is a symlink: nothing is run on it", copy.path.string(), copy.node);
            result["error"] = "is a symlink";
        } else if (options_.dry_run) {
            if (!options_.look.json) fmt::print("{}: {}\n", copy.node, shown(words_for(options_.words, place)));
        } else if (const auto done = run_on(copy, result); !done) {
            // One copy's trouble is its own result.
            const Error error = too_slow(done.error());
            log::error("{} of {}: {}{}", copy.path.string(), copy.node, error.what,
                       error.advice.empty() ? "" : " (" + error.advice + ")");
            note(error.kind == ErrorKind::timeout ? timed_out : not_started);
            result["status"] = error.kind == ErrorKind::timeout ? timed_out : not_started;
            result["error"] = error.what;
        }
        results_.push_back(std::move(result));
    }

    Result<> run_on(const cdsl::CopyOfNode& copy, Json& result) {
        const auto opened = TRY(open_copy(survey_, copy));
        const auto command = command_for(options_, copy, opened.get());
        if (options_.look.json) {
            const auto finished = TRY(pando::run(command));
            note(finished.status);
            result["status"] = finished.status;
            result["out"] = finished.out;
            result["err"] = finished.err;
            return {};
        }
        log::info("{} {}", copy.node, copy.path.string());
        std::fflush(stdout);
        note(TRY(status_of(command)));
        return {};
    }

    void note(int status) {
        if (status_ == 0) status_ = status;
    }

    const ExecCommand& options_;
    const cdsl::Survey& survey_;
    Json results_ = Json::array();
    int status_ = 0;  // of the first command that failed
    size_t found_ = 0;
};

constexpr const char* example = "pando cdsl exec --path /var/log -- du -sh {}, for example";

bool names_the_copy(const std::vector<std::string>& words) {
    for (const std::string& word : words)
        if (word.find("{}") != std::string::npos) return true;
    return false;
}

}  // namespace

Action declare_cdsl_exec(CLI::App& app) {
    auto command = std::make_shared<ExecCommand>();
    command->look.declare(app);
    app.add_option("--path", command->paths, "this path only: a private one, or one inside it; may be repeated")
        ->allow_extra_args(false);  // a list of them would take the -- of the command for its end
    app.add_flag("--template", command->with_template, "also over what new nodes start from");
    app.add_flag("--dry-run", command->dry_run, "say the commands, run none");
    app.add_flag("--stop", command->stop, "run no more once one has failed");
    app.add_option("--timeout", command->seconds, "seconds that one run may take")->capture_default_str();
    app.add_option("COMMAND", command->words, "after --: a command and its arguments; {} in them is a node's copy");
    app.footer(
        "For example: pando cdsl exec --path /etc/hostname -- cat {}\n"
        "Without --path it runs over every private path. PANDO_NODE and PANDO_PATH say whose copy of what it is.\n"
        "{} is the copy itself, held open: a symlink is never followed to it. A program that writes by rename cannot\n"
        "put another in its place (sed -i --follow-symlinks can).\n"
        "Ends with the status of the first command that failed; 124 when it took too long, 127 when it did not start.");
    return [command]() -> Result<int> {
        const auto& words = command->words;
        if (words.empty()) return bad_input("no command was named").advise(example);
        if (!names_the_copy(words)) return bad_input("no word of the command has {{}} for the copy").advise(example);
        const auto survey = TRY(command->look.survey());
        const auto nodes = TRY(survey.nodes_of(command->look.range));
        std::vector<cdsl::CopyOfNode> copies;
        std::vector<std::filesystem::path> paths(command->paths.begin(), command->paths.end());
        if (paths.empty()) paths = cdsl::private_paths(survey, nodes);
        for (const auto& path : paths)
            for (auto& copy : TRY(cdsl::copies_of(survey, path, nodes, command->with_template)))
                copies.push_back(std::move(copy));
        Execution execution(*command, survey);
        const int status = execution.run(copies);
        if (command->look.json) execution.print_results();
        if (execution.found() == 0) log::warning("no node has a copy there: nothing was run");
        return status;
    };
}

}  // namespace pando::cli
