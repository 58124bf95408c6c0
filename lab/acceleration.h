// SPDX-License-Identifier: GPL-2.0-or-later
// Can this host's KVM run a guest? /dev/kvm may open and even make a virtual machine in which a stock kernel then
// hangs at once, so the answer comes from a guest: a kernel without a root must get as far as saying so.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::lab {

enum class Acceleration { automatic, kvm, emulation };

Result<Acceleration> parse_acceleration(const std::string& word);  // auto, kvm, tcg
const char* to_string(Acceleration acceleration);

// Never `automatic`. Boots `kernel` under KVM once per boot of the host (a second when KVM works, ten when it hangs)
// and keeps the answer in `cache`.
Result<Acceleration> probe_acceleration(const std::filesystem::path& kernel,
                                        const std::filesystem::path& cache = "/run/pando/lab-acceleration.json");

// QEMU's options: -accel … -cpu …
std::vector<std::string> acceleration_arguments(Acceleration acceleration);

}  // namespace pando::lab
