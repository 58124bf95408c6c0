// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/explain.h"
#include "chroot-builder/manifest.h"
#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using test::error_of;
using test::paths_of;
using test::Tree;
namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Result<Manifest> closure(const Tree& tree, std::vector<std::string> programs) {
    Request request;
    request.programs = std::move(programs);
    return resolve(tree.root(), request);
}

const Entry& entry(const Manifest& manifest, const char* path) { return manifest.entries.at(path); }

TEST(Resolve, ALibrarysLinkAndItsTargetBothGoInAndSayWhy) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libone.so.1");
    fs::rename(tree.path("/usr/lib/libone.so.1"), tree.path("/usr/lib/libone.so.1.2.3"));
    tree.link("/usr/lib/libone.so.1", "libone.so.1.2.3");
    tree.program("/usr/sbin/daemon", {.needs = {"/usr/lib/libone.so.1"}});

    const auto manifest = closure(tree, {"daemon"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest),
                ElementsAre("/lib64", "/lib64/ld-linux-x86-64.so.2", "/usr", "/usr/lib", "/usr/lib/libone.so.1",
                            "/usr/lib/libone.so.1.2.3", "/usr/sbin", "/usr/sbin/daemon"));
    EXPECT_EQ(entry(*manifest, "/usr/lib/libone.so.1").target, "libone.so.1.2.3");
    EXPECT_EQ(entry(*manifest, "/usr/lib/libone.so.1.2.3").why(), "library of /usr/sbin/daemon");
    EXPECT_EQ(entry(*manifest, "/lib64/ld-linux-x86-64.so.2").why(), "dynamic linker of /usr/sbin/daemon");
    EXPECT_EQ(entry(*manifest, "/usr/sbin/daemon").why(), "asked for");
    EXPECT_EQ(entry(*manifest, "/usr/sbin/daemon").size, fs::file_size(tree.path("/usr/sbin/daemon")));
    EXPECT_EQ(entry(*manifest, "/usr/sbin/daemon").sha256.size(), 64U);
}

TEST(Resolve, TheLinksOfAMergedUsrStayLinks) {
    Tree tree;
    fs::create_directories(tree.path("/usr/lib64"));
    tree.link("/lib64", "usr/lib64");
    tree.link("/lib", "usr/lib");
    tree.library("/usr/lib64/ld-linux-x86-64.so.2");
    tree.library("/usr/lib/x86_64-linux-gnu/libone.so.1");
    tree.program("/usr/bin/tool", {.needs = {"/usr/lib/x86_64-linux-gnu/libone.so.1"}});
    tree.link("/bin", "usr/bin");

    const auto manifest = closure(tree, {"/bin/tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/lib64").target, "usr/lib64");
    EXPECT_EQ(entry(*manifest, "/lib").target, "usr/lib");
    EXPECT_EQ(entry(*manifest, "/bin").target, "usr/bin");
    EXPECT_EQ(entry(*manifest, "/usr/bin/tool").kind, Entry::Kind::file);
    EXPECT_EQ(entry(*manifest, "/usr/lib/x86_64-linux-gnu/libone.so.1").kind, Entry::Kind::file);
}

