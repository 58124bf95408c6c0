// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/relevance.h"

#include "hwdetect/coldplug.h"

#include <array>

namespace pando::hwdetect {
namespace {

// The modalias of a PCI device ends in bcXXscYYiZZ: base class, subclass, programming interface.
struct PciClass {
    std::string_view base;
    std::string_view sub;  // empty: all
    Rank rank;
};

constexpr std::array pci_classes = {
    PciClass{"01", "", Rank::essential},     // storage
    PciClass{"02", "", Rank::essential},     // network
    PciClass{"0C", "04", Rank::essential},   // Fibre Channel
    PciClass{"0C", "06", Rank::essential},   // InfiniBand
    PciClass{"0C", "07", Rank::survival},    // IPMI
    PciClass{"08", "80", Rank::survival},    // "system peripheral": i6300esb and HPE's watchdog
    PciClass{"06", "01", Rank::survival},    // ISA bridge: Intel's older chip sets have the watchdog there
    PciClass{"0C", "05", Rank::survival},    // SMBus: Intel's newer ones, and IPMI over SSIF
    PciClass{"0C", "03", Rank::peripheral},  // USB host
};

// Other buses: how the modalias begins.
struct Prefix {
    std::string_view text;
    Rank rank;
};

constexpr std::array prefixes = {
    Prefix{"virtio:d00000001v", Rank::essential},  // network
    Prefix{"virtio:d00000002v", Rank::essential},  // block
    Prefix{"virtio:d00000008v", Rank::essential},  // SCSI
    Prefix{"virtio:d00000004v", Rank::survival},   // random numbers: keys and UUIDs early in a boot
    Prefix{"scsi:t-0x00", Rank::essential},        // disk
    Prefix{"scsi:t-0x0e", Rank::essential},        // disk, reduced commands
    Prefix{"nvme:", Rank::essential},
    Prefix{"platform:dmi-ipmi-si", Rank::survival},
    Prefix{"platform:ipmi", Rank::survival},
    Prefix{"acpi:IPI0001:", Rank::survival},
    Prefix{"platform:iTCO_wdt", Rank::survival},
    Prefix{"platform:ib700wdt", Rank::survival},
    Prefix{"platform:sp5100-tco", Rank::survival},
    Prefix{"acpi:WDAT", Rank::survival},
    Prefix{"platform:wdat_wdt", Rank::survival},
    Prefix{"i2c:ipmi_ssif", Rank::survival},
};

constexpr std::string_view virtio_vendor = "pci:v00001AF4";

bool starts_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

// Two hex digits after a tag; the tags stand in this order and each once, so searching from the right is safe.
std::string_view field(std::string_view modalias, std::string_view tag) {
    const size_t at = modalias.rfind(tag);
    return at == std::string_view::npos ? std::string_view() : modalias.substr(at + tag.size(), 2);
}

std::optional<Rank> rank_of_pci(std::string_view modalias) {
    const std::string_view base = field(modalias, "bc");
    const std::string_view sub = field(modalias, "sc");
    for (const PciClass& known : pci_classes)
        if (base == known.base && (known.sub.empty() || sub == known.sub)) return known.rank;
    // A virtio card of any class (random numbers have none of their own); the bus behind it is judged by itself.
    if (starts_with(modalias, virtio_vendor) && base == "00") return Rank::survival;
    return std::nullopt;
}

std::optional<Rank> rank_of_usb(std::string_view modalias) {
    const std::string_view interface = field(modalias, "ic");
    const bool storage = interface == "08";
    // Communication, its data half, and vendor specific, as most USB NICs are.
    const bool network = interface == "02" || interface == "0A" || interface == "FF" || interface == "ff";
    if (storage || network) return Rank::peripheral;
    return std::nullopt;
}

}  // namespace

std::optional<Rank> rank_of(std::string_view modalias) {
    if (starts_with(modalias, "pci:")) return rank_of_pci(modalias);
    if (starts_with(modalias, "usb:")) return rank_of_usb(modalias);
    for (const Prefix& known : prefixes)
        if (starts_with(modalias, known.text)) return known.rank;
    return std::nullopt;
}

bool lack_is_told(std::string_view modalias) {
    const auto rank = rank_of(modalias);
    if (rank != Rank::survival) return rank == Rank::essential;
    if (starts_with(modalias, "platform:ipmi_bmc")) return false;  // what ipmi_si makes for the BMC that it found
    if (!starts_with(modalias, "pci:")) return true;               // named by what it is: a BMC's interface, a watchdog
    return field(modalias, "bc") == "0C" && field(modalias, "sc") == "07";
}

bool boot_relevant(std::string_view modalias) { return rank_of(modalias).has_value(); }

}  // namespace pando::hwdetect
