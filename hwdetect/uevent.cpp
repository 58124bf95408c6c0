// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/uevent.h"

#include <libudev.h>
#include <poll.h>

namespace pando::hwdetect {
namespace {

constexpr int receive_buffer = 16 << 20;  // bytes: a large machine sends thousands of events at once

std::string text_or_empty(const char* text) { return text == nullptr ? std::string() : std::string(text); }

}  // namespace

void Uevents::Free::operator()(udev* context) const { udev_unref(context); }
void Uevents::Free::operator()(udev_monitor* monitor) const { udev_monitor_unref(monitor); }

Result<Uevents> Uevents::listen() {
    Uevents events;
    events.context_.reset(udev_new());
    if (!events.context_) return fail_errno(errno, "listening for kernel events");
    events.monitor_.reset(udev_monitor_new_from_netlink(events.context_.get(), "kernel"));
    if (!events.monitor_) return fail_errno(errno, "listening for kernel events");
    // Not allowed to everybody; the kernel's default size holds then, and drain() tells when it was too small.
    (void)udev_monitor_set_receive_buffer_size(events.monitor_.get(), receive_buffer);
    const int error = udev_monitor_enable_receiving(events.monitor_.get());
    if (error < 0) return fail_errno(-error, "listening for kernel events");
    return events;
}

int Uevents::fd() const { return udev_monitor_get_fd(monitor_.get()); }

bool Uevents::drain(const std::function<void(const Uevent&)>& each) {
    bool complete = true;
    for (;;) {
        pollfd ready{fd(), POLLIN, 0};
        if (poll(&ready, 1, 0) <= 0) return complete;
        errno = 0;
        udev_device* device = udev_monitor_receive_device(monitor_.get());
        if (device == nullptr) {
            if (errno == ENOBUFS) complete = false;
            continue;  // a message that was no kernel event; it is gone from the queue
        }
        if (each)
            each({.action = text_or_empty(udev_device_get_action(device)),
                  .device = text_or_empty(udev_device_get_syspath(device)),
                  .modalias = text_or_empty(udev_device_get_property_value(device, "MODALIAS"))});
        udev_device_unref(device);
    }
}

bool Uevents::wait(Deadline deadline) {
    for (;;) {
        pollfd ready{fd(), POLLIN, 0};
        const int n = poll(&ready, 1, deadline.poll_timeout());
        if (n > 0) {
            (void)drain(nullptr);
            return true;
        }
        if (n == 0 && deadline.passed()) return false;
    }
}

}  // namespace pando::hwdetect