TEST(Resolve, AnOriginIsTheDirectoryOfTheFileThatNamesIt) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/opt/tool/lib/private/libdeep.so.1");
    tree.library("/opt/tool/lib/libouter.so.1", {.needs = {"/opt/tool/lib/private/libdeep.so.1"},
                                                 .flags = {"-Wl,--enable-new-dtags", "-Wl,-rpath,${ORIGIN}/private"}});
    tree.program("/opt/tool/bin/tool", {.needs = {"/opt/tool/lib/libouter.so.1"},
                                        .flags = {"-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/../lib"}});
    const auto manifest = closure(tree, {"/opt/tool/bin/tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), Contains("/opt/tool/lib/private/libdeep.so.1"));
}

TEST(Resolve, AnRpathIsInheritedAndARunpathIsNot) {
    for (const bool inherited : {true, false}) {
        Tree tree;
        tree.add_dynamic_linker();
        tree.library("/opt/lib/libdeep.so.1");
        tree.library("/opt/lib/libouter.so.1", {.needs = {"/opt/lib/libdeep.so.1"}});
        const char* tags = inherited ? "-Wl,--disable-new-dtags" : "-Wl,--enable-new-dtags";
        tree.program("/usr/sbin/daemon", {.needs = {"/opt/lib/libouter.so.1"}, .flags = {tags, "-Wl,-rpath,/opt/lib"}});
        const auto manifest = closure(tree, {"daemon"});
        EXPECT_EQ(manifest.has_value(), inherited) << error_of(manifest);
        if (inherited) continue;
        EXPECT_THAT(error_of(manifest),
                    HasSubstr("library libdeep.so.1, needed by /opt/lib/libouter.so.1 for /usr/sbin/daemon"));
    }
}

TEST(Resolve, LibrariesThatNeedEachOtherEnd) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/liba.so.1");
    tree.library("/usr/lib/libb.so.1", {.needs = {"/usr/lib/liba.so.1"}});
    tree.library("/usr/lib/liba.so.1", {.needs = {"/usr/lib/libb.so.1"}});
    tree.program("/usr/bin/tool", {.needs = {"/usr/lib/liba.so.1"}});
    const auto manifest = closure(tree, {"tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), AllOf(Contains("/usr/lib/liba.so.1"), Contains("/usr/lib/libb.so.1")));
}

TEST(Resolve, AllThatIsMissingIsNamedAtOnceWithItsOwner) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libgone.so.7");
    tree.program("/usr/sbin/corosync", {.needs = {"/usr/lib/libgone.so.7"}});
    fs::remove(tree.path("/usr/lib/libgone.so.7"));
    Request request;
    request.programs = {"corosync", "dlm_tool"};
    request.agents = {"fence_ipmilan"};
    const auto manifest = resolve(tree.root(), request);
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().what, AllOf(HasSubstr("library libgone.so.7, needed by /usr/sbin/corosync"),
                                             HasSubstr("program dlm_tool"), HasSubstr("fence agent fence_ipmilan")));
    EXPECT_THAT(manifest.error().advice, AllOf(HasSubstr("dlm-controld"), HasSubstr("fence-agents")));
    EXPECT_EQ(manifest.error().kind, ErrorKind::bad_input);
}

TEST(Resolve, AnAgentsProgramThatIsMissingIsNamedWithItsPackage) {
    Tree tree;
    tree.static_program("/bin/interpreter");
    tree.write("/usr/sbin/fence_ipmilan", "#!/bin/interpreter\n", 0755);
    Request request;
    request.agents = {"fence_ipmilan"};
    auto manifest = resolve(tree.root(), request);
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().what, HasSubstr("/usr/bin/ipmitool (called by /usr/sbin/fence_ipmilan)"));
    EXPECT_THAT(manifest.error().advice, HasSubstr("ipmitool"));

    tree.static_program("/usr/bin/ipmitool");
    manifest = resolve(tree.root(), request);
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/usr/bin/ipmitool").why(), "called by /usr/sbin/fence_ipmilan");
}

TEST(Resolve, AProgramAnAgentNamesIsCarriedWhenItIsThere) {
    Tree tree;
    tree.static_program("/bin/interpreter");
    tree.static_program("/usr/bin/helper");
    tree.write("/usr/sbin/fence_own", "#!/bin/interpreter\ncall('/usr/bin/helper')\nperhaps(\"/usr/bin/absent\")\n",
               0755);
    Request request;
    request.agents = {"fence_own"};
    const auto manifest = resolve(tree.root(), request);
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), Contains("/usr/bin/helper"));
}

TEST(Resolve, ALinkThatLeadsOutOfTheTreeStaysInside) {
    Tree outside;
    outside.static_program("/secret");
    Tree tree;
    const fs::path name = outside.path("/secret");
    tree.link("/usr/bin/absolute", name);
    tree.link("/usr/bin/relative", fs::path("../../../../../../..") / name.relative_path());
    for (const char* program : {"/usr/bin/absolute", "/usr/bin/relative"}) {
        const auto manifest = closure(tree, {program});
        ASSERT_FALSE(manifest) << program;
        EXPECT_THAT(error_of(manifest), HasSubstr("No such file")) << program;
    }
    // Where the same name exists inside, that is what both mean.
    tree.static_program(name);
    const auto manifest = closure(tree, {"absolute", "relative"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, name.c_str()).size, fs::file_size(tree.path(name)));
}

