// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's own device events, heard without udevd (the initramfs has none). Events wake a waiter, which then looks
// at sysfs: what is there is the state, and a lost event only means to look.
//
//   auto events = TRY(Uevents::listen());        // before the first look, or one may slip through between
//   while (!there()) { poll(events.fd()); events.drain(nullptr); }
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <functional>
#include <memory>
#include <string>

struct udev;
struct udev_monitor;

namespace pando::hwdetect {

struct Uevent {
    std::string action;    // add, change, bind, …
    std::string device;    // /sys/devices/…
    std::string modalias;  // empty when the device has none
};

class Uevents {
public:
    static Result<Uevents> listen();

    int fd() const;  // readable when events are there: poll it

    // Takes all events that are there, without waiting. False when the kernel had to drop some: look at everything.
    bool drain(const std::function<void(const Uevent&)>& each);

    // Waits for the next event and takes all there are. False at the deadline.
    bool wait(Deadline deadline);

private:
    struct Free {
        void operator()(udev* context) const;
        void operator()(udev_monitor* monitor) const;
    };
    std::unique_ptr<udev, Free> context_;
    std::unique_ptr<udev_monitor, Free> monitor_;
};

}  // namespace pando::hwdetect
