// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/inventory.h"
#include "hwdetect/placeholder.h"

#include <algorithm>
#include <initializer_list>

namespace pando::hwdetect {
namespace {

std::string bytes(uint64_t size) {
    constexpr uint64_t mib = 1ULL << 20U, gib = 1ULL << 30U;
    if (size >= gib && size % gib == 0) return fmt::format("{} GiB", size / gib);
    if (size >= gib) return fmt::format("{:.1f} GiB", static_cast<double>(size) / static_cast<double>(gib));
    return fmt::format("{} MiB", size / mib);
}

// Disks are sold by powers of ten.
std::string disk_size(uint64_t size) {
    constexpr double giga = 1e9, tera = 1e12;
    const auto exact = static_cast<double>(size);
    return exact >= tera ? fmt::format("{:.1f} TB", exact / tera) : fmt::format("{:.1f} GB", exact / giga);
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

// A placeholder is shown and named as one: somebody looks for a serial and must see why there is none.
std::string marked(const std::string& text) {
    return !text.empty() && is_placeholder(text) ? fmt::format("\"{}\" (a placeholder)", text) : text;
}

std::string joined(std::initializer_list<std::string> texts, std::string_view between) {
    std::string out;
    for (const std::string& text : texts)
        if (!text.empty()) out += (out.empty() ? std::string() : std::string(between)) + text;
    return out;
}

std::string labelled(std::string_view label, const std::string& text) {
    return text.empty() ? std::string() : fmt::format("{} {}", label, marked(text));
}

// "NAME  what is to say of it", nothing when there is nothing to say.
class Page {
public:
    void line(std::string_view name, const std::string& text) {
        if (!text.empty()) text_ += fmt::format("{:<11}{}\n", name, text);
    }
    // Columns as wide as their widest cell; empty columns are left out, and empty ends of a row.
    void table(std::string_view name, const std::vector<std::vector<std::string>>& rows) {
        if (rows.empty()) return;
        std::vector<size_t> width(rows.front().size());
        for (const auto& row : rows)
            for (size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
        for (const auto& row : rows) {
            size_t cells = row.size();
            while (cells > 0 && row[cells - 1].empty()) --cells;
            std::string text;
            for (size_t i = 0; i < cells; ++i)
                if (width[i] != 0) text += fmt::format("{}{:{}}", text.empty() ? "" : "  ", or_dash(row[i]), width[i]);
            while (!text.empty() && text.back() == ' ') text.pop_back();
            line(&row == &rows.front() ? name : "", text);
        }
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

void add_system(Page& page, const SystemInfo& system) {
    page.line("system", joined({joined({marked(system.vendor), marked(system.product)}, " "),
                                labelled("serial", system.serial), labelled("UUID", system.uuid)},
                               ", "));
    page.line("board", joined({joined({marked(system.board_vendor), marked(system.board)}, " "),
                               labelled("version", system.board_version), labelled("serial", system.board_serial)},
                              ", "));
    page.line(
        "chassis",
        joined({system.chassis, labelled("serial", system.chassis_serial), labelled("asset tag", system.asset)}, ", "));
    page.line("firmware",
              joined({joined({system.bios_vendor, system.bios_version}, " "), labelled("of", system.bios_date),
                      system.uefi ? "started by UEFI" : "started by BIOS"},
                     ", "));
}

std::string counted(unsigned count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

void add_cpu(Page& page, const CpuInfo& cpu) {
    if (cpu.threads == 0) return page.line("CPU", cpu.model);
    page.line("CPU",
              fmt::format("{}{}, {}, {}", cpu.sockets > 1 ? fmt::format("{} x ", cpu.sockets) : "", or_dash(cpu.model),
                          counted(cpu.cores, "core", "cores"), counted(cpu.threads, "thread", "threads")));
}

void add_memory(Page& page, const MemoryInfo& memory) {
    std::string slots;
    if (memory.slots != 0) slots = fmt::format("{} of {} slots filled", memory.modules.size(), memory.slots);
    if (memory.installed != 0) page.line("memory", joined({bytes(memory.installed), slots}, ", "));
    std::vector<std::vector<std::string>> rows;
    rows.reserve(memory.modules.size());
    for (const MemoryModule& part : memory.modules)
        rows.push_back({part.slot, bytes(part.size), part.type,
                        part.speed == 0 ? "" : fmt::format("{} MT/s", part.speed), part.vendor, part.part,
                        is_placeholder(part.serial) ? "" : part.serial});
    page.table("", rows);
}

std::string link_text(const NicInfo& nic) {
    if (!nic.link) return "no link";
    if (!nic.speed) return "link";
    return *nic.speed % 1000 == 0 ? fmt::format("{} Gb/s", *nic.speed / 1000) : fmt::format("{} Mb/s", *nic.speed);
}

std::string mac_text(const NicInfo& nic) {
    if (nic.permanent_mac.empty() || nic.permanent_mac == nic.mac) return nic.mac;
    return fmt::format("{} (now {})", nic.permanent_mac, nic.mac);
}

void add_nics(Page& page, const std::vector<NicInfo>& nics) {
    std::vector<std::vector<std::string>> rows;
    rows.reserve(nics.size());
    for (const NicInfo& nic : nics)
        rows.push_back({nic.name, mac_text(nic), nic.mac_kind == "universal" ? "" : nic.mac_kind,
                        nic.driver.empty() ? "no driver" : nic.driver, nic.address, link_text(nic),
                        nic.boot ? "booted by it" : "", nic.product});
    page.table("NICs", rows);
}

void add_storage(Page& page, const StorageInfo& storage) {
    std::vector<std::vector<std::string>> rows;
    for (const Controller& card : storage.controllers)
        rows.push_back({card.address, card.kind, card.driver.empty() ? "no driver" : card.driver,
                        card.product.empty() ? card.id : card.product});
    page.table("storage", rows);
    rows.clear();
    for (const FcPort& port : storage.fc_ports)
        rows.push_back({port.name, "WWPN " + port.wwpn, port.address, port.state, port.speed});
    page.table("FC", rows);
    page.line("iSCSI", storage.initiator);
    rows.clear();
    for (const IscsiSession& session : storage.sessions)
        rows.push_back({session.target, session.portal, session.state});
    page.table(storage.initiator.empty() ? "iSCSI" : "", rows);
    rows.clear();
    for (const NvmeController& card : storage.nvme)
        rows.push_back({card.name, card.model, card.serial, card.firmware, card.transport, card.address, card.state});
    page.table("NVMe", rows);
    rows.clear();
    for (const Disk& disk : storage.disks)
        rows.push_back({disk.name, disk_size(disk.size), disk.rotational ? "rotates" : "", disk.transport,
                        joined({disk.vendor, disk.model}, " "), is_placeholder(disk.serial) ? "" : disk.serial,
                        disk.wwn});
    page.table("disks", rows);
}

std::string range_text(const WatchdogInfo& card) {
    if (!card.min_timeout) return "range unknown";
    if (!card.max_timeout) return fmt::format("takes {} s and more ({})", *card.min_timeout, card.range_from);
    return fmt::format("takes {}..{} s ({})", *card.min_timeout, *card.max_timeout, card.range_from);
}

void add_survival(Page& page, const Inventory& inventory) {
    std::vector<std::vector<std::string>> rows;
    rows.reserve(inventory.watchdogs.size());
    for (const WatchdogInfo& card : inventory.watchdogs)
        rows.push_back({card.device, card.identity, card.driver, range_text(card),
                        card.timeout ? fmt::format("set to {} s", *card.timeout) : "",
                        card.nowayout ? "cannot be stopped" : ""});
    page.table("watchdogs", rows);
    if (inventory.bmc) {
        const BmcInfo& bmc = *inventory.bmc;
        page.line("BMC",
                  joined({joined({bmc.device.empty() ? "no driver" : bmc.device, bmc.type}, " "), bmc.bus_address,
                          labelled("IPMI", bmc.specification), labelled("firmware", bmc.firmware),
                          labelled("address", bmc.address), labelled("GUID", bmc.guid)},
                         ", "));
    }
    if (inventory.tpm)
        page.line("TPM", joined({inventory.tpm->device, labelled("version", inventory.tpm->version)}, ", "));
}

}  // namespace

std::string to_text(const Inventory& inventory) {
    Page page;
    add_system(page, inventory.system);
    add_cpu(page, inventory.cpu);
    add_memory(page, inventory.memory);
    add_nics(page, inventory.nics);
    add_storage(page, inventory.storage);
    add_survival(page, inventory);
    std::vector<std::vector<std::string>> rows;
    for (const GpuInfo& gpu : inventory.gpus) rows.push_back({gpu.address, gpu.product.empty() ? gpu.id : gpu.product});
    page.table("GPUs", rows);
    for (const std::string& fault : inventory.faults) page.line("fault", fault);
    return page.text();
}

}  // namespace pando::hwdetect
