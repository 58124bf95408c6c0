// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/packet.h"

#include "base/printable.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::report {
namespace {

constexpr std::string_view magic = "PNDR";
constexpr unsigned char this_version = 1;
constexpr size_t header_size = 48, signature_size = 32;
constexpr size_t body_limit = packet_limit - header_size - signature_size;
constexpr size_t shortest_cut = 16;

void put(std::string& to, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) to += static_cast<char>(value >> 8U * i & 0xffU);
}

uint64_t get(std::string_view from, size_t at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = bytes; i > 0; --i) value = value << 8U | static_cast<unsigned char>(from[at + i - 1]);
    return value;
}

template <size_t N>
std::array<unsigned char, N> bytes_at(std::string_view from, size_t at) {
    std::array<unsigned char, N> bytes{};
    std::copy_n(from.begin() + static_cast<ptrdiff_t>(at), N, bytes.begin());
    return bytes;
}

using Signature = std::array<unsigned char, signature_size>;

Signature sign(std::string_view text, const Key& key) {
    Signature signature{};
    unsigned size = signature_size;
    HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), signature.data(), &size);
    return signature;
}

// The longest text of a report, also inside its stage.
nlohmann::json* longest_text(nlohmann::json& body) {
    nlohmann::json* longest = nullptr;
    for (nlohmann::json& value : body) {
        nlohmann::json* const one = value.is_object() ? longest_text(value) : value.is_string() ? &value : nullptr;
        if (one == nullptr) continue;
        if (longest == nullptr ||
            one->get_ref<const std::string&>().size() > longest->get_ref<const std::string&>().size())
            longest = one;
    }
    return longest;
}

// The names of the machine are shorter than what is cut first.
std::string body_of(const Report& report) {
    nlohmann::json body = to_json(report);
    std::string text = body.dump();
    while (text.size() > body_limit) {
        auto& longest = longest_text(body)->get_ref<std::string&>();
        if (longest.size() <= shortest_cut) return "{}";  // cannot be: the texts are bounded
        longest = plain_text(longest, longest.size() * 3 / 4);
        text = body.dump();
    }
    return text;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

BootId boot_id_of(std::string_view text) {
    BootId id{};
    size_t at = 0;
    for (const char c : text) {
        if (c == '-') continue;
        const int digit = hex_digit(c);
        if (digit < 0 || at >= 2 * id.size()) return {};
        id.at(at / 2) = static_cast<unsigned char>(id.at(at / 2) << 4U | static_cast<unsigned>(digit));
        ++at;
    }
    return at == 2 * id.size() ? id : BootId{};
}

std::string to_text(const BootId& id) {
    std::string text;
    for (const unsigned char byte : id) text += fmt::format("{:02x}", byte);
    for (const size_t dash : {8, 13, 18, 23}) text.insert(dash, "-");
    return text;
}

Result<Key> report_key(std::string_view authkey, std::string_view cluster) {
    Key key;
    key.secret = TRY(config::derive_key(authkey, fmt::format("pando report key 1: {}", cluster)));
    const auto mark = TRY(config::derive_key(authkey, fmt::format("pando report mark 1: {}", cluster)));
    std::copy_n(mark.begin(), key.mark.size(), key.mark.begin());
    return key;
}

std::string encode(const Packet& packet, const Key* key) {
    const std::string body = body_of(packet.report);
    std::string out(magic);
    put(out, this_version, 1);
    put(out, key != nullptr ? 1 : 0, 1);
    put(out, body.size(), 2);
    out.append(packet.boot.begin(), packet.boot.end());
    if (key != nullptr)
        out.append(key->mark.begin(), key->mark.end());
    else
        out.append(sizeof(Key::mark), '\0');
    put(out, packet.counter, 8);
    put(out, packet.time, 8);
    out += body;
    if (key == nullptr) return out;
    const Signature signature = sign(out, *key);
    return out.append(signature.begin(), signature.end());
}

std::string_view name_of(Refusal refusal) {
    switch (refusal) {
        case Refusal::garbage:
            return "garbage";
        case Refusal::version:
            return "other_version";
        case Refusal::other_cluster:
            return "other_cluster";
        case Refusal::forged:
            break;
    }
    return "forged";
}

tl::expected<Packet, Refusal> decode(std::string_view datagram, const Key& key) {
    const auto refused = [](Refusal why) { return tl::unexpected<Refusal>(why); };
    if (datagram.size() < header_size || datagram.size() > packet_limit || !datagram.starts_with(magic))
        return refused(Refusal::garbage);
    if (get(datagram, 4, 1) != this_version) return refused(Refusal::version);
    const uint64_t flags = get(datagram, 5, 1);
    const size_t body_size = get(datagram, 6, 2);
    if (flags > 1 || datagram.size() != header_size + body_size + (flags == 1 ? signature_size : 0))
        return refused(Refusal::garbage);
    Packet packet;
    packet.is_signed = flags == 1;
    if (packet.is_signed) {
        if (bytes_at<sizeof key.mark>(datagram, 24) != key.mark) return refused(Refusal::other_cluster);
        const std::string_view text = datagram.substr(0, datagram.size() - signature_size);
        const Signature wanted = sign(text, key);
        if (CRYPTO_memcmp(wanted.data(), datagram.data() + text.size(), signature_size) != 0)
            return refused(Refusal::forged);
    }
    packet.boot = bytes_at<sizeof packet.boot>(datagram, 8);
    packet.counter = get(datagram, 32, 8);
    packet.time = get(datagram, 40, 8);
    const auto body = nlohmann::json::parse(datagram.substr(header_size, body_size), nullptr, false);
    auto report = body.is_discarded() ? std::nullopt : report_of(body);
    if (!report) return refused(Refusal::garbage);
    packet.report = std::move(*report);
    return packet;
}

}  // namespace pando::report
