// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/known_machine.h"

#include "base/process.h"
#include "hwdetect/inventory.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <map>
#include <nlohmann/json.hpp>

using namespace pando;
using namespace pando::hwdetect;
using test::RecordedMachine;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

namespace {

std::string inventory_of(const std::string& machine) {
    const auto inventory = read_inventory(RecordedMachine::from_file(machine).root());
    EXPECT_TRUE(inventory) << inventory.error().what;
    return inventory ? to_json(*inventory) : "";
}

// A kernel that has these modules, by name alone.
ModulesFor kernel_with(std::vector<std::string> names) {
    return [names = std::move(names)](const std::string& wanted) {
        const auto found = std::find(names.begin(), names.end(), wanted);
        return found == names.end() ? std::vector<std::string>() : std::vector<std::string>{wanted};
    };
}

// An object file that is a kernel module as far as depmod looks: what it says of itself.
std::string module_file(const std::string& modinfo) {
    const std::string names("\0.modinfo\0.shstrtab\0", 20);
    Elf64_Ehdr header{};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 3;
    header.e_shstrndx = 2;
    header.e_shoff = sizeof header;
    Elf64_Shdr sections[3] = {};
    const uint64_t data = sizeof header + sizeof sections;
    sections[1].sh_name = 1;
    sections[1].sh_type = SHT_PROGBITS;
    sections[1].sh_offset = data;
    sections[1].sh_size = modinfo.size();
    sections[2].sh_name = 10;
    sections[2].sh_type = SHT_STRTAB;
    sections[2].sh_offset = data + modinfo.size();
    sections[2].sh_size = names.size();
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
           std::string(reinterpret_cast<const char*>(sections), sizeof sections) + modinfo + names;
}

// lib/modules/6.9.0 with modules of these aliases, and the indexes that depmod makes.
std::filesystem::path make_kernel(const std::filesystem::path& root,
                                  const std::map<std::string, std::string>& modules) {
    const auto directory = root / "lib/modules/6.9.0";
    EXPECT_TRUE(make_directories(directory / "kernel/drivers"));
    for (const auto& [name, alias] : modules) {
        std::string modinfo = "license=GPL";
        modinfo += '\0';
        modinfo += "alias=" + alias + '\0';
        EXPECT_TRUE(write_file_atomic(directory / "kernel/drivers" / (name + ".ko"), module_file(modinfo)));
    }
    const auto made = run_ok(
        {.argv = {"/usr/sbin/depmod", "-b", root, "6.9.0"}, .deadline = Deadline::after(std::chrono::seconds(60))});
    EXPECT_TRUE(made) << made.error().what;
    return directory;
}

}  // namespace

TEST(KnownMachine, AnInventoryTellsEachDeviceThatABootLoadsADriverFor) {
    const auto inventory = nlohmann::json::parse(inventory_of("hpe-bl460c"));
    std::vector<std::string> devices;  // two ports of one card are one, and the graphics are none
    for (const auto& device : inventory.at("boot_devices"))
        devices.push_back(device.at("driver").get<std::string>() + " " + device.at("modalias").get<std::string>());
    EXPECT_THAT(devices,
                UnorderedElementsAre(StartsWith("bnx2x pci:v000014E4d0000168E"), StartsWith(" pci:v0000103Cd00003306"),
                                     HasSubstr("pci:v0000103Cd0000323B")));
}

TEST(KnownMachine, DriversAreFoundByModaliasInTheImagesKernel) {
    const auto root = TemporaryDirectory::create("/dev/shm", "kernel-");
    ASSERT_TRUE(root);
    // The card's driver has another name in this kernel, and one driver is for a card the machine has not.
    const auto kernel = modules_of_kernel(make_kernel(root->path(), {{"bnx2x-new", "pci:v000014E4d0000168E*"},
                                                                     {"hpsa", "pci:v0000103Cd*sv*sd*bc01sc04i*"},
                                                                     {"mlx5_core", "pci:v000015B3d*"}}));
    ASSERT_TRUE(kernel) << kernel.error().what;
    const auto chosen = drivers_of_machine(R"({"nics": [{"driver": "bnx2x", "address": "0000:06:00.0"}],
        "controllers": [{"id": "103c:3354", "address": "0000:05:00.0", "driver": "hpsa"}],
        "boot_devices": [
          {"modalias": "pci:v000014E4d0000168Esv0000103Csd0000339Dbc02sc00i00", "driver": "bnx2x", "module": "bnx2x"},
          {"modalias": "pci:v0000103Cd0000323Bsv0000103Csd00003354bc01sc04i00", "driver": "hpsa", "module": "hpsa"}]})",
                                           *kernel);
    ASSERT_TRUE(chosen) << chosen.error().what;
    EXPECT_THAT(chosen->modules, ElementsAre("bnx2x_new", "hpsa"));
    EXPECT_THAT(chosen->missing, IsEmpty());
}

