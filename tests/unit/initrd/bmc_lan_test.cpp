// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bmc_lan.h"

#include <gmock/gmock.h>
#include <map>

using namespace pando;
using namespace pando::initrd;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

// By channel: its medium, and the answer about its address.
struct Channel {
    uint8_t medium = 4;
    std::vector<uint8_t> address;
};

AskBmc bmc(const std::map<uint8_t, Channel>& channels) {
    return [=](const BmcRequest& request, Deadline) -> Result<std::vector<uint8_t>> {
        const auto channel = channels.find(request.data.at(0));
        if (channel == channels.end()) return fail("the BMC refused: no such parameter");
        if (channel->second.address.empty() && request.function == 0x0c) return fail("the BMC refused");
        if (request.function == 0x06 && request.command == 0x42)
            return std::vector<uint8_t>{channel->first, channel->second.medium, 1, 0, 0xf2, 0x1b, 0, 0, 0};
        EXPECT_EQ(request.function, 0x0c);
        EXPECT_EQ(request.command, 0x02);
        EXPECT_THAT(request.data, testing::ElementsAre(channel->first, 3, 0, 0));
        return channel->second.address;
    };
}

Result<std::string> address_of(const std::map<uint8_t, Channel>& channels) {
    return read_bmc_address(bmc(channels), Deadline::after(1s));
}

}  // namespace

TEST(BmcLan, TheFirstLanChannelThatHasAnAddressTellsIt) {
    EXPECT_EQ(address_of({{1, {4, {0x11, 10, 20, 1, 12}}}}).value_or("?"), "10.20.1.12");
    EXPECT_EQ(address_of({{1, {5, {0x11, 1, 2, 3, 4}}},  // a serial line
                          {2, {4, {0x11, 0, 0, 0, 0}}},  // not set up
                          {8, {4, {0x11, 192, 0, 2, 7}}}})
                  .value_or("?"),
              "192.0.2.7");
    EXPECT_EQ(address_of({{1, {4, {}}}, {8, {4, {0x11, 192, 0, 2, 7}}}}).value_or("?"), "192.0.2.7") << "1 refuses";
    EXPECT_EQ(address_of({}).value_or("?"), "");
}

TEST(BmcLan, ASilentOrTornAnswerIsAnError) {
    EXPECT_FALSE(address_of({{1, {4, {0x11, 10}}}}));
    const auto silent = read_bmc_address(
        [](const BmcRequest&, Deadline) -> Result<std::vector<uint8_t>> {
            return fail("the BMC did not answer in time").kind(ErrorKind::timeout);
        },
        Deadline::after(1s));
    ASSERT_FALSE(silent);
    EXPECT_THAT(silent.error().what, HasSubstr("in time"));
}