TEST(Resolve, ALinkToItselfIsAnErrorThatNamesIt) {
    Tree tree;
    tree.link("/usr/bin/loop", "loop");
    EXPECT_THAT(error_of(closure(tree, {"/usr/bin/loop"})),
                AllOf(HasSubstr("/usr/bin/loop"), HasSubstr("symbolic links")));
}

TEST(Resolve, AStaticProgramComesAlone) {
    Tree tree;
    tree.static_program("/sbin/alone");
    const auto manifest = closure(tree, {"alone"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), ElementsAre("/sbin", "/sbin/alone"));
}

TEST(Resolve, AScriptBringsItsInterpreterAlsoThroughEnv) {
    Tree tree;
    tree.static_program("/usr/bin/env");
    tree.static_program("/bin/lua");
    tree.write("/usr/bin/direct", "#! /bin/lua -x\n", 0755);
    tree.write("/usr/bin/looked-up", "#!/usr/bin/env lua\n", 0755);
    auto manifest = closure(tree, {"direct"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/bin/lua").why(), "interpreter of /usr/bin/direct");
    manifest = closure(tree, {"looked-up"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), AllOf(Contains("/usr/bin/env"), Contains("/bin/lua")));

    tree.write("/usr/bin/orphan", "#!/no/such/shell\n", 0755);
    EXPECT_THAT(error_of(closure(tree, {"orphan"})),
                AllOf(HasSubstr("/no/such/shell"), HasSubstr("interpreter of /usr/bin/orphan")));
}

TEST(Resolve, ATruncatedLibraryIsNamed) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libcut.so.1");
    tree.program("/usr/bin/tool", {.needs = {"/usr/lib/libcut.so.1"}});
    fs::resize_file(tree.path("/usr/lib/libcut.so.1"), 200);
    EXPECT_THAT(error_of(closure(tree, {"tool"})),
                AllOf(HasSubstr("/usr/lib/libcut.so.1"), HasSubstr("broken ELF file")));
}

TEST(Resolve, ALibraryForAnotherMachineIsPassedOver) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libone.so.1");
    tree.program("/usr/bin/tool", {.needs = {"/usr/lib/libone.so.1"}});
    // Found first, but its e_machine (two bytes at offset 18) says ARM.
    std::string foreign = read_file(tree.path("/usr/lib/libone.so.1")).value();
    foreign[18] = 40;
    tree.write("/lib/x86_64-linux-gnu/libone.so.1", foreign);
    auto manifest = closure(tree, {"tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest),
                AllOf(Contains("/usr/lib/libone.so.1"), Not(Contains("/lib/x86_64-linux-gnu/libone.so.1"))));

    fs::remove(tree.path("/usr/lib/libone.so.1"));
    EXPECT_THAT(error_of(closure(tree, {"tool"})), HasSubstr("library libone.so.1, needed by /usr/bin/tool"));
}

TEST(Resolve, AStaticPieComesAlone) {
    Tree tree;
    tree.program("/sbin/alone", {.flags = {"-static-pie", "-Wl,--no-dynamic-linker"}});
    const auto manifest = closure(tree, {"alone"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), ElementsAre("/sbin", "/sbin/alone"));
}

TEST(Resolve, A32BitLibraryIsPassedOver) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libone.so.1");
    tree.program("/usr/bin/tool", {.needs = {"/usr/lib/libone.so.1"}});
    tree.library("/lib/x86_64-linux-gnu/libone.so.1", {.flags = {"-m32"}});
    const auto manifest = closure(tree, {"tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest),
                AllOf(Contains("/usr/lib/libone.so.1"), Not(Contains("/lib/x86_64-linux-gnu/libone.so.1"))));
}

// The image is built on one machine and boots on others: what a better processor would take is not carried.
TEST(Resolve, OnlyTheLibraryForEveryProcessorIsCarried) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libone.so.1");
    tree.library("/usr/lib/glibc-hwcaps/x86-64-v3/libone.so.1");
    tree.program("/usr/bin/tool", {.needs = {"/usr/lib/libone.so.1"}});
    const auto manifest = closure(tree, {"tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), AllOf(Contains("/usr/lib/libone.so.1"), Not(Contains(HasSubstr("hwcaps")))));
    fs::remove(tree.path("/usr/lib/libone.so.1"));
    EXPECT_THAT(error_of(closure(tree, {"tool"})), HasSubstr("library libone.so.1, needed by /usr/bin/tool"));
}

TEST(Resolve, ALibraryFromAConfiguredDirectoryIsFoundWithoutACacheToo) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.write("/etc/ld.so.conf", "# ours\ninclude /etc/ld.so.conf.d/*.conf\n");
    tree.write("/etc/ld.so.conf.d/local.conf", "/opt/vendor/lib # here\n");
    tree.write("/etc/ld.so.conf.d/ignored.txt", "/nowhere\n");
    tree.library("/opt/vendor/lib/libvendor.so.1");
    tree.program("/usr/bin/tool", {.needs = {"/opt/vendor/lib/libvendor.so.1"}});
    const auto manifest = closure(tree, {"tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    // The dynamic linker looks here by itself; /etc/ld.so.cache is not carried.
    EXPECT_EQ(entry(*manifest, "/lib/x86_64-linux-gnu/libvendor.so.1").target, "/opt/vendor/lib/libvendor.so.1");
    EXPECT_THAT(paths_of(*manifest), Contains("/opt/vendor/lib/libvendor.so.1"));
}

TEST(Resolve, AnIncludeThatIncludesItselfEnds) {
    Tree tree;
    tree.static_program("/bin/tool");
    tree.write("/etc/ld.so.conf", "include /etc/ld.so.conf\n");
    EXPECT_TRUE(closure(tree, {"tool"}));
}

TEST(Resolve, WhatLibrariesOpenByNameComesAlong) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libknet.so.1");
    tree.program("/usr/sbin/corosync", {.needs = {"/usr/lib/libknet.so.1"}});
    EXPECT_THAT(error_of(closure(tree, {"corosync"})),
                AllOf(HasSubstr("/usr/lib/kronosnet/crypto_openssl.so"), HasSubstr("libgcc_s.so.1")));
    tree.library("/usr/lib/libdeep.so.1");
    tree.library("/usr/lib/kronosnet/crypto_openssl.so", {.needs = {"/usr/lib/libdeep.so.1"}});
    tree.library("/usr/lib/libgcc_s.so.1");
    const auto manifest = closure(tree, {"corosync"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), Contains("/usr/lib/libdeep.so.1"));
}

TEST(Resolve, NamesMayHoldAnyCharacter) {
    Tree tree;
    tree.write("/etc/odd/a b\nc\"d", "text");
    Request request;
    request.files = {"/etc/odd"};
    const auto manifest = resolve(tree.root(), request);
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), ElementsAre("/etc", "/etc/odd", "/etc/odd/a b\nc\"d"));
    const auto again = Manifest::from_json(manifest->to_json());
    ASSERT_TRUE(again) << error_of(again);
    EXPECT_EQ(paths_of(*again), paths_of(*manifest));
}

