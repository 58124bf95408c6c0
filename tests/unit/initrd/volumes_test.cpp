// SPDX-License-Identifier: GPL-2.0-or-later
// Disks are recorded sysfs trees; filesystems are made by the real mkfs in plain files that stand for /dev/….
#include "initrd/volumes.h"

#include "base/process.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using test::RecordedMachine;

namespace {

namespace fs = std::filesystem;

// One disk with one partition, by this way through the hardware.
RecordedMachine machine(const std::string& way, const std::string& disk = "sda", const std::string& part = "sda1") {
    const std::string path = "sys/devices/" + way + "/block/" + disk;
    return RecordedMachine("sys/class/block/" + disk + " -> ../../devices/" + way + "/block/" + disk + "\n" + path +
                           "/size = 2097152\n" + path + "/device -> ../..\n" + path + "/" + part + "/partition = 1\n" +
                           path + "/" + part + "/size = 98304\nsys/class/block/" + part + " -> ../../devices/" + way +
                           "/block/" + disk + "/" + part + "\ndev/\n");
}

void make_ext4(const fs::path& file, const std::string& label) {
    ASSERT_TRUE(write_file_atomic(file, ""));
    fs::resize_file(file, 16U << 20U);
    const auto made = run_ok(
        {.argv = {"mkfs.ext4", "-q", "-F", "-L", label, "-U", "fbcc16f0-aba5-4941-96d5-e67364f531ed", file.string()}});
    ASSERT_TRUE(made) << made.error().what;
}

config::Storage local() {
    config::Storage storage;
    storage.transport = "local";
    return storage;
}

chroot::Volume only(const RecordedMachine& recorded, const config::Storage& storage = local()) {
    const auto volumes = read_volumes(recorded.root(), storage);
    EXPECT_TRUE(volumes) << volumes.error().what;
    EXPECT_EQ(volumes->size(), 1U);
    return volumes && !volumes->empty() ? volumes->front() : chroot::Volume();
}

const std::string sata = "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0";

}  // namespace

TEST(Volumes, AreReadWithTheirNames) {
    const auto recorded = machine(sata);
    make_ext4(recorded.path() / "dev/sda1", "chroot");
    ASSERT_TRUE(write_file_atomic(recorded.path() / "sys/devices" / sata / "block/sda/sda1/uevent",
                                  "DEVTYPE=partition\nPARTNAME=local\n"));
    const auto volume = only(recorded);
    EXPECT_EQ(volume.device, "/dev/sda1");
    EXPECT_EQ(volume.filesystem, "ext4");
    EXPECT_EQ(volume.label, "chroot");
    EXPECT_EQ(volume.uuid, "fbcc16f0-aba5-4941-96d5-e67364f531ed");
    EXPECT_EQ(volume.part_label, "local");
    EXPECT_EQ(volume.unfit, "");
}

TEST(Volumes, WhatCannotBeReadHasNoNames) {
    const auto volume = only(machine(sata));
    EXPECT_EQ(volume.device, "/dev/sda1");
    EXPECT_EQ(volume.filesystem + volume.label + volume.uuid, "");
}

TEST(Volumes, AreUnfitWhenTheyCanBePulledOutOrNotWritten) {
    auto recorded = machine(sata);
    recorded.add("sys/devices/" + sata + "/block/sda/removable = 1");
    EXPECT_EQ(only(recorded).unfit, "is removable");
    auto locked = machine(sata);
    locked.add("sys/devices/" + sata + "/block/sda/removable = 0");
    locked.add("sys/devices/" + sata + "/block/sda/ro = 1");
    EXPECT_EQ(only(locked).unfit, "is read-only");
    auto partition = machine(sata);
    partition.add("sys/devices/" + sata + "/block/sda/sda1/ro = 1");
    EXPECT_EQ(only(partition).unfit, "is read-only");
}

TEST(Volumes, AreUnfitWhenANetworkIsBetween) {
    auto iscsi = machine("platform/host2/session1/target2:0:0/2:0:0:1");
    iscsi.add("sys/class/iscsi_session/session1/targetname = iqn.2026-01.org.example:other");
    EXPECT_EQ(only(iscsi).unfit, "is reached over iSCSI");
    EXPECT_EQ(only(machine("pci0000:00/0000:00:02.0/host3/rport-3:0-1/target3:0:0/3:0:0:0")).unfit,
              "is reached over Fibre Channel");
    const std::string nvme = "virtual/nvme-subsystem/nvme-subsys0";
    auto fabric = machine(nvme, "nvme0n1", "nvme0n1p1");
    fabric.add("sys/devices/" + nvme + "/nvme0/transport = tcp");
    EXPECT_EQ(only(fabric).unfit, "is reached over a network");
    auto inside = machine(nvme, "nvme0n1", "nvme0n1p1");
    inside.add("sys/devices/" + nvme + "/nvme0/transport = pcie");
    EXPECT_EQ(only(inside).unfit, "");
}

TEST(Volumes, TheClustersOwnLunIsUnfit) {
    const std::string mine = "is the cluster's own LUN, which all nodes share";
    auto named = machine(sata);
    named.add("sys/devices/" + sata + "/wwid = naa.60000000000000000e00000000010001");
    config::Storage storage = local();
    EXPECT_EQ(only(named, storage).unfit, "") << "transport local without an identity says nothing of this disk";
    storage.identity = "naa.60000000000000000e00000000010001";
    EXPECT_EQ(only(named, storage).unfit, mine);
    auto labelled = machine(sata);
    ASSERT_TRUE(write_file_atomic(labelled.path() / "sys/devices" / sata / "block/sda/sda1/uevent",
                                  "DEVTYPE=partition\nPARTNAME=pando-root\n"));
    EXPECT_EQ(only(labelled).unfit, mine);
}
