// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/program.h"

#include "base/log.h"
#include "config/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <sstream>

namespace pando::cli {
namespace {

// "root build" hangs below a noun "root" that is made on first use.
CLI::App* place(CLI::App& app, const Command& command) {
    std::istringstream words{std::string(command.path)};
    CLI::App* at = &app;
    for (std::string word; words >> word;) {
        // One verb at a time: a word behind it is its argument, even where it is also the name of another verb.
        at->require_subcommand(0, 1);
        const auto known = at->get_subcommands([&](const CLI::App* sub) { return sub->check_name(word); });
        at = known.empty() ? at->add_subcommand(word) : known.front();
        at->fallthrough();  // pando's own options may stand behind the verb
    }
    at->description(std::string(command.help));
    return at;
}

std::vector<std::string> names(const std::vector<const CLI::App*>& apps) {
    std::vector<std::string> result;
    result.reserve(apps.size());
    for (const CLI::App* app : apps) result.push_back(app->get_name());
    return result;
}

// The last noun or verb that was understood.
const CLI::App& understood(const CLI::App& app) {
    const CLI::App* at = &app;
    for (bool deeper = true; deeper;) {
        deeper = false;
        for (const CLI::App* parsed : at->get_subcommands()) {
            if (parsed->get_name().empty()) continue;  // a group of options
            at = parsed;
            deeper = true;
            break;
        }
    }
    return *at;
}

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> result;
    for (const CLI::App* at = &app; at != nullptr; at = at->get_parent())
        for (const CLI::Option* option : options(*at))
            for (const std::string& name : option->get_lnames()) result.push_back("--" + name);
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

// "pando root build": what is typed.
std::string words_of(const CLI::App& app) {
    const std::string path = path_of(app);
    return path.empty() ? "pando" : "pando " + path;
}

// "see: pando root build --help": where a misused command is explained.
std::string help_of(const CLI::App& app) { return fmt::format("see: {} --help", words_of(app)); }

}  // namespace

std::vector<const CLI::App*> children(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App* child) { return !child->get_name().empty(); });
}

std::vector<const CLI::Option*> options(const CLI::App& app) {
    std::vector<const CLI::Option*> result = app.get_options();
    for (const CLI::App* group : app.get_subcommands([](const CLI::App* child) { return child->get_name().empty(); }))
        for (const CLI::Option* option : group->get_options())
            if (option != group->get_help_ptr()) result.push_back(option);
    return result;
}

std::string path_of(const CLI::App& app) {
    if (app.get_parent() == nullptr) return {};
    const std::string above = path_of(*app.get_parent());
    return above.empty() ? app.get_name() : above + " " + app.get_name();
}

std::vector<const CLI::App*> verbs(const CLI::App& app) {
    const auto below = children(app);
    if (below.empty()) return {&app};
    std::vector<const CLI::App*> result;
    for (const CLI::App* child : below)
        for (const CLI::App* verb : verbs(*child)) result.push_back(verb);
    return result;
}

Program::Program(const std::vector<Command>& table)
    : app_("Pando: one read-write root under many diskless nodes", "pando") {
    app_.set_help_flag("-h,--help", "explain, and do nothing");
    app_.set_version_flag("--version", "pando " PANDO_VERSION, "say the version");
    app_.add_flag("--debug", debug_, "say every step");
    for (const Command& command : table) {
        CLI::App* verb = place(app_, command);
        verb->final_callback([this, action = command.declare(*verb)] { chosen_ = action; });
    }
    for (const CLI::App* noun : children(app_)) {
        if (children(*noun).empty()) continue;
        app_.get_subcommand(noun->get_name())->description(fmt::format("{}", fmt::join(names(children(*noun)), ", ")));
    }
}

const CLI::App* Program::find(const std::vector<std::string>& words) const {
    const CLI::App* at = &app_;
    for (const std::string& word : words) {
        const auto below = children(*at);
        const auto next =
            std::find_if(below.begin(), below.end(), [&](const auto* app) { return app->check_name(word); });
        if (next == below.end()) return nullptr;
        at = *next;
    }
    return at;
}

std::string Program::usage() const {
    std::string text = fmt::format("{}\n\nusage: pando NOUN VERB [OPTION…]\n", app_.get_description());
    size_t widest = 0;
    for (const CLI::App* verb : verbs(app_)) widest = std::max(widest, path_of(*verb).size());
    bool group = true;
    for (const CLI::App* noun : children(app_)) {
        const bool alone = children(*noun).empty();
        if (group || !alone) text += '\n';
        group = !alone;
        for (const CLI::App* verb : verbs(*noun))
            text += fmt::format("  {:{}}  {}\n", path_of(*verb), widest, verb->get_description());
    }
    text += "\n";
    for (const CLI::Option* option : options(app_))
        text += fmt::format("  {:{}}  {}\n", option->get_name(false, true), widest, option->get_description());
    return text + "\npando NOUN VERB --help explains one command, pando help man all of them.\n";
}

// What the parser stumbled over, in a person's words. An unknown word is named before anything it may have caused,
// such as a required option that seems to be missing because its name was mistyped.
Error Program::misuse(const CLI::ParseError& error) const {
    const CLI::App& at = understood(app_);
    const auto unknown = app_.remaining(true);
    if (unknown.empty()) return bad_input("{}", error.what()).advise(help_of(at)).error();
    const std::string& word = unknown.front();
    const std::string where = words_of(at);
    if (word.starts_with('-'))
        return bad_input("{} has no option {}", where, word)
            .advise(fmt::format("{} ({})", config::suggestion(word.substr(0, word.find('=')), option_names(at)),
                                help_of(at)))
            .error();
    const auto below = names(children(at));
    if (!below.empty())
        return bad_input("there is no command \"{} {}\"", where, word)
            .advise(fmt::format("{} ({})", config::suggestion(word, below), help_of(at)))
            .error();
    return bad_input("{}: unexpected argument \"{}\"", where, word).advise(help_of(at)).error();
}

int Program::run(std::vector<std::string> arguments) {
    chosen_ = nullptr;
    std::reverse(arguments.begin(), arguments.end());  // as the parser wants them
    const auto refused = [](const Error& error) {
        log::write(error);
        return 2;
    };
    try {
        app_.parse(arguments);
    } catch (const CLI::CallForHelp&) {
        const CLI::App& at = understood(app_);
        fmt::print("{}", &at == &app_ ? usage() : at.help(words_of(*at.get_parent())));
        return 0;
    } catch (const CLI::Success& told) {
        return app_.exit(told);  // --version
    } catch (const CLI::ParseError& error) {
        return refused(misuse(error));
    }
    if (debug_) log::set_level(log::Level::debug);
    if (!chosen_) {
        const CLI::App& at = understood(app_);
        if (&at == &app_) {
            fmt::print(stderr, "{}", usage());
            return 2;
        }
        return refused(bad_input("{} needs a verb: {}", words_of(at), fmt::join(names(children(at)), ", "))
                           .advise(help_of(at))
                           .error());
    }
    const auto status = chosen_();
    if (status) return *status;
    log::write(status.error());
    return status.error().kind == ErrorKind::bad_input ? 2 : 1;
}

}  // namespace pando::cli