TEST(Resolve, ANameThatTheManifestCannotHoldIsRefused) {
    Tree tree;
    tree.write("/etc/odd/\xff\n", "text");
    Request request;
    request.files = {"/etc/odd"};
    const auto manifest = resolve(tree.root(), request);
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().what, HasSubstr("\n  /etc/odd/\\xff\\n (asked for): its name is no UTF-8"));
}

TEST(Resolve, WhatIsMadeWinsOverTheTreeAndFollowsItsLinks) {
    Tree tree;
    tree.static_program("/usr/bin/busybox");
    tree.static_program("/usr/bin/dash");
    tree.link("/usr/bin/sh", "dash");
    tree.link("/bin", "usr/bin");
    Request request;
    request.programs = {"busybox"};
    Entry shell;
    shell.kind = Entry::Kind::symlink;
    shell.target = "busybox";
    request.made["/bin/sh"] = shell;
    Entry names;
    names.content = "passwd: files\n";
    names.mode = 0644;
    request.made["/etc/nsswitch.conf"] = names;
    const auto manifest = resolve(tree.root(), request);
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/usr/bin/sh").target, "busybox");
    EXPECT_THAT(paths_of(*manifest), Not(Contains("/usr/bin/dash")));
    EXPECT_EQ(entry(*manifest, "/etc").kind, Entry::Kind::directory);
    EXPECT_EQ(entry(*manifest, "/etc/nsswitch.conf").size, 14U);
    EXPECT_THAT(manifest->sources(), Not(Contains("/etc/nsswitch.conf")));
}

