// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/values.h"

#include <gtest/gtest.h>

using namespace pando;
using namespace pando::config;

TEST(Portal, IsReadWithAndWithoutAPort) {
    const auto expect = [](const char* text, const char* address, uint16_t port, const char* shown) {
        const auto portal = parse_portal(text);
        ASSERT_TRUE(portal) << portal.error().what;
        EXPECT_EQ(portal->ip.text(), address) << text;
        EXPECT_EQ(portal->port, port) << text;
        EXPECT_EQ(portal->text(), shown) << text;
    };
    expect("192.0.2.1", "192.0.2.1", 3260, "192.0.2.1:3260");
    expect("192.0.2.1:3261", "192.0.2.1", 3261, "192.0.2.1:3261");
    expect("[2001:db8::1]:3262", "2001:db8::1", 3262, "[2001:db8::1]:3262");
    expect("[2001:db8::1]", "2001:db8::1", 3260, "[2001:db8::1]:3260");
    expect("2001:db8::1", "2001:db8::1", 3260, "[2001:db8::1]:3260");
}

TEST(Portal, ThatIsNoneIsBadInput) {
    for (const char* text :
         {"", ":", "storage", "storage:3260", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x",
          "192.0.2.1:3260 ", "[2001:db8::1", "[2001:db8::1]x3260", "[2001:db8::1]:", "[]:1", "192.0.2.1;reboot"}) {
        const auto portal = parse_portal(text);
        ASSERT_FALSE(portal) << text;
        EXPECT_EQ(portal.error().kind, ErrorKind::bad_input) << text;
        EXPECT_FALSE(portal.error().advice.empty()) << text;
    }
}
