// SPDX-License-Identifier: GPL-2.0-or-later
// Two descriptions compared: what an operator would say has changed, and what each change needs.
#include "config/difference.h"

#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace config;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<Change> between(const std::string& before, const std::string& after) {
    const auto one = load(before), other = load(after);
    EXPECT_TRUE(one) << one.error().what;
    EXPECT_TRUE(other) << other.error().what;
    if (!one || !other) return {};
    return differences(*one, *other, [](std::string_view option) { return option == "password"; });
}

std::vector<std::string> lines(const std::vector<Change>& changes) {
    std::vector<std::string> out;
    for (const Change& change : changes) out.push_back(shown(change));
    return out;
}

const std::string third = R"(  - name: n3
    id: 3
    nics: [{name: lan0, mac: "52:54:00:00:00:03", address: 10.0.0.13/24}]
    fence: [{agent: fence_ipmilan, options: {ip: 10.0.0.103}}]
)";

TEST(Difference, OfTheSameThingWrittenOtherwiseThereIsNone) {
    EXPECT_THAT(between(sample, sample + "corosync: {token: 3000ms}\nprofiles: {unused: {drivers: [tg3]}}\n"),
                IsEmpty());
}

TEST(Difference, IsToldByKeyWithBothValues) {
    const auto changes = between(sample, sample + "corosync: {token: 5s}\naccess: {authorized_keys: []}\n");
    EXPECT_THAT(lines(changes), ElementsAre("corosync.token: 3s -> 5s"));
    EXPECT_EQ(changes[0].takes, Takes::live);
}

TEST(Difference, OfANodeConcernsThatNode) {
    const auto changes = between(sample, with("address: 10.0.0.12/24", "address: 10.0.0.12/24, mtu: 9000"));
    EXPECT_THAT(lines(changes), ElementsAre("nodes[n2].nics[lan0].mtu: not set -> 9000"));
    EXPECT_THAT(what_it_takes(changes), HasSubstr("at the next boot of each node concerned\n  concerns n2:\n"));
}

TEST(Difference, ANewClusterAddressNeedsTheNodeOff) {
    const auto changes = between(sample, with("10.0.0.12/24", "10.0.0.22/24"));
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].takes, Takes::node_off);
}

TEST(Difference, ANodeThatRunsWithoutSbdReadsNoMessages) {
    const auto changes = between(with("boot:", "watchdog: {mode: required}\nboot:"),
                                 with("  transport: iscsi", "  transport: iscsi\n  sbd: true",
                                      with("boot:", "watchdog: {mode: required}\nboot:")));
    const auto sbd =
        std::find_if(changes.begin(), changes.end(), [](const Change& change) { return change.path == "storage.sbd"; });
    ASSERT_NE(sbd, changes.end());
    EXPECT_EQ(shown(*sbd), "storage.sbd: false -> true");
    EXPECT_EQ(sbd->takes, Takes::all_off);
}

TEST(Difference, NodesComeAndGo) {
    const auto added = between(sample, sample + third);
    EXPECT_THAT(lines(added), ElementsAre("nodes[n3]: new"));
    EXPECT_EQ(added[0].takes, Takes::live);
    const auto removed = between(sample + third, sample);
    EXPECT_THAT(lines(removed), ElementsAre("nodes[n3]: gone"));
    EXPECT_EQ(removed[0].takes, Takes::node_off);
}

TEST(Difference, ANodeIsItsId) {
    const auto changes = between(sample, with("name: n2", "name: m2"));
    EXPECT_THAT(lines(changes), testing::Contains("nodes[n2].name: n2 -> m2"));
    EXPECT_THAT(lines(changes), Not(testing::Contains(HasSubstr("gone\n"))));
}

TEST(Difference, OfAPasswordIsToldWithoutIt) {
    const auto changes = between(with("ip: 10.0.0.101}", "ip: 10.0.0.101, password: hush}"),
                                 with("ip: 10.0.0.101}", "ip: 10.0.0.101, password: tell}"));
    EXPECT_THAT(lines(changes),
                ElementsAre("nodes[n1].fence[n1-ipmilan].options.password: (secret) -> (another secret)"));
    EXPECT_EQ(changes[0].takes, Takes::live);
}

TEST(Difference, AnotherOrderOfFenceDevicesIsOne) {
    const auto devices = [](const char* first, const char* second) {
        return with(
            "- {agent: fence_ipmilan, options: {ip: 10.0.0.101}}",
            fmt::format("- {{name: {0}, agent: fence_apc}}\n      - {{name: {1}, agent: fence_apc}}", first, second));
    };
    EXPECT_THAT(lines(between(devices("a", "b"), devices("b", "a"))),
                ElementsAre("nodes[n1].fence (order): a, b -> b, a"));
}

}  // namespace
}  // namespace pando::test
