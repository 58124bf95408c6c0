// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/ssh_keys.h"

#include "config/base64.h"
#include "config/derived_key.h"

#include <openssl/evp.h>
#include <algorithm>
#include <array>
#include <memory>

namespace pando::config {
namespace {

constexpr std::string_view ed25519 = "ssh-ed25519";
constexpr size_t half = 32;  // bytes of an ed25519 key, the secret one and the public one
// Set off from whatever else may be made from the same key; another text is another key.
constexpr std::string_view purpose = "pando rescue host key 1: ";
constexpr std::string_view node_purpose = "pando node ssh key 1";

using Bytes = DerivedKey;
static_assert(std::tuple_size_v<Bytes> == half);

// As ssh writes lengths: four bytes, the highest first.
std::string counted(std::string_view text) {
    std::string out;
    for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((text.size() >> shift) & 0xffU);
    return out.append(text);
}

std::string_view text_of(const Bytes& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Result<Bytes> public_part(const Bytes& secret) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()), EVP_PKEY_free);
    Bytes part{};
    size_t size = part.size();
    if (!key || EVP_PKEY_get_raw_public_key(key.get(), part.data(), &size) <= 0 || size != part.size())
        return fail("deriving a host key: OpenSSL has no ed25519");
    return part;
}

// What the base64 of a key of this type begins with: its own name, as far as that fills whole characters.
std::string beginning_of(std::string_view type) {
    const std::string name = counted(type);
    return to_base64(name.substr(0, name.size() / 3 * 3));
}

}  // namespace

Result<RescueHostKey> rescue_host_key(std::string_view authkey, std::string_view node) {
    const Bytes secret = TRY(derive_key(authkey, std::string(purpose) + std::string(node)));
    const Bytes open = TRY(public_part(secret));
    RescueHostKey key;
    key.dropbear_file = counted(ed25519) + counted(std::string(text_of(secret)) + std::string(text_of(open)));
    key.public_line = fmt::format("{} {}", ed25519, to_base64(counted(ed25519) + counted(text_of(open))));
    return key;
}

Result<NodeSshKey> node_ssh_key(std::string_view authkey) {
    const Bytes secret = TRY(derive_key(authkey, node_purpose));
    const Bytes open = TRY(public_part(secret));
    const std::string blob = counted(ed25519) + counted(text_of(open));
    // OpenSSH's own format (PROTOCOL.key in its source), without a passphrase.
    std::string inside = std::string(8, '\0') + blob;  // twice the same number: that it was decrypted
    inside += counted(std::string(text_of(secret)) + std::string(text_of(open))) + counted("pando");
    for (char pad = 1; inside.size() % 8 != 0; ++pad) inside += pad;
    const std::string one_key(std::string_view("\0\0\0\1", 4));
    const std::string whole = std::string("openssh-key-v1") + '\0' + counted("none") + counted("none") + counted("") +
                              one_key + counted(blob) + counted(inside);
    const std::string text = to_base64(whole);
    NodeSshKey key;
    key.private_file = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    constexpr size_t width = 70;
    for (size_t at = 0; at < text.size(); at += width) key.private_file += text.substr(at, width) + "\n";
    key.private_file += "-----END OPENSSH PRIVATE KEY-----\n";
    key.public_line = fmt::format("{} {}", ed25519, to_base64(blob));
    return key;
}

std::string plain_key_fault(std::string_view line) {
    constexpr std::array<std::string_view, 7> types = {"ssh-ed25519",
                                                       "ssh-rsa",
                                                       "ecdsa-sha2-nistp256",
                                                       "ecdsa-sha2-nistp384",
                                                       "ecdsa-sha2-nistp521",
                                                       "sk-ssh-ed25519@openssh.com",
                                                       "sk-ecdsa-sha2-nistp256@openssh.com"};
    const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    if (std::any_of(line.begin(), line.end(), control)) return "it is more than one line, or holds control characters";
    const std::string_view type = line.substr(0, line.find(' '));
    if (std::find(types.begin(), types.end(), type) == types.end())
        return "it begins with no type of key; options before the type are not taken here, as they may run programs";
    const std::string_view rest = line.substr(std::min(line.size(), type.size() + 1));
    const std::string_view blob = rest.substr(0, rest.find(' '));
    const auto odd = [](unsigned char c) { return std::isalnum(c) == 0 && c != '+' && c != '/' && c != '='; };
    constexpr size_t least = 68;  // characters of an ed25519 key, the shortest
    if (blob.size() < least || blob.size() % 4 != 0 || std::any_of(blob.begin(), blob.end(), odd) ||
        !blob.starts_with(beginning_of(type)))
        return fmt::format("what follows {} is no such key, or not all of it", type);
    return {};
}

}  // namespace pando::config
