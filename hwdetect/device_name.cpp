// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/device_name.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace pando::hwdetect {
namespace {

// Base class and subclass as PCI has them; of an empty subclass all others.
struct Class {
    std::string_view base, sub, name;
};
constexpr std::array<Class, 9> classes = {{{"01", "04", "RAID controller"},
                                           {"01", "08", "NVMe controller"},
                                           {"01", "", "storage controller"},
                                           {"02", "", "network controller"},
                                           {"0C", "03", "USB controller"},
                                           {"0C", "04", "Fibre Channel controller"},
                                           {"0C", "06", "InfiniBand controller"},
                                           {"0C", "07", "interface of the BMC"},
                                           {"08", "", "system device"}}};

// The hexadecimal digits behind a key of a PCI modalias, which is all of keys and numbers of fixed length.
std::string_view digits(std::string_view modalias, size_t at, size_t count) {
    return at + count <= modalias.size() ? modalias.substr(at, count) : std::string_view();
}

std::string_view class_name(std::string_view base, std::string_view sub) {
    const auto* const found = std::find_if(classes.begin(), classes.end(), [&](const Class& each) {
        return each.base == base && (each.sub.empty() || each.sub == sub);
    });
    return found == classes.end() ? "device" : found->name;
}

}  // namespace

std::string device_name(std::string_view modalias, std::string_view device) {
    const std::string_view place = device.substr(device.rfind('/') + 1);
    // pci:vVVVVVVVVdDDDDDDDDsv…sd…bcBBscSSiII
    const size_t base = modalias.find("bc", modalias.find("sd"));
    const std::string_view vendor = digits(modalias, 9, 4), product = digits(modalias, 18, 4);
    if (!modalias.starts_with("pci:v") || base == std::string_view::npos || vendor.empty() || product.empty())
        return fmt::format("{} at {}", modalias, place);
    std::string id = fmt::format("{}:{}", vendor, product);
    std::transform(id.begin(), id.end(), id.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return fmt::format("{} {} at {}", class_name(digits(modalias, base + 2, 2), digits(modalias, base + 6, 2)), id,
                       place);
}

}  // namespace pando::hwdetect
