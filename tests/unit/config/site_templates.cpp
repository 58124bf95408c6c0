// SPDX-License-Identifier: GPL-2.0-or-later
// A site's own template wins over the built-in one, on every machine alike, and a wrong one is refused before anything
// is written.
#include "config/site_templates.h"

#include "base/file.h"
#include "base/log.h"
#include "config/authkey.h"
#include "config/bundle.h"
#include "config/difference.h"
#include "config/render.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace config;
namespace fs = std::filesystem;
using testing::HasSubstr;

struct SiteTemplate : testing::Test {
    TemporaryDirectory place = std::move(*TemporaryDirectory::create("/tmp", "pando-templates"));
    fs::path file = place.path() / "cluster.yaml", directory = place.path() / template_directory;

    void SetUp() override {
        ASSERT_TRUE(write_file_atomic(file, sample));
        ASSERT_TRUE(write_file_atomic(place.path() / "authkey", std::string(authkey_least, 'k'), 0600));
        ASSERT_TRUE(make_directories(directory));
    }
    void put(const char* name, const std::string& text) { ASSERT_TRUE(write_file_atomic(directory / name, text)); }
    Cluster loaded() {
        auto cluster = load_file(file);
        EXPECT_TRUE(cluster) << cluster.error().what;
        return cluster ? *cluster : Cluster{};
    }
    std::string refused() {
        const auto cluster = load_file(file);
        EXPECT_FALSE(cluster);
        if (cluster) return {};
        EXPECT_EQ(cluster.error().kind, ErrorKind::bad_input);
        return cluster.error().what + "\n" + cluster.error().advice;
    }
};

TEST_F(SiteTemplate, TakesThePlaceOfTheBuiltInOne) {
    put("hosts.in", "# ours\n{{nodes}}\n192.0.2.1 printer\n");
    const Cluster cluster = loaded();
    EXPECT_EQ(hosts(cluster), "# ours\n10.0.0.11 n1\n10.0.0.12 n2\n192.0.2.1 printer\n");
    EXPECT_EQ(dlm_conf(cluster), dlm_conf(*load(sample))) << "the others are as they were";
}

TEST_F(SiteTemplate, GoesWithTheBundleSoThatEveryNodeRendersTheSame) {
    put("hosts.in", "{{nodes}}\n");
    const auto bundle = make_bundle(file, 1);
    ASSERT_TRUE(bundle) << bundle.error().what;
    const auto there = decode(encode(*bundle));
    ASSERT_TRUE(there) << there.error().what;
    const auto description = there->description();
    ASSERT_TRUE(description) << description.error().what;
    EXPECT_EQ(hosts(*description), hosts(loaded()));
    EXPECT_NE(hosts(*description), hosts(*load(sample)));
}

// A node runs another version than the one by which the template was checked: what that one has as a variable may be
// gone, and there may be new ones.
TEST_F(SiteTemplate, OfAnotherVersionsBundleIsRenderedAsFarAsItGoes) {
    put("hosts.in", "# ours\n{{nodes}}\n");
    auto bundle = make_bundle(file, 1);
    ASSERT_TRUE(bundle);
    bundle->files["template.of-a-later-version"] = "{{anything}}";
    bundle->files["template.dlm.conf"] = "# nothing of it\n";
    bundle->files["template.corosync.conf"] = "totem {\n    token: {{tokne}}\n}\n";
    bundle->files["template.boot.ipxe"] = "{{no node renders this}}";
    const auto description = bundle->description();
    ASSERT_TRUE(description) << description.error().what;
    EXPECT_TRUE(check_bundle(*bundle)) << "what changes a description on a node takes the templates along";
    std::vector<std::string> lines;
    log::set_sink([&](log::Level, std::string_view line) { lines.emplace_back(line); });
    EXPECT_EQ(hosts(*description), hosts(loaded()));
    EXPECT_EQ(dlm_conf(*description), "# nothing of it\n");
    EXPECT_THAT(lines, testing::IsEmpty());
    EXPECT_EQ(corosync_conf(*description), corosync_conf(*load(sample))) << "the built-in one";
    log::set_sink({});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], HasSubstr("templates/corosync.conf.in:2:12: unknown variable \"tokne\""));
    EXPECT_THAT(lines[0], HasSubstr("built-in"));
    EXPECT_THAT(lines[1], HasSubstr("pando bundle write"));
}

TEST_F(SiteTemplate, WithAMistakeIsRefusedWithItsPlace) {
    put("corosync.conf.in", "totem {\n    token: {{tokne}}\n}\n");
    EXPECT_THAT(refused(), HasSubstr("templates/corosync.conf.in:2:12: unknown variable \"tokne\""));
    EXPECT_THAT(refused(), HasSubstr("variable \"nodes\" is not used"));
    EXPECT_FALSE(make_bundle(file, 1));
}

TEST_F(SiteTemplate, OfAnUnknownNameIsRefused) {
    put("corsync.conf.in", "x");
    EXPECT_THAT(refused(), HasSubstr("corosync.conf.in"));
}

TEST_F(SiteTemplate, WhatIsNoTemplateIsLeftAlone) {
    put("hosts.in~", "{{x");
    put("README", "ours");
    put(".hosts.in", "{{x");
    EXPECT_TRUE(loaded().templates.empty());
}

TEST_F(SiteTemplate, ThatIsTooLargeIsRefused) {
    put("hosts.in", std::string(template_limit + 1, 'x'));
    refused();
}

TEST_F(SiteTemplate, IsADifference) {
    const Cluster before = loaded();
    put("boot.ipxe.in", std::string(*embedded_template("boot.ipxe")) + "# ours\n");
    const auto changes = differences(before, loaded(), [](std::string_view) { return false; });
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(shown(changes[0]), "templates/boot.ipxe.in: built in -> the site's");
    EXPECT_EQ(changes[0].takes, Takes::image);
}

TEST_F(SiteTemplate, NeedsWhatItsFileNeeds) {
    const auto takes = [&](const std::string& name) {
        Cluster after = *load(sample);
        after.templates[name] = std::string(*embedded_template(name)) + "# ours\n";
        const auto changes = differences(*load(sample), after, [](std::string_view) { return false; });
        EXPECT_EQ(changes.size(), 1U) << name;
        return changes.at(0).takes;
    };
    EXPECT_EQ(takes("corosync.conf"), Takes::all_off);
    EXPECT_EQ(takes("dlm.conf"), Takes::boot);
    EXPECT_EQ(takes("hosts"), Takes::live);
    EXPECT_EQ(takes("dnsmasq-proxy.conf"), Takes::server);
    EXPECT_EQ(takes("boot.ipxe"), Takes::image);
}

// The list in the code and the files that are built in.
TEST(Templates, AreAllKnownByName) {
    EXPECT_EQ(template_names().size(), 6U);
    for (const std::string& name : template_names()) EXPECT_TRUE(embedded_template(name)) << name;
}

}  // namespace
}  // namespace pando::test
