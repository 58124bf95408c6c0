// SPDX-License-Identifier: GPL-2.0-or-later
// Golden plans on a fake root: what create and delete would do, in an order that loses nothing.
#include "cdsl/declare.h"

#include "base/file.h"
#include "cdsl/additions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <filesystem>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class Declare : public testing::Test {
protected:
    void SetUp() override {
        auto place = TemporaryDirectory::create("/tmp", "declare");
        ASSERT_TRUE(place) << place.error().what;
        place_.emplace(std::move(*place));
        for (const char* node : {"n1", "n2"}) {
            config::Node one;
            one.name = node;
            cluster_.nodes.push_back(one);
        }
        for (const char* tree : {".template", "n1", "n2"})
            ASSERT_TRUE(make_directories(root() / ".pando/nodes" / tree));
        put("srv/app/file");
        put("etc/motd");
        write({});
    }

    fs::path root() const { return place_->path(); }
    void put(const fs::path& path) const {
        ASSERT_TRUE(make_directories((root() / path).parent_path()));
        ASSERT_TRUE(write_file_atomic(root() / path, path.string()));
    }
    // As after the creation of these.
    void write(std::vector<Rule> additions) const {
        for (Rule& rule : additions) rule.declared = declared_root;
        const Inventory inventory{policy_for_root(cluster_, additions).value(), {}, {}};
        ASSERT_TRUE(write_file_atomic(root() / ".pando/cdsl.yaml", inventory_text(inventory)));
        ASSERT_TRUE(write_file_atomic(root() / ".pando/policy.yaml", additions_text(additions)));
    }
    static std::vector<std::string> texts(const Result<Intent>& intent) {
        std::vector<std::string> lines;
        if (!intent) return {intent.error().what};
        for (const Action& action : intent->actions) lines.push_back(text_of(action));
        return lines;
    }
    std::vector<std::string> creation(const Rule& rule, const std::string& keep = "") const {
        return texts(plan_creation(SharedRoot::open_to_look(root()).value(), cluster_, {rule, keep}));
    }
    std::vector<std::string> deletion(const Deletion& wanted) const {
        return texts(plan_deletion(SharedRoot::open_to_look(root()).value(), cluster_, wanted));
    }

    config::Cluster cluster_;
    std::optional<TemporaryDirectory> place_;
};

const Rule app{"/srv/app", Mode::bind, Seed::copy, 0755, ""};

TEST_F(Declare, CopiesGoToEveryTreeBeforeTheInventoryNamesThePath) {
    EXPECT_THAT(creation(app), ElementsAre("copy /srv/app from the shared root to the template",
                                           "copy /srv/app from the template to the tree of n1",
                                           "copy /srv/app from the template to the tree of n2",
                                           "make /srv/app ready on the shared root", "write /.pando/cdsl.yaml"));
}

TEST_F(Declare, OnlyNodesOfTheScopeGetACopy) {
    Rule rule = app;
    rule.scope = "node:n2";
    EXPECT_THAT(creation(rule), ElementsAre("copy /srv/app from the shared root to the template",
                                            "copy /srv/app from the template to the tree of n2",
                                            "make /srv/app ready on the shared root", "write /.pando/cdsl.yaml"));
}

TEST_F(Declare, WhatATreeHasAlreadyIsTheNodesOwn) {
    put(".pando/nodes/n1/srv/app/file");
    const auto intent = plan_creation(SharedRoot::open_to_look(root()).value(), cluster_, {app, ""});
    ASSERT_TRUE(intent) << intent.error().what;
    for (const auto* actions : {&intent->actions, &intent->undo})
        for (const Action& action : *actions) EXPECT_NE(action.to, "n1") << text_of(action);
}

TEST_F(Declare, SharedInsidePrivateMovesOneCopyOut) {
    write({app});
    put(".pando/nodes/n2/srv/app/conf/a");
    put("srv/app/conf/old");
    const Rule conf{"/srv/app/conf", Mode::shared, Seed::empty, 0755, ""};
    EXPECT_THAT(creation(conf, "n2"), ElementsAre("make /srv/app/conf ready on the shared root",
                                                  "move what /srv/app/conf holds to /.pando/kept/srv_app_conf.shared.1",
                                                  "move what /.pando/nodes/n2/srv/app/conf holds to /srv/app/conf",
                                                  "write /.pando/cdsl.yaml"));
}

