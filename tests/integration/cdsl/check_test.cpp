// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever drifts is found and named; what does not is not.
#include "cdsl/check.h"

#include "cdsl/explain.h"
#include "cdsl/inventory.h"
#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <fstream>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Check : public World, public testing::WithParamInterface<Filesystem> {
protected:
    void SetUp() override { start(GetParam()); }

    // A root that three nodes have booted from.
    void booted() const {
        prepare_all();
        for (const char* node : {"n1", "n2", "n3"}) as_node([&] { map_as(node); });
    }

    // "DRIFT NODE PATH", those that count; notes begin with "note ".
    std::vector<std::string> found(const config::Cluster& description = cluster(), const std::string& range = "",
                                   bool whole_root = false) const {
        const auto survey = Survey::of(root(), description);
        if (!survey) return {survey.error().what};
        const auto checked = check(*survey, survey->nodes_of(range).value(), {whole_root});
        if (!checked) return {checked.error().what};
        std::vector<std::string> lines;
        for (const Finding& finding : checked->findings) {
            EXPECT_FALSE(finding.text.empty());
            lines.push_back(fmt::format("{}{} {} {}", finding.counts ? "" : "note ", name_of(finding.drift),
                                        finding.node.empty() ? "-" : finding.node, finding.path.string()));
        }
        return lines;
    }
};

INSTANTIATE_TEST_SUITE_P(On, Check, testing::Values(Filesystem::tmpfs, Filesystem::ext4),
                         [](const auto& row) { return row.param == Filesystem::tmpfs ? "tmpfs" : "ext4"; });

TEST_P(Check, FindsNothingOnARootThatIsAsThePolicySays) {
    booted();
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_THAT(found(cluster(), "", true), IsEmpty());
    as_node([&] {
        map_as("n2");
        put("/var/log/messages", "n2 works");
        put("/etc/passwd", "changed for all");
        put("/var/cache/apt/new.bin", "shared inside private");
        put("/tmp/x", "volatile");
        EXPECT_THAT(found(), IsEmpty());
    });
    EXPECT_THAT(found(), IsEmpty());
}

TEST_P(Check, SaysOnlyANoteOfNodesWhenNoneHasBootedYet) {
    prepare_all();
    EXPECT_THAT(found(), ElementsAre("note no_tree n1 /.pando/nodes/n1", "note no_tree n2 /.pando/nodes/n2",
                                     "note no_tree n3 /.pando/nodes/n3"));
}

TEST_P(Check, OfARootThatWasNeverPreparedIsAnErrorWithAdvice) {
    const auto survey = Survey::of(root(), cluster());
    ASSERT_FALSE(survey);
    EXPECT_THAT(survey.error().what, HasSubstr("never prepared"));
    EXPECT_THAT(survey.error().advice, HasSubstr("pando cdsl apply"));
}

TEST_P(Check, FindsALinkThatSedReplacedByAFile) {
    booted();
    as_node([&] {
        map_as("n1");
        ASSERT_TRUE(run_ok({.argv = {"sed", "-i", "s/n1/x/", (root() / "etc/hostname").string()}}));
    });
    fs::remove(root() / "etc/hosts");  // a link that had no content in any tree
    put("/etc/hosts", "written by rename\n");
    EXPECT_THAT(found(), ElementsAre("link_replaced - /etc/hostname", "link_replaced - /etc/hosts"));
}

TEST_P(Check, FindsALinkThatIsGoneAndOneThatLeadsElsewhere) {
    booted();
    fs::remove(root() / "etc/hostname");
    fs::remove(root() / "etc/hosts");
    fs::create_symlink("/run/hosts", root() / "etc/hosts");
    fs::remove(root() / "etc/machine-id");
    fs::create_directory(root() / "etc/machine-id");
    EXPECT_THAT(found(), testing::UnorderedElementsAre("link_missing - /etc/hostname", "link_replaced - /etc/hosts",
                                                       "wrong_type - /etc/machine-id"));
}

TEST_P(Check, FindsANodeWithoutATreeAndATreeWithoutANode) {
    booted();
    fs::rename(root() / ".pando/nodes/n2", root() / ".pando/nodes/gone");
    EXPECT_THAT(found(), ElementsAre("removed_node gone /.pando/nodes/gone", "no_tree n2 /.pando/nodes/n2"));
}

TEST_P(Check, FindsMissingCopiesInTreesAndInTheTemplate) {
    booted();
    fs::remove_all(root() / ".pando/nodes/n1/var/log");
    fs::remove(root() / ".pando/nodes/n3/etc/hostname");
    fs::remove_all(root() / ".pando/nodes/.template/var/spool");
    EXPECT_THAT(found(), ElementsAre("no_copy - /var/spool", "no_copy n1 /var/log", "no_copy n3 /etc/hostname"));
    EXPECT_THAT(found(cluster(), "n2"), ElementsAre("no_copy - /var/spool")) << "a range leaves the other nodes out";
}

