// SPDX-License-Identifier: GPL-2.0-or-later
// pando: reads the command line by the command table and runs the one command it names.
#include "base/log.h"
#include "cli/command.h"

#include <sstream>

namespace {

// "root build" hangs below a noun "root" that is made on first use.
CLI::App* place(CLI::App& app, const pando::cli::Command& command) {
    std::istringstream words{std::string(command.path)};
    CLI::App* at = &app;
    for (std::string word; words >> word;) {
        const auto known = at->get_subcommands([&](const CLI::App* sub) { return sub->check_name(word); });
        at = known.empty() ? at->add_subcommand(word) : known.front();
    }
    at->description(std::string(command.help));
    return at;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Pando: one root, many nodes", "pando");
    app.require_subcommand(1);
    bool debug = false;
    app.add_flag("--debug", debug, "say every step");

    pando::cli::Action chosen;
    for (const auto& command : pando::cli::commands()) {
        CLI::App* sub = place(app, command);
        sub->final_callback([&chosen, action = command.declare(*sub)] { chosen = action; });
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (debug) pando::log::set_level(pando::log::Level::debug);
    if (!chosen) {
        fmt::print(stderr, "{}", app.help());
        return 2;
    }
    auto status = chosen();
    if (status) return *status;
    pando::log::write(status.error());
    return status.error().kind == pando::ErrorKind::bad_input ? 2 : 1;
}
