// SPDX-License-Identifier: GPL-2.0-or-later
// One libkmod context: looking up modules and loading them. Not for use by two threads at once.
#pragma once

#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

struct kmod_ctx;

namespace pando::hwdetect {

class ModuleLoader {
public:
    static Result<ModuleLoader> create();  // for the running kernel

    struct Attempt {
        std::string module;
        bool already = false;  // loaded or built in before
        int error = 0;         // errno; 0 when it is loaded now
    };

    // Loads every module that claims the modalias or has the name; the blacklist holds. Empty: there is none.
    // Dependencies and soft dependencies are loaded first.
    std::vector<Attempt> load(const std::string& modalias_or_name);

private:
    struct Free {
        void operator()(kmod_ctx* context) const;
    };
    std::unique_ptr<kmod_ctx, Free> context_;
};

}  // namespace pando::hwdetect
