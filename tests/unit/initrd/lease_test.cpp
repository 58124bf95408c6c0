// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/network.h"

#include <gmock/gmock.h>
#include <map>

using namespace pando;
using namespace pando::initrd;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Variables = std::map<std::string, std::string>;

Variables good() {
    return {{"interface", "eth0"}, {"ip", "10.77.0.21"},      {"mask", "24"}, {"router", "10.77.0.1 10.77.0.2"},
            {"dns", "10.77.0.1"},  {"serverid", "10.77.0.1"}, {"mtu", "1400"}};
}

Result<Lease> lease_of(const Variables& variables) {
    return lease_from([&](const char* name) {
        const auto at = variables.find(name);
        return at == variables.end() ? nullptr : at->second.c_str();
    });
}

}  // namespace

TEST(Lease, IsReadFromUdhcpcsVariables) {
    auto lease = lease_of(good());
    ASSERT_TRUE(lease) << lease.error().what;
    EXPECT_EQ(lease->interface, "eth0");
    EXPECT_EQ(lease->address, "10.77.0.21/24");
    EXPECT_EQ(lease->gateway, "10.77.0.1");
    EXPECT_THAT(lease->dns, ElementsAre("10.77.0.1"));
    EXPECT_EQ(lease->mtu, 1400U);
    EXPECT_EQ(lease->server, "10.77.0.1");
}

TEST(Lease, NeedsOnlyAddressAndMask) {
    auto lease = lease_of({{"interface", "eth0"}, {"ip", "10.0.0.2"}, {"mask", "8"}});
    ASSERT_TRUE(lease) << lease.error().what;
    EXPECT_FALSE(lease->gateway);
    EXPECT_FALSE(lease->mtu);
    EXPECT_TRUE(lease->dns.empty());
}

TEST(Lease, RefusesHostileValues) {
    const std::vector<std::pair<std::string, std::string>> hostile = {{"ip", "10.0.0.2; reboot"},
                                                                      {"ip", "$(reboot)"},
                                                                      {"ip", "10.0.0.2\n10.0.0.3"},
                                                                      {"ip", ""},
                                                                      {"ip", "'"},
                                                                      {"ip", "0.0.0.0"},
                                                                      {"ip", "127.0.0.1"},
                                                                      {"ip", "224.0.0.1"},
                                                                      {"ip", "255.255.255.255"},
                                                                      {"ip", "10.0.0"},
                                                                      {"ip", "10.0.0.2/24"},
                                                                      {"mask", ""},
                                                                      {"mask", "33"},
                                                                      {"mask", "0"},
                                                                      {"mask", "-1"},
                                                                      {"mask", "24 dev lo"},
                                                                      {"mask", "255.255.255.0"},
                                                                      {"router", "10.0.0.1 `id`"},
                                                                      {"router", "10.0.0.1\nroute"},
                                                                      {"dns", "evil.example"},
                                                                      {"dns", std::string(100000, '1')},
                                                                      {"mtu", "67"},
                                                                      {"mtu", "99999"},
                                                                      {"mtu", "1e3"},
                                                                      {"mtu", ""},
                                                                      {"mtu", "18446744073709551617"},
                                                                      {"serverid", "\"\""},
                                                                      {"interface", "eth0 down"},
                                                                      {"interface", "../etc"},
                                                                      {"interface", ""},
                                                                      {"interface", "a-name-that-is-too-long"},
                                                                      {"interface", "eth0\n"}};
    for (const auto& [name, value] : hostile) {
        Variables variables = good();
        variables[name] = value;
        EXPECT_FALSE(lease_of(variables)) << name << " = " << value.substr(0, 60);
    }
}

TEST(Lease, ShowsHostileValuesHarmlessly) {
    Variables variables = good();
    variables["ip"] = "\x1b[2J" + std::string(500, 'x');
    auto lease = lease_of(variables);
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().what.find('\x1b'), std::string::npos);
    EXPECT_LT(lease.error().what.size(), 200U);
}

TEST(Lease, WithoutAMaskSaysWhichOptionIsMissing) {
    Variables variables = good();
    variables.erase("mask");
    EXPECT_THAT(lease_of(variables).error().advice, HasSubstr("option 1"));
}
