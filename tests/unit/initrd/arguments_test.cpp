// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/arguments.h"

#include <gtest/gtest.h>

using pando::ErrorKind;
using pando::initrd::parse_boot_arguments;

TEST(Arguments, WordsOfOthersAreLeftAlone) {
    const auto parsed = parse_boot_arguments("BOOT_IMAGE=vmlinuz quiet console=ttyS0,115200 root=/dev/sda rd.break=x");
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(parsed->break_stage);
    EXPECT_FALSE(parsed->install);
    EXPECT_EQ(parsed->init, "/sbin/init");
}

TEST(Arguments, OursAreRead) {
    const auto parsed = parse_boot_arguments(
        "rd.pando.break=join rd.pando.install=http://192.0.2.1/root.tar.zst rd.pando.debug "
        "BOOTIF=01-52-54-00-AA-bb-0c init=/bin/bash\n");
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(parsed->break_stage, "join");
    EXPECT_EQ(parsed->install, "http://192.0.2.1/root.tar.zst");
    EXPECT_TRUE(parsed->debug);
    EXPECT_EQ(parsed->boot_mac, "52:54:00:aa:bb:0c");
    EXPECT_EQ(parsed->init, "/bin/bash");
}

TEST(Arguments, TheStorageIsReachedByThem) {
    const auto parsed = parse_boot_arguments(
        "rd.pando.cluster=grove rd.pando.target=iqn.2026-01.org.example:grove-root "
        "rd.pando.portals=10.20.0.5,[2001:db8::5]:3261 rd.pando.lun=2 rd.pando.initiator=iqn.2026-01.org.example "
        "rd.pando.identity=36001405b3c7f1e2d rd.pando.address=10.20.0.11/255.255.254.0 rd.pando.gateway=10.20.0.254");
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(parsed->cluster, "grove");
    ASSERT_TRUE(parsed->storage.iscsi);
    EXPECT_EQ(parsed->storage.iscsi->target, "iqn.2026-01.org.example:grove-root");
    EXPECT_EQ(parsed->storage.iscsi->portals, (std::vector<std::string>{"10.20.0.5:3260", "[2001:db8::5]:3261"}));
    EXPECT_EQ(parsed->storage.iscsi->lun, 2U);
    EXPECT_EQ(parsed->storage.iscsi->initiator_prefix, "iqn.2026-01.org.example");
    EXPECT_EQ(parsed->storage.identity, "36001405b3c7f1e2d");
    ASSERT_TRUE(parsed->address);
    EXPECT_EQ(parsed->address->address, "10.20.0.11/23");
    EXPECT_EQ(parsed->address->gateway, "10.20.0.254");
}

TEST(Arguments, ABootLoaderWithoutAnAddressLeavesItToDhcp) {
    for (const char* line : {"rd.pando.address=/ rd.pando.gateway=", "rd.pando.address= rd.pando.gateway=", ""}) {
        const auto parsed = parse_boot_arguments(std::string("rd.pando.cluster=grove ") + line);
        ASSERT_TRUE(parsed) << line << ": " << parsed.error().what;
        EXPECT_FALSE(parsed->address) << line;
        EXPECT_FALSE(parsed->storage.iscsi) << line;
        EXPECT_EQ(parsed->storage.transport, "local");
    }
    const auto lone = parse_boot_arguments("rd.pando.address=10.0.0.1/24 rd.pando.gateway=");
    ASSERT_TRUE(lone && lone->address);
    EXPECT_FALSE(lone->address->gateway);
}

TEST(Arguments, WhatIsNoStorageIsRefused) {
    for (const char* line : {
             "rd.pando.cluster=",
             "rd.pando.cluster=a/b",
             "rd.pando.cluster=\"a b\"",
             "rd.pando.target=iqn.2026:x",
             "rd.pando.portals=10.0.0.1",
             "rd.pando.target=iqn.2026:x rd.pando.portals=10.0.0.256",

             "rd.pando.lun=-1",
             "rd.pando.lun=16384",
             "rd.pando.target=$(reboot)",
             "rd.pando.address=10.0.0.1",
             "rd.pando.address=10.0.0.1/255.0.255.0",
             "rd.pando.address=10.0.0.1/33",
             "rd.pando.address=10.0.0.1/0",
             "rd.pando.gateway=router",
             "rd.pando.initiator=iqn;x",
         }) {
        const auto parsed = parse_boot_arguments(line);
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().kind, ErrorKind::bad_input) << line;
    }
}

TEST(Arguments, LunThatMayBeOverwrittenIsNamedWithItsBlanks) {
    const std::string install = "rd.pando.install=http://192.0.2.1/root.tar.zst ";
    for (const char* line :
         {"rd.pando.overwrite=\"t10.ATA QEMU HARDDISK\"", "\"rd.pando.overwrite=t10.ATA QEMU HARDDISK\"",
          "rd.pando.overwrite=\"t10.ATA QEMU HARDDISK\" quiet\n"}) {
        const auto parsed = parse_boot_arguments(install + line);
        ASSERT_TRUE(parsed) << line << ": " << parsed.error().what;
        EXPECT_EQ(parsed->overwrite, "t10.ATA QEMU HARDDISK") << line;
        EXPECT_EQ(parsed->install, "http://192.0.2.1/root.tar.zst");
    }
    const auto word = parse_boot_arguments(install + "rd.pando.overwrite=beef0001 dyndbg=\"file x.c +p; rd.pando.no\"");
    ASSERT_TRUE(word) << word.error().what;
    EXPECT_EQ(word->overwrite, "beef0001");
    EXPECT_FALSE(parse_boot_arguments(install)->overwrite);
}

TEST(Arguments, NothingIsOverwrittenByAccident) {
    const std::string install = "rd.pando.install=http://192.0.2.1/root.tar.zst ";
    for (const std::string& line :
         {std::string("rd.pando.overwrite=beef0001"), install + "rd.pando.overwrite=", install + "rd.pando.overwrite",
          install + "rd.pando.overwrite=\"\"", install + "rd.pando.overwrite=a rd.pando.overwrite=b",
          install + "rd.pando.overwrite=\"beef 0001", std::string("dyndbg=\"x rd.pando.debug")}) {
        const auto parsed = parse_boot_arguments(line);
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().kind, ErrorKind::bad_input) << line;
        EXPECT_FALSE(parsed.error().advice.empty()) << line;
    }
}

TEST(Arguments, WhatIsNoArgumentIsRefusedWithAdvice) {
    for (const char* line : {
             "rd.pando.brake=join",                      // unknown key
             "rd.pando.break=joining",                   // unknown stage
             "rd.pando.break",                           // no stage
             "rd.pando.debug=1",                         // takes no value
             "rd.pando.install=",                        // no URL
             "rd.pando.break=join rd.pando.break=root",  // twice
             "BOOTIF=52:54:00:aa:bb:cc",
             "BOOTIF=01-52-54-00-aa-bb-zz",
             "BOOTIF=01-52-54-00-aa-bb-cc-dd",
         }) {
        const auto parsed = parse_boot_arguments(line);
        ASSERT_FALSE(parsed) << line;
        EXPECT_EQ(parsed.error().kind, ErrorKind::bad_input) << line;
        EXPECT_FALSE(parsed.error().advice.empty() && parsed.error().what.empty()) << line;
    }
    EXPECT_FALSE(parse_boot_arguments("rd.pando.install=" + std::string(5000, 'a')));
    EXPECT_FALSE(parse_boot_arguments("init=sbin/init"));
}
