// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/acceleration.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/process.h"
#include "lab/processes.h"
#include "lab/wait.h"

#include <sys/prctl.h>
#include <unistd.h>
#include <csignal>
#include <nlohmann/json.hpp>

namespace pando::lab {
namespace {

constexpr auto guest_deadline = std::chrono::seconds(10);

// A kernel with no root device panics after it has set up everything, and -no-reboot turns panic=-1 into an exit.
Result<bool> guest_speaks(const std::filesystem::path& kernel) {
    std::vector<std::string> argv = {"qemu-system-x86_64",
                                     "-nodefaults",
                                     "-no-user-config",
                                     "-machine",
                                     "q35",
                                     "-m",
                                     "256",
                                     "-display",
                                     "none",
                                     "-serial",
                                     "stdio",
                                     "-no-reboot",
                                     "-kernel",
                                     kernel.string(),
                                     "-append",
                                     "console=ttyS0,115200 panic=-1"};
    for (auto& word : acceleration_arguments(Acceleration::kvm)) argv.push_back(std::move(word));
    auto guest = run({.argv = argv, .deadline = Deadline::after(guest_deadline), .prepare = [] {
                          // Whatever happens to us, the guest does not stay behind.
                          return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
                      }});
    if (!guest && guest.error().kind == ErrorKind::timeout) return false;
    const Finished finished = TRY(std::move(guest));
    return finished.out.find("Linux version") != std::string::npos &&
           finished.out.find("Kernel panic") != std::string::npos;
}

}  // namespace

Result<Acceleration> parse_acceleration(const std::string& word) {
    if (word == "auto") return Acceleration::automatic;
    if (word == "kvm") return Acceleration::kvm;
    if (word == "tcg") return Acceleration::emulation;
    return bad_input("'{}' is no acceleration", word).advise("use auto, kvm or tcg");
}

const char* to_string(Acceleration acceleration) {
    switch (acceleration) {
        case Acceleration::kvm:
            return "kvm";
        case Acceleration::emulation:
            return "tcg";
        case Acceleration::automatic:
            break;
    }
    return "auto";
}

Result<Acceleration> probe_acceleration(const std::filesystem::path& kernel, const std::filesystem::path& cache) {
    if (access("/dev/kvm", R_OK | W_OK) < 0) return Acceleration::emulation;
    TRY(make_directories(cache.parent_path()));
    // Two labs that start at once probe once.
    auto lock = TRY(FileLock::take(cache.string() + ".lock", Deadline::after(guest_deadline * 3)));
    const std::string boot = TRY(boot_id());
    if (auto text = read_file(cache)) {
        const auto known = nlohmann::json::parse(*text, nullptr, false);
        if (known.is_object() && known.value("boot", "") == boot)
            return known.value("kvm", false) ? Acceleration::kvm : Acceleration::emulation;
    }
    const bool speaks = TRY(guest_speaks(kernel));
    TRY(check_interrupted());  // Ctrl-C ends the guest, too: that is no answer
    TRY(write_file_atomic(cache, nlohmann::json{{"boot", boot}, {"kvm", speaks}}.dump() + "\n"));
    return speaks ? Acceleration::kvm : Acceleration::emulation;
}

std::vector<std::string> acceleration_arguments(Acceleration acceleration) {
    if (acceleration == Acceleration::kvm) return {"-accel", "kvm", "-cpu", "host"};
    return {"-accel", "tcg,thread=multi", "-cpu", "max"};
}

}  // namespace pando::lab
