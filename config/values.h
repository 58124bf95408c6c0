// SPDX-License-Identifier: GPL-2.0-or-later
// The small languages inside cluster.yaml: durations, sizes, names, addresses. Text in, value out; the error says
// what is wrong with the text, the advice shows one that is right.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pando::config {

Result<Milliseconds> parse_duration(std::string_view text);  // 500ms, 3s, 2m, 1h
std::string show_duration(Milliseconds span);
Result<uint64_t> parse_size(std::string_view text);  // 512K, 128M, 2G: bytes, powers of 1024
std::string show_size(uint64_t bytes);
Result<uint64_t> parse_number(std::string_view text, uint64_t least, uint64_t most);

Result<std::string> parse_mac(std::string_view text);   // of one NIC, to lower case with colons
Result<std::string> parse_uuid(std::string_view text);  // to lower case

// An IPv4 or IPv6 address.
struct Ip {
    bool v6 = false;
    std::array<uint8_t, 16> bytes{};  // network order; the first 4 for IPv4

    int width() const { return v6 ? 128 : 32; }
    std::string text() const;
    uint32_t v4() const;  // host order
    bool operator==(const Ip&) const = default;
};
Result<Ip> parse_ip(std::string_view text);
Ip ip_of_v4(uint32_t host_order);

// An address with its prefix length: 192.0.2.11/24.
struct Cidr {
    Ip ip;
    int prefix = 0;

    bool contains(const Ip& other) const;  // of the same family and network
    std::string text() const;
};
Result<Cidr> parse_cidr(std::string_view text);

// Where an iSCSI target answers: 192.0.2.1, 192.0.2.1:3260, [2001:db8::1]:3260 or 2001:db8::1.
struct Portal {
    Ip ip;
    uint16_t port = 3260;

    std::string text() const;  // with the port
};
Result<Portal> parse_portal(std::string_view text);

// Letters, digits and `others` only, 1 to `longest` characters.
bool is_word(std::string_view text, std::string_view others, size_t longest);

// An RFC 1123 label in lower case: what a host name may be.
bool is_host_label(std::string_view text);

}  // namespace pando::config
