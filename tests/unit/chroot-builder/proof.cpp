// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/proof.h"
#include "tests/unit/chroot-builder/tree.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using test::Tree;
using testing::ElementsAre;
using testing::IsEmpty;

// As strace -xx writes a string.
std::string hex(std::string_view text) {
    std::string out;
    for (const char c : text) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    return out;
}

Trace traced(const std::string& text, std::string_view from = "") {
    Trace trace;
    read_trace(text, "/usr/sbin/agent", from, trace);
    return trace;
}

TEST(Trace, HasEveryPathThatWasLookedFor) {
    const std::string odd = "/etc/a \"b\" = -1 ENOENT\n";
    const Trace trace =
        traced(fmt::format("access(\"{}\", R_OK) = -1 ENOENT (No such file or directory)\n"
                           "openat(AT_FDCWD<{}>, \"{}\", O_RDONLY|O_CLOEXEC) = 3<{}>\n"
                           "newfstatat(3<{}>, \"\", {{st_mode=S_IFREG|0644, ...}}, AT_EMPTY_PATH) = 0\n"
                           "newfstatat(4<{}>, \"{}\", 0x7ff, 0) = -1 ENOTDIR (Not a directory)\n"
                           "--- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_EXITED}} ---\n"
                           "execve(\"{}\", [\"{}\"], 0x1 /* 3 vars */) = 0\n"
                           "readlink(\"{}\", 0x7ff, 4096) = -1 EINVAL (Invalid argument)\n",
                           hex("/etc/ld.so.preload"), hex("/tmp"), hex("lib/x"), hex("/tmp/lib/x"), hex("/tmp/lib/x"),
                           hex("/usr/lib"), hex("../y"), hex("/usr/bin/tool"), hex("tool"), hex(odd)));
    std::vector<std::string> seen;
    for (const Lookup& lookup : trace.lookups)
        seen.push_back(fmt::format("{} {} {}", lookup.program, lookup.path.string(), lookup.found ? "found" : "not"));
    EXPECT_THAT(seen, ElementsAre("/usr/sbin/agent /etc/ld.so.preload not", "/usr/sbin/agent /tmp/lib/x found",
                                  "/usr/sbin/agent /usr/y not", "/usr/bin/tool /usr/bin/tool found",
                                  "/usr/bin/tool " + odd + " found"));
}

TEST(Trace, LeavesOutWhatCameBeforeTheProgram) {
    const Trace trace =
        traced(fmt::format("execve(\"{}\", [], 0x1) = 0\n"
                           "openat(AT_FDCWD<{}>, \"{}\", O_RDONLY) = 3\n"
                           "execve(\"{}\", [], 0x1) = 0\n",
                           hex("/usr/bin/nsenter"), hex("/"), hex("/etc/outside"), hex("/usr/sbin/agent")),
               "/usr/sbin/agent");
    ASSERT_EQ(trace.lookups.size(), 1U);
    EXPECT_EQ(trace.lookups.front().path, "/usr/sbin/agent");
}

TEST(Trace, HasWhomAProgramTalkedTo) {
    const Trace trace = traced(
        fmt::format("connect(3<{}>, {{sa_family=AF_UNIX, sun_path=\"{}\"}}, 110) = -1 ENOENT (No such file)\n"
                    "connect(3<{}>, {{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"{}\")}}, 16) = 0\n"
                    "connect(3<{}>, {{sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
                    "inet_pton(AF_INET6, \"{}\", &sin6_addr), sin6_scope_id=0}}, 28) = -1 EINPROGRESS (in progress)\n",
                    hex("socket:[1]"), hex("/var/run/nscd/socket"), hex("socket:[2]"), hex("127.0.0.1"),
                    hex("socket:[3]"), hex("fd00::1")));
    ASSERT_EQ(trace.contacts.size(), 3U);
    EXPECT_EQ(trace.contacts[0].address, "/var/run/nscd/socket");
    EXPECT_FALSE(trace.contacts[0].reached);
    EXPECT_EQ(trace.contacts[1].address, "127.0.0.1");
    EXPECT_EQ(trace.contacts[1].port, 53);
    EXPECT_EQ(trace.contacts[2].address, "fd00::1");
    EXPECT_EQ(trace.contacts[2].port, 443);
}

// A trace cut off in the middle of a line, or of nothing strace ever wrote, is read as far as it goes.
TEST(Trace, TakesAnyText) {
    for (const char* text :
         {"", "(", "openat(", "openat(AT_FDCWD<", "openat(AT_FDCWD<\\x2f>, \"\\x2",
          "x(\"\\xzz\") = ", "connect(3, {sa_family=AF_INET, sin_port=htons(", ") = (", "a(\"\") = 0"})
        EXPECT_TRUE(traced(text).contacts.empty()) << text;
}

