// SPDX-License-Identifier: GPL-2.0-or-later
// Storage: controllers, the ways to remote disks, and disks.
#include "hwdetect/hardware_names.h"
#include "hwdetect/inventory_parts.h"
#include "hwdetect/pci.h"
#include "hwdetect/sysfs.h"

#include <algorithm>
#include <array>

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

std::string controller_kind(const PciDevice& device) {
    constexpr unsigned storage = 0x01;
    struct Kind {
        unsigned subclass;
        const char* name;
    };
    constexpr std::array kinds = {Kind{0x00, "SCSI"}, Kind{0x01, "IDE"}, Kind{0x04, "RAID"}, Kind{0x05, "ATA"},
                                  Kind{0x06, "SATA"}, Kind{0x07, "SAS"}, Kind{0x08, "NVMe"}};
    if (device.base_class() != storage) return "Fibre Channel";
    for (const Kind& kind : kinds)
        if (kind.subclass == device.subclass()) return kind.name;
    return "storage";
}

bool is_storage(const PciDevice& device) {
    constexpr unsigned storage = 0x01, serial_bus = 0x0c, fibre_channel = 0x04;
    return device.base_class() == storage || (device.base_class() == serial_bus && device.subclass() == fibre_channel);
}

// A virtio card is driven by virtio_pci, which says nothing; what drives the device on it does.
std::string driver_of(const Sysroot& root, const PciDevice& device) {
    const fs::path path = fs::path("sys/bus/pci/devices") / device.address;
    if (device.driver == "virtio-pci")
        for (const std::string& name : names_in(root, path))
            if (name.starts_with("virtio"))
                if (auto driver = link_name(root, path / name / "driver"); !driver.empty()) return driver;
    return device.driver;
}

std::vector<Controller> read_controllers(const Sysroot& root) {
    const HardwareNames names;
    std::vector<Controller> controllers;
    for (const PciDevice& device : pci_devices(root))
        if (is_storage(device))
            controllers.push_back({.address = device.address,
                                   .kind = controller_kind(device),
                                   .driver = driver_of(root, device),
                                   .id = device.id,
                                   .product = names.product(device.modalias)});
    return controllers;
}

std::vector<FcPort> read_fc_ports(const Sysroot& root) {
    const fs::path all = "sys/class/fc_host";
    std::vector<FcPort> ports;
    for (const std::string& name : names_in(root, all)) {
        const auto say = [&](const char* field) { return line_or_empty(root, all / name / field); };
        ports.push_back({.name = name,
                         .wwpn = say("port_name"),
                         .wwnn = say("node_name"),
                         .address = bus_address(root, all / name),
                         .state = say("port_state"),
                         .speed = say("speed")});
    }
    return ports;
}

// "InitiatorName=iqn.…" in the file open-iscsi reads, else what a running session says.
std::string read_initiator(const Sysroot& root, const std::vector<IscsiSession>& sessions) {
    constexpr std::string_view key = "InitiatorName=";
    const auto text = root.read("etc/iscsi/initiatorname.iscsi", 1U << 16U);
    if (!sessions.empty() && !sessions.front().initiator.empty()) return sessions.front().initiator;
    for (size_t at = 0; text && at < text->size();) {
        const size_t end = std::min(text->find('\n', at), text->size());
        const std::string line = cleaned(std::string_view(*text).substr(at, end - at));
        if (line.starts_with(key)) return line.substr(key.size());
        at = end + 1;
    }
    return {};
}

// session3 has connection3:0.
std::string portal_of(const Sysroot& root, const std::string& session) {
    const fs::path connections = "sys/class/iscsi_connection";
    const std::string wanted = "connection" + session.substr(std::string_view("session").size()) + ":";
    for (const std::string& name : names_in(root, connections)) {
        if (!name.starts_with(wanted)) continue;
        const std::string address = line_or_empty(root, connections / name / "persistent_address");
        if (!address.empty() && address != "(null)")
            return fmt::format("{}:{}", address, line_or_empty(root, connections / name / "persistent_port"));
    }
    return {};
}

std::vector<IscsiSession> read_sessions(const Sysroot& root) {
    const fs::path all = "sys/class/iscsi_session";
    std::vector<IscsiSession> sessions;
    for (const std::string& name : names_in(root, all)) {
        if (!name.starts_with("session")) continue;
        const auto say = [&](const char* field) { return line_or_empty(root, all / name / field); };
        sessions.push_back({.initiator = say("initiatorname"),
                            .target = say("targetname"),
                            .portal = portal_of(root, name),
                            .state = say("state")});
    }
    return sessions;
}

