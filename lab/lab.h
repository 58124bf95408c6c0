// SPDX-License-Identifier: GPL-2.0-or-later
// The lab: a disposable cluster of virtual diskless blades on one machine. Real DHCP, TFTP and HTTP boot, a real iSCSI
// target, a real BMC per blade, real kernels; one network namespace with no way out.
//
//   Lab lab = TRY(Lab::up(options, say));
//   TRY(lab.wait_for_console("n1", "login:", Deadline::after(120s)));
//   auto done = TRY(lab.ssh("n1", {"hostname"}, Deadline::after(10s)));
//   TRY(lab.power("n1", Power::off));              // by IPMI, as with real blades
//   TRY(Lab::down("lab", state));                  // by name: works after a crash of whoever brought it up
#pragma once

#include "base/process.h"
#include "base/result.h"
#include "config/cluster.h"
#include "lab/blade.h"
#include "lab/description.h"
#include "lab/network.h"
#include "lab/wait.h"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::lab {

struct LabOptions {
    std::string name = "lab";
    std::filesystem::path state;    // directory of all labs; see default_state()
    std::filesystem::path netboot;  // vmlinuz, pando.img, boot.ipxe; served as it is
    // The cluster; empty: the lab's own description with `blades` nodes.
    std::filesystem::path cluster_yaml;
    uint32_t blades = 2;
    std::filesystem::path lun;        // the root's LUN; empty: a new sparse file that goes with the lab
    uint64_t lun_size = 8ULL << 30U;  // bytes, of a new LUN
    std::map<std::string, std::filesystem::path> disks;  // by node: files that are local disks; they outlive the lab
    MachineOptions machine{.acceleration = Acceleration::automatic};
    std::string kernel_arguments;                       // added for every blade
    std::map<std::string, std::string> node_arguments;  // added for one
    bool power_on = true;
};

enum class Power { off, on };
enum class PowerAction { off, on, cycle, reset };
const char* to_string(Power power);
Result<PowerAction> parse_power_action(const std::string& word);

struct NodeStatus {
    std::string name;
    std::string address;
    std::string bmc;             // address
    std::optional<Power> power;  // as its BMC says; none when that does not answer
    std::string console;         // last line
    bool ssh = false;            // a server answers on port 22
};

using Progress = std::function<void(std::string_view)>;

// PANDO_LAB_STATE, or /var/lib/pando/lab.
std::filesystem::path default_state();

class Lab {
public:
    // All services up and, unless told otherwise, the blades switched on. What fails or is interrupted half-way is
    // taken down again. Refuses when a lab of that name is there.
    static Result<Lab> up(const LabOptions& options, const Progress& progress);
    // One that is up.
    static Result<Lab> open(const std::string& name, const std::filesystem::path& state);

    // Ends every process of the lab, removes namespace and files, and checks that nothing is left. Logs are kept
    // unless `purge`. No error when there is nothing to do.
    static Result<> down(const std::string& name, const std::filesystem::path& state, bool purge,
                         const Progress& progress);

    // By IPMI. Returns when the BMC reports the new state (cycle and reset: when it was accepted).
    Result<> power(const std::string& node, PowerAction action) const;
    Result<Power> power_state(const std::string& node) const;
    // The blade switched itself off: its QEMU ended, and its BMC says so.
    Result<> wait_for_off(const std::string& node, Deadline deadline) const;

    // For the node's next boot; replaces what was given before.
    Result<> set_kernel_arguments(const std::string& node, const std::string& arguments) const;

    Result<std::filesystem::path> console_log(const std::string& node) const;
    Result<std::filesystem::path> console_socket(const std::string& node) const;
    // How much the console had said when the blade was switched on last: the offset at which this boot begins.
    uint64_t power_on_offset(const std::string& node) const;
    Result<std::string> wait_for_console(const std::string& node, const std::string& pattern, Deadline deadline,
                                         uint64_t offset = 0) const;

    // A program in the lab's network, on this machine.
    Result<Finished> exec(const std::vector<std::string>& argv, Deadline deadline) const;
    // A command on a node; one word alone is a line for its shell.
    Result<Finished> ssh(const std::string& node, const std::vector<std::string>& argv, Deadline deadline) const;
    // The command line that does so, for a program that becomes it after move_into_namespace().
    Result<std::vector<std::string>> ssh_command(const std::string& node, const std::vector<std::string>& argv) const;
    // Until a login really works.
    Result<> wait_for_ssh(const std::string& node, Deadline deadline) const;

    std::vector<NodeStatus> status() const;

    const config::Cluster& cluster() const { return cluster_; }
    const std::string& name() const { return name_; }
    const std::filesystem::path& directory() const { return directory_; }
    std::string network() const;  // name of the namespace

private:
    Lab() = default;
    static Result<Lab> plan(const LabOptions& options, const std::filesystem::path& directory);
    Result<> start(const LabOptions& options, const Progress& progress);
    Result<> write_state(bool up) const;
    Result<> write_scripts(const LabOptions& options) const;
    NetworkPlan network_plan() const;
    Result<> start_dnsmasq() const;
    Result<> start_http() const;
    Result<> start_target() const;
    Result<> start_bmcs() const;
    Result<Child> spawn(const std::string& who, Command command, int stop_signal) const;
    Result<> wait_for_service(const std::string& who, const Child& child, const std::filesystem::path& log,
                              const std::function<Result<bool>()>& ready, Milliseconds pause = between_looks) const;
    std::filesystem::path power_on_file(const std::string& node) const;
    Result<const Blade*> find_blade(const std::string& node) const;
    Result<std::string> ipmi(const Blade& blade, const std::vector<std::string>& words) const;
    BladeFiles files(const Blade& blade) const { return BladeFiles(directory_, blade.name); }

    std::string name_;
    std::filesystem::path directory_;  // state/NAME
    std::filesystem::path netboot_;
    std::filesystem::path lun_;
    MachineOptions machine_;
    std::string cluster_yaml_;
    config::Cluster cluster_;
    std::vector<Blade> blades_;
};

}  // namespace pando::lab
