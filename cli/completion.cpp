// SPDX-License-Identifier: GPL-2.0-or-later
// pando completion: says the script that a shell reads to complete pando's words.
#include "cli/completion.h"

#include "cli/program.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

// What may follow the words of `app`.
std::string candidates(const CLI::App& app) {
    std::string text;
    for (const CLI::App* child : children(app)) text += child->get_name() + " ";
    for (const CLI::Option* option : options(app))
        for (const std::string& name : option->get_lnames()) text += "--" + name + " ";
    if (!text.empty()) text.pop_back();
    return text;
}

// Branches of a `case` over the path so far, alike in both shells.
std::string branches(const CLI::App& app) {
    std::string text = fmt::format("        '{}') candidates='{}' ;;\n", path_of(app), candidates(app));
    for (const CLI::App* child : children(app)) text += branches(*child);
    return text;
}

// The paths of all nouns and verbs, as a pattern: 'root'|'root build'|…
std::string paths(const CLI::App& app) {
    std::string text;
    for (const CLI::App* child : children(app)) {
        const std::string below = paths(*child);
        text += fmt::format("{}'{}'{}{}", text.empty() ? "" : "|", path_of(*child), below.empty() ? "" : "|", below);
    }
    return text;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
    return fmt::format(R"(# bash completion of pando, made by: pando completion bash
_pando() {{
    local path='' word candidates=''
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "${{path:+$path }}$word" in
        {0}) path="${{path:+$path }}$word" ;;
        esac
    done
    case "$path" in
{1}    esac
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -W "$candidates" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _pando pando
)",
                       paths(app), branches(app));
}

std::string zsh_completion(const CLI::App& app) {
    return fmt::format(R"(#compdef pando
# zsh completion of pando, made by: pando completion zsh
local path_so_far='' word candidates=''
for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "${{path_so_far:+$path_so_far }}$word" in
        {0}) path_so_far="${{path_so_far:+$path_so_far }}$word" ;;
    esac
done
case "$path_so_far" in
{1}esac
compadd -- ${{=candidates}}
[[ -n $path_so_far ]] && _files
return 0
)",
                       paths(app), branches(app));
}

Action declare_completion(CLI::App& app) {
    auto shell = std::make_shared<std::string>();
    app.add_option("shell", *shell, "bash or zsh")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh"}))
        ->type_name("SHELL");
    return [shell]() -> Result<int> {
        const Program program;
        fmt::print("{}", *shell == "bash" ? bash_completion(program.app()) : zsh_completion(program.app()));
        return 0;
    };
}

}  // namespace pando::cli
