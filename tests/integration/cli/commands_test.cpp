// SPDX-License-Identifier: GPL-2.0-or-later
// The commands of the documents as an operator types them on a host that is no node: the built program in a shell, in
// a network namespace of the test's own with the boot network on its interface eno1. (What needs a cluster is typed in
// tests/system.)
#include "base/file.h"
#include "base/process.h"

#include <gmock/gmock.h>
#include <filesystem>
#include <memory>

namespace pando {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Host : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root";
        auto made = TemporaryDirectory::create("/var/tmp", "pando-host");
        ASSERT_TRUE(made);
        place_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        fs::copy_file(TEST_DATA "/../../docs/examples/cluster.yaml", place_->path() / "cluster.yaml");
        type("pando cluster keygen authkey");
        ASSERT_EQ(said_.status, 0) << said_.err;
    }

    // In the directory of cluster.yaml. What it said is in said_.
    void type(const std::string& line) {
        const std::string network =
            "ip link set lo up; ip link add eno1 type veth peer name switch; ip address add 10.20.0.1/24 dev eno1; "
            "ip link set switch up; ip link set eno1 up; ";
        auto done = run({.argv = {"unshare", "--net", "--mount", "bash", "-c", network + line},
                         .env = {{"PATH", PANDO_BINARY_DIR "/cli:" + std::string(getenv("PATH"))}},
                         .directory = place_->path(),
                         .deadline = Deadline::after(std::chrono::minutes(2))});
        ASSERT_TRUE(done) << done.error().what;
        said_ = std::move(*done);
    }
    void expect(int status, const std::string& line) {
        type(line);
        EXPECT_EQ(said_.status, status) << line << "\n" << said_.out << said_.err;
    }
    std::string text(const std::string& file) const { return read_file(place_->path() / file).value_or("(none)"); }

    std::unique_ptr<TemporaryDirectory> place_;
    Finished said_;
};

TEST_F(Host, ProposesADescriptionFromWhatItSees) {
    fs::remove(place_->path() / "cluster.yaml");
    const std::string init =
        "pando config init --name grove --node 'aspen[1-3]' --bmc '10.20.1.{id+10}' --fence-option username=fence "
        "--fence-option password=@bmc-password --fence-option privlvl=operator --yes";
    expect(2, "echo correct-horse >bmc-password; " + init);
    EXPECT_THAT(said_.err, AllOf(HasSubstr("it is cluster.yaml.draft"), HasSubstr("sees no free LUN")));
    EXPECT_THAT(said_.out, Not(HasSubstr("correct-horse")));
    EXPECT_THAT(text("cluster.yaml.draft"), AllOf(HasSubstr("interface: eno1"), HasSubstr("subnet: 10.20.0.0/24"),
                                                  HasSubstr("address: 10.20.0.13/24"), HasSubstr("correct-horse")));
    // A person completes the draft, and gives the same command again.
    expect(0,
           "for i in 1 2 3; do sed -i \"s|{name: lan0, address: 10.20.0.1$i/24}|"
           "{name: lan0, mac: 'd0:94:66:5a:10:0$i', address: 10.20.0.1$i/24}|\" cluster.yaml.draft; done;"
           "printf 'storage: {transport: iscsi, identity: 36001405b3c7f1e2d8a94c0fb1d2e3f40, iscsi: {portals: "
           "[10.20.0.5], target: iqn.2026-01.org.example:grove-root, initiator_prefix: iqn.2026-01.org.example}}\\n'"
           " >>cluster.yaml.draft; " +
               init);
    EXPECT_THAT(said_.out + said_.err, HasSubstr("cluster.yaml is written"));
    expect(0, "pando config check cluster.yaml");
    EXPECT_FALSE(fs::exists(place_->path() / "cluster.yaml.draft"));
}

