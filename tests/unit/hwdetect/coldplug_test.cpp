// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/coldplug.h"

#include "hwdetect/coldplug_run.h"
#include "hwdetect/machine.h"
#include "hwdetect/relevance.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

using namespace pando;
using namespace pando::hwdetect;
using test::RecordedMachine;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

using std::chrono::seconds;

// Loads nothing and remembers what was asked for; a modalias may be held back, as by a driver that takes its time.
class Recorder {
public:
    MakeLoad load() {
        return [this]() -> Result<LoadModules> {
            return LoadModules([this](const std::string& modalias) {
                std::unique_lock lock(mutex_);
                changed_.wait_for(lock, seconds(20), [&] { return modalias != held_; });
                asked_.push_back(modalias);
                changed_.notify_all();
                return std::vector<ModuleLoader::Attempt>{{.module = "for_" + modalias.substr(0, 20)}};
            });
        };
    }
    void hold(const std::string& modalias) {
        const std::lock_guard lock(mutex_);
        held_ = modalias;
        changed_.notify_all();
    }
    bool wait_for(size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, seconds(20), [&] { return asked_.size() >= count; });
    }
    std::vector<std::string> asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> asked_;
    std::string held_;
};

constexpr const char* blade_watchdog = "pci:v0000103Cd00003306sv0000103Csd00003381bc08sc80i00";
constexpr const char* blade_storage = "pci:v0000103Cd0000323Bsv0000103Csd00003355bc01sc04i00";

}  // namespace

TEST(BootRelevant, IsStorageNetworkWatchdogAndBmc) {
    for (const char* modalias :
         {"pci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00",  // virtio network
          "pci:v00001AF4d00001044sv00001AF4sd00001100bc00scFFi00",  // virtio random numbers
          "pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02",  // NVMe
          "pci:v00001077d00002261sv00001077sd00000299bc0Csc04i00",  // Fibre Channel
          "pci:v00008086d000025ABsv00001AF4sd00001100bc08sc80i00",  // i6300esb
          "pci:v00008086d0000A1C1sv00001028sd00000715bc06sc01i00",  // the bridge with Intel's watchdog
          "pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30",  // USB host
          "virtio:d00000001v00001AF4", "virtio:d00000002v00001AF4", "virtio:d00000008v00001AF4", "scsi:t-0x00",
          "acpi:IPI0001:", "platform:dmi-ipmi-si", "platform:iTCO_wdt",
          "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip50in00", "usb:v0BDAp8153d3000dc00dsc00dp00icFFiscFFip00in00"})
        EXPECT_TRUE(boot_relevant(modalias)) << modalias;
}

TEST(BootRelevant, IsNotGraphicsSoundAndTheRest) {
    for (const char* modalias :
         {"pci:v00001234d00001111sv00001AF4sd00001100bc03sc00i00",  // graphics
          "pci:v00008086d0000293Esv00001AF4sd00001100bc04sc03i00",  // sound
          "pci:v00008086d00001237sv00001AF4sd00001100bc06sc00i00",  // host bridge
          "pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc80i00",  // virtio graphics
          "virtio:d00000010v00001AF4", "virtio:d00000012v00001AF4",
          "virtio:d0000001Av00001AF4",  // begins like 1, is 26
          "usb:v046DpC52Bd1211dc00dsc00dp00ic03isc01ip01in00", "scsi:t-0x05", "acpi:PNP0C0A:", "cpu:type:x86", ""})
        EXPECT_FALSE(boot_relevant(modalias)) << modalias;
}

