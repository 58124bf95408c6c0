// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/known_machine.h"

#include "hwdetect/relevance.h"

#include <libkmod.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

namespace pando::hwdetect {
namespace {

using nlohmann::json;

void say_nothing(void*, int, const char*, int, const char*, const char*, va_list) {}

std::vector<std::string> look_up(kmod_ctx* context, const std::string& modalias_or_name) {
    std::vector<std::string> modules;
    kmod_list* found = nullptr;
    if (kmod_module_new_from_lookup(context, modalias_or_name.c_str(), &found) < 0) return modules;
    kmod_list* entry = nullptr;
    kmod_list_foreach(entry, found) {
        kmod_module* module = kmod_module_get_module(entry);
        modules.emplace_back(kmod_module_get_name(module));
        kmod_module_unref(module);
    }
    kmod_module_unref_list(found);
    return modules;
}

std::string text_at(const json& object, const char* key) {
    if (!object.is_object()) return {};
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// The parts of a section; one object counts as a list of one. None when it is absent.
std::vector<json> parts_at(const json& inventory, const char* key) {
    const auto found = inventory.find(key);
    if (found == inventory.end()) return {};
    if (found->is_array()) return std::vector<json>(found->begin(), found->end());
    return found->is_object() ? std::vector<json>{*found} : std::vector<json>{};
}

class Choice {
public:
    explicit Choice(const ModulesFor& modules_for) : modules_for_(modules_for) {}

    // By modalias first: a driver may have another name in this kernel.
    void add_device(const json& device) {
        const std::string modalias = text_at(device, "modalias"), driver = text_at(device, "driver");
        const std::string module = text_at(device, "module");
        if (take(modalias) || take(module) || take(driver)) {
            settled_.insert(driver);
            return;
        }
        // Nobody misses what had no driver either and is only good to have.
        if (!driver.empty() || rank_of(modalias) == Rank::essential)
            missing_.insert(fmt::format("{} of {}", driver.empty() ? "a driver" : driver, modalias));
        settled_.insert(driver);
    }

    // A part that names its driver: for inventories without modaliases, and for what has none (a watchdog that
    // its driver finds by itself).
    void add_part(const json& part, const std::string& name) {
        const std::string driver = text_at(part, "driver");
        if (driver.empty() || settled_.contains(driver)) return;
        if (driver.starts_with("virtio")) (void)take("virtio_pci");  // the bus below it is no dependency
        if (!take(driver)) missing_.insert(fmt::format("{} of {}", driver, name));
        settled_.insert(driver);
    }

    MachineDrivers result() const { return {{modules_.begin(), modules_.end()}, {missing_.begin(), missing_.end()}}; }

private:
    bool take(const std::string& modalias_or_name) {
        if (modalias_or_name.empty()) return false;
        const auto found = modules_for_(modalias_or_name);
        modules_.insert(found.begin(), found.end());
        return !found.empty();
    }

    const ModulesFor& modules_for_;
    std::set<std::string> modules_, missing_;
    std::set<std::string> settled_;  // drivers by which a device was found, or named as missing
};

std::string name_of(const json& part) {
    for (const char* key : {"id", "identity", "name", "device"})
        if (std::string text = text_at(part, key); !text.empty()) {
            const std::string address = text_at(part, "address");
            return address.empty() ? text : text + " at " + address;
        }
    return "a part without a name";
}

}  // namespace

Result<ModulesFor> modules_of_kernel(const std::filesystem::path& module_directory) {
    std::error_code ec;
    if (!std::filesystem::exists(module_directory / "modules.alias.bin", ec))
        return fail("{} has no modules.alias.bin: which module drives a device is not known", module_directory.string())
            .advise("run depmod for that kernel, in its tree");
    const char* const no_configuration = nullptr;  // of the system that builds the image
    const std::shared_ptr<kmod_ctx> context(kmod_new(module_directory.c_str(), &no_configuration), [](kmod_ctx* kmod) {
        if (kmod != nullptr) kmod_unref(kmod);
    });
    if (!context) return fail("libkmod gives no context for {}", module_directory.string());
    kmod_set_log_fn(context.get(), say_nothing, nullptr);
    (void)kmod_load_resources(context.get());  // only faster
    return ModulesFor([context](const std::string& wanted) { return look_up(context.get(), wanted); });
}

Result<MachineDrivers> drivers_of_machine(std::string_view inventory, const ModulesFor& modules_for) {
    const json parsed = json::parse(inventory, nullptr, false);
    if (parsed.is_discarded() || !parsed.is_object() || !parsed.contains("nics") || !parsed.contains("controllers"))
        return bad_input("it is no inventory of a machine")
            .advise(
                "pando hw probe --json prints one on the machine; a node that has booted keeps its own in "
                "/var/lib/pando/hardware.json");
    Choice choice(modules_for);
    for (const json& device : parts_at(parsed, "boot_devices")) choice.add_device(device);
    for (const char* section : {"nics", "controllers", "watchdogs", "bmc"})
        for (const json& part : parts_at(parsed, section)) choice.add_part(part, name_of(part));
    return choice.result();
}

}  // namespace pando::hwdetect
