// SPDX-License-Identifier: GPL-2.0-or-later
// pando exec: a program on many nodes, and what they say, those together that say the same.
#include "cli/command.h"
#include "cli/description.h"
#include "cli/node_choice.h"
#include "cli/replace.h"
#include "config/slots.h"
#include "nodes/grouped.h"

#include <memory>

namespace pando::cli {
namespace {

struct Options {
    NodeChoice choice;
    unsigned seconds = 60;
    size_t at_once = nodes::most_at_once;
    bool json = false;
    std::vector<std::string> words;
};

Result<int> exec(const Options& options, const std::vector<std::string>& argv) {
    if (argv.empty()) return bad_input("no program was named").advise("pando exec @all -- uname -r, for example");
    const auto here = booted_node();
    if (!here)
        return bad_input("this machine runs as no node of a cluster")
            .advise("the command is given on one of its nodes");
    const auto bundle = TRY(config::read_live_bundle());
    const auto names = TRY(options.choice.of(TRY(bundle.description())));
    const auto remote = TRY(nodes::Remote::of_this_node(bundle, *here));
    const auto answers = remote.run(names, argv, std::chrono::seconds(options.seconds), options.at_once);
    const auto groups = nodes::grouped(answers);
    fmt::print("{}", options.json ? nodes::to_json(groups) : nodes::to_text(groups));
    return nodes::status_of(answers);
}

}  // namespace

Action declare_exec(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.fallthrough(false)->prefix_command();  // from the first word that is not ours everything is the program's
    options->choice.declare(app);
    app.add_option("COMMAND", options->words, "the program and its arguments; behind -- whatever they begin with");
    app.add_option("--timeout", options->seconds, "seconds for each node")
        ->capture_default_str()
        ->check(CLI::Range(1U, 86400U));
    app.add_option("--at-once", options->at_once, "so many nodes at a time")
        ->capture_default_str()
        ->check(CLI::Range(size_t{1}, size_t{256}));
    app.add_flag("--json", options->json, "machine-readable");
    app.footer("pando exec n[1-3] -- systemctl is-active ssh");
    return [options, &app] {
        // Without "--" those from the first option on, which is not ours, are left over.
        auto argv = options->words;
        for (const std::string& word : words_after(app))
            if (word != "--" || argv.size() > options->words.size()) argv.push_back(word);
        return exec(*options, argv);
    };
}

}  // namespace pando::cli
