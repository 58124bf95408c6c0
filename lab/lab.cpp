// SPDX-License-Identifier: GPL-2.0-or-later
// What can be done with a lab that is up. Bringing it up is in up.cpp, taking it down in down.cpp.
#include "lab/lab.h"

#include "base/file.h"
#include "config/load.h"
#include "lab/console.h"
#include "lab/layout.h"
#include "lab/netboot.h"
#include "lab/network.h"
#include "lab/ssh.h"
#include "lab/wait.h"

#include <poll.h>
#include <unistd.h>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace pando::lab {
namespace {

constexpr auto ipmi_deadline = std::chrono::seconds(20);
constexpr auto power_deadline = std::chrono::seconds(30);
constexpr auto ssh_attempt = std::chrono::seconds(15);
constexpr auto banner_deadline = Milliseconds(1500);

// A server that answers by its name, not only a port that is open.
bool ssh_answers(const std::string& network, const std::string& address) {
    const Deadline deadline = Deadline::after(banner_deadline);
    auto fd = connect_inside(network, address, 22, deadline);
    if (!fd) return false;
    pollfd ready{fd->get(), POLLIN, 0};
    if (poll(&ready, 1, deadline.poll_timeout()) != 1) return false;
    char banner[4];
    return read(fd->get(), banner, sizeof banner) == sizeof banner && std::string_view(banner, sizeof banner) == "SSH-";
}

}  // namespace

const char* to_string(Power power) { return power == Power::on ? "on" : "off"; }

Result<PowerAction> parse_power_action(const std::string& word) {
    if (word == "off") return PowerAction::off;
    if (word == "on") return PowerAction::on;
    if (word == "cycle") return PowerAction::cycle;
    if (word == "reset") return PowerAction::reset;
    return bad_input("'{}' is nothing a BMC can do here", word).advise("use on, off, cycle, reset or status");
}

std::filesystem::path default_state() {
    const char* given = std::getenv("PANDO_LAB_STATE");
    return given != nullptr && *given != '\0' ? given : "/var/lib/pando/lab";
}

std::string Lab::network() const { return network_name(name_); }

Result<Lab> Lab::open(const std::string& name, const std::filesystem::path& state) {
    TRY(check_name(name));
    Lab lab;
    lab.name_ = name;
    lab.directory_ = state / name;
    auto text = read_file(state_file(lab.directory_));
    if (!text && text.error().sys == ENOENT)
        return bad_input("there is no lab {} in {}", name, state.string()).advise("pando lab up brings one up");
    const auto json = nlohmann::json::parse(TRY(std::move(text)), nullptr, false);
    if (!json.is_object())
        return fail("{} is damaged", state_file(lab.directory_).string())
            .advise(fmt::format("pando lab down --name {} clears it away", name));
    if (!json.value("up", false))
        return fail("lab {} is not up: its start is under way, or ended half-way", name)
            .advise(fmt::format("pando lab down --name {} clears it away", name));
    lab.netboot_ = json.value("netboot", "");
    lab.lun_ = json.value("lun", "");
    lab.cluster_ = TRY(config::load_file(cluster_file(lab.directory_)));
    for (const auto& node : lab.cluster_.nodes) lab.blades_.push_back(TRY(make_blade(node, lab.blades_.size() + 1)));
    return lab;
}

Result<const Blade*> Lab::find_blade(const std::string& node) const {
    std::string names;
    for (const auto& blade : blades_) {
        if (blade.name == node) return &blade;
        names += (names.empty() ? "" : ", ") + blade.name;
    }
    return bad_input("lab {} has no node {}", name_, node).advise("its nodes: " + names);
}

Result<std::string> Lab::ipmi(const Blade& blade, const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {"ipmitool",        "-I", "lanplus",      "-C", "3", "-H",
                                     blade.bmc.address, "-U", blade.bmc.user, "-E"};
    argv.insert(argv.end(), words.begin(), words.end());
    auto done = run_ok({.argv = argv,
                        .env = {{"IPMITOOL_PASSWORD", blade.bmc.password}},
                        .deadline = Deadline::after(ipmi_deadline),
                        .prepare = TRY(enter_namespace(network(), false))});
    if (!done) return Failure(done.error().context(fmt::format("BMC of node {}", blade.name)));
    return done->out;
}

Result<Power> Lab::power_state(const std::string& node) const {
    const Blade* blade = TRY(find_blade(node));
    const std::string said = TRY(ipmi(*blade, {"chassis", "power", "status"}));
    if (said.find("is on") != std::string::npos) return Power::on;
    if (said.find("is off") != std::string::npos) return Power::off;
    return fail("BMC of node {} said neither on nor off: {}", node, said);
}