Request with_applets() {
    Request request;
    request.programs = {"busybox"};
    for (const char* name : {"/bin/sh", "/bin/sed", "/bin/vi"}) {
        Entry applet;
        applet.kind = Entry::Kind::symlink;
        applet.target = "busybox";
        applet.reasons = {{"rescue shell", {}}};
        request.made[name] = applet;
    }
    return request;
}

TEST(Resolve, AShellAgentBringsWhatItCallsBeforeApplets) {
    Tree tree;
    for (const char* program : {"/bin/busybox", "/bin/dash", "/bin/sed", "/bin/ls", "/usr/bin/curl"})
        tree.static_program(program);
    tree.link("/bin/sh", "dash");
    tree.write("/etc/fence.conf", "helper() { ls; }\n");
    tree.write("/opt/own/fence_mine",
               "#!/bin/sh\n. /etc/fence.conf\nhelper\ncurl x | sed y\nvi\ncommand -v jq && jq\n\"$1\"\n", 0755);
    Request request = with_applets();
    request.agents = {"/opt/own/fence_mine"};
    const auto manifest = resolve(tree.root(), request);
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/opt/own/fence_mine").why(), "fence agent");
    EXPECT_EQ(entry(*manifest, "/usr/bin/curl").why(), "called by /opt/own/fence_mine");
    EXPECT_EQ(entry(*manifest, "/bin/ls").why(), "called by /opt/own/fence_mine");
    EXPECT_EQ(entry(*manifest, "/bin/sed").kind, Entry::Kind::file);
    EXPECT_EQ(entry(*manifest, "/bin/sh").target, "dash") << "busybox's shell would run its own sed";
    EXPECT_EQ(entry(*manifest, "/bin/vi").target, "busybox") << "the tree has no other";
    EXPECT_EQ(entry(*manifest, "/etc/fence.conf").why(), "read by /opt/own/fence_mine");
    EXPECT_THAT(manifest->warnings,
                ElementsAre(AllOf(HasSubstr("/opt/own/fence_mine line 7 calls \"$1\""), HasSubstr("chroot.programs"))));
}

TEST(Resolve, AShellAgentIsRefusedByTheProgramThatIsMissing) {
    Tree tree;
    tree.static_program("/bin/sh");
    tree.write("/opt/own/fence_mine", "#!/bin/sh\ntrue\ncurl x\n", 0755);
    Request request;
    request.agents = {"/opt/own/fence_mine"};
    auto manifest = resolve(tree.root(), request);
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().what, HasSubstr("program curl (called by /opt/own/fence_mine, line 3)"));
    EXPECT_THAT(manifest.error().advice, HasSubstr("curl"));

    tree.write("/opt/own/fence_mine", "#!/bin/sh\n", 0644);
    EXPECT_THAT(error_of(resolve(tree.root(), request)), HasSubstr("/opt/own/fence_mine: may not be run"));
    request.agents = {"/opt/own/fence_gone"};
    EXPECT_THAT(error_of(resolve(tree.root(), request)), HasSubstr("fence agent /opt/own/fence_gone: not there"));
}

TEST(Resolve, ADeliveredScriptStaysOutAndWhatItNeedsGoesIn) {
    Tree tree;
    tree.static_program("/bin/sh");
    tree.static_program("/usr/bin/base64");
    Request request;
    request.delivered["/etc/pando/ask"] = {"#!/bin/sh\necho c2VjcmV0 | base64 -d\n", "password_script of bmc"};
    const auto manifest = resolve(tree.root(), request);
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest), Not(Contains("/etc/pando/ask")));
    EXPECT_EQ(manifest->to_json().find("c2VjcmV0"), std::string::npos);
    EXPECT_EQ(entry(*manifest, "/usr/bin/base64").why(), "called by /etc/pando/ask, password_script of bmc");
    EXPECT_EQ(entry(*manifest, "/usr/bin/base64").reasons.front().by, "") << "nothing in the chroot to lead on to";

    request.delivered["/etc/pando/ask"].content = "echo secret\n";
    EXPECT_THAT(error_of(resolve(tree.root(), request)), HasSubstr("/etc/pando/ask: neither a binary nor a script"));
}