class Judgement : public testing::Test {
protected:
    std::vector<Finding> judged(const std::vector<Lookup>& lookups, const std::vector<Contact>& contacts = {}) const {
        std::vector<Finding> findings;
        judge({lookups, contacts}, "trial", inside.root(), root.root(), findings);
        return findings;
    }
    Tree inside, root;
};

TEST_F(Judgement, WhatTheRootHasAndTheChrootNotIsMissing) {
    root.write("/usr/share/agent/table", "x");
    const auto findings = judged({{"/usr/sbin/agent", "/usr/share/agent/table", false},
                                  {"/usr/sbin/agent", "/usr/share/agent/table", false},
                                  {"/usr/sbin/agent", "/usr/share/agent/nowhere", false},
                                  {"/usr/sbin/agent", "/usr/share/agent/inside", true}});
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].what, "/usr/share/agent/table");
    EXPECT_EQ(findings[0].program, "/usr/sbin/agent");
    EXPECT_THAT(findings[0].trials, ElementsAre("trial"));
}

TEST_F(Judgement, WhatIsDoneWithoutIsNotMissing) {
    for (const char* file :
         {"/etc/ld.so.cache", "/run/x", "/usr/lib/python3/m.py", "/usr/lib/python3/__pycache__/m.pyc"})
        root.write(file, "x");
    std::filesystem::create_directories(root.path("/usr/local/lib/empty"));
    inside.write("/usr/lib/python3/m.pyc", "x");
    EXPECT_THAT(judged({{"p", "/etc/ld.so.cache", false},
                        {"p", "/run/x", false},
                        {"p", "/usr/lib/python3/m.py", false},
                        {"p", "/usr/lib/python3/__pycache__/m.pyc", false},
                        {"p", "/usr/local/lib/empty", false}}),
                IsEmpty());
    // A source whose compiled module is not inside either is.
    root.write("/usr/lib/python3/n.py", "x");
    EXPECT_EQ(judged({{"p", "/usr/lib/python3/n.py", false}}).size(), 1U);
}

TEST_F(Judgement, ANameServiceThatAnswersIsNamed) {
    const auto findings = judged({}, {{"agent", "127.0.0.1", 53, true},
                                      {"agent", "/run/nscd/socket", 0, false},
                                      {"agent", "/run/systemd/resolve/io.systemd.Resolve", 0, true},
                                      {"agent", "192.0.2.1", 623, true}});
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].what, "127.0.0.1 port 53");
    EXPECT_EQ(findings[1].what, "/run/systemd/resolve/io.systemd.Resolve");
}

TEST(Names, ThatHostsDoesNotHaveAreFound) {
    config::Cluster cluster;
    cluster.nodes.resize(1);
    cluster.nodes.front().name = "n1";
    for (const char* place : {"192.0.2.1", "fd00::1", "n1-bmc", "bmc.example"})
        cluster.nodes.front().fence.push_back(
            {.name = "bmc", .agent = "fence_ipmilan", .options = {{"ip", place}, {"username", "no-host"}}});
    const auto findings = names_to_resolve(cluster, "# 10.0.0.1 comment\n10.0.0.5 n1-bmc\n");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].what, "bmc.example (option ip of device bmc of n1)");
}

Manifest manifest_with(const std::vector<std::pair<std::string, std::string>>& asked) {
    Manifest manifest;
    for (const auto& [path, relation] : asked) {
        Entry entry;
        entry.reasons = {{relation, {}}};
        manifest.entries[path] = entry;
    }
    return manifest;
}

TEST(Trials, AreTheDaemonsVersionsTheAgentsMetadataAndEveryDevice) {
    config::Cluster cluster;
    for (const char* name : {"n1", "n2"}) {
        config::Node node;
        node.name = name;
        node.fence.push_back({.name = "bmc", .agent = "fence_ipmilan", .options = {{"ip", "192.0.2.1"}}});
        cluster.nodes.push_back(node);
    }
    const Manifest manifest = manifest_with({{"/usr/sbin/corosync", "asked for"},
                                             {"/usr/bin/strange", "asked for"},
                                             {"/usr/sbin/fence_ipmilan", "fence agent"}});
    const Trials trials = trials_for(manifest, cluster, Devices::ask, true);
    std::vector<std::string> names;
    for (const Trial& trial : trials.all) names.push_back(trial.name);
    EXPECT_THAT(names, testing::UnorderedElementsAre("corosync -v", "corosync -t (its configuration)",
                                                     "fence_ipmilan: metadata", "fence_ipmilan: status of n1 by bmc",
                                                     "fence_ipmilan: status of n2 by bmc"));
    EXPECT_THAT(trials.untried, ElementsAre("/usr/bin/strange"));
    EXPECT_EQ(trials.all.back().input, "ip=192.0.2.1\naction=status\n");
    EXPECT_EQ(trials_for(manifest, cluster, Devices::leave_alone, false).all.size(), 2U);
}

}  // namespace
}  // namespace pando::chroot
