// SPDX-License-Identifier: GPL-2.0-or-later
// A report as one UDP datagram: small enough for any path without being cut into pieces, signed with a key that
// follows from the cluster's authkey (docs/decisions/0016).
//
//   0  "PNDR"            24  the cluster's mark: tells another cluster's packets without any secret
//   4  version, 1        32  counter: grows with every packet of one boot
//   5  1: signed         40  the sender's clock, milliseconds since 1970
//   6  bytes of the body 48  the body: JSON of report/report.h
//   8  boot id           ..  HMAC-SHA256 of all before it, when signed
// Numbers have their lowest byte first.
#pragma once

#include "config/derived_key.h"
#include "report/report.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pando::report {

constexpr size_t packet_limit = 1200;  // bytes, below any MTU with its headers: IPv6 promises 1280

using BootId = std::array<unsigned char, 16>;  // of all zeros: unknown
BootId boot_id_of(std::string_view text);      // the kernel's: 8f3c…-…
std::string to_text(const BootId& id);

struct Key {
    config::DerivedKey secret{};
    std::array<unsigned char, 8> mark{};  // of the cluster; no secret
};
// What all reporters of this cluster sign with.
Result<Key> report_key(std::string_view authkey, std::string_view cluster);

struct Packet {
    bool is_signed = false;  // and the signature is right
    BootId boot{};
    uint64_t counter = 0;
    uint64_t time = 0;  // of the sender's clock, milliseconds since 1970
    Report report;
};

// Without a key: a machine that has not read the bundle yet. Texts that are too long for a packet are cut.
std::string encode(const Packet& packet, const Key* key);

enum class Refusal {
    garbage,        // no packet of ours
    version,        // of another Pando
    other_cluster,  // signed with another cluster's key
    forged,         // this cluster's mark, and a wrong signature
};
std::string_view name_of(Refusal refusal);

// The signature is looked at before anything of the body is.
tl::expected<Packet, Refusal> decode(std::string_view datagram, const Key& key);

}  // namespace pando::report