Result<> Lab::power(const std::string& node, PowerAction action) const {
    const Blade* blade = TRY(find_blade(node));
    const auto state_is = [&](Power wanted) {
        return [this, &node, wanted]() -> Result<bool> { return TRY(power_state(node)) == wanted; };
    };
    switch (action) {
        case PowerAction::on:
            TRY(write_file_atomic(power_on_file(node), std::to_string(console_offset(TRY(console_log(node))))));
            TRY(ipmi(*blade, {"chassis", "power", "on"}));
            // The BMC says "on" as soon as it started something: believe it when QEMU has taken its pid file.
            return wait_until(
                fmt::format("node {}: QEMU's start (see {})", node, files(*blade).qemu_log.string()),
                Deadline::after(power_deadline), nullptr,
                [&]() -> Result<bool> {
                    if (running_blade(files(*blade))) return true;
                    if (TRY(power_state(node)) == Power::on) return false;
                    return fail("node {} went off again at once: {}", node,
                                read_line(files(*blade).qemu_log).value_or("QEMU said nothing"));
                },
                between_programs);
        case PowerAction::off:
            TRY(ipmi(*blade, {"chassis", "power", "off"}));
            return wait_until(fmt::format("node {}: BMC reports off", node), Deadline::after(power_deadline), nullptr,
                              state_is(Power::off), between_programs);
        case PowerAction::cycle:
            TRY(ipmi(*blade, {"chassis", "power", "cycle"}));
            return {};
        case PowerAction::reset:
            TRY(ipmi(*blade, {"chassis", "power", "reset"}));
            return {};
    }
    return {};
}

Result<> Lab::wait_for_off(const std::string& node, Deadline deadline) const {
    const Blade* blade = TRY(find_blade(node));
    auto qemu = running_blade(files(*blade));
    if (qemu) {
        auto ended = qemu->wait(deadline);
        if (!ended && ended.error().kind == ErrorKind::timeout)
            return fail("node {} did not switch itself off in time; console: {}", node,
                        last_line(read_file(files(*blade).console_log).value_or("")))
                .kind(ErrorKind::timeout);
        (void)TRY(std::move(ended));
    }
    return wait_until(
        fmt::format("node {}: BMC reports off", node), deadline, nullptr,
        [&]() -> Result<bool> { return TRY(power_state(node)) == Power::off; }, between_programs);
}

Result<> Lab::set_kernel_arguments(const std::string& node, const std::string& arguments) const {
    const Blade* blade = TRY(find_blade(node));
    const std::string script = TRY(read_file(scripts_directory(directory_) / "any.ipxe"));
    for (const auto& nic : blade->nics)
        TRY(write_file_atomic(scripts_directory(directory_) / blade_script_name(nic.mac),
                              with_kernel_arguments(script, arguments)));
    return {};
}

Result<std::filesystem::path> Lab::console_log(const std::string& node) const {
    return files(*TRY(find_blade(node))).console_log;
}

Result<std::filesystem::path> Lab::console_socket(const std::string& node) const {
    return files(*TRY(find_blade(node))).console_socket;
}

std::filesystem::path Lab::power_on_file(const std::string& node) const {
    return run_directory(directory_) / (node + ".power-on");
}

uint64_t Lab::power_on_offset(const std::string& node) const {
    const auto text = read_line(power_on_file(node));
    return text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
}

Result<std::string> Lab::wait_for_console(const std::string& node, const std::string& pattern, Deadline deadline,
                                          uint64_t offset) const {
    auto line = lab::wait_for_console(TRY(console_log(node)), pattern, deadline, offset);
    if (!line) return Failure(line.error().context(fmt::format("node {}", node)));
    return line;
}

Result<Finished> Lab::exec(const std::vector<std::string>& argv, Deadline deadline) const {
    return run({.argv = argv, .deadline = deadline, .prepare = TRY(enter_namespace(network(), false))});
}

Result<std::vector<std::string>> Lab::ssh_command(const std::string& node, const std::vector<std::string>& argv) const {
    return ssh_argv(default_key, TRY(find_blade(node))->address, argv);
}

Result<Finished> Lab::ssh(const std::string& node, const std::vector<std::string>& argv, Deadline deadline) const {
    auto done = exec(TRY(ssh_command(node, argv)), deadline);
    if (!done) return Failure(done.error().context(fmt::format("node {}", node)));
    return done;
}

Result<> Lab::wait_for_ssh(const std::string& node, Deadline deadline) const {
    const Blade* blade = TRY(find_blade(node));
    std::string last = "nothing answers on port 22";
    const auto login_works = [&]() -> Result<bool> {
        if (!ssh_answers(network(), blade->address)) return false;
        auto done = ssh(node, {"true"}, deadline.capped(ssh_attempt));
        if (done && done->ok()) return true;
        last = done ? done->err : done.error().what;
        return false;
    };
    auto reached = wait_until(fmt::format("node {}: ssh", node), deadline, nullptr, login_works, between_programs);
    if (!reached && reached.error().kind == ErrorKind::timeout)
        return fail("node {}: no ssh in time: {}; console: {}", node, last,
                    last_line(read_file(files(*blade).console_log).value_or("")))
            .kind(ErrorKind::timeout)
            .advise(fmt::format("the whole console is in {}", files(*blade).console_log.string()));
    return reached;
}

std::vector<NodeStatus> Lab::status() const {
    std::vector<NodeStatus> all;
    for (const auto& blade : blades_) {
        NodeStatus node;
        node.name = blade.name;
        node.address = blade.address;
        node.bmc = blade.bmc.address;
        if (auto state = power_state(blade.name)) node.power = *state;
        node.console = last_line(read_file(files(blade).console_log).value_or(""));
        node.ssh = node.power == Power::on && ssh_answers(network(), blade.address);
        all.push_back(std::move(node));
    }
    return all;
}

}  // namespace pando::lab
