// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/ssh_keys.h"

#include "base/file.h"
#include "base/process.h"
#include "config/cluster.h"

#include <gmock/gmock.h>
#include <filesystem>

using namespace pando;
using namespace pando::config;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

const std::string authkey(256, 'k');
constexpr const char* good =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICaF2ndbI/u/hXVg5ozS5FliUorTBtxHG3fWC4+GYsWz admin@desk";

}  // namespace

TEST(RescueHostKey, IsTheNodesOwnAndTheSameEveryTime) {
    const auto key = rescue_host_key(authkey, "n1");
    ASSERT_TRUE(key) << key.error().what;
    EXPECT_EQ(key->dropbear_file, rescue_host_key(authkey, "n1")->dropbear_file);
    EXPECT_NE(key->public_line, rescue_host_key(authkey, "n2")->public_line);
    EXPECT_NE(key->public_line, rescue_host_key(std::string(256, 'x'), "n1")->public_line) << "a new authkey";
    // A node that is known to administrators keeps its key: a change of this text breaks every known_hosts.
    EXPECT_EQ(key->public_line, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBwkkiEuhxlYWvX1Q2jEonSioCwIJcJM9AMbx9KXzmpN");
    EXPECT_THAT(key->public_line, Not(HasSubstr(authkey.substr(0, 8))));
}

TEST(RescueHostKey, IsReadByDropbearWithTheSamePublicPart) {
    if (!find_program("dropbearkey")) GTEST_SKIP() << "no dropbearkey here: apt install dropbear-bin";
    const auto directory = TemporaryDirectory::create(std::filesystem::temp_directory_path(), "pando-ssh");
    ASSERT_TRUE(directory);
    const auto key = rescue_host_key(authkey, "n1");
    ASSERT_TRUE(key);
    const auto file = directory->path() / "key";
    ASSERT_TRUE(write_file_atomic(file, key->dropbear_file, 0600));
    const auto shown = run_ok({.argv = {"dropbearkey", "-y", "-f", file}});
    ASSERT_TRUE(shown) << shown.error().what;
    EXPECT_THAT(shown->out, HasSubstr(key->public_line));
}

TEST(NodeSshKey, IsReadByOpenSshWithTheSamePublicPart) {
    if (!find_program("ssh-keygen")) GTEST_SKIP() << "no ssh-keygen here: apt install openssh-client";
    const auto directory = TemporaryDirectory::create(std::filesystem::temp_directory_path(), "pando-ssh");
    ASSERT_TRUE(directory);
    const auto key = node_ssh_key(authkey);
    ASSERT_TRUE(key) << key.error().what;
    EXPECT_NE(key->public_line, node_ssh_key(std::string(256, 'x'))->public_line) << "a new authkey";
    EXPECT_NE(key->public_line, rescue_host_key(authkey, "")->public_line) << "another purpose";
    const auto file = directory->path() / "key";
    ASSERT_TRUE(write_file_atomic(file, key->private_file, 0600));
    const auto shown = run_ok({.argv = {"ssh-keygen", "-y", "-f", file}});
    ASSERT_TRUE(shown) << shown.error().what;
    EXPECT_THAT(shown->out, HasSubstr(key->public_line));
}

TEST(PlainKey, IsOneLineOfAKnownTypeAndNothingBeforeIt) {
    EXPECT_THAT(plain_key_fault(good), IsEmpty());
    EXPECT_THAT(plain_key_fault(std::string("command=\"/bin/x\" ") + good), HasSubstr("options"));
    EXPECT_THAT(plain_key_fault(std::string("no-pty ") + good), HasSubstr("options"));
    EXPECT_THAT(plain_key_fault(std::string(good) + "\nssh-rsa AAAA"), HasSubstr("more than one line"));
    EXPECT_THAT(plain_key_fault("ssh-ed25519"), HasSubstr("no such key"));
    EXPECT_THAT(plain_key_fault("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICaF2n"), HasSubstr("not all of it"));
    EXPECT_THAT(plain_key_fault("ssh-rsa " + std::string(good).substr(12)), HasSubstr("no such key")) << "another type";
    EXPECT_THAT(plain_key_fault("ssh-dss AAAAB3NzaC1kc3MAAACBAP"), HasSubstr("no type of key"));
    EXPECT_THAT(plain_key_fault(""), HasSubstr("no type of key"));
}

TEST(Rescue, IsOnWhereThereIsAKeyUnlessToldOtherwise) {
    Rescue rescue;
    EXPECT_FALSE(rescue.in_boot() || rescue.on_node());
    rescue.keys = {good};
    EXPECT_TRUE(rescue.in_boot() && rescue.on_node());
    rescue.ssh = "boot";
    EXPECT_TRUE(rescue.in_boot() && !rescue.on_node());
    rescue.ssh = "off";
    EXPECT_FALSE(rescue.in_boot() || rescue.on_node());
}
