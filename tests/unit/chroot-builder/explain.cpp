// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/explain.h"
#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Entry file(uint64_t size, std::vector<Reason> reasons) {
    Entry entry;
    entry.size = size;
    entry.reasons = std::move(reasons);
    return entry;
}

Entry link(std::string target, std::vector<Reason> reasons) {
    Entry entry;
    entry.kind = Entry::Kind::symlink;
    entry.target = std::move(target);
    entry.reasons = std::move(reasons);
    return entry;
}

// agent -> tool -> curl -> tls; daemon -> tls and crypto; tool -> crypto.
Manifest sample() {
    Manifest manifest;
    manifest.entries["/lib"] = link("usr/lib", {{"library of", "/usr/sbin/tool"}});
    manifest.entries["/usr/sbin/agent"] = file(1, {{"fence agent", {}}});
    manifest.entries["/usr/sbin/daemon"] = file(2, {{"asked for", {}}});
    manifest.entries["/usr/sbin/tool"] = file(4, {{"called by", "/usr/sbin/agent"}});
    manifest.entries["/usr/lib/curl.so"] = link("curl.so.1", {{"library of", "/usr/sbin/tool"}});
    manifest.entries["/usr/lib/curl.so.1"] = file(8, {{"library of", "/usr/sbin/tool"}});
    manifest.entries["/usr/lib/tls.so"] =
        file(16, {{"library of", "/usr/lib/curl.so.1"}, {"library of", "/usr/sbin/daemon"}});
    manifest.entries["/usr/lib/ldap.so"] = file(32, {{"library of", "/usr/lib/curl.so.1"}});
    return manifest;
}

TEST(Explain, TheChainLeadsToWhatWasAskedFor) {
    const auto found = explain(sample(), "/usr/lib/ldap.so").value();
    EXPECT_THAT(found.chain,
                ElementsAre(Reason{"library of", "/usr/lib/curl.so.1"}, Reason{"library of", "/usr/sbin/tool"},
                            Reason{"called by", "/usr/sbin/agent"}, Reason{"fence agent", {}}));
    EXPECT_THAT(found.others, IsEmpty());
    EXPECT_THAT(found.brought, ElementsAre("/usr/lib/ldap.so"));
}

TEST(Explain, TheShortestChainIsShownAndTheOtherReasonsToo) {
    const auto found = explain(sample(), "/usr/lib/tls.so").value();
    EXPECT_THAT(found.chain, ElementsAre(Reason{"library of", "/usr/sbin/daemon"}, Reason{"asked for", {}}));
    EXPECT_THAT(found.others, ElementsAre(Reason{"library of", "/usr/lib/curl.so.1"}));
}

TEST(Explain, WhatComesForItsSakeAloneIsCounted) {
    const auto found = explain(sample(), "/usr/lib/curl.so.1").value();
    EXPECT_THAT(found.brought, UnorderedElementsAre("/usr/lib/curl.so.1", "/usr/lib/ldap.so"));
    EXPECT_EQ(found.brought_bytes, 40U) << "tls.so stays for the daemon";
}

TEST(Explain, APathThroughLinksLeadsToTheFile) {
    EXPECT_EQ(explain(sample(), "/lib/curl.so").value().path, "/usr/lib/curl.so.1");
}

TEST(Explain, WhatIsNotInsideIsAnErrorWithAdvice) {
    const auto found = explain(sample(), "/usr/bin/vim");
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what, HasSubstr("/usr/bin/vim is not in the chroot"));
    EXPECT_THAT(found.error().advice, HasSubstr("pando chroot manifest"));
    Manifest loop;
    loop.entries["/a"] = link("b", {{"asked for", {}}});
    loop.entries["/b"] = link("a", {{"asked for", {}}});
    EXPECT_TRUE(explain(loop, "/a")) << "ends, and names one of the two";
}

}  // namespace
}  // namespace pando::chroot
