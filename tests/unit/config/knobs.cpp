// SPDX-License-Identifier: GPL-2.0-or-later
// What `pando config explain` tells comes from the rows, and names each value's place.
#include "config/knobs.h"

#include "tests/unit/config/sample.h"

#include <set>

namespace pando::test {
namespace {

using namespace config;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> found(std::string_view name) {
    const auto knobs = find_knobs(name);
    std::vector<std::string> paths;
    if (!knobs) return {knobs.error().what + " | " + knobs.error().advice};
    for (const Knob* knob : *knobs) paths.push_back(knob->path);
    return paths;
}

std::vector<std::string> values(std::string_view name, const std::string& yaml, std::string_view node = "") {
    std::vector<std::string> lines;
    const auto knobs = find_knobs(name);
    EXPECT_TRUE(knobs) << name;
    if (!knobs) return lines;
    for (const Knob* knob : *knobs) {
        const auto all = settings(*knob, name, yaml, "c.yaml", node, [](auto option) { return option == "password"; });
        EXPECT_TRUE(all) << all.error().what;
        if (all)
            for (const auto& one : *all) lines.push_back(one.path + "=" + one.value + " " + one.origin);
    }
    return lines;
}

TEST(Knobs, AreFoundByPathByEndAndByElement) {
    EXPECT_THAT(found("corosync.token"), ElementsAre("corosync.token"));
    EXPECT_THAT(found("token"), ElementsAre("corosync.token"));
    EXPECT_THAT(found("root"), ElementsAre("root"));
    EXPECT_THAT(found("mtu"), ElementsAre("corosync.mtu", "nodes[].nics[].mtu"));
    EXPECT_THAT(found("nics.mtu"), ElementsAre("nodes[].nics[].mtu"));
    EXPECT_THAT(found("nodes[n1].nics[lan0].mtu"), ElementsAre("nodes[].nics[].mtu"));
    EXPECT_THAT(found("boot.stages.join.deadline"), ElementsAre("boot.stages.NAME.deadline"));
}

TEST(Knobs, AnUnknownOneIsAnsweredWithTheOneThatWasMeant) {
    EXPECT_THAT(found("tokn"), ElementsAre(HasSubstr("did you mean \"token\"?")));
    EXPECT_THAT(found("corosync.tokn"), ElementsAre(HasSubstr("did you mean \"corosync.token\"?")));
    EXPECT_THAT(found("xyzzyxyzzy"), ElementsAre(HasSubstr("lists all")));
    EXPECT_THAT(found(""), ElementsAre(HasSubstr("no key")));
    EXPECT_THAT(found("[[[]"), ElementsAre(HasSubstr("no key")));
}

TEST(Knobs, EachTellsTypeRangeDefaultPlaceAndWhenItTakesEffect) {
    const std::string token = explain(*find_knobs("corosync.token")->front());
    EXPECT_THAT(token, HasSubstr("type          duration"));
    EXPECT_THAT(token, HasSubstr("range         from 1s to 5m"));
    EXPECT_THAT(token, HasSubstr("default       3s"));
    EXPECT_THAT(token, HasSubstr("takes effect  live"));
    EXPECT_THAT(token, Not(HasSubstr("profile")));
    const std::string mtu = explain(*find_knobs("nics.mtu")->front());
    EXPECT_THAT(mtu, HasSubstr("range         from 576 to 65535"));
    EXPECT_THAT(mtu, HasSubstr("profiles.NAME.nics[].mtu"));
    EXPECT_THAT(mtu, HasSubstr("next boot"));
    EXPECT_THAT(explain(*find_knobs("storage.iscsi.target")->front()), HasSubstr("rd.pando.target="));
    EXPECT_THAT(explain(*find_knobs("corosync.port")->front()), HasSubstr("all nodes are off"));  // of its section
}

TEST(Knobs, NoTwoHaveTheSamePathAndAllAreListed) {
    std::set<std::string> paths;
    const std::string list = list_knobs();
    for (const Knob& knob : knobs()) {
        EXPECT_TRUE(paths.insert(knob.path).second) << knob.path;
        EXPECT_FALSE(knob.row.help.empty()) << knob.path;
        EXPECT_NE(knob.takes, Takes::inherited) << knob.path;
        EXPECT_EQ(count_of("\n" + list, "\n" + knob.path + " "), knob.group ? 0U : 1U) << knob.path;
    }
}

TEST(Knobs, AValueIsToldWithItsPlace) {
    EXPECT_THAT(values("corosync.token", sample), ElementsAre("corosync.token=3s default"));
    EXPECT_THAT(values("corosync.token", sample + "corosync: {token: 5s}\n"),
                ElementsAre("corosync.token=5s c.yaml:27:19"));
    EXPECT_THAT(values("nodes.id", sample), ElementsAre("nodes[n1].id=1 c.yaml:14:9", "nodes[n2].id=2 c.yaml:21:9"));
    EXPECT_THAT(values("nodes.id", sample, "n2"), ElementsAre("nodes[n2].id=2 c.yaml:21:9"));
    EXPECT_THAT(values("nodes[n1].id", sample), ElementsAre(StartsWith("nodes[n1].id=1")));
    EXPECT_THAT(values("nics.mtu", sample, "n1"), ElementsAre("nodes[n1].nics[lan0].mtu=not set default"));
}

TEST(Knobs, AValueFromAProfileNamesTheProfile) {
    const std::string text =
        with("nodes:", "profiles:\n  blade: {drivers: [tg3], nics: [{name: lan0, mtu: 9000}]}\nnodes:");
    const auto all = values("nics.mtu", with("id: 1", "id: 1\n    profile: blade", text));
    EXPECT_THAT(all, ElementsAre("nodes[n1].nics[lan0].mtu=9000 c.yaml:13:52, profile blade",
                                 "nodes[n2].nics[lan0].mtu=not set default"));
}

TEST(Knobs, APasswordIsNotShown) {
    const auto all = values("fence.options", with("ip: 10.0.0.101}", "ip: 10.0.0.101, password: hush}"), "n1");
    EXPECT_THAT(all, ElementsAre(HasSubstr("options.ip=10.0.0.101"), HasSubstr("options.password=(secret)")));
}

TEST(Knobs, ANodeThatIsNotThereIsRefused) {
    const auto all = settings(*find_knobs("nodes.id")->front(), "nodes.id", sample, "c.yaml", "n3", {});
    ASSERT_FALSE(all);
    EXPECT_THAT(all.error().advice, HasSubstr("did you mean"));
}

}  // namespace
}  // namespace pando::test
