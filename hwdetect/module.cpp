// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/module.h"

#include <libkmod.h>

namespace pando::hwdetect {
namespace {

void say_nothing(void*, int, const char*, int, const char*, const char*, va_list) {}

}  // namespace

void ModuleLoader::Free::operator()(kmod_ctx* context) const { kmod_unref(context); }

Result<ModuleLoader> ModuleLoader::create() {
    ModuleLoader loader;
    loader.context_.reset(kmod_new(nullptr, nullptr));
    if (!loader.context_) return fail("libkmod gives no context: out of memory, or its configuration is unreadable");
    kmod_set_log_fn(loader.context_.get(), say_nothing, nullptr);
    (void)kmod_load_resources(loader.context_.get());  // only faster: it maps the indexes once
    return loader;
}

std::vector<ModuleLoader::Attempt> ModuleLoader::load(const std::string& modalias_or_name) {
    std::vector<Attempt> attempts;
    kmod_list* found = nullptr;
    // An error here means there is no index at all: no module either way.
    if (kmod_module_new_from_lookup(context_.get(), modalias_or_name.c_str(), &found) < 0) return attempts;
    kmod_list* entry = nullptr;
    kmod_list_foreach(entry, found) {
        kmod_module* module = kmod_module_get_module(entry);
        Attempt attempt{kmod_module_get_name(module), false, 0};
        const int state = kmod_module_get_initstate(module);
        attempt.already = state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
        if (!attempt.already) {
            const int result =
                kmod_module_probe_insert_module(module, KMOD_PROBE_APPLY_BLACKLIST, nullptr, nullptr, nullptr, nullptr);
            const bool blacklisted = result == KMOD_PROBE_APPLY_BLACKLIST;
            attempt.error = blacklisted ? EPERM : result < 0 ? -result : 0;
        }
        attempts.push_back(std::move(attempt));
        kmod_module_unref(module);
    }
    kmod_module_unref_list(found);
    return attempts;
}

}  // namespace pando::hwdetect
