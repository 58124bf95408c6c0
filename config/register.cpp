// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/register.h"

#include "base/number.h"
#include "base/printable.h"
#include "base/sha256.h"
#include "config/beat_patience.h"

#include <poll.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::config {
namespace {

using Json = nlohmann::json;

constexpr std::string_view magic = "PANDO-RECORD 1 sha256=";
constexpr size_t digest_length = 64;
constexpr uint64_t mebibyte = 1U << 20U;
constexpr uint64_t claims_at = 8 * mebibyte;
constexpr uint64_t pending_at = 13 * mebibyte;
constexpr size_t pending_blocks = 64;
constexpr size_t text_limit = 128;  // bytes
constexpr size_t mac_limit = 16;
constexpr Milliseconds look_interval = beat_interval / 4;

uint64_t claim_offset(uint32_t id) { return claims_at + static_cast<uint64_t>(id) * Store::block; }
uint64_t pending_offset(size_t block) { return pending_at + block * Store::block; }

// --- One block -----------------------------------------------------------------------------------------------------

Result<std::string> framed(const Json& json) {
    // What was cut and cleaned is valid UTF-8; the rest (names, boot ids) is not left to throw either.
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string block = fmt::format("{}{}\n{}", magic, sha256(text), text);
    if (block.size() > Store::block)
        return fail("a record of {} bytes does not fit into a block of {}", block.size(), Store::block);
    block.resize(Store::block, '\0');
    return block;
}

// Nothing when the block is empty, torn, or of somebody else.
std::optional<Json> unframed(std::string_view block) {
    if (!block.starts_with(magic) || block.size() < magic.size() + digest_length + 1) return std::nullopt;
    const std::string_view digest = block.substr(magic.size(), digest_length);
    block.remove_prefix(magic.size() + digest_length);
    if (block.front() != '\n') return std::nullopt;
    block.remove_prefix(1);
    const std::string_view text = block.substr(0, block.find_last_not_of('\0') + 1);
    if (sha256(text) != digest) return std::nullopt;
    Json json = Json::parse(text, nullptr, false);
    return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}

// --- Fields --------------------------------------------------------------------------------------------------------

std::string text_of(const Json& json, const char* key) {
    const auto at = json.find(key);
    return at != json.end() && at->is_string() ? plain_text(at->get_ref<const std::string&>(), text_limit)
                                               : std::string();
}

std::optional<std::string> key_of(const Json& json, const char* key) {
    std::string text = text_of(json, key);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

uint64_t number_of(const Json& json, const char* key) {
    const auto at = json.find(key);
    return at != json.end() && at->is_number_unsigned() ? at->get<uint64_t>() : 0;
}

void put(Json& json, const char* key, const std::string& text) {
    if (!text.empty()) json[key] = plain_text(text, text_limit);
}

Json show(const MachineRecord& machine) {
    Json json = Json::object();
    put(json, "uuid", machine.identity.uuid.value_or(""));
    put(json, "serial", machine.identity.serial.value_or(""));
    put(json, "asset", machine.identity.asset.value_or(""));
    put(json, "vendor", machine.vendor);
    put(json, "product", machine.product);
    put(json, "address", machine.address);
    json["macs"] = Json::array();
    for (size_t i = 0; i < std::min(machine.macs.size(), mac_limit); ++i)
        json["macs"].push_back(plain_text(machine.macs[i], text_limit / 4));
    return json;
}

MachineRecord machine_of(const Json& record) {
    const auto at = record.find("machine");
    if (at == record.end() || !at->is_object()) return {};
    const Json& json = *at;
    MachineRecord machine{{key_of(json, "uuid"), key_of(json, "serial"), key_of(json, "asset")},
                          text_of(json, "vendor"),
                          text_of(json, "product"),
                          {},
                          text_of(json, "address")};
    const auto macs = json.find("macs");
    if (macs == json.end() || !macs->is_array()) return machine;
    for (const Json& mac : *macs)
        if (mac.is_string() && machine.macs.size() < mac_limit)
            machine.macs.push_back(plain_text(mac.get_ref<const std::string&>(), text_limit / 4));
    return machine;
}

constexpr std::pair<ClaimState, const char*> claim_states[] = {
    {ClaimState::booting, "booting"}, {ClaimState::up, "up"}, {ClaimState::left, "left"}};

std::optional<Claim> claim_of(std::string_view block, uint32_t id) {
    const auto json = unframed(block);
    // The id in it shows that the record was meant for this block.
    if (!json || number_of(*json, "id") != id) return std::nullopt;
    Claim claim{id,
                text_of(*json, "node"),
                machine_of(*json),
                text_of(*json, "boot"),
                ClaimState::booting,
                number_of(*json, "beat"),
                number_of(*json, "generation"),
                number_of(*json, "time")};
    const std::string state = text_of(*json, "state");
    const auto* const known = std::find_if(std::begin(claim_states), std::end(claim_states),
                                           [&](const auto& row) { return state == row.second; });
    if (known == std::end(claim_states) || claim.boot.empty()) return std::nullopt;
    claim.state = known->first;
    return claim;
}

std::optional<Pending> pending_of(std::string_view block, size_t number) {
    const auto json = unframed(block);
    if (!json || !json->contains("waited")) return std::nullopt;
    Pending pending{machine_of(*json),          text_of(*json, "boot"),   number_of(*json, "beat"),
                    number_of(*json, "waited"), number_of(*json, "left"), number};
    return pending.boot.empty() ? std::nullopt : std::optional(std::move(pending));
}

Result<> check_id(uint32_t id) {
    if (id >= 1 && id <= highest_claim) return {};
    return bad_input("node id {}: the register on the LUN has room for 1 to {}", id, highest_claim)
        .advise("give the node a smaller id in cluster.yaml");
}

// --- Pending -------------------------------------------------------------------------------------------------------

// By block; an empty place is free.
Result<std::vector<std::optional<Pending>>> pending_places(Store& store) {
    const std::string area = TRY(store.read(pending_at, pending_blocks * Store::block));
    std::vector<std::optional<Pending>> places;
    for (size_t i = 0; i < pending_blocks; ++i)
        places.push_back(pending_of(std::string_view(area).substr(i * Store::block, Store::block), i));
    return places;
}

size_t first_place(const std::string& boot) {
    return whole_number<uint32_t>(sha256(boot).substr(0, 8), 16).value_or(0) % pending_blocks;
}

bool is_stale(const Pending& found, const std::vector<Pending>& stale) {
    return std::any_of(stale.begin(), stale.end(), [&](const Pending& seen) {
        return seen.block == found.block && seen.boot == found.boot && seen.beat == found.beat;
    });
}

std::optional<size_t> place_for(const std::string& boot, const std::vector<std::optional<Pending>>& places,
                                const std::vector<Pending>& stale) {
    for (size_t i = 0; i < places.size(); ++i)
        if (places[i] && places[i]->boot == boot) return i;
    for (size_t i = 0; i < places.size(); ++i) {
        const size_t at = (first_place(boot) + i) % places.size();
        if (!places[at] || is_stale(*places[at], stale)) return at;
    }
    return std::nullopt;
}

// --- Who is alive --------------------------------------------------------------------------------------------------

struct Beats {
    std::map<std::string, uint64_t> by_boot;
    std::vector<uint32_t> claims;  // ids that have one
};

void note(Beats& beats, const std::string& boot, uint64_t beat) {
    uint64_t& known = beats.by_boot[boot];
    known = std::max(known, beat);
}

Result<> note_pending(Store& store, Beats& beats) {
    for (const Pending& pending : TRY(read_pending(store))) note(beats, pending.boot, pending.beat);
    return {};
}

Result<Beats> all_beats(Store& store) {
    Beats beats;
    for (const Claim& claim : TRY(read_claims(store))) {
        if (claim.state == ClaimState::left) continue;
        note(beats, claim.boot, claim.beat);
        beats.claims.push_back(claim.id);
    }
    TRY(note_pending(store, beats));
    return beats;
}

// The same places once more, without all the empty blocks of the claims.
Result<Beats> beats_again(Store& store, const std::vector<uint32_t>& claims) {
    Beats beats;
    for (const uint32_t id : claims)
        if (const auto claim = TRY(read_claim(store, id)); claim) note(beats, claim->boot, claim->beat);
    TRY(note_pending(store, beats));
    return beats;
}

}  // namespace

Result<std::optional<Claim>> read_claim(Store& store, uint32_t id) {
    TRY(check_id(id));
    return claim_of(TRY(store.read(claim_offset(id), Store::block)), id);
}

Result<std::vector<Claim>> read_claims(Store& store) {
    const std::string area = TRY(store.read(claim_offset(1), highest_claim * Store::block));
    std::vector<Claim> claims;
    for (uint32_t id = 1; id <= highest_claim; ++id) {
        auto claim = claim_of(std::string_view(area).substr((id - 1) * Store::block, Store::block), id);
        if (claim) claims.push_back(std::move(*claim));
    }
    return claims;
}

Result<> write_claim(Store& store, const Claim& claim) {
    TRY(check_id(claim.id));
    Json json = {{"id", claim.id}, {"beat", claim.beat}, {"generation", claim.generation}, {"time", claim.time}};
    put(json, "node", claim.node);
    put(json, "boot", claim.boot);
    for (const auto& [state, name] : claim_states)
        if (state == claim.state) json["state"] = name;
    json["machine"] = show(claim.machine);
    return store.write(claim_offset(claim.id), TRY(framed(json)));
}

Result<> clear_claim(Store& store, uint32_t id) {
    TRY(check_id(id));
    return store.write(claim_offset(id), std::string(Store::block, '\0'));
}

Result<std::vector<Pending>> read_pending(Store& store) {
    std::vector<Pending> found;
    for (auto& place : TRY(pending_places(store)))
        if (place) found.push_back(std::move(*place));
    return found;
}

Result<size_t> write_pending(Store& store, const Pending& pending, const std::vector<Pending>& stale) {
    const auto place = place_for(pending.boot, TRY(pending_places(store)), stale);
    if (!place)
        return fail("{}: {} machines wait already, there is no room for one more", store.name(), pending_blocks)
            .advise("approve or switch off some of them: pando node pending");
    Json json = {{"beat", pending.beat}, {"waited", pending.waited}, {"left", pending.left}};
    put(json, "boot", pending.boot);
    json["machine"] = show(pending.machine);
    TRY(store.write(pending_offset(*place), TRY(framed(json))));
    return *place;
}

Result<> clear_pending(Store& store, size_t block, const std::string& boot) {
    if (block >= pending_blocks) return fail("the register has {} places, no place {}", pending_blocks, block);
    const auto there = pending_of(TRY(store.read(pending_offset(block), Store::block)), block);
    if (!there || there->boot != boot) return {};
    return store.write(pending_offset(block), std::string(Store::block, '\0'));
}

Result<> clear_register(Store& store) {
    TRY(store.write(claim_offset(1), std::string(highest_claim * Store::block, '\0')));
    return store.write(pending_at, std::string(pending_blocks * Store::block, '\0'));
}

Result<std::map<std::string, bool>> who_is_alive(Store& store, Milliseconds span) {
    const Beats before = TRY(all_beats(store));
    BeatPatience patience(span);  // begins behind the first look, however long that one took
    std::map<std::string, bool> alive;
    for (const auto& [boot, beat] : before.by_boot) alive[boot] = false;
    for (;;) {
        const auto waited_for = [](const auto& row) { return !row.second; };
        if (std::none_of(alive.begin(), alive.end(), waited_for)) return alive;
        const bool last = patience.over();
        const Beats now = TRY(patience.look([&] { return beats_again(store, before.claims); }));
        for (const auto& [boot, beat] : now.by_boot) {
            const auto known = before.by_boot.find(boot);
            // Who was not there before has come meanwhile.
            if (known == before.by_boot.end() || beat > known->second) alive[boot] = true;
        }
        if (std::none_of(alive.begin(), alive.end(), waited_for)) return alive;
        if (last && patience.over()) return alive;
        (void)poll(nullptr, 0, patience.poll_timeout(look_interval));
    }
}

}  // namespace pando::config
