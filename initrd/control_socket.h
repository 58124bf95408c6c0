// SPDX-License-Identifier: GPL-2.0-or-later
// How an operator's shell reaches process 1 while it boots: one request, one answer, a packet of JSON each, for root
// alone. The same thread tells the console what is waited for, so that it is told whatever the stages do.
//
//   serve_boot();  // process 1; it is asked by initrd/ask_boot.h
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "initrd/boot_control.h"
#include "initrd/ending.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pando::initrd {

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

}  // namespace pando::initrd
