// SPDX-License-Identifier: GPL-2.0-or-later
// The last test of every fence device, in the chroot's memory: a device that fails is found while nobody has died.
// Times are since the kernel started, as the file is no older: no clock that jumps makes a device young or old.
//
//   record_tests("/", answers, members, "n1", "timer");
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "fencing/ask.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::fencing {

constexpr Milliseconds test_interval = std::chrono::minutes(10);  // of pando-fence-test.timer
constexpr Milliseconds test_patience = 3 * test_interval;         // the last good test may be so old

struct DeviceTest {
    std::string node, device;
    bool good = false;
    std::string says;
    Milliseconds last{0};
    std::optional<Milliseconds> last_good;
};

// What an answer is worth, by who is a member now: a device that calls a member off is another machine's.
bool is_good(const FenceAnswer& answer, const std::vector<std::string>& members);

// Of the devices that the description still has. No file: none.
std::vector<DeviceTest> read_tests(const std::filesystem::path& chroot);

// Devices that were not asked stay as they are; those of nodes that are gone go. What has become good or bad since the
// last test is a line of the history.
Result<> record_tests(const std::filesystem::path& chroot, const std::vector<FenceAnswer>& answers,
                      const std::vector<std::string>& members, const std::string& here, const std::string& by);

// A line each: what is wrong with the devices, as node `here` knows, which has been up so long.
std::vector<std::string> test_faults(const std::vector<DeviceTest>& tests, const std::string& here, Milliseconds up);

}  // namespace pando::fencing
