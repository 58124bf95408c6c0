// SPDX-License-Identifier: GPL-2.0-or-later
// One virtual blade: a QEMU machine with the identity its node's description names, no disk unless it is given one, a
// serial console, a watchdog card, memory for the last words of its kernel, and a BMC of its own.
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "config/cluster.h"
#include "lab/acceleration.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::lab {

struct BladeNic {
    std::string mac;
    std::string tap;  // host side, inside the lab's namespace
};

struct Bmc {
    std::string address;
    std::string user;
    std::string password;
    uint16_t system_port = 0;  // loopback port where ipmi_sim and QEMU meet
};

struct Blade {
    std::string name;     // the node's
    uint32_t id = 0;      // the node's
    std::string address;  // the node's, without prefix length
    config::MachineIdentity machine;
    std::vector<BladeNic> nics;  // the first one boots
    Bmc bmc;
    std::filesystem::path disk;  // a file that is its local disk; empty: it has none
};

// What a blade of the lab needs the description to say; an Error (bad input) names what is missing.
Result<Blade> make_blade(const config::Node& node, size_t index);

struct MachineOptions {
    uint32_t memory_mib = 1024;
    uint32_t cpus = 1;
    Acceleration acceleration = Acceleration::emulation;
};

// Where the blade's files are.
struct BladeFiles {
    explicit BladeFiles(const std::filesystem::path& lab, const std::string& node);
    std::filesystem::path console_socket;
    std::filesystem::path console_log;
    std::filesystem::path qemu_log;
    std::filesystem::path qmp_socket;
    std::filesystem::path pid_file;
    std::filesystem::path start;  // the program the BMC starts: becomes QEMU
    std::filesystem::path bmc_conf;
    std::filesystem::path bmc_commands;
    std::filesystem::path bmc_state;  // directory
    std::filesystem::path bmc_log;
    std::filesystem::path firmware_log;  // what the blade's kernel keeps at a panic; outlives its machine
};

std::vector<std::string> qemu_argv(const Blade& blade, const MachineOptions& options, const BladeFiles& files);
// ipmi_sim runs its startcmd by a shell: this script, whose only line becomes QEMU.
std::string start_script(const std::vector<std::string>& argv, const std::filesystem::path& log);
std::string bmc_conf(const Blade& blade, const BladeFiles& files);
std::string bmc_commands();

// The blade's QEMU while it runs. It holds a lock on its pid file, so a left-over file or a recycled pid is no answer.
std::optional<Child> running_blade(const BladeFiles& files);

}  // namespace pando::lab
