// SPDX-License-Identifier: GPL-2.0-or-later
// pando help: of the program, of one command, or the manual pages.
#include "base/file.h"
#include "cli/man.h"
#include "cli/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace pando::cli {
namespace {

struct Options {
    std::vector<std::string> topic;
    std::filesystem::path output;
};

// Each page as man(1) looks for it, below section 8.
Result<int> write_pages(const Program& program, const std::filesystem::path& directory) {
    TRY(make_directories(directory));
    TRY(write_file_atomic(directory / "pando.8", man_page(program.app())));
    for (const CLI::App* verb : verbs(program.app()))
        TRY(write_file_atomic(directory / (man_name_of(*verb) + ".8"), man_page_of(*verb)));
    return 0;
}

// The words behind "man".
Result<int> say_page(const Program& program, const std::vector<std::string>& words) {
    const CLI::App* app = program.find(words);
    if (app == nullptr || (!words.empty() && !children(*app).empty()))
        return bad_input("there is no command \"pando {}\" with a manual page", fmt::join(words, " "))
            .advise("name a whole command: pando help man node replace; they are in: pando --help");
    fmt::print("{}", words.empty() ? man_page(*app) : man_page_of(*app));
    return 0;
}

}  // namespace

Action declare_help(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("topic", options->topic, "a command; man for the manual of all in roff, man COMMAND for its page")
        ->type_name("TOPIC");
    app.add_option("--output", options->output, "with man: all pages, a file each, into DIR")->type_name("DIR");
    return [options]() -> Result<int> {
        Program program;
        const std::vector<std::string>& topic = options->topic;
        const bool man = !topic.empty() && topic.front() == "man";
        if (!options->output.empty()) {
            if (!man || topic.size() != 1)
                return bad_input("--output is for all manual pages").advise("as in: pando help man --output DIR");
            return write_pages(program, options->output);
        }
        if (man) return say_page(program, {topic.begin() + 1, topic.end()});
        if (program.find(topic) == nullptr)
            return bad_input("there is no command \"pando {}\" to explain", fmt::join(topic, " "))
                .advise("see: pando --help");
        std::vector<std::string> arguments = topic;
        arguments.emplace_back("--help");
        return program.run(std::move(arguments));
    };
}

}  // namespace pando::cli
