// SPDX-License-Identifier: GPL-2.0-or-later
// pando-survival: what the fencing chroot carries of ours. Small on purpose: it lives in RAM, on every node, for ever.
#include "initrd/exit.h"

#include <fmt/format.h>
#include <unistd.h>
#include <cstdio>
#include <filesystem>

int main(int argc, char** argv) {
    if (std::filesystem::path(argv[0]).filename() == "shutdown" && getpid() == 1) pando::initrd::exit_main(argc, argv);
    fmt::print(stderr,
               "As process 1 of the exit tree (/shutdown) it ends a node in order; a person has no use for it.\n");
    return 2;
}
