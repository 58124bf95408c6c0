// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/manifest.h"

#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

Manifest sample() {
    Manifest manifest;
    Entry directory;
    directory.kind = Entry::Kind::directory;
    directory.mode = 01777;
    directory.reasons = {{"temporary files", {}}};
    manifest.entries["/tmp"] = directory;
    Entry link;
    link.kind = Entry::Kind::symlink;
    link.target = "usr/lib";
    link.reasons = {{"library of \"x\"", {}}};
    manifest.entries["/lib"] = link;
    Entry file;
    file.mode = 0755;
    file.size = 4097;
    file.sha256 = std::string(64, 'a');
    file.source = "/usr/lib/__pycache__/m.pyc";
    file.reasons = {{"imported by", "/usr/sbin/fence_x"}, {"asked for", {}}};
    manifest.entries["/usr/lib/m.pyc"] = file;
    Entry made;
    made.mode = 0644;
    made.content = "passwd: files\n";
    made.size = made.content->size();
    made.sha256 = std::string(64, 'b');
    made.reasons = {{"name service", {}}};
    manifest.entries["/etc/nsswitch.conf"] = made;
    return manifest;
}

TEST(Manifest, ComesBackFromItsJsonAsItWas) {
    const Manifest manifest = sample();
    const auto again = Manifest::from_json(manifest.to_json());
    ASSERT_TRUE(again) << error_of(again);
    EXPECT_EQ(again->to_json(), manifest.to_json());
    EXPECT_EQ(again->entries.at("/tmp").mode, 01777U);
    EXPECT_EQ(again->entries.at("/lib").target, "usr/lib");
    EXPECT_EQ(again->entries.at("/usr/lib/m.pyc").source, "/usr/lib/__pycache__/m.pyc");
    EXPECT_EQ(again->entries.at("/etc/nsswitch.conf").content, "passwd: files\n");
}

TEST(Manifest, CountsBytesAndWhatTheyTakeOnATmpfs) {
    const Manifest manifest = sample();
    EXPECT_EQ(manifest.bytes(), 4097U + 14U);
    EXPECT_GE(manifest.resident_bytes(), 2 * 4096U + 4096U);  // whole pages
    EXPECT_LT(manifest.resident_bytes(), 5 * 4096U);
}

TEST(Manifest, AnImageMustHoldTheSourcesAndNotWhatIsMade) {
    EXPECT_THAT(sample().sources(), ElementsAre("/usr/lib/__pycache__/m.pyc"));
}

TEST(Manifest, APathThatCouldLeadOutIsRefused) {
    for (const char* path : {"relative", "/../etc/passwd", "/a/../../b", "/", "//a", "/a/./b", "", "/a/"}) {
        const std::string text = fmt::format(
            R"({{"version": 2, "entries": [{{"path": "{}", "kind": "symlink", "target": "x", "why": []}}]}})", path);
        const auto manifest = Manifest::from_json(text);
        EXPECT_FALSE(manifest) << path;
    }
    const auto source = Manifest::from_json(
        R"({"version": 2, "entries": [{"path": "/a", "kind": "file", "mode": "0644", "size": 0, "sha256": "",
            "source": "/../secret", "why": []}]})");
    EXPECT_FALSE(source);
}

TEST(Manifest, WhatIsNoManifestIsRefusedWithAdvice) {
    for (const char* text :
         {"", "{", "[]", "{}", "null", R"({"version": 99, "entries": []})",
          R"({"version": 2, "entries": [{"path": "/a", "kind": "socket", "why": []}]})",
          R"({"version": 2, "entries": [{"path": "/a", "kind": "file", "why": []}]})",
          R"({"version": 2, "entries": [{"path": "/a", "kind": "directory", "mode": "x", "why": []}]})"}) {
        const auto manifest = Manifest::from_json(text);
        ASSERT_FALSE(manifest) << text;
        EXPECT_EQ(manifest.error().kind, ErrorKind::bad_input) << text;
    }
    EXPECT_THAT(Manifest::from_json("{").error().advice, HasSubstr("build the image"));
}

}  // namespace
}  // namespace pando::chroot
