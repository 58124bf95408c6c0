// SPDX-License-Identifier: GPL-2.0-or-later
// Everything worth knowing of a machine: what a person would look for before and after a part was changed. Read from
// sysfs, /proc and the firmware's tables below a Sysroot, so a recorded machine is as good as this one. Texts are as
// the firmware has them, placeholders too (placeholders() names these); what is absent is empty.
//
//   const auto inventory = TRY(hwdetect::read_inventory(TRY(Sysroot::open("/"))));
//   fmt::print("{}\n", hwdetect::to_yaml(inventory));
//
// A boot needs less, at once: hwdetect/machine.h.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pando::hwdetect {

struct SystemInfo {
    std::string uuid, vendor, product, version, sku, serial;
    std::string board_vendor, board, board_version, board_serial;
    std::string chassis, chassis_serial, asset;  // chassis: "rack mount", "blade", …
    std::string bios_vendor, bios_version, bios_date;
    bool uefi = false;  // how the running system was started; false: BIOS
};

struct CpuInfo {
    std::string model;
    unsigned sockets = 0, cores = 0, threads = 0;  // of the processors that are online
};

struct MemoryModule {
    std::string slot;
    uint64_t size = 0;   // bytes
    std::string type;    // DDR4
    unsigned speed = 0;  // MT/s; 0: not told
    std::string vendor, part, serial;
};

struct MemoryInfo {
    uint64_t installed = 0;  // bytes; the modules' sum, else what the kernel was given
    uint64_t usable = 0;     // bytes the kernel manages
    unsigned slots = 0;      // with a module or without; 0: not told
    std::vector<MemoryModule> modules;
};

struct NicInfo {
    std::string name;
    std::string mac;            // now; lower case
    std::string permanent_mac;  // the card's own; empty when nobody tells
    std::string mac_kind;       // of the own one, else of that now: universal, local, random, unusable
    std::string driver, address, product;
    std::optional<unsigned> speed;  // Mb/s, of a link that is up
    bool link = false;
    bool boot = false;  // this machine was booted by it
};

struct Controller {
    std::string address;              // 0000:18:00.0
    std::string kind;                 // "SAS", "NVMe", … of its PCI class
    std::string driver, id, product;  // id: "1000:005d"
};

struct FcPort {
    std::string name, wwpn, wwnn, address, state, speed;
};

struct IscsiSession {
    std::string initiator, target, portal, state;
};

struct NvmeController {
    std::string name, model, serial, firmware, transport, address, state;
};

struct Disk {
    std::string name;
    uint64_t size = 0;  // bytes
    std::string vendor, model, serial, wwn, firmware;
    bool rotational = false;
    std::string transport;  // sata, sas, fc, iscsi, nvme, usb, virtio, …; empty when unknown
    std::string address;    // of the controller
};

struct StorageInfo {
    std::string initiator;  // the iSCSI name this machine goes by
    std::vector<Controller> controllers;
    std::vector<FcPort> fc_ports;
    std::vector<IscsiSession> sessions;
    std::vector<NvmeController> nvme;
    std::vector<Disk> disks;
};

struct WatchdogInfo {
    std::string device, identity, driver;
    std::optional<unsigned> timeout;  // seconds now set
    // The seconds it really takes. Nothing: nobody tells; an upper end of nothing: no limit.
    std::optional<unsigned> min_timeout, max_timeout;
    std::string range_from;  // "kernel", "driver" (hwdetect/watchdog_range.h), or empty
    bool nowayout = false;   // once started it cannot be stopped
};

struct BmcInfo {
    std::string device;         // ipmi0; empty when no driver holds it
    std::string type;           // kcs, bt, smic, ssif
    std::string driver;         // ipmi_si
    std::string bus_address;    // of its registers: "io 0xca2", "i2c 0x20"
    std::string address;        // in the network: by the firmware (Redfish host interface), or by the BMC itself
    std::string specification;  // of IPMI: "2.0"
    std::string firmware, guid;
};

struct TpmInfo {
    std::string device, version;  // "1.2", "2.0"
};

struct GpuInfo {
    std::string address, id, product;
};

// A device whose driver a boot loads: the image's drivers are chosen by these (hwdetect/known_machine.h).
struct BootDevice {
    std::string modalias;
    std::string driver, module;  // now; empty: none, or a driver that is built in
};

struct Inventory {
    SystemInfo system;
    CpuInfo cpu;
    MemoryInfo memory;
    std::vector<NicInfo> nics;
    StorageInfo storage;
    std::vector<WatchdogInfo> watchdogs;
    std::optional<BmcInfo> bmc;
    std::optional<TpmInfo> tpm;
    std::vector<GpuInfo> gpus;
    std::vector<BootDevice> boot_devices;  // by modalias, each once
    std::vector<std::string> faults;       // what could not be read, and why
};

// Opens no device and starts nothing. Error: the firmware's tables are there and must not be read (not root).
Result<Inventory> read_inventory(const Sysroot& root);

// Fields whose text is one that many machines have: "system.serial". Nobody is told apart by them.
std::vector<std::string> placeholders(const Inventory& inventory);

// The same keys in both; the keys are what `pando hw probe` documents and what is stored.
std::string to_json(const Inventory& inventory);
std::string to_yaml(const Inventory& inventory);

// For a person: grouped, aligned, as many lines as there are parts.
std::string to_text(const Inventory& inventory);

}  // namespace pando::hwdetect
