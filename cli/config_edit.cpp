// SPDX-License-Identifier: GPL-2.0-or-later
// pando config edit: cluster.yaml in an editor; it is replaced only by one that is right. On a node without a FILE: the
// description of the live cluster.
#include "base/file.h"
#include "base/interactive.h"
#include "base/log.h"
#include "base/process.h"
#include "cli/bundle_files.h"
#include "cli/bundle_lun.h"
#include "cli/command.h"
#include "cli/description.h"
#include "cli/edit_file.h"
#include "config/slots.h"

#include <fcntl.h>
#include <unistd.h>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

// $VISUAL, $EDITOR, else Debian's choice. It may have arguments: "emacs -nw".
std::vector<std::string> editor() {
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* value = getenv(name);
        std::istringstream words(value == nullptr ? "" : value);
        std::vector<std::string> argv;
        for (std::string word; words >> word;) argv.push_back(word);
        if (!argv.empty()) return argv;
    }
    return {"editor"};
}

Result<> run_editor(const fs::path& copy) {
    auto argv = editor();
    if (!find_program(argv.front()))
        return bad_input("there is no editor {}", argv.front()).advise("name one: EDITOR=nano pando config edit");
    argv.push_back(copy.string());
    const UniqueFd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC));
    if (!terminal.valid()) return fail_errno(errno, "opening the terminal for {}", argv.front());
    const int status = TRY(run_interactive(argv, {}, terminal.get()));
    if (status != 0)
        return fail("{} ended with status {}: nothing was changed", argv.front(), status)
            .advise("name another editor: EDITOR=nano pando config edit");
    return {};
}

Result<char> ask(const Error& error) {
    log::write(error);
    while (true) {
        fmt::print("(e)dit again, (t)hrow the change away, (k)eep it beside? [e] ");
        std::fflush(stdout);
        std::string answer;
        if (!std::getline(std::cin, answer)) return 'k';  // the terminal is gone: nothing is lost
        if (answer.empty()) return 'e';
        if (answer == "e" || answer == "t" || answer == "k") return answer.front();
    }
}

int told(Edited outcome, const std::string& file) {
    switch (outcome) {
        case Edited::replaced:
            fmt::print("{} is changed\n", file);
            return 0;
        case Edited::unchanged:
            fmt::print("{}: nothing was changed\n", file);
            return 0;
        case Edited::thrown_away:
            fmt::print("{} is as it was\n", file);
            return 1;
        case Edited::kept:
            fmt::print("{} is as it was\n", file);
            return 1;
    }
    return 1;
}

// Who else has changed the description since it was fetched is seen when it is written.
Result<int> edit_live(const EditTalk& talk) {
    const auto bundle = TRY(config::read_live_bundle());
    const auto store = TRY(open_bundle_store(""));
    const auto directory = TRY(TemporaryDirectory::create("/run/pando", "edit"));
    TRY(write_bundle_files(TRY(config::read_newest(*store, bundle.cluster)), directory.path()));
    const fs::path file = directory.path() / "cluster.yaml";
    const Edited outcome = TRY(edit_file(file, talk));
    if (outcome != Edited::replaced && outcome != Edited::kept) return told(outcome, "the description");
    const auto written = outcome == Edited::replaced ? write_bundle_on_node(file) : Result<int>(1);
    if (written && *written == 0) return 0;
    // The directory goes with this command; the person's text does not.
    const fs::path kept = fs::path("/root") / fmt::format("cluster.yaml.draft.{}", getpid());
    TRY(write_file_atomic(kept, TRY(read_file(outcome == Edited::kept ? file.string() + ".draft" : file.string())),
                          0600));
    log::info("what was edited is {}", kept.string());
    return written;
}

}  // namespace

Action declare_config_edit(CLI::App& app) {
    auto file = std::make_shared<std::string>();
    app.add_option("FILE", *file,
                   "cluster.yaml; without it, on a node, the description of the live cluster, which is then written to "
                   "the LUN");
    return [file]() -> Result<int> {
        if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)
            return bad_input("pando config edit needs a terminal for the editor")
                .advise("pando bundle get --output DIRECTORY, change cluster.yaml there, pando bundle write DIRECTORY");
        const EditTalk talk{run_editor, ask, whoever()};
        if (!file->empty()) return told(TRY(edit_file(*file, talk)), *file);
        if (booted_node()) return edit_live(talk);
        return told(TRY(edit_file("cluster.yaml", talk)), "cluster.yaml");
    };
}

}  // namespace pando::cli
