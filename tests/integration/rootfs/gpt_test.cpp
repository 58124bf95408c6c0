// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/gpt.h"

#include "base/process.h"
#include "rootfs/install.h"
#include "tests/integration/rootfs/loop_lun.h"

namespace pando::test {
namespace {

using LargeSectors = LoopLun;

TEST_F(LargeSectors, OfADiskWithSectorsOf4096BytesAreUnderstood) {
    loop.reset();
    const UniqueFd backing(open((work->path() / "lun").c_str(), O_RDWR | O_CLOEXEC));
    attach(backing.get(), 4096);
    const auto done = run_ok(
        {.argv = {"sfdisk", "--quiet", device.string()}, .input = "label: gpt\nsize=64MiB, name=pando-bundle\n"});
    ASSERT_TRUE(done) << done.error().what;
    const std::string zeros(4096, '\0');
    for (const bool primary : {true, false}) {
        if (!primary) write_at(4096, zeros);
        auto disk = open_store(device);
        ASSERT_TRUE(disk) << disk.error().what;
        const auto partitions = rootfs::read_gpt(**disk);
        ASSERT_TRUE(partitions) << partitions.error().what;
        ASSERT_EQ(partitions->size(), 1U);
        EXPECT_EQ(partitions->front().name, rootfs::partition_bundle);
        EXPECT_EQ(partitions->front().start, 1U << 20U);
        EXPECT_EQ(partitions->front().size, 64U << 20U);
    }
}

}  // namespace
}  // namespace pando::test
