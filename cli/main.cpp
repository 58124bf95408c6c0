// SPDX-License-Identifier: GPL-2.0-or-later
// pando: reads the command line by the command table and runs the one command it names.
#include "base/log.h"
#include "cli/program.h"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    try {
        const int status = pando::cli::Program().run({argv + 1, argv + argc});
        // What was said and could not be written (a full disk behind >file) is no success.
        if (std::fflush(stdout) == 0) return status;
        pando::log::error("writing to standard output: {}", std::strerror(errno));
    } catch (const std::exception& error) {
        pando::log::error("{}", error.what());
        pando::log::hint("this is a fault of pando itself: please report it with the command line");
    }
    return 1;
}
