// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/sysfs.h"

#include "base/number.h"

#include <algorithm>
#include <cctype>

namespace pando::hwdetect {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string cleaned(std::string_view raw) {
    std::string out;
    for (const char c : raw) {
        const bool printable = c > ' ' && c <= '~';
        if (printable)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
    }
    return true;
}

std::string line_or_empty(const Sysroot& root, const fs::path& file) {
    auto line = root.read_line(file);
    return line ? cleaned(*line) : std::string();
}

std::optional<uint64_t> number(const Sysroot& root, const fs::path& file) {
    return whole_number<uint64_t>(line_or_empty(root, file));
}

std::string link_name(const Sysroot& root, const fs::path& link) {
    auto target = root.read_link(link);
    return target ? fs::path(*target).filename().string() : std::string();
}

std::vector<std::string> names_in(const Sysroot& root, const fs::path& directory) {
    auto names = root.list(directory);
    return names ? std::move(*names) : std::vector<std::string>();
}

Result<std::string> dmi_field(const Sysroot& root, std::string_view field) {
    auto raw = root.read_line(fs::path("sys/class/dmi/id") / field);
    if (!raw && raw.error().sys == EACCES)
        return fail("{}", raw.error().what)
            .advise("the firmware's tables are readable for root only: run this as root");
    return raw ? cleaned(*raw) : std::string();
}

bool is_pci_address(std::string_view text) {
    return text.size() == 12 && text[4] == ':' && text[7] == ':' && text[10] == '.';
}

// A virtio NIC hangs on a PCI device, which is the address a person can look up.
std::string bus_address(const Sysroot& root, const fs::path& device) {
    std::string address = link_name(root, device / "device");
    auto way = root.read_link(device);
    if (!way) return address;
    for (const fs::path& part : fs::path(*way))
        if (is_pci_address(part.string())) address = part.string();
    return address;
}

bool is_physical_nic(const Sysroot& root, const fs::path& nic) {
    constexpr std::string_view ethernet = "1";
    return root.exists(nic / "device") && !root.exists(nic / "device/physfn") && !root.exists(nic / "phy80211") &&
           line_or_empty(root, nic / "type") == ethernet;
}

}  // namespace pando::hwdetect