TEST(KnownMachine, OfARecordedServerNoOtherDriversAreTaken) {
    const auto chosen = drivers_of_machine(inventory_of("hpe-bl460c"),
                                           kernel_with({"bnx2x", "hpsa", "ipmi_si", "hpwdt", "tg3", "megaraid_sas"}));
    ASSERT_TRUE(chosen) << chosen.error().what;
    EXPECT_THAT(chosen->modules, AllOf(Contains("bnx2x"), Contains("ipmi_si")));
    EXPECT_THAT(chosen->modules, AllOf(Not(Contains("tg3")), Not(Contains("megaraid_sas"))));
}

TEST(KnownMachine, ADriverThatThisKernelHasNotIsNamedWithItsDevice) {
    const auto chosen = drivers_of_machine(inventory_of("hpe-bl460c"), kernel_with({"ipmi_si"}));
    ASSERT_TRUE(chosen) << chosen.error().what;
    EXPECT_THAT(chosen->missing, Contains(StartsWith("bnx2x of ")));
}

TEST(KnownMachine, AnOlderInventoryNamesDriversWithoutModaliases) {
    const auto chosen =
        drivers_of_machine(R"({"nics": [{"driver": "virtio_net"}], "controllers": [{"id": "1:2", "driver": "hpsa"}],
                               "watchdogs": [{"driver": "ipmi_watchdog"}], "bmc": {"driver": "ipmi_si"}})",
                           kernel_with({"virtio_net", "virtio_pci", "ipmi_watchdog", "ipmi_si"}));
    ASSERT_TRUE(chosen) << chosen.error().what;
    EXPECT_THAT(chosen->modules, ElementsAre("ipmi_si", "ipmi_watchdog", "virtio_net", "virtio_pci"));
    EXPECT_THAT(chosen->missing, ElementsAre("hpsa of 1:2"));
}

TEST(KnownMachine, ADeviceThatHadNoDriverIsOnlyMissedWhenABootNeedsIt) {
    const auto chosen = drivers_of_machine(
        R"({"nics": [], "controllers": [], "boot_devices": [
            {"modalias": "pci:v00008086d00001234bc06sc01i00", "driver": "", "module": ""},
            {"modalias": "pci:v00008086d00001111bc02sc00i00", "driver": "", "module": ""}]})",
        kernel_with({}));
    ASSERT_TRUE(chosen) << chosen.error().what;
    EXPECT_THAT(chosen->missing, ElementsAre("a driver of pci:v00008086d00001111bc02sc00i00"));
}

TEST(KnownMachine, WhatIsNoInventoryIsRefused) {
    for (const char* text : {"", "nonsense", "[]", "{}", R"({"nics": 1})", "{\"nics\": [}"}) {
        const auto chosen = drivers_of_machine(text, kernel_with({}));
        ASSERT_FALSE(chosen) << text;
        EXPECT_EQ(chosen.error().kind, ErrorKind::bad_input) << text;
    }
    EXPECT_TRUE(drivers_of_machine(R"({"nics": 1, "controllers": [1, null, {"driver": 7}], "boot_devices": ["x"]})",
                                   kernel_with({})));
}

TEST(KnownMachine, AKernelWithoutIndexesIsNamed) {
    const auto kernel = modules_of_kernel("/nowhere/lib/modules/6.9.0");
    ASSERT_FALSE(kernel);
    EXPECT_THAT(kernel.error().advice, HasSubstr("depmod"));
}