TEST_F(Host, TellsWhatADescriptionMeans) {
    expect(0, "pando config check cluster.yaml");
    expect(0, "pando config show cluster.yaml");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("name: aspen2"), HasSubstr("ip: 10.20.1.13"))) << "profiles are filled in";
    expect(0, "pando config explain corosync.token");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("default       3s"), HasSubstr("takes effect  live")));
    expect(0, "pando config explain nics.mtu cluster.yaml --node aspen1");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("nodes[aspen1].nics[lan0].mtu"), Not(HasSubstr("aspen2"))));
    expect(2, "pando config explain corosync.tokn");
    EXPECT_THAT(said_.err, HasSubstr("corosync.token"));
    for (const char* what : {"corosync", "dlm", "hosts", "dnsmasq", "ipxe"})
        expect(0, std::string("pando config render ") + what + " cluster.yaml");
    EXPECT_THAT(said_.out, HasSubstr("#!ipxe"));
    expect(0, "pando config render networkd cluster.yaml --node aspen3");
    EXPECT_THAT(said_.out, HasSubstr("Address=10.20.0.13/24"));
    expect(0, "pando config render dnsmasq cluster.yaml >pando.conf; dnsmasq --test -C pando.conf");
    expect(1, "sed 's/journals: 4/journals: 5/' cluster.yaml >new.yaml; pando config diff cluster.yaml new.yaml");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("root.journals: 4 -> 5"), HasSubstr("next boot of each node")));
    expect(0, "pando config diff cluster.yaml cluster.yaml");
}

TEST_F(Host, EditsADescriptionInATerminalOnly) {
    expect(2, "EDITOR='sed -i s/aspen1/birch1/' pando config edit cluster.yaml </dev/null");
    EXPECT_THAT(said_.err, HasSubstr("needs a terminal"));
    EXPECT_THAT(text("cluster.yaml"), HasSubstr("aspen1"));
    expect(0, "EDITOR='sed -i s/aspen1/birch1/' script -qec 'pando config edit cluster.yaml' /dev/null");
    EXPECT_THAT(text("cluster.yaml"), HasSubstr("birch1"));
}

TEST_F(Host, AnEditIsInterruptedAndNothingIsLost) {
    // The editor of a person who has written something, and whose terminal then sends Ctrl-C to all in it.
    ASSERT_TRUE(write_file_atomic(place_->path() / "editor",
                                  "#!/bin/bash\nsed -i s/aspen1/birch1/ \"$1\"\nkill -INT 0\n", 0755));
    type("EDITOR=$PWD/editor script -qec 'pando config edit cluster.yaml' /dev/null");
    EXPECT_NE(said_.status, 0) << said_.out;
    EXPECT_THAT(text("cluster.yaml"), HasSubstr("aspen1"));
    // Nobody is locked out by it.
    expect(0,
           "EDITOR='sed -i s/aspen2/birch2/' script -qec 'yes y | pando config edit cluster.yaml' /dev/null || "
           "EDITOR='sed -i s/aspen2/birch2/' script -qec 'pando config edit cluster.yaml' /dev/null");
}

TEST_F(Host, TakesTheAncestorsDescription) {
    expect(2, "pando config import " TEST_DATA "/cluster-conf/two-nodes.conf --output old.yaml --yes");
    EXPECT_THAT(said_.err, AllOf(HasSubstr("clean_start"), HasSubstr("it is old.yaml.draft")));
    EXPECT_THAT(text("old.yaml.draft"), HasSubstr("name: gfs-node2"));
}

TEST_F(Host, WritesTheFirstBundleOfALun) {
    const std::string initial = "pando bundle write --lun lun --initial ";
    expect(2, "truncate -s 1G lun; " + initial + "--dry-run cluster.yaml");
    EXPECT_THAT(said_.err, HasSubstr("a root needs 2048 MiB")) << "a trial refuses what the run would";
    expect(0, "truncate -s 4G lun; " + initial + "--dry-run cluster.yaml");
    expect(1, "pando bundle show --lun lun");
    EXPECT_THAT(said_.err, HasSubstr("no GPT partition table")) << "a trial changes nothing";
    expect(0, initial + "cluster.yaml");
    expect(2, "sed -i 's/journals: 4/journals: 5/' cluster.yaml; " + initial + "--dry-run cluster.yaml");
    EXPECT_THAT(said_.err, HasSubstr("holds generation 1 of cluster grove already"));
    expect(0, "pando bundle write --lun lun --dry-run cluster.yaml");
    EXPECT_THAT(said_.out, HasSubstr("+  journals: 5"));
    expect(0, "pando bundle write --lun lun cluster.yaml; pando bundle show --lun lun --files");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("generation 2"), HasSubstr("authkey")));
    expect(0, "pando bundle get --lun lun --output edit");
    EXPECT_EQ(text("edit/cluster.yaml"), text("cluster.yaml"));
    expect(0, "pando bundle make --output grove.bundle cluster.yaml");
}

