// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/permanent_mac.h"

#include "base/fd.h"

#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <array>
#include <cstring>

namespace pando::hwdetect {

std::string ask_permanent_mac(const std::string& nic) {
    constexpr unsigned mac_size = 6;
    constexpr size_t room = 32;  // MAX_ADDR_LEN
    const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.valid() || nic.size() >= IFNAMSIZ) return {};
    alignas(ethtool_perm_addr) std::array<unsigned char, sizeof(ethtool_perm_addr) + room> question{};
    ethtool_perm_addr header{ETHTOOL_GPERMADDR, room};
    std::memcpy(question.data(), &header, sizeof header);
    ifreq request{};
    std::memcpy(static_cast<char*>(request.ifr_name), nic.data(), nic.size());
    request.ifr_data = reinterpret_cast<char*>(question.data());
    if (ioctl(socket.get(), SIOCETHTOOL, &request) < 0) return {};
    std::memcpy(&header, question.data(), sizeof header);
    if (header.size != mac_size) return {};
    std::string mac;
    bool any = false;
    for (size_t i = 0; i < mac_size; ++i) {
        const unsigned char byte = question.at(sizeof header + i);
        any = any || byte != 0;
        mac += fmt::format("{}{:02x}", i == 0 ? "" : ":", byte);
    }
    return any ? mac : std::string();  // drivers that do not know say zeros
}

}  // namespace pando::hwdetect
