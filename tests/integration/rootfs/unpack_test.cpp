// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"
#include "base/process.h"
#include "rootfs/content.h"
#include "rootfs/install.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <optional>
#include <random>

using namespace pando;
using namespace pando::rootfs;
using ::testing::HasSubstr;

namespace {

class UnpackTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root";
        auto made = TemporaryDirectory::create("/var/tmp", "pando-unpack");
        ASSERT_TRUE(made);
        work.emplace(std::move(*made));
        ASSERT_TRUE(make_directories(tree() / "usr/bin"));
        ASSERT_TRUE(make_directories(tree() / ".pando"));
        ASSERT_TRUE(make_directories(target()));
        std::mt19937 random(1);
        for (int i = 0; i < 300; ++i) {
            std::string text(20000, '\0');
            for (char& c : text) c = static_cast<char>(random());
            ASSERT_TRUE(write_file_atomic(tree() / "usr/bin" / std::to_string(i), text, 0755));
        }
        const auto ping = (tree() / "usr/bin/0").string();
        ASSERT_EQ(chown(ping.c_str(), 4711, 4712), 0);
        ASSERT_EQ(chmod(ping.c_str(), 04755), 0);
        // cap_net_raw=ep, as ping has it
        const std::string capability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                                     20);
        ASSERT_EQ(
            setxattr((tree() / "usr/bin/1").c_str(), "security.capability", capability.data(), capability.size(), 0),
            0);
        const auto content = survey(tree(), "key");
        ASSERT_TRUE(content);
        ASSERT_TRUE(write_file_atomic(tree() / content_file, content->to_json()));
        ASSERT_TRUE(run_ok({.argv = {"tar", "-c", "--xattrs", "--xattrs-include=security.*", "-C", tree().string(),
                                     "-f", (work->path() / "tar").string(), "."}}));
        ASSERT_TRUE(run_ok({.argv = {"zstd", "-q", (work->path() / "tar").string(), "-o", archive().string()}}));
    }
    std::filesystem::path tree() const { return work->path() / "tree"; }
    std::filesystem::path target() const { return work->path() / "target"; }
    std::filesystem::path archive() const { return work->path() / "root.tar.zst"; }
    std::optional<TemporaryDirectory> work;
};

Deadline soon() { return Deadline::after(std::chrono::seconds(60)); }

// A port nobody listens on now.
uint16_t free_port() {
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) < 0) return 0;
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

bool listens(uint16_t port) {
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

TEST_F(UnpackTest, FileComesOutWithOwnersModesAndCapabilities) {
    const auto done = unpack_archive(archive(), target(), soon());
    ASSERT_TRUE(done) << done.error().what;
    const auto verified = verify_content(target(), soon());
    ASSERT_TRUE(verified) << verified.error().what;
    EXPECT_EQ(verified->files, 300U);
    struct stat st {};
    ASSERT_EQ(stat((target() / "usr/bin/0").c_str(), &st), 0);
    EXPECT_EQ(st.st_uid, 4711U);
    EXPECT_EQ(st.st_gid, 4712U);
    EXPECT_EQ(st.st_mode & 07777U, 04755U);
    char value[64];
    EXPECT_EQ(getxattr((target() / "usr/bin/1").c_str(), "security.capability", value, sizeof value), 20);
}

TEST_F(UnpackTest, HttpUrlComesOutTheSame) {
    const uint16_t port = free_port();
    ASSERT_NE(port, 0);
    auto server = Child::spawn(
        {.argv = {"busybox", "httpd", "-f", "-p", fmt::format("127.0.0.1:{}", port), "-h", work->path().string()}});
    ASSERT_TRUE(server) << server.error().what;
    const Deadline deadline = soon();
    while (!listens(port) && server->running() && !deadline.passed()) usleep(20000);
    const auto done = unpack_archive(fmt::format("http://127.0.0.1:{}/root.tar.zst", port), target(), soon());
    const auto missing = unpack_archive(fmt::format("http://127.0.0.1:{}/none", port), target(), soon());
    (void)server->stop(std::chrono::seconds(2));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_TRUE(verify_content(target(), soon()));
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().what, HasSubstr("wget"));
}

TEST_F(UnpackTest, TruncatedArchiveIsAnError) {
    std::filesystem::resize_file(archive(), std::filesystem::file_size(archive()) / 2);
    const auto done = unpack_archive(archive(), target(), soon());
    ASSERT_FALSE(done);
    EXPECT_FALSE(verify_content(target(), soon()));
}
