// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/shell_source.h"

#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<std::string> texts(const std::vector<ShellWord>& words) {
    std::vector<std::string> all;
    for (const ShellWord& word : words) all.push_back(word.text);
    return all;
}

std::vector<std::string> calls(std::string_view script) {
    const ShellSource source = read_shell(script);
    EXPECT_THAT(texts(source.unknown), IsEmpty()) << script;
    return texts(source.calls);
}

TEST(ShellSource, AProgramIsAWordInCommandPosition) {
    EXPECT_THAT(calls("curl -k https://x | grep -q On && logger done; flock 1 & sync\n"),
                ElementsAre("curl", "grep", "logger", "flock", "sync"));
    EXPECT_THAT(calls("if curl x; then ipmitool y; elif ssh a; then :; else snmpget b; fi"),
                ElementsAre("curl", "ipmitool", "ssh", "snmpget"));
    EXPECT_THAT(calls("while ! ping -c1 x; do flock 1; done > /dev/null 2>&1 < /etc/x"), ElementsAre("ping", "flock"));
    EXPECT_THAT(calls("( cut -f1; { tr a b; } )"), ElementsAre("cut", "tr"));
    EXPECT_THAT(calls("echo curl; # ssh\n: 'snmpget'\nprintf '%s' ipmitool"), IsEmpty());
    EXPECT_THAT(calls("\\curl x\n'grep' y \\\n  ssh"), ElementsAre("curl", "grep"));
}

TEST(ShellSource, TheArmsOfACaseArePatternsAndCommands) {
    EXPECT_THAT(calls("case \"$action\" in\n"
                      "  (on|off) curl x;;\n"
                      "  status) case $y in a) ssh z;; esac ;;\n"
                      "  *) exit 1\n"
                      "esac\nsync\n"),
                ElementsAre("curl", "ssh", "sync"));
}

TEST(ShellSource, FunctionsAndTheShellsOwnWordsAreNoPrograms) {
    EXPECT_THAT(calls("power() { ipmitool \"$@\"; }\nfunction other { sync; }\npower on; other; cd /; [ -f x ] && "
                      "test -f y; [[ $a == curl ]] ; read line; ((i = 1)); i=$((i + 2))"),
                ElementsAre("ipmitool", "sync"));
}

TEST(ShellSource, SubstitutionsAreScriptsOfTheirOwn) {
    EXPECT_THAT(
        calls("state=$(curl \"$(cat /etc/url)\" | sed 's/)/x/')\nold=`date +%s`\necho \"it is $(uname -n)\"\n"
              "cat <<END\nat $(hostname) $((1 + 2))\nEND\ncat <<'RAW'\n$(not-this)\nRAW\n"
              "diff <(sort a) <(uniq b)\necho ${x:-$(whoami)}"),
        UnorderedElementsAre("curl", "cat", "sed", "date", "uname", "hostname", "diff", "sort", "uniq", "whoami"));
}

TEST(ShellSource, AVariableStandsForAllThatItIsSetTo) {
    EXPECT_THAT(calls("CURL=/usr/bin/curl\nTOOL=\"ipmitool -I lanplus\"\nDIR=/opt/bin\n$CURL x; $TOOL y; ${DIR}/own z\n"
                      "${SSH:-ssh} w"),
                UnorderedElementsAre("/usr/bin/curl", "ipmitool", "/opt/bin/own", "ssh"));
    EXPECT_THAT(calls("for tool in curl wget; do $tool x; done; if a; then p=one; else p=two; fi; \"$p\""),
                UnorderedElementsAre("curl", "wget", "a", "one", "two"));
}

TEST(ShellSource, WhatRunsAnotherProgramIsReadOn) {
    EXPECT_THAT(
        calls("timeout -k 5 10 curl x; exec env A=b ipmitool y; nice -n 3 ssh z; command snmpget; A=1 B=2 sync; "
              "sh -c 'logger a; ping b'; trap 'rm -f x' EXIT; eval 'kill 1; date'; find . | xargs -0 wc"),
        UnorderedElementsAre("timeout", "curl", "env", "ipmitool", "nice", "ssh", "snmpget", "sync", "sh", "logger",
                             "ping", "rm", "date", "find", "xargs", "wc"));
}

TEST(ShellSource, WhatIsLookedForFirstMayBeAbsent) {
    const ShellSource source = read_shell("if command -v curl >/dev/null; then curl x; else wget x; fi\nwhich jq\n");
    EXPECT_THAT(texts(source.optional), ElementsAre("curl", "jq"));
    EXPECT_THAT(texts(source.calls), ElementsAre("curl", "wget"));
}

TEST(ShellSource, WhatCannotBeKnownIsToldWithItsLine) {
    const ShellSource source = read_shell("#!/bin/sh\nread tool\n\"$1\" on\n\n$tool off\neval \"$x\"\n$(pick) y\n");
    EXPECT_THAT(source.unknown, UnorderedElementsAre(ShellWord{"\"$1\"", 3}, ShellWord{"$tool", 5},
                                                     ShellWord{"\"$x\"", 6}, ShellWord{"$(pick)", 7}));
    EXPECT_THAT(texts(source.calls), ElementsAre("pick"));
}

TEST(ShellSource, SourcedFilesAreNamed) {
    const ShellSource source = read_shell(". /etc/fence.conf\nLIB=/usr/lib/x\nsource $LIB/common.sh\n. \"/etc/a b\"\n");
    EXPECT_THAT(texts(source.sourced), ElementsAre("/etc/fence.conf", "/usr/lib/x/common.sh", "/etc/a b"));
}

TEST(ShellSource, TornScriptsEnd) {
    for (const char* script :
         {"$(", "\"$(", "`", "case x in", "case",     "for",  "a() {", "cat <<E", "'",  "${", "((", "x=(", "\\",
          "2>", "<<",   "$", "if [[",     "function", "eval", "trap",  "sh -c",   ". ", "<(", "&>", "a=",  "="})
        (void)read_shell(script);
    std::string deep;
    for (int i = 0; i < 5000; ++i) deep += "$(";
    (void)read_shell(deep);
}

}  // namespace
}  // namespace pando::chroot
