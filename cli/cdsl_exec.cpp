// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl exec: one command over every node's copy of a private path.
#include "base/log.h"
#include "base/process.h"
#include "cdsl/copies.h"
#include "cdsl/layout.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"

#include <fmt/format.h>
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

// {} is the copy itself, on the shared root and not through a link.
pando::Command command_for(const ExecCommand& options, const std::filesystem::path& root,
                           const cdsl::CopyOfNode& copy) {
    pando::Command command;
    const auto place = root / copy.place.relative_path();
    for (const std::string& word : options.words) command.argv.push_back(replaced(word, "{}", place.string()));
    command.env = {{"PANDO_NODE", copy.node}, {"PANDO_PATH", copy.path.string()}};
    command.deadline = Deadline::after(std::chrono::seconds(options.seconds));
    return command;
}

Result<int> status_of(const pando::Command& command) {
    auto child = TRY(Child::spawn(command));
    auto status = child.wait(command.deadline);
    if (status) return status;
    TRY(child.stop(std::chrono::seconds(5)));
    return fail("{} did not end in time and was stopped", shown(command.argv))
        .kind(ErrorKind::timeout)
        .advise("give it longer with --timeout SECONDS");
}

class Execution {
public:
    Execution(const ExecCommand& options, std::filesystem::path root) : options_(options), root_(std::move(root)) {}

    // A copy that is not there is passed over; a command that fails is no reason to leave the other copies out.
    Result<int> run(const std::vector<cdsl::CopyOfNode>& copies) {
        for (const auto& copy : copies) {
            if (!copy.stat) {
                log::debug("{} has no copy of {}", copy.node, copy.path.string());
                continue;
            }
            ++found_;
            TRY(run_one(copy));
            if (status_ != 0 && options_.stop) break;
        }
        return status_;
    }

    size_t found() const { return found_; }
    // What programs say may be any bytes.
    void print_results() const { fmt::print("{}\n", results_.dump(2, ' ', false, Json::error_handler_t::replace)); }

private:
    Result<> run_one(const cdsl::CopyOfNode& copy) {
        const auto command = command_for(options_, root_, copy);
        Json result = {{"node", copy.node}, {"path", copy.path.string()}, {"command", command.argv}};
        if (options_.dry_run) {
            if (!options_.look.json) fmt::print("{}: {}\n", copy.node, shown(command.argv));
        } else if (options_.look.json) {
            const auto finished = TRY(pando::run(command));
            note(finished.status);
            result["status"] = finished.status;
            result["out"] = finished.out;
            result["err"] = finished.err;
        } else {
            log::info("{} {}", copy.node, copy.path.string());
            std::fflush(stdout);
            note(TRY(status_of(command)));
        }
        results_.push_back(std::move(result));
        return {};
    }

    void note(int status) {
        if (status_ == 0) status_ = status;
    }

    const ExecCommand& options_;
    std::filesystem::path root_;
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
        ->expected(1)
        ->take_all();
    app.add_flag("--template", command->with_template, "also over what new nodes start from");
    app.add_flag("--dry-run", command->dry_run, "say the commands, run none");
    app.add_flag("--stop", command->stop, "run no more once one has failed");
    app.add_option("--timeout", command->seconds, "seconds that one run may take")->capture_default_str();
    app.add_option("COMMAND", command->words, "after --: a command and its arguments; {} in them is a node's copy");
    app.footer(
        "For example: pando cdsl exec --path /etc/hostname -- cat {}\n"
        "Without --path it runs over every private path. PANDO_NODE and PANDO_PATH say whose copy of what it is.\n"
        "Ends with the status of the first command that failed.");
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
        Execution execution(*command, survey.root());
        const int status = TRY(execution.run(copies));
        if (command->look.json) execution.print_results();
        if (execution.found() == 0) log::warning("no node has a copy there: nothing was run");
        return status;
    };
}

}  // namespace pando::cli