TEST(ALackingDriver, IsToldOfStorageNetworkWatchdogAndBmcAndNotOfEveryChip) {
    for (const char* modalias : {"pci:v0000144Dd0000A808sv0000144Dsd0000A801bc01sc08i02", "acpi:IPI0001:",
                                 "platform:dmi-ipmi-si", "acpi:WDAT", "pci:v0000103Cd0000331Esv0000bc0Csc07i01"})
        EXPECT_TRUE(lack_is_told(modalias)) << modalias;
    for (const char* modalias : {"pci:v00008086d0000A1C1sv00001028sd00000715bc06sc01i00",  // an ISA bridge
                                 "pci:v00008086d0000A1B1sv00001028sd00000715bc08sc80i00",  // a system peripheral
                                 "platform:ipmi_bmc", "usb:v0951p1666d0110dc00dsc00dp00ic08isc06ip50in00", ""})
        EXPECT_FALSE(lack_is_told(modalias)) << modalias;
}

TEST(WaitingDevices, AreThoseWithoutADriverMostImportantFirst) {
    const auto recorded = RecordedMachine::from_file("hpe-bl460c");
    auto waiting = waiting_devices(recorded.root());
    ASSERT_TRUE(waiting) << waiting.error().what;
    std::vector<std::string> devices;
    for (const auto& device : *waiting) devices.push_back(device.device);
    // 06:00.0 has its driver, 01:00.1 is graphics; the watchdog's card comes last.
    EXPECT_THAT(devices, ElementsAre("/sys/bus/pci/devices/0000:05:00.0", "/sys/bus/pci/devices/0000:06:00.1",
                                     "/sys/bus/pci/devices/0000:01:00.0"));
}

TEST(BootModules, OfDebiansKernelAreTheDriversABladeMayNeed) {
    auto modules = read_file(std::filesystem::path(TEST_DATA) / "machines/modules.dep");
    ASSERT_TRUE(modules) << modules.error().what;
    const auto names = boot_modules_of(*modules);
    for (const char* wanted :
         {"virtio_net",   "virtio_pci", "virtio_blk",   "virtio_scsi", "virtio-rng", "e1000e",  "mlx5_core",
          "bnx2x",        "tg3",        "megaraid_sas", "mpt3sas",     "hpsa",       "lpfc",    "qla2xxx",
          "nvme",         "nvme-tcp",   "ahci",         "sd_mod",      "iscsi_tcp",  "bonding", "8021q",
          "dm-multipath", "i6300esb",   "iTCO_wdt",     "hpwdt",       "softdog",    "ipmi_si", "ipmi_devintf",
          "usb-storage",  "xhci-pci",   "vmxnet3",      "usbhid"})
        EXPECT_THAT(names, Contains(wanted));
    for (const char* unwanted :
         {"i915", "snd-hda-intel", "btrfs", "iwlwifi", "scsi_debug", "virtio-gpu", "nvmet", "drbd", "dm-crypt"})
        EXPECT_THAT(names, Not(Contains(unwanted)));
}

TEST(BootModules, KnowCompressedModulesAndBrokenLines) {
    EXPECT_THAT(boot_modules_of("kernel/drivers/scsi/sd_mod.ko.zst: kernel/x.ko\n\n:\nkernel/drivers/ata/ahci.ko.xz:\n"
                                "kernel/drivers/net/virtio_net_extra.ko:\ngarbage"),
                ElementsAre("ahci", "sd_mod"));
}

TEST(BootModules, OfAnEmptyDirectoryAreAnErrorWithAdvice) {
    const RecordedMachine recorded("modules.dep = kernel/fs/ext4/ext4.ko:");
    auto names = boot_modules(recorded.path());
    ASSERT_FALSE(names);
    EXPECT_FALSE(names.error().advice.empty());
    EXPECT_FALSE(boot_modules(recorded.path() / "none"));
}

TEST(Coldplug, AsksForNothingWhenAllIsThere) {
    int asked = 0;
    auto done = coldplug([&] { return ++asked > 0; }, Deadline::after(std::chrono::seconds(5)));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(done->loaded.empty());
}

TEST(LoadModules, NamesTheOneThatIsMissing) {
    auto loaded = load_modules({"pando_no_such_module"});
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().what, testing::HasSubstr("pando_no_such_module"));
    EXPECT_FALSE(loaded.error().advice.empty());
}