TEST_F(Host, WouldInstallTheRootOnALun) {
    expect(0,
           "truncate -s 4G lun; pando bundle write --lun lun --initial cluster.yaml; "
           "tar --zstd -cf root.tar.zst --files-from /dev/null; device=$(losetup --find --show --partscan lun); "
           "pando root install --cluster cluster.yaml --device $device --archive root.tar.zst --dry-run; status=$?; "
           "losetup --detach $device; exit $status");
    EXPECT_THAT(said_.out + said_.err, HasSubstr("pando-root"));
}

TEST_F(Host, MakesPathsOfATreePrivate) {
    const std::string tree =
        "mkdir -p tree && mount -t tmpfs tree tree && mkdir -p tree/etc tree/var/log tree/srv/app/common && "
        "echo tree >tree/etc/hostname && touch tree/etc/machine-id && ";
    const std::string on = " --root $PWD/tree --cluster cluster.yaml";
    expect(0, tree + "pando cdsl apply" + on + " && pando cdsl check" + on +
                  " && pando cdsl list --cluster cluster.yaml --root $PWD/tree 'aspen[1-2]'");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("/etc/hostname"), HasSubstr("/var/log")));
    expect(0, tree + "pando cdsl apply" + on + " && pando cdsl create /srv/app" + on +
                  " && pando cdsl create /srv/app/common --shared" + on + " && pando cdsl show /srv/app" + on +
                  " && pando cdsl list --node aspen1" + on + " && pando cdsl repair --undo" + on);
    EXPECT_THAT(said_.out, AllOf(HasSubstr("/srv/app/common"), HasSubstr("aspen3")));
}

TEST_F(Host, ComparesWhatNodesRecordedAndLeavesTheWatchingToThem) {
    const std::string tree =
        "mkdir -p tree && mount -t tmpfs tree tree && mkdir tree/etc && "
        "pando cdsl apply --root $PWD/tree --cluster cluster.yaml && ";
    expect(0, tree + "pando cdsl conflicts --root $PWD/tree --cluster cluster.yaml");
    expect(2, tree + "pando cdsl conflicts --watch 2 --root $PWD/tree --cluster cluster.yaml");
    EXPECT_THAT(said_.err, HasSubstr("no node runs on this root here"));
}

TEST_F(Host, AsksTheFenceDevicesOfADescription) {
    expect(1, "pando doctor --cluster cluster.yaml");
    EXPECT_THAT(said_.out, AllOf(HasSubstr("FAULT"), HasSubstr("aspen1-ipmilan of node aspen1"), HasSubstr("-> ")));
}

TEST_F(Host, SaysWhereACommandOfNodesBelongs) {
    for (const char* line :
         {"pando why n1", "pando status", "pando timeline", "pando node list", "pando exec n1 -- true",
          "pando node pending", "pando fence now n1 --reason broken", "pando fence test", "pando fence history",
          "pando node drain n1", "pando node reboot n1 --yes", "pando node approve n1", "pando bundle get",
          "pando root apt upgrade", "pando root changes", "pando cdsl apply --here"}) {
        type(line);
        EXPECT_THAT(said_.status, testing::AnyOf(1, 2)) << line << said_.out;
        EXPECT_THAT(said_.err, MatchesRegex("(.|\n)*error: .+\n *-> (.|\n)+")) << line;
    }
}

TEST_F(Host, IsReadThroughPipesThatBreakAndInTerminalsOfOldTimes) {
    for (const char* line : {"pando config show cluster.yaml", "pando config render dnsmasq cluster.yaml",
                             "pando help man", "pando completion bash", "pando config explain"}) {
        // Nobody reads: it ends, quietly, by the signal or with a status.
        expect(0, std::string(line) +
                      " 2>said | true; test ${PIPESTATUS[0]} != 0 -o ${PIPESTATUS[0]} = 0; "
                      "! grep -iE 'abort|terminate|assert' said");
        type(std::string(line) + " >/dev/full");
        EXPECT_NE(said_.status, 0) << line << ": nothing of it was written";
    }
    expect(0, "LC_ALL=C TERM=dumb COLUMNS=80 pando config check cluster.yaml");
    expect(0, "LC_ALL=de_DE.ISO-8859-1 pando config explain corosync.token | LC_ALL=C grep -q 'from 1s to 5m'");
    expect(0, "env -i $(command -v pando) config show cluster.yaml | { ! grep -q $'\\033'; }");
}

}  // namespace
}  // namespace pando
