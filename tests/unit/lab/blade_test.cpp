// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/blade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>

namespace pando::lab {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

config::Node a_node() {
    config::Node node;
    node.name = "n1";
    node.id = 1;
    node.machine.uuid = "11111111-2222-8333-a444-555555555555";
    node.machine.serial = "S,1";
    node.nics.resize(2);
    node.nics[0].name = "lan0";
    node.nics[0].mac = "52:54:00:77:00:01";
    node.nics[0].addresses = {"10.77.0.11/24"};
    node.nics[0].cluster = true;
    node.nics[1].name = "lan1";
    node.nics[1].mac = "52:54:00:77:01:01";
    node.fence.push_back({"n1-bmc", "fence_ipmilan", {{"ip", "10.77.0.101"}, {"username", "u"}, {"password", "p"}}});
    return node;
}

std::string after(const std::vector<std::string>& argv, const std::string& option, const std::string& part) {
    for (size_t i = 0; i + 1 < argv.size(); ++i)
        if (argv[i] == option && argv[i + 1].find(part) != std::string::npos) return argv[i + 1];
    return {};
}

TEST(LabBlade, HasTheIdentityItsNodeIsBoundTo) {
    const auto blade = make_blade(a_node(), 1);
    ASSERT_TRUE(blade) << blade.error().what;
    const auto argv = qemu_argv(*blade, {}, BladeFiles("/s/lab", "n1"));
    EXPECT_EQ(after(argv, "-uuid", ""), "11111111-2222-8333-a444-555555555555");
    EXPECT_THAT(after(argv, "-smbios", "type=1"), HasSubstr("serial=S,,1"));  // QEMU's comma
    EXPECT_EQ(after(argv, "-smbios", "type=3"), "");
    EXPECT_THAT(after(argv, "-device", "nic0"), HasSubstr("mac=52:54:00:77:00:01,speed=10000,duplex=full,bootindex=1"));
    EXPECT_THAT(after(argv, "-device", "nic1"), HasSubstr("mac=52:54:00:77:01:01"));
    EXPECT_THAT(after(argv, "-device", "nic1"), Not(HasSubstr("bootindex")));
}

TEST(LabBlade, HasNoDisk) {
    const auto blade = make_blade(a_node(), 1);
    ASSERT_TRUE(blade);
    for (const auto& word : qemu_argv(*blade, {}, BladeFiles("/s/lab", "n1"))) {
        EXPECT_THAT(word, Not(HasSubstr("drive")));
        EXPECT_THAT(word, Not(HasSubstr("blk")));
        EXPECT_THAT(word, Not(HasSubstr("scsi")));
    }
}

TEST(LabBlade, HasTheDiskThatItIsGiven) {
    auto blade = make_blade(a_node(), 1);
    ASSERT_TRUE(blade);
    blade->disk = "/s/a,b.img";
    const auto argv = qemu_argv(*blade, {}, BladeFiles("/s/lab", "n1"));
    EXPECT_EQ(after(argv, "-drive", ""), "if=none,id=disk,format=raw,file=/s/a,,b.img");
    EXPECT_THAT(after(argv, "-device", "virtio-blk"), HasSubstr("drive=disk"));
    EXPECT_THAT(after(argv, "-device", "virtio-blk"), Not(HasSubstr("bootindex"))) << "a blade boots from its network";
}

TEST(LabBlade, HasAWatchdogAndKeepsTheLastWordsOfItsKernelForItsNextMachine) {
    const auto blade = make_blade(a_node(), 1);
    ASSERT_TRUE(blade);
    const auto argv = qemu_argv(*blade, {}, BladeFiles("/s/lab", "n1"));
    EXPECT_EQ(after(argv, "-device", "i6300esb"), "i6300esb");
    EXPECT_EQ(after(argv, "-action", ""), "watchdog=reset");
    EXPECT_THAT(after(argv, "-object", "id=erst"), HasSubstr("mem-path=/s/lab/run/n1.erst,"));
    EXPECT_THAT(after(argv, "-object", "id=erst"), HasSubstr("share=on"));
    EXPECT_EQ(after(argv, "-device", "acpi-erst"), "acpi-erst,memdev=erst");
}

TEST(LabBlade, NoTwoBladesShareATapOrABmcPort) {
    const auto one = make_blade(a_node(), 1);
    const auto two = make_blade(a_node(), 2);
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->nics[0].tap, two->nics[0].tap);
    EXPECT_NE(one->nics[0].tap, one->nics[1].tap);
    EXPECT_NE(one->bmc.system_port, two->bmc.system_port);
    const auto last = make_blade(a_node(), 88);
    ASSERT_TRUE(last);
    EXPECT_LE(last->nics[1].tap.size(), 15U);  // IFNAMSIZ
}

TEST(LabBlade, ANodeWithoutBmcOrNicIsRefused) {
    auto node = a_node();
    node.fence[0].agent = "fence_sbd";
    auto blade = make_blade(node, 1);
    ASSERT_FALSE(blade);
    EXPECT_EQ(blade.error().kind, ErrorKind::bad_input);
    node = a_node();
    node.fence[0].options.erase("password");
    EXPECT_FALSE(make_blade(node, 1));
    node = a_node();
    node.nics[0].mac.reset();
    node.nics[1].mac.reset();
    EXPECT_FALSE(make_blade(node, 1));
}

TEST(LabBlade, TheStartScriptBecomesQemuWithEveryWordIntact) {
    const auto script = start_script({"qemu", "-name", "a b", "it's"}, "/s/log");
    EXPECT_EQ(script, "#!/bin/sh\nexec qemu -name 'a b' 'it'\\''s' >>/s/log 2>&1\n");
}

TEST(LabBlade, AStalePidFileIsNoRunningBlade) {
    const std::filesystem::path lab = std::filesystem::path(testing::TempDir()) / "lab-blade";
    std::filesystem::create_directories(lab / "run");
    const BladeFiles files(lab, "n1");
    FILE* file = std::fopen(files.pid_file.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fprintf(file, "%d\n", getpid());  // a live process, but not one that holds the file's lock
    std::fclose(file);
    EXPECT_FALSE(running_blade(files));
    std::filesystem::remove_all(lab);
}

}  // namespace
}  // namespace pando::lab
