// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/values.h"

#include <arpa/inet.h>
#include <algorithm>
#include <charconv>
#include <optional>

namespace pando::config {

namespace {

struct Unit {
    std::string_view name;
    uint64_t factor;
};
constexpr std::array<Unit, 4> durations{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 4> sizes{{{"B", 1}, {"K", 1ULL << 10U}, {"M", 1ULL << 20U}, {"G", 1ULL << 30U}}};

constexpr uint64_t number_limit = 1ULL << 48U;  // so that no product of ours overflows

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_hex(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

template <size_t N>
Result<uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units, std::string_view what,
                                 std::string_view example) {
    uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const std::string_view unit(rest, static_cast<size_t>(end - rest));
    if (error != std::errc{} || number > number_limit)
        return bad_input("\"{}\" is no {}", text, what)
            .advise(fmt::format("a whole number with its unit: {}", example));
    for (const auto& known : units)
        if (unit == known.name) {
            if (number > number_limit / known.factor) return bad_input("\"{}\" is too much", text).advise(example);
            return number * known.factor;
        }
    return bad_input("\"{}\" is no {}: {}", text, what,
                     unit.empty() ? "it has no unit" : fmt::format("unknown unit \"{}\"", unit))
        .advise(fmt::format("a whole number with its unit: {}", example));
}

template <size_t N>
std::string show_with_unit(uint64_t number, const std::array<Unit, N>& units, size_t natural) {
    size_t unit = number == 0 ? natural : 0;  // "0s", not "0h"
    while (number != 0 && unit + 1 < N && number % units[unit + 1].factor == 0) ++unit;
    return fmt::format("{}{}", number / units[unit].factor, units[unit].name);
}

}  // namespace

Result<Milliseconds> parse_duration(std::string_view text) {
    return Milliseconds(static_cast<int64_t>(TRY(parse_with_unit(text, durations, "duration", "500ms, 3s, 2m or 1h"))));
}

std::string show_duration(Milliseconds span) {
    return show_with_unit(static_cast<uint64_t>(span.count()), durations, 1);
}

Result<uint64_t> parse_size(std::string_view text) { return parse_with_unit(text, sizes, "size", "512K, 128M or 2G"); }

std::string show_size(uint64_t bytes) { return show_with_unit(bytes, sizes, 0); }

Result<uint64_t> parse_number(std::string_view text, uint64_t least, uint64_t most) {
    uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || rest != end || number < least || number > most)
        return bad_input("\"{}\" is not a whole number from {} to {}", text, least, most)
            .advise(fmt::format("a number from {} to {}", least, most));
    return number;
}

Result<std::string> parse_mac(std::string_view text) {
    constexpr size_t length = 17;
    std::string mac;
    bool good = text.size() == length;
    for (size_t i = 0; good && i < length; ++i) {
        if (i % 3 == 2) {
            good = text[i] == ':' || text[i] == '-';
            mac += ':';
        } else {
            good = is_hex(text[i]);
            mac += lower(text[i]);
        }
    }
    if (!good) return bad_input("\"{}\" is no MAC address", text).advise("six pairs of hex digits: 52:54:00:12:34:56");
    if (mac == "00:00:00:00:00:00")
        return bad_input("{} belongs to no NIC", mac).advise("see `ip link` on the machine");
    if ((std::stoi(mac.substr(0, 2), nullptr, 16) & 1) != 0)
        return bad_input("{} is a multicast address, no NIC has it", mac).advise("see `ip link` on the machine");
    return mac;
}

Result<std::string> parse_uuid(std::string_view text) {
    constexpr size_t length = 36;
    std::string uuid;
    bool good = text.size() == length;
    for (size_t i = 0; good && i < length; ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        good = dash ? text[i] == '-' : is_hex(text[i]);
        uuid += lower(text[i]);
    }
    if (!good)
        return bad_input("\"{}\" is no UUID", text)
            .advise("as in /sys/class/dmi/id/product_uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132");
    if (uuid.find_first_not_of("0-") == std::string::npos || uuid.find_first_not_of("f-") == std::string::npos)
        return bad_input("{} is what firmware says when it knows no UUID", uuid)
            .advise("leave it out and give serial: or asset: instead");
    return uuid;
}

std::string Ip::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer.data(), buffer.size());
    return buffer.data();
}

uint32_t Ip::v4() const {
    return static_cast<uint32_t>(bytes[0]) << 24U | static_cast<uint32_t>(bytes[1]) << 16U |
           static_cast<uint32_t>(bytes[2]) << 8U | bytes[3];
}

Ip ip_of_v4(uint32_t host_order) {
    Ip ip;
    for (size_t i = 0; i < 4; ++i) ip.bytes[i] = static_cast<uint8_t>(host_order >> (24U - 8U * i));
    return ip;
}

Result<Ip> parse_ip(std::string_view text) {
    const std::string copy(text);
    Ip ip;
    if (copy.find('\0') == std::string::npos) {
        if (inet_pton(AF_INET, copy.c_str(), ip.bytes.data()) == 1) return ip;
        ip.v6 = true;
        if (inet_pton(AF_INET6, copy.c_str(), ip.bytes.data()) == 1) return ip;
    }
    return bad_input("\"{}\" is no IP address", text).advise("192.0.2.11 or 2001:db8::11, no name");
}

bool Cidr::contains(const Ip& other) const {
    if (other.v6 != ip.v6) return false;
    for (int bit = 0; bit < prefix; ++bit) {
        const auto byte = static_cast<size_t>(bit / 8);
        const unsigned mask = 0x80U >> static_cast<unsigned>(bit % 8);
        if ((ip.bytes[byte] & mask) != (other.bytes[byte] & mask)) return false;
    }
    return true;
}

std::string Cidr::text() const { return fmt::format("{}/{}", ip.text(), prefix); }

Result<Cidr> parse_cidr(std::string_view text) {
    const size_t slash = text.find('/');
    const auto ip = parse_ip(text.substr(0, slash));
    if (ip && slash != std::string_view::npos) {
        const auto prefix = parse_number(text.substr(slash + 1), 0, static_cast<uint64_t>(ip->width()));
        if (prefix) return Cidr{*ip, static_cast<int>(*prefix)};
    }
    return bad_input("\"{}\" is no address with a prefix length", text).advise("192.0.2.11/24 or 2001:db8::11/64");
}

std::string Portal::text() const { return fmt::format(fmt::runtime(ip.v6 ? "[{}]:{}" : "{}:{}"), ip.text(), port); }

Result<Portal> parse_portal(std::string_view text) {
    const auto none =
        bad_input("\"{}\" is no portal", text)
            .advise("192.0.2.1, 192.0.2.1:3260 or [2001:db8::1]:3260; no name: a booting blade has no resolver");
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos) return none;
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return none;
        if (!rest.empty()) port = rest.substr(1);
    } else if (const size_t colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const auto ip = parse_ip(host);
    const auto number = port ? parse_number(*port, 1, 65535) : Result<uint64_t>(Portal().port);
    if (!ip || !number) return none;
    return Portal{*ip, static_cast<uint16_t>(*number)};
}

bool is_word(std::string_view text, std::string_view others, size_t longest) {
    return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_digit(c) || is_lower(c) || is_upper(c) || others.find(c) != std::string_view::npos;
    });
}

bool is_host_label(std::string_view text) {
    return is_word(text, "-", 63) && text.front() != '-' && text.back() != '-' &&
           std::none_of(text.begin(), text.end(), is_upper);
}

}  // namespace pando::config
