// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/netboot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::lab {
namespace {

TEST(LabNetboot, ArgumentsGoToTheEndOfTheKernelLineAndNowhereElse) {
    const std::string script =
        "#!ipxe\necho kernel comes\n  kernel http://x/vmlinuz quiet || goto failed\nkernel b\ninitrd c || goto "
        "failed\n";
    EXPECT_EQ(with_kernel_arguments(script, "rd.pando.debug a=b"),
              "#!ipxe\necho kernel comes\n  kernel http://x/vmlinuz quiet rd.pando.debug a=b || goto failed\n"
              "kernel b rd.pando.debug a=b\ninitrd c || goto failed\n");
    EXPECT_EQ(with_kernel_arguments(script, ""), script);
}

TEST(LabNetboot, FilesAreThoseOfTheCurrentSet) {
    EXPECT_EQ(from_current_set("#!ipxe\nset base http://x:80/sets/0123\nkernel ${base}/vmlinuz\n"),
              "#!ipxe\nset base http://x:80\nkernel ${base}/vmlinuz\n");
    for (const char* script :
         {"#!ipxe\nset base http://x:80\nkernel /sets/1/vmlinuz\n", "#!ipxe\nkernel a/sets/1\n", ""})
        EXPECT_EQ(from_current_set(script), script);
}

TEST(LabNetboot, ABladesScriptIsNamedAsIpxeNamesIt) {
    EXPECT_EQ(blade_script_name("52:54:00:77:00:0a"), "52-54-00-77-00-0a.ipxe");
    EXPECT_THAT(chooser_script(), testing::StartsWith("#!ipxe\n"));
}

}  // namespace
}  // namespace pando::lab
