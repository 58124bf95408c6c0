// SPDX-License-Identifier: GPL-2.0-or-later
// udhcpc runs the program that called dhcp() again as its event program; here that is this test.
#include "initrd/network.h"

#include <gtest/gtest.h>

#include <filesystem>

int main(int argc, char** argv) {
    if (std::filesystem::path(argv[0]).filename() == pando::initrd::dhcp_event_name)
        return pando::initrd::dhcp_event_main(argc, argv);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