TEST_F(Declare, ADeletionForgetsThePathFirstAndKeepsEveryCopy) {
    write({app});
    for (const char* tree : {".template", "n1", "n2"}) put(fs::path(".pando/nodes") / tree / "srv/app/file");
    // As root the directories above would have the mark; here they are content, and so is /srv.
    EXPECT_THAT(deletion({"/srv/app", "", {}}),
                ElementsAre("write /.pando/cdsl.yaml",
                            "move /.pando/nodes/.template/srv/app to /.pando/kept/srv_app.template.1",
                            "move /.pando/nodes/n1/srv/app to /.pando/kept/srv_app.n1.1",
                            "move /.pando/nodes/n2/srv/app to /.pando/kept/srv_app.n2.1"));
    ASSERT_TRUE(make_directories(root() / ".pando/kept/srv_app.n1.1"));
    EXPECT_THAT(
        deletion({"/srv/app", "n2", {"n1"}}),
        ElementsAre("write /.pando/cdsl.yaml", "move what /srv/app holds to /.pando/kept/srv_app.shared.1",
                    "move what /.pando/nodes/n2/srv/app holds to /srv/app",
                    "move /.pando/nodes/.template/srv/app to /.pando/kept/srv_app.template.1",
                    "move /.pando/nodes/n1/srv/app to /.pando/kept/srv_app.n1.2", "destroy /.pando/kept/srv_app.n1.2"));
}

TEST_F(Declare, ASharedDirectoryIsCopiedBeforeTheInventoryForgetsItAndDestroyedAfter) {
    write({app, {"/srv/app/conf", Mode::shared, Seed::empty, 0755, ""}});
    put("srv/app/conf/file");
    for (const char* tree : {".template", "n2"}) put(fs::path(".pando/nodes") / tree / "srv/app/conf/file");
    EXPECT_THAT(
        deletion({"/srv/app/conf", "", {"n2"}}),
        ElementsAre(
            "move what /.pando/nodes/.template/srv/app/conf holds to /.pando/kept/srv_app_conf.template.1",
            "start /srv/app/conf anew in the template", "copy /srv/app/conf from the shared root to the template",
            "move what /.pando/nodes/n2/srv/app/conf holds to /.pando/kept/srv_app_conf.n2.1",
            "start /srv/app/conf anew in the tree of n2", "copy /srv/app/conf from the shared root to the tree of n2",
            "write /.pando/cdsl.yaml", "destroy /.pando/kept/srv_app_conf.n2.1"));
}

TEST_F(Declare, WhatIsEverybodysIsNotDestroyedUnlessOtherContentTakesItsPlace) {
    write({app,
           {"/srv/app/conf", Mode::shared, Seed::empty, 0755, ""},
           {"/srv/own", Mode::bind, Seed::copy, 0755, ""},
           {"/etc/motd", Mode::link, Seed::copy, 0644, ""},
           {"/srv/fast", Mode::tmpfs, Seed::empty, 0755, ""}});
    for (const char* path : {"etc/motd", "srv/own/file"}) {
        put(path);
        put(fs::path(".pando/nodes/n1") / path);
    }
    const auto refusal = testing::HasSubstr("the shared content is not destroyed, it is what everybody gets");
    for (const char* path : {"/srv/own", "/srv/app/conf", "/etc/motd", "/srv/fast"})
        EXPECT_THAT(deletion({path, "", {"shared"}}), ElementsAre(refusal)) << path;
    EXPECT_THAT(deletion({"/srv/own", "shared", {"shared"}}), ElementsAre(testing::HasSubstr("kept and destroyed")));
    EXPECT_THAT(deletion({"/srv/own", "n1", {"shared"}}), testing::Contains("destroy /.pando/kept/srv_own.shared.1"));
    EXPECT_THAT(deletion({"/srv/app/conf", "n1", {}}),
                ElementsAre(testing::HasSubstr("every node gets a copy of the shared content, not of n1's")));
}

TEST_F(Declare, ALinkIsReplacedInOneStep) {
    write({{"/etc/motd", Mode::link, Seed::copy, 0644, ""}});
    for (const char* tree : {".template", "n1"}) put(fs::path(".pando/nodes") / tree / "etc/motd");
    EXPECT_THAT(
        deletion({"/etc/motd", "", {}}),
        ElementsAre("write /.pando/cdsl.yaml", "put /.pando/nodes/.template/etc/motd in place of the link /etc/motd",
                    "move /.pando/nodes/n1/etc/motd to /.pando/kept/etc_motd.n1.1"));
}

TEST_F(Declare, ADeletedOverrideGivesThePathBackToTheBuiltInRule) {
    write({{"/var/tmp", Mode::tmpfs, Seed::empty, 01777, ""}});
    EXPECT_THAT(deletion({"/var/tmp", "", {}}),
                ElementsAre("write /.pando/cdsl.yaml", "make /var/tmp ready on the shared root"));
}

TEST_F(Declare, WhatIsSoAlreadyNeedsNothing) {
    write({app});
    EXPECT_THAT(creation(app), IsEmpty());
}

}  // namespace
}  // namespace pando::cdsl