TEST_P(Check, FindsACopyThatWasNotFinished) {
    booted();
    const std::string copy = (root() / ".pando/nodes/n1/var/log").string();
    ASSERT_EQ(setxattr(copy.c_str(), "trusted.pando.parent", "1", 1, 0), 0) << strerror(errno);
    EXPECT_THAT(found(), ElementsAre("half_copy n1 /var/log"));
}

TEST_P(Check, FindsWrongTypesInTreesAndOnTheRoot) {
    booted();
    fs::remove_all(root() / ".pando/nodes/n1/var/log");
    put("/.pando/nodes/n1/var/log", "a file");
    fs::remove_all(root() / ".pando/nodes/n2/var/spool");
    fs::create_directory_symlink("/elsewhere", root() / ".pando/nodes/n2/var/spool");
    fs::remove_all(root() / "var/backups");
    fs::create_directory_symlink("/elsewhere", root() / "var/backups");
    EXPECT_THAT(found(), ElementsAre("wrong_type - /var/backups", "wrong_type n1 /.pando/nodes/n1/var/log",
                                     "wrong_type n2 /.pando/nodes/n2/var/spool"));
}

TEST_P(Check, FindsContentThatNoRuleNames) {
    booted();
    put("/.pando/nodes/n1/etc/stray", "x");
    put("/.pando/nodes/n2/srv/old/data", "x");
    put("/.pando/nodes/n2/var/log/any/name/goes", "x");
    EXPECT_THAT(found(), ElementsAre("unnamed n1 /.pando/nodes/n1/etc/stray", "unnamed n2 /.pando/nodes/n2/srv"));
}

TEST_P(Check, AdvisesWhatSettlesIt) {
    booted();
    put("/.pando/nodes/n1/etc/stray", "x");
    fs::create_directory(root() / ".pando/nodes/gone");
    const auto survey = Survey::of(root(), cluster());
    ASSERT_TRUE(survey) << survey.error().what;
    const auto checked = check(*survey, survey->nodes(), {});
    ASSERT_TRUE(checked) << checked.error().what;
    std::vector<std::string> advice;
    for (const Finding& finding : checked->findings) advice.push_back(finding.advice);
    EXPECT_THAT(advice, testing::UnorderedElementsAre(HasSubstr("pando cdsl repair --set-aside /etc/stray "),
                                                      HasSubstr("pando cdsl repair --retire gone ")));
}

TEST_P(Check, OfTheWholeRootFindsLinksThatLeadToNothingOfAnybodys) {
    booted();
    fs::create_directories(root() / "opt/anna");
    fs::create_symlink("../../.pando/local/opt/anna/mine", root() / "opt/anna/mine");
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_THAT(found(cluster(), "", true), ElementsAre("unnamed - /opt/anna/mine"));
}

TEST_P(Check, FindsRulesThatAreNotAppliedAndOnesThatPolicyLost) {
    booted();
    EXPECT_THAT(found(cluster({{"/srv/new", "bind", "all"}, {"/srv/fast", "tmpfs", "profile:storage"}})),
                ElementsAre("not_applied - /srv/fast", "not_applied - /srv/new"));
    auto grown = builtin_policy();
    grown.push_back({"/srv/own", Mode::bind, Seed::copy, 0755, "x"});
    prepare_all(grown);
    EXPECT_THAT(found(), Contains("not_in_policy - /srv/own"));
}

TEST_P(Check, FindsAFileThatCameAfterItsRuleWasApplied) {
    booted();
    put("/etc/nvme/hostid", "made by a package");
    EXPECT_THAT(found(), ElementsAre("not_applied - /etc/nvme/hostid"));
}

// As on nodes whose root was installed without host keys: pando-hostkeys.service makes each node's in its tree, and
// sshd is told to look there. No link is wanted on the root, and none is missed.
TEST_P(Check, TakesAHostKeyThatANodeMadeInItsTreeForNoLostLink) {
    fs::remove(root() / "etc/ssh/ssh_host_ed25519_key");
    booted();
    put("/.pando/nodes/n1/etc/ssh/ssh_host_ed25519_key", "of n1", 0600);
    put("/.pando/nodes/n1/etc/ssh/ssh_host_ed25519_key.pub", "of n1");
    EXPECT_THAT(found(), IsEmpty());
    const auto survey = Survey::of(root(), cluster()).value();
    const auto place =
        explain(survey, "/etc/ssh/ssh_host_ed25519_key", survey.nodes_of("n1").value()).value().places.at(0);
    EXPECT_EQ(place.reach, Reach::pending);
    EXPECT_THAT(place.why, HasSubstr("n1 has one of its own, for programs that name /.pando/local/etc/ssh/"));

    put("/etc/ssh/ssh_host_ed25519_key", "of somebody who ran ssh-keygen -A", 0600);
    EXPECT_THAT(found(), ElementsAre("not_applied - /etc/ssh/ssh_host_ed25519_key"));
    prepare_all();
    EXPECT_THAT(found(), IsEmpty());
    as_node([&] {
        map_as("n1");
        EXPECT_EQ(get("/etc/ssh/ssh_host_ed25519_key"), "of n1");
    });
}

