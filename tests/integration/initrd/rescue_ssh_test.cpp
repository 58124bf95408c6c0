// SPDX-License-Identifier: GPL-2.0-or-later
// The rescue ssh with Debian's dropbear in a chroot of this machine's files, and OpenSSH's client, in network and mount
// namespaces of the test's own.
#include "initrd/rescue_ssh.h"
#include "base/file.h"
#include "base/process.h"
#include "chroot-builder/install.h"
#include "chroot-builder/survival_namespace.h"
#include "config/ssh_keys.h"
#include "initrd/ask_boot.h"
#include "initrd/boot_control.h"
#include "initrd/control_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* address = "10.77.0.11";

template <typename Wanted>
bool comes_true(const Wanted& wanted) {
    const Deadline deadline = Deadline::after(seconds(20));
    while (!wanted() && !deadline.passed()) poll(nullptr, 0, 20);
    return wanted();
}

class RescueSsh : public testing::Test {
protected:
    void SetUp() override {
        if (!find_program("dropbear") || !find_program("ssh")) GTEST_SKIP() << "needs dropbear-bin and openssh-client";
        ASSERT_EQ(unshare(CLONE_NEWNS | CLONE_NEWNET), 0) << "needs root";
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_TRUE(make_directories("/run/pando"));
        ASSERT_EQ(mount("tmpfs", "/run/pando", "tmpfs", 0, nullptr), 0);
        ASSERT_TRUE(write_file_atomic("/run/pando/node", "n1\n"));
        for (std::vector<std::string> words : {std::vector<std::string>{"ip", "link", "set", "lo", "up"},
                                               {"ip", "address", "add", "10.77.0.11/24", "dev", "lo"}})
            ASSERT_TRUE(run_ok({.argv = words}));
        auto made = TemporaryDirectory::create("/var/tmp", "pando-test");
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        // A directory in which others may write is none that dropbear takes keys from.
        ASSERT_TRUE(make_directories(tree(), 0755));
        for (const char* name : {"admin", "stranger"})
            ASSERT_TRUE(run_ok({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", work() / name}}));
        describe();
        fill();
    }
    void TearDown() override {
        if (server_) (void)server_->stop(seconds(2));
        (void)umount2("/run/pando", MNT_DETACH);
    }

    const fs::path& work() const { return directory_->path(); }
    fs::path shown_on() const { return work() / "session"; }
    fs::path tree() const { return work() / "tree"; }
    config::Node& node() { return cluster_.nodes.front(); }

    void describe() {
        cluster_.rescue.keys = {read_line(work() / "admin.pub").value()};
        cluster_.nodes.emplace_back().name = "n1";
        node().nics.emplace_back().addresses = {std::string(address) + "/24"};
        bundle_.files["authkey"] = std::string(256, 'k');
        const auto key = config::rescue_host_key(bundle_.files["authkey"], "n1");
        ASSERT_TRUE(key);
        ASSERT_TRUE(
            write_file_atomic(work() / "known_hosts", fmt::format("[{}]:2222 {}\n", address, key->public_line), 0600));
    }

    // As a package does it: with its debug information a program is longer than a file of a chroot may be.
    fs::path stripped(const char* program) const {
        const fs::path installed = work() / program;
        const auto strip =
            run_ok({.argv = {"strip", "-o", installed, fs::path(PANDO_BINARY_DIR) / "initrd" / program}});
        EXPECT_TRUE(strip) << (strip ? "" : strip.error().what);
        return installed;
    }

    // As the image's manifest makes it, with the programs of this build.
    void fill() const {
        chroot::Request request = chroot::survival_request();
        request.programs = {"dropbear", "/bin/busybox"};
        request.files.clear();
        request.made.erase("/usr/sbin/fence_pando");
        for (const char* name : {"pando-survival", "pando-boot"}) {
            chroot::Entry link;
            link.kind = chroot::Entry::Kind::symlink;
            link.target = stripped(name);
            link.reasons = {{"under test", {}}};
            request.files.push_back(link.target);
            request.made[fs::path("/usr/sbin") / name] = link;
        }
        const auto root = Sysroot::open("/").value();
        const auto manifest = chroot::resolve(root, request);
        ASSERT_TRUE(manifest) << manifest.error().what;
        const auto installed = chroot::install(*manifest, root, tree());
        ASSERT_TRUE(installed) << installed.error().what;
        ASSERT_TRUE(write_rescue_files(bundle_, cluster_, cluster_.nodes.front(), tree(), true));
    }

    void serve(const std::string& session) {
        auto survival = chroot::SurvivalNamespace::create(tree());
        ASSERT_TRUE(survival) << survival.error().what;
        // As SurvivalNamespace::start() does, but for the protection from the kernel's killer, which not every machine
        // that runs tests may give.
        Command command{.argv = dropbear_argv(cluster_.rescue, node(), session), .argv0 = "@dropbear"};
        command.prepare = [inside = survival->descriptor()] {
            return setsid() >= 0 && setns(inside, CLONE_NEWNS) == 0 && chdir("/") == 0;
        };
        command.output_file = tree() / "var/log/dropbear.out";
        auto server = Child::spawn(command);
        ASSERT_TRUE(server) << server.error().what;
        server_ = std::move(*server);
        ASSERT_TRUE(comes_true([] {  // 08AE: 2222, 0A: listens
            return read_file("/proc/net/tcp").value_or("").find("0B004D0A:08AE 00000000:0000 0A") != std::string::npos;
        })) << said();
    }
    std::string said() const { return read_file(tree() / "var/log/dropbear.out").value_or("nothing"); }

    std::vector<std::string> client(const std::string& key, std::vector<std::string> more) const {
        std::vector<std::string> argv = {"ssh", "-F", "/dev/null", "-p", "2222", "-i", work() / key};
        for (const std::string& option :
             {std::string("IdentitiesOnly=yes"), std::string("BatchMode=yes"), std::string("ConnectTimeout=10"),
              "UserKnownHostsFile=" + (work() / "known_hosts").string(), std::string("StrictHostKeyChecking=yes")}) {
            argv.emplace_back("-o");
            argv.push_back(option);
        }
        argv.insert(argv.end(), more.begin(), more.end());
        return argv;
    }
    Finished ssh(const std::string& key, std::vector<std::string> more, const std::string& input = {}) const {
        more.insert(more.begin(), std::string("root@") + address);
        auto done =
            run({.argv = client(key, std::move(more)), .input = input, .deadline = Deadline::after(seconds(30))});
        EXPECT_TRUE(done) << done.error().what;
        return done ? *done : Finished{255, {}, {}};
    }

    config::Cluster cluster_;
    config::Bundle bundle_;

private:
    std::unique_ptr<TemporaryDirectory> directory_;
    std::optional<Child> server_;
};

TEST_F(RescueSsh, LetsInWhoHasTheKeyAndShowsTheHostKeyThatWasKnownBefore) {
    setenv("PANDO_TEST_SECRET", "of the server", 1);
    serve("/usr/sbin/pando-survival session");
    const auto done = ssh("admin", {"echo $PATH; echo $HOME; cat /etc/host.conf; env; exit 7"});
    EXPECT_EQ(done.status, 7) << done.err << said();
    EXPECT_THAT(done.out, HasSubstr("/usr/sbin:/usr/bin:/sbin:/bin\n/root\nmulti on\n")) << "the chroot's own";
    EXPECT_THAT(done.out, Not(HasSubstr("PANDO_TEST_SECRET")));

    ASSERT_TRUE(write_file_atomic(work() / "known_hosts",
                                  fmt::format("[{}]:2222 {}\n", address, read_line(work() / "stranger.pub").value())));
    EXPECT_THAT(ssh("admin", {"true"}).err, HasSubstr("REMOTE HOST IDENTIFICATION HAS CHANGED"))
        << "it is the node's own";
}

TEST_F(RescueSsh, RefusesOtherKeysPasswordsAndForwarding) {
    serve("/usr/sbin/pando-survival session");
    const auto stranger = ssh("stranger", {"true"});
    EXPECT_EQ(stranger.status, 255);
    EXPECT_THAT(stranger.err, HasSubstr("Permission denied (publickey)")) << "and no other way is offered";
    EXPECT_THAT(ssh("stranger", {"-o", "PreferredAuthentications=password,keyboard-interactive", "true"}).err,
                HasSubstr("Permission denied (publickey)"));
    EXPECT_THAT(ssh("admin", {"-W", "127.0.0.1:2222"}).err, HasSubstr("forwarding failed"));
    EXPECT_EQ(ssh("admin", {"true"}).status, 0);

    // A description without the key is taken over: the next login is refused.
    cluster_.rescue.keys = {read_line(work() / "stranger.pub").value()};
    ASSERT_TRUE(write_rescue_files(bundle_, cluster_, node(), tree(), true));
    EXPECT_EQ(ssh("admin", {"true"}).status, 255);
    EXPECT_EQ(ssh("stranger", {"true"}).status, 0);
    ASSERT_TRUE(write_rescue_files(bundle_, cluster_, node(), tree(), false));
    EXPECT_EQ(ssh("stranger", {"true"}).status, 255);
    EXPECT_FALSE(fs::exists(tree() / "etc/dropbear/host_key")) << "nor is a secret left";
}

TEST_F(RescueSsh, GivesAShellThatSystemdSpares) {
    serve("/usr/sbin/pando-survival session");
    const auto shell = ssh("admin", {"-tt"}, "tr '\\0' ' ' < /proc/$$/cmdline; echo; exit 3\n");
    EXPECT_EQ(shell.status, 3) << shell.err << said();
    EXPECT_THAT(shell.out, HasSubstr("The chroot of n1"));
    EXPECT_THAT(shell.out, HasSubstr("@/bin/sh -i"));
}

TEST_F(RescueSsh, ABootKnowsOfAShellAsLongAsItIsOpenAndEndsItWithItself) {
    auto& control = boot_control();
    auto boot = ControlServer::open(control_socket, control, [](Ending) {});
    ASSERT_TRUE(boot) << boot.error().what;
    serve("/usr/sbin/pando-boot session");
    const auto attended = [&](bool wanted) {
        return comes_true([&] {
            pollfd asked{boot->descriptor(), POLLIN, 0};
            if (poll(&asked, 1, 0) == 1) boot->serve_one();
            boot->see_off();
            return control.attending().empty() != wanted;
        });
    };
    // What the person types comes from a pipe with a name that this test holds open.
    const fs::path keys = work() / "keys";
    ASSERT_EQ(mkfifo(keys.c_str(), 0600), 0);
    const UniqueFd typed(open(keys.c_str(), O_RDWR | O_CLOEXEC));
    const auto begin = [&] {
        std::string words;
        for (const std::string& word : client("admin", {"-tt", std::string("root@") + address})) words += word + " ";
        return Child::spawn(
            {.argv = {"/bin/sh", "-c", fmt::format("{} < {} > {} 2>&1", words, keys.string(), shown_on().string())}});
    };
    auto person = begin();
    ASSERT_TRUE(person);
    EXPECT_TRUE(attended(true)) << said();
    EXPECT_THAT(control.attending(), HasSubstr("the ssh session from 10.77.0.11"));
    ASSERT_EQ(write(typed.get(), "exit\n", 5), 5);
    EXPECT_TRUE(attended(false)) << "the shell has ended, and the boot goes on";
    EXPECT_TRUE(person->wait(Deadline::after(seconds(10))));

    auto another = begin();
    ASSERT_TRUE(another);
    EXPECT_TRUE(attended(true));
    *boot = ControlServer();  // as when process 1 becomes the root's init
    EXPECT_TRUE(comes_true([&] {
        return read_file(shown_on()).value_or("").find("this boot is over") != std::string::npos;
    })) << read_file(shown_on()).value_or("nothing");
    kill(another->pid(), SIGTERM);
    control.leave(control.attending());
}

}  // namespace
}  // namespace pando::initrd
