// SPDX-License-Identifier: GPL-2.0-or-later
// How an operator's shell reaches process 1 while it boots: one request, one answer, a packet of JSON each, for root
// alone. The same thread tells the console what is waited for, so that it is told whatever the stages do.
//
//   serve_boot();                                                      // process 1
//   const json answer = TRY(ask_boot({{"verb", "status"}}));           // pando-boot status
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "initrd/boot_control.h"
#include "initrd/ending.h"

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pando::initrd {

constexpr const char* control_socket = "/run/pando/boot.sock";

class ControlServer {
public:
    // `end`: what "reboot" and "poweroff" come to, after the answer.
    static Result<ControlServer> open(const std::filesystem::path& path, BootControl& control,
                                      std::function<void(Ending)> end);

    int descriptor() const { return socket_.get(); }  // readable: somebody asks
    void serve_one();                                 // within bounds, whatever the asker does

    // Shells in which a person is (pando-boot session): each keeps its connection open. Readable: it has ended.
    std::vector<int> attendants() const;
    void see_off();  // those that have ended

private:
    struct Attendant {
        UniqueFd peer;
        std::string who;
    };
    std::vector<Attendant> attendants_;
    UniqueFd socket_;
    BootControl* control_ = nullptr;
    std::function<void(Ending)> end_;
};

// Begins the thread that serves and tells. Without the socket it tells all the same.
void serve_boot();

// Error of kind timeout: process 1 does not answer. sys ENOENT or ECONNREFUSED: there is no boot.
Result<nlohmann::json> ask_boot(const nlohmann::json& request, const std::filesystem::path& path = control_socket);

// Tells process 1 that a person has come: a boot that has failed waits as long as this is open. It is closed by process
// 1 when the boot is over.
Result<UniqueFd> attend_boot(const std::string& who, const std::filesystem::path& path = control_socket);

}  // namespace pando::initrd
