// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine says of itself to whoever collects: one datagram (report/packet.h). A blade says it at every stage of
// its boot, a node that is up every two seconds. All of it fits into one packet: long texts are cut.
//
//   Report report{.node = "n2", .state = State::booting, .stage = {.name = "join", .number = 9, .count = 12}};
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace pando::report {

enum class State {
    booting,   // a stage runs
    failed,    // a stage has failed: error and advice say why, `then` what happens next
    starting,  // the shared root is "/", and systemd starts what is on it
    booted,
    leaving,  // it stops in order
    left,     // it has left the cluster, and is off or boots anew
};
std::string_view name_of(State state);

struct Stage {
    std::string name;                // join
    uint32_t number = 0, count = 0;  // 9 of 12
    uint32_t attempt = 1;
    uint32_t seconds = 0;             // since it began, or since the failure
    uint32_t deadline = 0;            // seconds it may take; 0: a person has taken over
    std::string waiting_for;          // "quorum: 1 of 3 votes, …"; empty: its own work
    std::string error, advice, then;  // of a failure; `then`: "this machine reboots (policy reboot)"
};

struct Votes {
    bool quorate = false;
    uint32_t present = 0, expected = 0, needed = 0;
};

struct Report {
    std::string node;                  // empty: the machine does not know it yet
    std::string mac, serial, address;  // of the machine
    State state = State::booting;
    Stage stage;                         // of a boot
    uint32_t up = 0;                     // seconds since the kernel started
    std::optional<Votes> votes;          // absent: no corosync answers
    std::string root;                    // mounted, read-only, suspended, frozen; empty: it is not mounted
    uint32_t frozen = 0;                 // seconds
    std::string frozen_for;              // what it waits for: "n2 to be fenced"
    std::string fencing;                 // nodes this one has seen that must be fenced: "n2 n3"
    std::optional<uint32_t> fence_test;  // age of the oldest last test of a device, seconds
    uint32_t fence_failing = 0;          // devices whose last test failed
    std::string chroot;                  // ok; or what is wrong with it: "daemons run older files"
    uint64_t generation = 0;             // of the description it goes by
    uint32_t reboot_changes = 0;         // keys of the description that its next boot takes over
    std::string reboot_keys;             // some of them: "nodes[n1].nics[lan0].mtu"
    uint32_t faults = 0;                 // as `pando status --here` counts them
    std::string fault;                   // the first of them
};

// Texts are cut and made plain on the way in: whoever sends, only printable UTF-8 of bounded length comes out.
nlohmann::json to_json(const Report& report);
std::optional<Report> report_of(const nlohmann::json& json);  // nothing: it is no report

}  // namespace pando::report