// Leaked on purpose: the background goes on for longer than a test.
TEST(Coldplug, LoadsTheWatchdogInTheBackgroundWhenTheBootNeedsNothing) {
    const auto recorded = RecordedMachine::from_file("hpe-bl460c");
    auto* recorder = new Recorder;
    auto done = run_coldplug(
        recorded.root(), recorder->load(), [] { return true; }, Deadline::after(seconds(5)));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_THAT(done->loaded, IsEmpty());
    ASSERT_TRUE(recorder->wait_for(3));
    EXPECT_THAT(recorder->asked(), Contains(blade_watchdog));
}

TEST(Coldplug, LoadsTheWatchdogAlsoWhenItReturnsBeforeItsTurn) {
    const auto recorded = RecordedMachine::from_file("hpe-bl460c");
    auto* recorder = new Recorder;
    recorder->hold(blade_watchdog);
    const auto storage_is_there = [&] {
        const auto asked = recorder->asked();
        return std::find(asked.begin(), asked.end(), blade_storage) != asked.end();
    };
    auto done = run_coldplug(recorded.root(), recorder->load(), storage_is_there, Deadline::after(seconds(20)));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_THAT(recorder->asked(), Not(Contains(blade_watchdog))) << "it returned without waiting for it";
    (void)coldplug_since();
    recorder->hold("");
    ASSERT_TRUE(recorder->wait_for(3));
    EXPECT_THAT(recorder->asked(), Contains(blade_watchdog));
}

TEST(Coldplug, TellsOfAMissingDriver) {
    const auto recorded = RecordedMachine::from_file("hpe-bl460c");
    const MakeLoad none = []() -> Result<LoadModules> {
        return LoadModules([](const std::string&) { return std::vector<ModuleLoader::Attempt>(); });
    };
    auto done = run_coldplug(
        recorded.root(), none, [] { return true; }, Deadline::after(seconds(5)));
    ASSERT_TRUE(done) << done.error().what;
    // In the background, as nothing was waited for.
    std::vector<std::string> missing;
    for (const Deadline deadline = Deadline::after(seconds(20)); missing.size() < 2 && !deadline.passed();) {
        const auto since = coldplug_since();
        missing.insert(missing.end(), since.missing.begin(), since.missing.end());
        std::this_thread::yield();
    }
    EXPECT_THAT(missing, Contains(AllOf(HasSubstr("controller "), HasSubstr(" at 0000:05:00.0: no driver"))));
}

// As with a slow card: nothing is there at the first look, the NIC comes with its driver.
TEST(Coldplug, ReturnsWhenANicAppearsLate) {
    const auto recorded = std::make_shared<RecordedMachine>(RecordedMachine::from_file("hpe-bl460c"));
    // What goes on in the background outlives the test, and shall not keep its directory.
    const MakeLoad load = [weak = std::weak_ptr(recorded)]() -> Result<LoadModules> {
        return LoadModules([weak](const std::string& modalias) {
            const auto recorded = weak.lock();
            if (recorded && modalias == blade_storage) {
                recorded->add("sys/class/net/late0/address = 9c:dc:71:00:00:99");
                recorded->add("sys/class/net/late0/device/");
                recorded->add("sys/class/net/late0/type = 1");
            }
            return std::vector<ModuleLoader::Attempt>{{.module = "late"}};
        });
    };
    const auto is_there = [&] {
        const auto machine = read_machine(recorded->root());
        return machine && std::any_of(machine->nics.begin(), machine->nics.end(),
                                      [](const auto& nic) { return nic.mac == "9c:dc:71:00:00:99"; });
    };
    const Deadline deadline = Deadline::after(seconds(20));
    auto done = run_coldplug(recorded->root(), load, is_there, deadline);
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_FALSE(deadline.passed());
    EXPECT_TRUE(is_there());
}
