// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/device_tests.h"

#include "base/file.h"
#include "fencing/device_files.h"
#include "fencing/history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;

fs::path tests_file(const fs::path& chroot) { return chroot / "var/log/pando-fence-tests.json"; }

Result<> write_tests(const fs::path& chroot, const std::vector<DeviceTest>& tests) {
    auto json = nlohmann::json::array();
    for (const DeviceTest& test : tests) {
        json.push_back({{"node", test.node},
                        {"device", test.device},
                        {"good", test.good},
                        {"says", test.says},
                        {"last_ms", test.last.count()}});
        if (test.last_good) json.back()["last_good_ms"] = test.last_good->count();
    }
    return write_file_atomic(tests_file(chroot), json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace),
                             0600);
}

// Those that the description still has.
void forget_gone(const fs::path& chroot, std::vector<DeviceTest>& tests) {
    const auto nodes = read_all_devices(chroot);
    if (!nodes) return;
    std::erase_if(tests, [&](const DeviceTest& test) {
        return std::none_of(nodes->begin(), nodes->end(), [&](const FencedNode& node) {
            return node.name == test.node &&
                   std::any_of(node.devices.begin(), node.devices.end(),
                               [&](const config::FenceDevice& device) { return device.name == test.device; });
        });
    });
}

int64_t minutes(Milliseconds span) { return std::chrono::duration_cast<std::chrono::minutes>(span).count(); }

}  // namespace

bool is_good(const FenceAnswer& answer, const std::vector<std::string>& members) {
    const bool member = std::find(members.begin(), members.end(), answer.node) != members.end();
    return answer.answered && !(member && answer.says == "off");
}

std::vector<DeviceTest> read_tests(const fs::path& chroot) {
    std::vector<DeviceTest> tests;
    const auto json = nlohmann::json::parse(read_file(tests_file(chroot)).value_or(""), nullptr, false);
    if (!json.is_array()) return tests;
    for (const auto& one : json) {
        if (!one.is_object() || !one.contains("last_ms") || !one["last_ms"].is_number_integer()) continue;
        DeviceTest test;
        for (const auto& [key, text] :
             {std::pair{"node", &test.node}, std::pair{"device", &test.device}, std::pair{"says", &test.says}})
            if (const auto it = one.find(key); it != one.end() && it->is_string()) *text = *it;
        test.good = one.contains("good") && one["good"] == true;
        test.last = Milliseconds(one["last_ms"].get<int64_t>());
        if (const auto it = one.find("last_good_ms"); it != one.end() && it->is_number_integer())
            test.last_good = Milliseconds(it->get<int64_t>());
        tests.push_back(std::move(test));
    }
    forget_gone(chroot, tests);
    return tests;
}

Result<> record_tests(const fs::path& chroot, const std::vector<FenceAnswer>& answers,
                      const std::vector<std::string>& members, const std::string& here, const std::string& by) {
    auto tests = read_tests(chroot);
    for (const FenceAnswer& answer : answers) {
        auto known = std::find_if(tests.begin(), tests.end(), [&](const DeviceTest& test) {
            return test.node == answer.node && test.device == answer.device;
        });
        const bool is_new = known == tests.end();
        if (is_new) known = tests.insert(known, DeviceTest{answer.node, answer.device, true, {}, {}, {}});
        const bool good = is_good(answer, members);
        if (good != known->good) {
            Record record;
            record.kind = "test";
            record.node = answer.node;
            record.here = here;
            record.by = by;
            record.ok = good;
            record.device = answer.device;
            record.says = answer.says;
            TRY(append_record(history_file(chroot), record));
        }
        known->good = good;
        known->says = answer.says;
        known->last = since_boot();
        if (good) known->last_good = known->last;
    }
    return write_tests(chroot, tests);
}

std::vector<std::string> test_faults(const std::vector<DeviceTest>& tests, const std::string& here, Milliseconds up) {
    std::vector<std::string> faults;
    for (const DeviceTest& test : tests) {
        const std::string device = fmt::format("fence device {} of {}", test.device, test.node);
        const bool own_is_silent = test.node == here && test.says != "off";
        if (!test.good && !own_is_silent)  // BMCs that share the host's port do not answer their host
            faults.push_back(fmt::format("{} failed its last test: {}: pando doctor", device, test.says));
        else if (test.good && up > test_patience && up - test.last_good.value_or(test.last) > test_patience)
            faults.push_back(fmt::format("{} was tested {} min ago: systemctl status pando-fence-test.timer", device,
                                         minutes(up - test.last)));
    }
    if (tests.empty() && up > test_patience)
        faults.emplace_back("no fence device was tested since the boot: systemctl status pando-fence-test.timer");
    return faults;
}

}  // namespace pando::fencing
