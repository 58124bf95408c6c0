// SPDX-License-Identifier: GPL-2.0-or-later
// pando help: of the program, of one command, or the manual page.
#include "cli/man.h"
#include "cli/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace pando::cli {

Action declare_help(CLI::App& app) {
    auto topic = std::make_shared<std::vector<std::string>>();
    app.add_option("topic", *topic, "a command, or man for the manual page of all in roff")->type_name("TOPIC");
    return [topic]() -> Result<int> {
        Program program;
        if (*topic == std::vector<std::string>{"man"}) {
            fmt::print("{}", man_page(program.app()));
            return 0;
        }
        if (program.find(*topic) == nullptr)
            return bad_input("there is no command \"pando {}\" to explain", fmt::join(*topic, " "))
                .advise("see: pando --help");
        std::vector<std::string> arguments = *topic;
        arguments.emplace_back("--help");
        return program.run(std::move(arguments));
    };
}

}  // namespace pando::cli