TEST_P(Check, FindsALinkThatIsGoneThoughItsRuleIsForWhatMayNotBeInstalled) {
    booted();
    fs::remove(root() / "etc/ssh/ssh_host_ed25519_key");
    EXPECT_THAT(found(), ElementsAre("link_missing - /etc/ssh/ssh_host_ed25519_key"));
    const auto survey = Survey::of(root(), cluster()).value();
    EXPECT_EQ(explain(survey, "/etc/ssh/ssh_host_ed25519_key", {"n1"}).value().places.at(0).reach, Reach::displaced);
    prepare_all();
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_EQ(fs::read_symlink(root() / "etc/ssh/ssh_host_ed25519_key"),
              "../../.pando/local/etc/ssh/ssh_host_ed25519_key");
}

TEST_P(Check, FindsWhatChangedUnderAMount) {
    booted();
    put("/var/log/apt/history.log", "the root was mounted without Pando");
    put("/var/spool/new/job", "x");
    EXPECT_THAT(found(), ElementsAre("shadowed - /var/log", "shadowed - /var/spool"));
}

TEST_P(Check, TakesChangesOfTheTemplateForNoDrift) {
    booted();
    put("/.pando/nodes/.template/var/log/motd", "for nodes to come");
    fs::remove(root() / ".pando/nodes/.template/var/log/apt/history.log");
    put("/.pando/nodes/.template/var/log/wtmp", "changed");
    EXPECT_THAT(found(), IsEmpty());
}

TEST_P(Check, FindsAMountThatIsMissingAndOneThatIsSomebodyElses) {
    booted();
    as_node([&] {
        map_as("n1");
        ASSERT_EQ(umount2((root() / "var/spool").c_str(), MNT_DETACH), 0);
        ASSERT_EQ(umount2((root() / "tmp").c_str(), MNT_DETACH), 0);
        ASSERT_EQ(mount("tmpfs", (root() / "var/log").c_str(), "tmpfs", 0, nullptr), 0);
        EXPECT_THAT(found(),
                    ElementsAre("not_mounted n1 /tmp", "other_mount n1 /var/log", "not_mounted n1 /var/spool"));
        EXPECT_THAT(found(cluster(), "n[2-3]"), IsEmpty());
    });
}

TEST_P(Check, FindsWhatWasBegunAndNotFinished) {
    booted();
    put("/.pando/journal/7.yaml", "an intent");
    fs::create_directory(root() / ".pando/nodes/.new.n9");
    put("/.pando/displaced/etc_hostname.n1.1", "kept");
    EXPECT_THAT(found(), ElementsAre("note kept_aside - /.pando/displaced", "interrupted - /.pando/journal/7.yaml",
                                     "interrupted - /.pando/nodes/.new.n9"));
}

TEST_P(Check, WithoutAReadableInventoryComparesPolicyAndDisk) {
    booted();
    put("/.pando/cdsl.yaml", "version: 99\nrules: []\n");
    fs::remove(root() / "etc/hosts");
    EXPECT_THAT(found(), ElementsAre("inventory_unread - /.pando/cdsl.yaml", "link_missing - /etc/hosts"));
    fs::remove(root() / ".pando/cdsl.yaml");
    EXPECT_THAT(found(), Contains("inventory_unread - /.pando/cdsl.yaml"));
}

TEST_P(Check, OfNestedRulesTakesEachTreeForWhatItIs) {
    std::vector<config::CdslRule> own;
    std::vector<Rule> all = builtin_policy();
    fs::path path = "/srv";
    for (int level = 0; level < 6; ++level) {
        path /= std::to_string(level);
        own.push_back({path.string(), level % 2 == 0 ? "bind" : "shared", "all"});
        put((path / "file").string(), "first");
    }
    const auto description = cluster(own);
    prepare_all(policy_for_root(description).value());
    as_node([&] {
        const auto mapped = map(root(), policy_for(description, description.nodes[0]).value(), facts_of("n1"));
        ASSERT_TRUE(mapped) << mapped.error().what;
        EXPECT_THAT(found(description, "n1"), IsEmpty());
    });
    EXPECT_THAT(found(description, "n1"), IsEmpty());
    fs::remove_all(root() / ".pando/nodes/n1/srv/0/1/2");
    EXPECT_THAT(found(description, "n1"), ElementsAre("no_copy n1 /srv/0/1/2", "no_copy n1 /srv/0/1/2/3/4"));
}

TEST_P(Check, SurvivesNamesThatAreNoText) {
    booted();
    const fs::path odd = root() / ".pando/nodes/n1/etc" / "\xff\n\x1b[31m";
    std::ofstream(odd) << "x";
    EXPECT_EQ(found().size(), 1U);
}

TEST_P(Check, ChangesNothing) {
    booted();
    fs::remove(root() / "etc/hosts");
    const auto before = snapshot();
    found(cluster({{"/srv/new", "bind", "all"}}), "", true);
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
}

}  // namespace
}  // namespace pando::cdsl