TEST(Resolve, WhatIsOpenedByNameIsCarriedOrLeftOutWithAReason) {
    Tree tree;
    tree.add_dynamic_linker();
    tree.library("/usr/lib/libc.so.6");
    tree.library("/usr/lib/libcrypto.so.3");
    tree.library("/usr/lib/libp11-kit.so.0.3.0");
    tree.library("/usr/lib/pkcs11/module.so");
    tree.write("/etc/ssl/openssl.cnf", "[default]\n");
    tree.write("/usr/share/zoneinfo/Europe/Berlin", "TZif2");
    tree.link("/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin");
    tree.link("/usr/lib/libp11-kit.so.0", "libp11-kit.so.0.3.0");
    tree.program("/usr/bin/tool",
                 {.needs = {"/usr/lib/libc.so.6", "/usr/lib/libcrypto.so.3", "/usr/lib/libp11-kit.so.0.3.0"}});
    const auto manifest = closure(tree, {"tool"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/etc/ssl/openssl.cnf").why(), "settings, read by /usr/lib/libcrypto.so.3");
    EXPECT_EQ(entry(*manifest, "/etc/localtime").target, "/usr/share/zoneinfo/Europe/Berlin");
    EXPECT_EQ(entry(*manifest, "/usr/share/zoneinfo/Europe/Berlin").why(), "time zone, read by /usr/lib/libc.so.6");
    EXPECT_THAT(paths_of(*manifest), Not(Contains(HasSubstr("pkcs11"))));
    EXPECT_THAT(error_of(explain(*manifest, "/usr/lib/pkcs11/module.so")),
                AllOf(HasSubstr("left out: /usr/lib/libp11-kit.so.0.3.0 would open it"), HasSubstr("hardware token")));
}

TEST(Resolve, APrivilegedBitIsNotCarried) {
    Tree tree;
    tree.static_program("/bin/su");
    ASSERT_EQ(chmod(tree.path("/bin/su").c_str(), 04755), 0);
    const auto manifest = closure(tree, {"/bin/su"});
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_EQ(entry(*manifest, "/bin/su").mode, 0755U);
}

TEST(Resolve, ADeviceOrADirectoryIsNoProgram) {
    Tree tree;
    fs::create_directories(tree.path("/usr/bin/directory"));
    EXPECT_THAT(error_of(closure(tree, {"/usr/bin/directory"})), HasSubstr("/usr/bin/directory"));
}

TEST(Survival, OnlyAnIscsiClusterCarriesTheInitiator) {
    config::Cluster cluster;
    cluster.nodes.resize(2);
    for (auto& node : cluster.nodes) node.fence.push_back({.name = "bmc", .agent = "fence_ipmilan", .options = {}});
    cluster.chroot.programs = {"/usr/bin/strace"};
    cluster.storage.transport = "local";
    EXPECT_THAT(request_for(cluster, {}).programs,
                AllOf(Contains("corosync"), Not(Contains("iscsid")), Contains("/usr/bin/strace")));
    cluster.storage.transport = "iscsi";
    EXPECT_THAT(request_for(cluster, {}).programs, Contains("iscsid"));
    EXPECT_THAT(request_for(cluster, {}).agents, ElementsAre("fence_ipmilan"));
}

TEST(Survival, AnAgentAmongTheFurtherProgramsIsCarriedAsAnAgent) {
    config::Cluster cluster;
    cluster.chroot.programs = {"/usr/sbin/fence_scsi", "/usr/bin/strace"};
    const Request request = request_for(cluster, {});
    EXPECT_THAT(request.agents, ElementsAre("/usr/sbin/fence_scsi")) << "else it would be without sg_persist";
    EXPECT_THAT(request.programs, AllOf(Contains("/usr/bin/strace"), Not(Contains("/usr/sbin/fence_scsi"))));
}

}  // namespace
}  // namespace pando::chroot