std::vector<NvmeController> read_nvme(const Sysroot& root) {
    const fs::path all = "sys/class/nvme";
    std::vector<NvmeController> controllers;
    for (const std::string& name : names_in(root, all)) {
        const auto say = [&](const char* field) { return line_or_empty(root, all / name / field); };
        controllers.push_back({.name = name,
                               .model = say("model"),
                               .serial = say("serial"),
                               .firmware = say("firmware_rev"),
                               .transport = say("transport"),
                               .address = say("address"),
                               .state = say("state")});
    }
    return controllers;
}

// The way to the device tells what carries it; the last word that is known counts.
std::string transport_of(const Sysroot& root, const fs::path& block) {
    struct Word {
        std::string_view begins;
        const char* transport;
    };
    constexpr std::array words = {Word{"usb", "usb"},   Word{"ata", "sata"},        Word{"session", "iscsi"},
                                  Word{"rport-", "fc"}, Word{"end_device-", "sas"}, Word{"virtio", "virtio"},
                                  Word{"nvme", "nvme"}, Word{"mmc", "mmc"},         Word{"vbd-", "xen"}};
    const std::string direct = line_or_empty(root, block / "device/transport");  // of NVMe: pcie, tcp, …
    if (!direct.empty()) return direct == "pcie" ? "nvme" : "nvme-" + direct;
    std::string transport;
    const auto way = root.read_link(block);
    if (!way) return {};
    for (const fs::path& part : fs::path(*way).parent_path())
        for (const Word& word : words)
            if (part.string().starts_with(word.begins)) transport = word.transport;
    return transport;
}

// Four bytes of header, then the text (SCSI page 0x80).
std::string serial_of_page(const Sysroot& root, const fs::path& file) {
    constexpr size_t header = 4;
    const auto page = root.read(file, 4096);
    return page && page->size() > header ? cleaned(page->substr(header)) : std::string();
}

std::string first_of(std::initializer_list<std::string> texts) {
    for (const std::string& text : texts)
        if (!text.empty()) return text;
    return {};
}

Disk read_disk(const Sysroot& root, const std::string& name, const fs::path& block) {
    constexpr uint64_t sector = 512;  // the kernel counts in these, whatever the disk has
    const auto say = [&](const char* field) { return line_or_empty(root, block / field); };
    Disk disk;
    disk.name = name;
    disk.size = number(root, block / "size").value_or(0) * sector;
    // A virtio device's vendor and model are numbers of its bus.
    disk.vendor = say("device/vendor").starts_with("0x") ? std::string() : say("device/vendor");
    disk.model = say("device/model");
    disk.serial = first_of({say("serial"), say("device/serial"), serial_of_page(root, block / "device/vpd_pg80")});
    disk.wwn = first_of({say("wwid"), say("device/wwid")});
    disk.firmware = first_of({say("device/firmware_rev"), say("device/rev")});
    disk.rotational = say("queue/rotational") == "1";
    disk.transport = transport_of(root, block);
    disk.address = bus_address(root, block);
    return disk;
}

// Neither partitions nor what software makes (loop, dm, md, zram); CD drives and empty readers have no size.
std::vector<Disk> read_disks(const Sysroot& root) {
    const fs::path all = "sys/class/block";
    std::vector<Disk> disks;
    for (const std::string& name : names_in(root, all)) {
        const fs::path block = all / name;
        if (root.exists(block / "partition") || !root.exists(block / "device")) continue;
        if (line_or_empty(root, block / "hidden") == "1") continue;  // a path of a multipath NVMe disk
        Disk disk = read_disk(root, name, block);
        if (disk.size != 0) disks.push_back(std::move(disk));
    }
    return disks;
}

}  // namespace

StorageInfo read_storage(const Sysroot& root) {
    StorageInfo storage;
    storage.controllers = read_controllers(root);
    storage.fc_ports = read_fc_ports(root);
    storage.sessions = read_sessions(root);
    storage.initiator = read_initiator(root, storage.sessions);
    storage.nvme = read_nvme(root);
    storage.disks = read_disks(root);
    return storage;
}

}  // namespace pando::hwdetect
