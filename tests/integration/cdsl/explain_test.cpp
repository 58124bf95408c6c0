// SPDX-License-Identifier: GPL-2.0-or-later
// What explain says is what a write does: each answer is compared with a write on a node.
#include "cdsl/explain.h"

#include "tests/integration/cdsl/world.h"

#include <sys/mount.h>
#include <fstream>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Explain : public World {
protected:
    void SetUp() override {
        World::SetUp();
        fs::create_directories(root() / "usr/lib");
        fs::create_symlink("usr/lib", root() / "lib");
        fs::create_symlink("/run", root() / "var/run");
        fs::create_symlink("/var/log", root() / "logs");
        fs::create_symlink("loop", root() / "loop");
        prepare_all(policy_for_root(description_).value());
        for (const auto& node : description_.nodes)
            as_node([&] { (void)map(root(), policy_for(description_, node).value(), facts_of(node.name)); });
    }

    Result<std::vector<Place>> places(const std::string& path) const {
        const auto survey = TRY(Survey::of(root(), description_));
        return TRY(explain(survey, path, survey.nodes())).places;
    }
    Place on(const std::string& node, const std::string& path) const {
        const auto all = places(path);
        if (!all) ADD_FAILURE() << all.error().what;
        if (all)
            for (const Place& place : *all)
                if (place.node == node) return place;
        return {};
    }
    Reach reach(const std::string& path) const { return on("n1", path).reach; }

    config::Cluster description_ =
        cluster({{"/srv/own", "bind", "node:n1"}, {"/srv/fast", "tmpfs", "profile:storage"}});
};

TEST_F(Explain, TellsEveryTypeOfPath) {
    put("/opt/anna/file", "x");
    EXPECT_EQ(reach("/opt/anna/file"), Reach::everyone);
    EXPECT_EQ(reach("/etc/passwd"), Reach::everyone);
    EXPECT_EQ(reach("/var/log"), Reach::own);
    EXPECT_EQ(reach("/var/log/apt/history.log"), Reach::own);
    EXPECT_EQ(reach("/var/log/not/yet/there"), Reach::own);
    EXPECT_EQ(reach("/var/cache/apt/pkgcache.bin"), Reach::again);
    EXPECT_EQ(reach("/etc/hostname"), Reach::own_by_link);
    EXPECT_EQ(reach("/tmp/x"), Reach::memory);
    EXPECT_EQ(reach("/proc/1/status"), Reach::kernel);
    EXPECT_EQ(reach("/run"), Reach::kernel);
    EXPECT_EQ(reach("/.pando/nodes/n2/etc/hostname"), Reach::pando);
    EXPECT_EQ(reach("/.pando"), Reach::pando);
    EXPECT_EQ(reach("/"), Reach::everyone);
    EXPECT_EQ(reach("/var/lib/chrony"), Reach::pending) << "not installed";
}

TEST_F(Explain, NamesThePlaceThatAWriteOfTheNodeGoesTo) {
    for (const char* path : {"/var/log/messages", "/etc/hostname", "/var/cache/apt/x", "/opt/x", "/srv/own/x"}) {
        for (const char* node : {"n1", "n2"}) {
            const auto place = on(node, path);
            ASSERT_TRUE(place.at) << path;
            as_node([&] {
                const auto& who = *description_.find_node(node);
                ASSERT_TRUE(map(root(), policy_for(description_, who).value(), facts_of(node)));
                fs::create_directories((root() / fs::path(path).relative_path()).parent_path());
                std::ofstream(root() / fs::path(path).relative_path()) << "by " << node;
            });
            const auto text = read_file(root() / place.at->relative_path());
            EXPECT_EQ(text.value_or("nothing"), fmt::format("by {}", node)) << path << " on " << node;
        }
    }
}

TEST_F(Explain, TellsNodesApartByTheirScopes) {
    EXPECT_EQ(on("n1", "/srv/own/x").reach, Reach::own);
    EXPECT_EQ(on("n2", "/srv/own/x").reach, Reach::everyone);
    EXPECT_EQ(on("n3", "/srv/fast/x").reach, Reach::memory);
    EXPECT_EQ(on("n1", "/srv/fast/x").reach, Reach::everyone);
    EXPECT_EQ(on("n1", "/srv/own/x").rule->declared, "cluster.yaml");
    EXPECT_EQ(on("n1", "/var/log").rule->declared, "built in");
}

