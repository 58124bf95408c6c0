// SPDX-License-Identifier: GPL-2.0-or-later
// Which lab a `pando lab` command means: two options that all of them share.
#pragma once

#include "lab/lab.h"

#include <CLI/CLI.hpp>
#include <string>

namespace pando::cli {

struct LabChoice {
    std::string name = "lab";
    std::string state = lab::default_state().string();

    void declare(CLI::App& app) {
        app.add_option("--name", name, "name of the lab")->envname("PANDO_LAB")->capture_default_str();
        app.add_option("--state-dir", state, "directory of all labs (PANDO_LAB_STATE)")->capture_default_str();
    }
    Result<lab::Lab> open() const { return lab::Lab::open(name, state); }
};

}  // namespace pando::cli
