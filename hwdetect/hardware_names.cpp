// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/hardware_names.h"

#include "hwdetect/sysfs.h"

#include <libudev.h>
#include <string_view>

namespace pando::hwdetect {

void HardwareNames::Free::operator()(udev* context) const { udev_unref(context); }
void HardwareNames::Free::operator()(udev_hwdb* database) const { udev_hwdb_unref(database); }

HardwareNames::HardwareNames() : context_(udev_new()) {
    if (context_) database_.reset(udev_hwdb_new(context_.get()));
}

std::string HardwareNames::product(const std::string& modalias) const {
    if (!database_ || modalias.empty()) return {};
    std::string vendor, model;
    udev_list_entry* entry = nullptr;
    udev_list_entry_foreach(entry, udev_hwdb_get_properties_list_entry(database_.get(), modalias.c_str(), 0)) {
        const std::string_view name = udev_list_entry_get_name(entry);
        if (name == "ID_VENDOR_FROM_DATABASE") vendor = cleaned(udev_list_entry_get_value(entry));
        if (name == "ID_MODEL_FROM_DATABASE") model = cleaned(udev_list_entry_get_value(entry));
    }
    return vendor.empty() || model.empty() ? vendor + model : vendor + " " + model;
}

}  // namespace pando::hwdetect
