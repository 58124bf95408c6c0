// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of the real table: what is declared is explained, completed and documented, and a mistake is
// answered with status 2 and a way on.
#include "cli/program.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "cli/completion.h"
#include "cli/man.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <sstream>

namespace pando::cli {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

struct Said {
    int status = -1;
    std::string out;
    std::string log;
};

Said say(const std::vector<std::string>& arguments, const std::vector<Command>& table = commands()) {
    Said said;
    log::set_sink([&](log::Level, std::string_view line) { said.log += std::string(line) + "\n"; });
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    said.status = Program(table).run(arguments);
    (void)fflush(stdout);
    said.out = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    log::set_sink(nullptr);
    log::set_level(log::Level::info);
    return said;
}

std::vector<std::string> words_of(std::string_view path) {
    std::istringstream in{std::string(path)};
    return {std::istream_iterator<std::string>(in), {}};
}

// A small table of its own, for what the parser must do with any.
Action declare_echo(CLI::App& app) {
    auto words = std::make_shared<std::vector<std::string>>();
    app.add_option("word", *words, "what to say");
    return [words]() -> Result<int> {
        fmt::print("{}\n", fmt::join(*words, "|"));
        return 0;
    };
}
Action declare_check(CLI::App& app) {
    auto file = std::make_shared<std::string>();
    app.add_option("--cluster", *file, "the description")->required();
    return [file]() -> Result<int> {
        if (*file == "bad") return bad_input("{}: no nodes", *file).advise("add nodes:");
        if (*file == "broken") return fail("the disk is gone");
        return 7;
    };
}
Action declare_wait(CLI::App& app) {
    auto off = std::make_shared<bool>();
    auto* until = app.add_option_group("until");
    until->add_flag("--off", *off, "until it is off");
    until->require_option(1);
    return [off]() -> Result<int> { return *off ? 5 : 6; };
}
const std::vector<Command>& small_table() {
    static const std::vector<Command> table = {{"tree echo", "say the words", declare_echo},
                                               {"tree check", "look at it", declare_check},
                                               {"tree wait", "wait for it", declare_wait}};
    return table;
}

TEST(Table, NamesEveryCommandOnceAndSaysWhatItDoes) {
    std::set<std::string_view> seen;
    for (const Command& command : commands()) {
        EXPECT_TRUE(seen.insert(command.path).second) << command.path << " is there twice";
        EXPECT_FALSE(command.help.empty()) << command.path;
        EXPECT_FALSE(command.help.ends_with('.')) << command.path << ": the man page sets the full stop";
    }
    EXPECT_GT(seen.size(), 2U);
}

TEST(Table, DescribesEveryOption) {
    const Program program;
    for (const CLI::App* verb : verbs(program.app()))
        for (const CLI::Option* option : options(*verb))
            EXPECT_FALSE(option->get_description().empty()) << path_of(*verb) << " " << option->get_name();
}

TEST(Help, IsThereForEveryCommand) {
    for (const Command& command : commands()) {
        auto arguments = words_of(command.path);
        arguments.emplace_back("--help");
        const Said said = say(arguments);
        EXPECT_EQ(said.status, 0) << command.path;
        EXPECT_THAT(said.out, HasSubstr(std::string(command.help)));
        EXPECT_THAT(said.out, HasSubstr(std::string("pando ") + std::string(command.path)));
    }
}

TEST(Help, OfTheProgramListsEveryCommand) {
    for (const auto& arguments : {std::vector<std::string>{"--help"}, {"help"}}) {
        const Said said = say(arguments);
        EXPECT_EQ(said.status, 0);
        for (const Command& command : commands()) {
            EXPECT_THAT(said.out, HasSubstr(std::string(command.path)));
            EXPECT_THAT(said.out, HasSubstr(std::string(command.help)));
        }
    }
}

TEST(Help, ExplainsACommandNamedBehindIt) {
    EXPECT_THAT(say({"help", "completion"}).out, HasSubstr("bash or zsh"));
    EXPECT_EQ(say({"help", "no", "such"}).status, 2);
}

TEST(Version, IsSaid) {
    const Said said = say({"--version"});
    EXPECT_EQ(said.status, 0);
    EXPECT_THAT(said.out, testing::MatchesRegex("pando [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Man, HasEveryCommandAndEveryOption) {
    const Program program;
    const std::string page = man_page(program.app());
    const auto in_roff = [](std::string text) {
        for (size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
        return text;
    };
    for (const CLI::App* verb : verbs(program.app())) {
        EXPECT_THAT(page, HasSubstr("\n.SS pando " + in_roff(path_of(*verb)) + "\n"));
        for (const CLI::Option* option : options(*verb))
            for (const std::string& name : option->get_lnames()) EXPECT_THAT(page, HasSubstr(in_roff("--" + name)));
    }
    EXPECT_THAT(page, HasSubstr(".SH \"EXIT STATUS\""));
    EXPECT_THAT(page, Not(HasSubstr("COMMANDS\n.SH \"EXIT")));
}

// Bash itself completes, with the script as a user's shell reads it.
std::vector<std::string> complete_in_bash(const std::vector<std::string>& line) {
    auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    if (!directory) return {directory.error().what};
    const auto script = directory->path() / "completion";
    const Program program;
    if (auto written = write_file_atomic(script, bash_completion(program.app())); !written)
        return {written.error().what};
    std::vector<std::string> argv = {"bash", "-c",
                                     "source \"$1\"; shift; COMP_WORDS=(pando \"$@\"); COMP_CWORD=$#; _pando;"
                                     "printf '%s\\n' \"${COMPREPLY[@]}\"",
                                     "-", script.string()};
    argv.insert(argv.end(), line.begin(), line.end());
    const auto done = run_ok({.argv = argv});
    if (!done) return {done.error().what};
    std::istringstream words(done->out);
    return {std::istream_iterator<std::string>(words), {}};
}

TEST(Completion, KnowsEveryNounVerbAndOption) {
    const Program program;
    for (const CLI::App* verb : verbs(program.app())) {
        std::vector<std::string> line;
        for (const std::string& word : words_of(path_of(*verb))) {
            line.push_back(word.substr(0, 1));
            EXPECT_THAT(complete_in_bash(line), Contains(word));
            line.back() = word;
        }
        line.emplace_back("--");
        const auto offered = complete_in_bash(line);
        for (const CLI::Option* option : options(*verb))
            for (const std::string& name : option->get_lnames())
                EXPECT_THAT(offered, Contains("--" + name)) << path_of(*verb);
    }
}

TEST(Completion, OfZshNamesEveryCommandToo) {
    const Program program;
    const std::string script = zsh_completion(program.app());
    EXPECT_TRUE(script.starts_with("#compdef pando\n"));
    for (const Command& command : commands()) EXPECT_THAT(script, HasSubstr("'" + std::string(command.path) + "')"));
}

// Zsh itself, with its compadd, which talks to the line editor, replaced by one that says what it was given.
TEST(Completion, InZshOffersEveryNounVerbAndOption) {
    if (!run_ok({.argv = {"zsh", "--version"}})) GTEST_SKIP() << "no zsh here";
    const auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const Program program;
    ASSERT_TRUE(write_file_atomic(directory->path() / "_pando", zsh_completion(program.app())));
    const auto complete = [&](std::vector<std::string> line) {
        std::vector<std::string> argv = {"zsh",
                                         "-f",
                                         "-c",
                                         "compadd() { shift; print -rl -- \"$@\" }; fpath=(\"$1\" $fpath); shift;"
                                         "autoload -Uz _pando; words=(pando \"$@\"); CURRENT=$#words; _pando",
                                         "-",
                                         directory->path().string()};
        argv.insert(argv.end(), line.begin(), line.end());
        const auto done = run_ok({.argv = argv});
        if (!done) return std::vector<std::string>{done.error().what};
        return words_of(done->out);
    };
    for (const CLI::App* verb : verbs(program.app())) {
        std::vector<std::string> line = {""};
        for (const std::string& word : words_of(path_of(*verb))) {
            EXPECT_THAT(complete(line), Contains(word));
            line.insert(line.end() - 1, word);
        }
        const auto offered = complete(line);
        for (const CLI::Option* option : options(*verb))
            for (const std::string& name : option->get_lnames())
                EXPECT_THAT(offered, Contains("--" + name)) << path_of(*verb);
    }
}

// The parser keeps a group of options as a command without a name.
TEST(Groups, OfOptionsAreNoCommands) {
    const Program program(small_table());
    EXPECT_EQ(verbs(program.app()).size(), small_table().size());
    EXPECT_THAT(man_page(program.app()), HasSubstr(".SS pando tree wait\nwait for it.\n.TP\n\\fB\\-\\-off"));
    EXPECT_THAT(bash_completion(program.app()), HasSubstr("--off"));
    EXPECT_EQ(say({"tree", "wait", "--off"}, small_table()).status, 5);
    EXPECT_THAT(say({"tree", "wait", "--of"}, small_table()).log, HasSubstr("did you mean \"--off\"?"));
    EXPECT_EQ(say({"tree", "wait"}, small_table()).status, 2);
}

TEST(Parsing, HandsArgumentsToTheCommandAndItsStatusBack) {
    EXPECT_EQ(say({"tree", "echo", "a", "b"}, small_table()).out, "a|b\n");
    EXPECT_EQ(say({"tree", "check", "--cluster", "x"}, small_table()).status, 7);
}

TEST(Parsing, TakesTheNameOfAVerbAsAnArgumentOfAnother) {
    EXPECT_EQ(say({"tree", "echo", "check", "tree", "echo"}, small_table()).out, "check|tree|echo\n");
    EXPECT_EQ(say({"tree", "echo", "--", "--debug", "-x"}, small_table()).out, "--debug|-x\n");
}

TEST(Parsing, TakesTheOptionsOfPandoBehindTheVerb) {
    EXPECT_EQ(say({"tree", "echo", "a", "--debug"}, small_table()).out, "a\n");
}

TEST(Parsing, EndsWith2ForBadInputAnd1ForAFailure) {
    const Said bad = say({"tree", "check", "--cluster", "bad"}, small_table());
    EXPECT_EQ(bad.status, 2);
    EXPECT_EQ(bad.log, "bad: no nodes\nadd nodes:\n");
    EXPECT_EQ(say({"tree", "check", "--cluster", "broken"}, small_table()).status, 1);
}

TEST(Parsing, SuggestsTheVerbThatWasMeant) {
    const Said said = say({"tree", "chekc"}, small_table());
    EXPECT_EQ(said.status, 2);
    EXPECT_THAT(said.log, HasSubstr("there is no command \"pando tree chekc\""));
    EXPECT_THAT(said.log, HasSubstr("did you mean \"check\"?"));
    EXPECT_THAT(said.log, HasSubstr("pando tree --help"));
    EXPECT_THAT(say({"teee", "check"}, small_table()).log, HasSubstr("did you mean \"tree\"?"));
}

TEST(Parsing, SuggestsTheOptionThatWasMeantBeforeMissingTheRequiredOne) {
    const Said said = say({"tree", "check", "--clutser=x"}, small_table());
    EXPECT_EQ(said.status, 2);
    EXPECT_THAT(said.log, HasSubstr("pando tree check has no option --clutser=x"));
    EXPECT_THAT(said.log, HasSubstr("did you mean \"--cluster\"?"));
    EXPECT_THAT(said.log, HasSubstr("pando tree check --help"));
}

TEST(Parsing, NamesWhatIsMissingAndWhereToReadOn) {
    const Said option = say({"tree", "check"}, small_table());
    EXPECT_EQ(option.status, 2);
    EXPECT_THAT(option.log, HasSubstr("--cluster is required"));
    EXPECT_THAT(option.log, HasSubstr("pando tree check --help"));
    const Said value = say({"tree", "check", "--cluster"}, small_table());
    EXPECT_EQ(value.status, 2);
    EXPECT_THAT(value.log, HasSubstr("--cluster"));
    const Said verb = say({"tree"}, small_table());
    EXPECT_EQ(verb.status, 2);
    EXPECT_THAT(verb.log, HasSubstr("pando tree needs a verb: echo, check, wait"));
}

TEST(Parsing, ShowsTheUsageWhenNothingWasAsked) {
    const Said said = say({}, small_table());
    EXPECT_EQ(said.status, 2);
    EXPECT_THAT(said.out, HasSubstr("tree echo"));
}

TEST(Parsing, RefusesAnArgumentTooMany) {
    const Said said = say({"tree", "check", "--cluster", "x", "more"}, small_table());
    EXPECT_EQ(said.status, 2);
    EXPECT_THAT(said.log, HasSubstr("unexpected argument \"more\""));
}

// The shell makes an empty templates/hosts.in before the command begins to write it, and that one renders nothing.
TEST(ConfigRender, ShowsTheBuiltInTemplateBesideAnEmptyOne) {
    auto place = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(place);
    const std::string cluster = place->path() / "cluster.yaml";
    ASSERT_TRUE(write_file_atomic(cluster, *read_file(TEST_DATA "/../../docs/examples/cluster.yaml")));
    ASSERT_TRUE(make_directories(place->path() / "templates"));
    const auto site = place->path() / "templates/hosts.in";
    ASSERT_TRUE(write_file_atomic(site, ""));
    const Said fresh = say({"config", "render", "hosts", cluster, "--template"});
    EXPECT_EQ(fresh.status, 0) << fresh.log;
    EXPECT_THAT(fresh.out, HasSubstr("{{nodes}}"));
    EXPECT_EQ(say({"config", "render", "hosts", cluster}).status, 2) << "rendered by it is a mistake as ever";
    ASSERT_TRUE(write_file_atomic(site, "# ours\n{{nodes}}\n"));
    EXPECT_THAT(say({"config", "render", "hosts", cluster, "--template"}).out, HasSubstr("# ours"));
}

}  // namespace
}  // namespace pando::cli