TEST_F(Explain, FollowsSymlinksAsAProcessOfTheNodeWould) {
    const auto lib = on("n1", "/lib/x.so");
    EXPECT_EQ(lib.path, "/usr/lib/x.so");
    EXPECT_THAT(lib.followed, ElementsAre("/lib -> usr/lib"));
    EXPECT_EQ(on("n1", "/logs/messages").reach, Reach::own);
    EXPECT_EQ(on("n1", "/logs/messages").path, "/var/log/messages");
    EXPECT_EQ(on("n1", "/var/run/x.pid").reach, Reach::kernel);
    EXPECT_EQ(on("n1", "/var/log/../lib/dpkg/./status").path, "/var/lib/dpkg/status");
    // A link that only one node has in its own directory.
    fs::create_symlink("/opt", root() / ".pando/nodes/n1/var/log/out");
    EXPECT_EQ(on("n1", "/var/log/out/x").path, "/opt/x");
    EXPECT_EQ(on("n2", "/var/log/out/x").path, "/var/log/out/x");
}

TEST_F(Explain, RefusesLoopsAndWhatIsNoPath) {
    const auto loop = places("/loop/x");
    ASSERT_FALSE(loop);
    EXPECT_THAT(loop.error().what, HasSubstr("symlinks"));
    EXPECT_EQ(loop.error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(places("relative"));
    EXPECT_FALSE(places(""));
    EXPECT_FALSE(places("/" + std::string(5000, 'x')));
    EXPECT_FALSE(places(std::string("/a\0b", 4)));
    EXPECT_TRUE(places("/" + std::string(255, 'x')));
    EXPECT_TRUE(places("/../../..")) << "the root's parent is the root";
    EXPECT_TRUE(places("/etc/\xff\n")) << "any name a file may have";
}

TEST_F(Explain, SaysWhenALinkIsNoLongerOne) {
    fs::remove(root() / "etc/hostname");
    EXPECT_EQ(reach("/etc/hostname"), Reach::displaced);
    put("/etc/hostname", "by rename\n");
    const auto place = on("n1", "/etc/hostname");
    EXPECT_EQ(place.reach, Reach::displaced);
    EXPECT_EQ(place.at, "/etc/hostname");
    EXPECT_THAT(place.why, HasSubstr("every node"));
}

TEST_F(Explain, KnowsOfTheNodeItRunsOnWhatIsMounted) {
    as_node([&] {
        const auto& n1 = description_.nodes[0];
        ASSERT_TRUE(map(root(), policy_for(description_, n1).value(), facts_of("n1")));
        EXPECT_EQ(reach("/var/log/x"), Reach::own);
        EXPECT_EQ(reach("/opt"), Reach::everyone);
        ASSERT_EQ(umount2((root() / "var/spool").c_str(), MNT_DETACH), 0);
        EXPECT_EQ(reach("/var/spool/x"), Reach::pending);
        EXPECT_EQ(on("n2", "/var/spool/x").reach, Reach::own) << "of other nodes the policy tells";
        fs::create_directories(root() / "srv/data");
        ASSERT_EQ(mount("elsewhere", (root() / "srv/data").c_str(), "tmpfs", 0, nullptr), 0);
        EXPECT_EQ(reach("/srv/data/deep/file"), Reach::elsewhere);
        EXPECT_THAT(on("n1", "/srv/data/x").state, HasSubstr("elsewhere (tmpfs)"));
        EXPECT_EQ(on("n2", "/srv/data/x").reach, Reach::everyone);
    });
}

TEST_F(Explain, OfWhatThePolicyHasAndTheRootHasNotSaysSo) {
    description_ = cluster({{"/srv/new", "bind", "all"}});
    EXPECT_EQ(reach("/srv/new/x"), Reach::pending);
    EXPECT_EQ(on("n1", "/srv/new/x").at, "/srv/new/x");
}

TEST_F(Explain, OfANodeThatHasNotBootedSaysWhereItsContentWillBe) {
    fs::remove_all(root() / ".pando/nodes/n3");
    const auto place = on("n3", "/var/log/x");
    EXPECT_EQ(place.reach, Reach::own);
    EXPECT_THAT(place.state, HasSubstr("no tree yet"));
}

}  // namespace
}  // namespace pando::cdsl
