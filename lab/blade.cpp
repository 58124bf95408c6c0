// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/blade.h"

#include "base/fd.h"
#include "base/sha256.h"

#include <fcntl.h>

namespace pando::lab {
namespace {

constexpr uint16_t first_system_port = 9000;

Result<std::string> fence_option(const config::FenceDevice& device, const std::string& key) {
    const auto found = device.options.find(key);
    if (found == device.options.end() || found->second.empty())
        return bad_input("fence device {} has no {}", device.name, key)
            .advise("the lab's BMC answers where and to whom the options of fence_ipmilan say");
    return found->second;
}

Result<Bmc> bmc_of(const config::Node& node, size_t index) {
    for (const auto& device : node.fence) {
        if (device.agent != "fence_ipmilan") continue;
        Bmc bmc;
        bmc.address = TRY(fence_option(device, "ip"));
        bmc.user = TRY(fence_option(device, "username"));
        bmc.password = TRY(fence_option(device, "password"));
        bmc.system_port = static_cast<uint16_t>(first_system_port + index);
        return bmc;
    }
    return bad_input("node {} has no fence device with agent fence_ipmilan", node.name)
        .advise("a blade of the lab is switched on and off by an IPMI BMC: describe one");
}

// QEMU's option syntax: a comma inside a value is doubled.
std::string value(const std::string& text) {
    std::string result;
    for (char c : text) result += c == ',' ? std::string(",,") : std::string(1, c);
    return result;
}

}  // namespace

Result<Blade> make_blade(const config::Node& node, size_t index) {
    Blade blade;
    blade.name = node.name;
    blade.id = node.id;
    blade.address = node.cluster_address();
    blade.machine = node.machine;
    blade.bmc = TRY(bmc_of(node, index));
    for (const auto& nic : node.nics)
        if (nic.mac) blade.nics.push_back({*nic.mac, fmt::format("tap{}.{}", index, blade.nics.size())});
    if (blade.nics.empty())
        return bad_input("node {} has no NIC with a MAC", node.name)
            .advise("a diskless blade boots from its first NIC");
    return blade;
}

BladeFiles::BladeFiles(const std::filesystem::path& lab, const std::string& node)
    : console_socket(lab / "run" / (node + ".console")),
      console_log(lab / "logs" / (node + ".console")),
      qemu_log(lab / "logs" / (node + ".qemu")),
      qmp_socket(lab / "run" / (node + ".qmp")),
      pid_file(lab / "run" / (node + ".pid")),
      start(lab / "etc" / (node + ".start")),
      bmc_conf(lab / "etc" / (node + ".lan")),
      bmc_commands(lab / "etc" / (node + ".emu")),
      bmc_state(lab / "run" / (node + ".bmc")),
      bmc_log(lab / "logs" / (node + ".bmc")),
      firmware_log(lab / "run" / (node + ".erst")) {}

std::vector<std::string> qemu_argv(const Blade& blade, const MachineOptions& options, const BladeFiles& files) {
    // graphics=off sends the firmware's and iPXE's words to the serial port.
    std::vector<std::string> argv = {"qemu-system-x86_64",
                                     "-name",
                                     blade.name,
                                     "-nodefaults",
                                     "-no-user-config",
                                     "-machine",
                                     "q35,graphics=off",
                                     "-m",
                                     fmt::format("{}M", options.memory_mib),
                                     "-smp",
                                     std::to_string(options.cpus),
                                     "-display",
                                     "none",
                                     "-monitor",
                                     "none"};
    const auto add = [&argv](std::string option, std::string argument) {
        argv.push_back(std::move(option));
        argv.push_back(std::move(argument));
    };
    for (auto& word : acceleration_arguments(options.acceleration)) argv.push_back(std::move(word));
    if (blade.machine.uuid) add("-uuid", *blade.machine.uuid);
    std::string system = "type=1,manufacturer=Pando,product=lab blade";
    if (blade.machine.serial) system += ",serial=" + value(*blade.machine.serial);
    add("-smbios", system);
    if (blade.machine.asset) add("-smbios", "type=3,manufacturer=Pando,asset=" + value(*blade.machine.asset));
    for (size_t i = 0; i < blade.nics.size(); ++i) {
        add("-netdev", fmt::format("tap,id=nic{},ifname={},script=no,downscript=no", i, blade.nics[i].tap));
        // A bond by LACP takes no port whose speed and duplex it does not know.
        add("-device", fmt::format("virtio-net-pci,netdev=nic{},mac={},speed=10000,duplex=full{}", i, blade.nics[i].mac,
                                   i == 0 ? ",bootindex=1" : ""));
    }
    if (!blade.disk.empty()) {
        add("-drive", fmt::format("if=none,id=disk,format=raw,file={}", value(blade.disk.string())));
        add("-device", "virtio-blk-pci,drive=disk,serial=" + value("disk-" + blade.name));
    }
    add("-device", "virtio-rng-pci");
    add("-device", "i6300esb");
    add("-action", "watchdog=reset");
    // ACPI ERST, where the kernel's pstore keeps its log at a panic. QEMU makes the file.
    add("-object",
        fmt::format("memory-backend-file,id=erst,mem-path={},size=256K,share=on", value(files.firmware_log.string())));
    add("-device", "acpi-erst,memdev=erst");
    add("-chardev", fmt::format("socket,id=console,path={},server=on,wait=off,logfile={},logappend=on",
                                value(files.console_socket.string()), value(files.console_log.string())));
    add("-serial", "chardev:console");
    // The BMC's other side: what the blade's own kernel sees as /dev/ipmi0, and how the BMC resets the blade.
    add("-chardev", fmt::format("socket,id=bmc,host=127.0.0.1,port={},reconnect=1", blade.bmc.system_port));
    add("-device", "ipmi-bmc-extern,id=bmc0,chardev=bmc");
    add("-device", "isa-ipmi-kcs,bmc=bmc0");
    add("-qmp", fmt::format("unix:{},server=on,wait=off", value(files.qmp_socket.string())));
    add("-pidfile", files.pid_file.string());
    return argv;
}

std::string start_script(const std::vector<std::string>& argv, const std::filesystem::path& log) {
    return fmt::format("#!/bin/sh\nexec {} >>{} 2>&1\n", shown(argv), shown({log.string()}));
}

std::string bmc_conf(const Blade& blade, const BladeFiles& files) {
    // Off is at once, as with real hardware: two seconds at most for QEMU to go by itself, then signals.
    return fmt::format(R"(name "{name}"
set_working_mc 0x20
  startlan 1
    addr {address} 623
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid {guid}
  endlan
  serial 15 127.0.0.1 {port} codec VM
  startcmd "{start}"
  startnow false
  poweroff_wait 2
  kill_wait 2
  user 2 true "{user}" "{password}" admin 10 md5
)",
                       fmt::arg("name", blade.name), fmt::arg("address", blade.bmc.address),
                       // Without one ipmi_sim opens no IPMI 2.0 session.
                       fmt::arg("guid", sha256(blade.name + blade.bmc.address).substr(0, 32)),
                       fmt::arg("port", blade.bmc.system_port), fmt::arg("start", files.start.string()),
                       fmt::arg("user", blade.bmc.user), fmt::arg("password", blade.bmc.password));
}

std::string bmc_commands() {
    return "mc_setbmc 0x20\n"
           "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n"
           "sel_enable 0x20 1000 0x0a\n"
           // Its watchdog: ipmi_sim counts, and does nothing at the end, unless sensor 0 is that.
           "sensor_add 0x20 0 0 35 0x6f event-only\n"
           "mc_enable 0x20\n";
}

std::optional<Child> running_blade(const BladeFiles& files) {
    UniqueFd fd(open(files.pid_file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid()) return std::nullopt;
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd.get(), F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0) return std::nullopt;
    auto child = Child::adopt(lock.l_pid);
    if (!child || !child->running()) return std::nullopt;
    return std::move(*child);
}

}  // namespace pando::lab
