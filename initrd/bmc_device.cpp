// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bmc_device.h"

#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <algorithm>
#include <array>

namespace pando::initrd {

Result<std::optional<BmcDevice>> BmcDevice::open(const std::filesystem::path& device) {
    BmcDevice bmc;
    bmc.fd_.reset(::open(device.c_str(), O_RDWR | O_CLOEXEC));
    if (bmc.fd_.valid()) return std::optional(std::move(bmc));
    if (errno == ENOENT || errno == ENODEV || errno == ENXIO) return std::optional<BmcDevice>();
    return fail_errno(errno, "opening {}", device.string());
}

Result<std::vector<uint8_t>> BmcDevice::ask(const BmcRequest& request, Deadline deadline) {
    ipmi_system_interface_addr to{};
    to.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
    to.channel = IPMI_BMC_CHANNEL;
    std::vector<uint8_t> data = request.data;  // the kernel's structures want it not const
    ipmi_req sent{};
    sent.addr = reinterpret_cast<unsigned char*>(&to);
    sent.addr_len = sizeof to;
    sent.msgid = ++last_;
    sent.msg = {request.function, request.command, static_cast<unsigned short>(data.size()), data.data()};
    if (ioctl(fd_.get(), IPMICTL_SEND_COMMAND, &sent) < 0) return fail_errno(errno, "asking the BMC");
    for (;;) {
        // Here, since answers to others' questions may come without end.
        if (deadline.passed()) return fail("the BMC did not answer in time").kind(ErrorKind::timeout);
        pollfd waiting{fd_.get(), POLLIN, 0};
        const int ready = poll(&waiting, 1, deadline.poll_timeout());
        if (ready < 0 && errno != EINTR) return fail_errno(errno, "waiting for the BMC");
        if (ready <= 0) continue;
        // Nothing to read comes any more, and poll would not wait.
        if ((waiting.revents & POLLIN) == 0) return fail("the BMC's interface is gone: its driver has given it up");
        ipmi_addr from{};
        std::array<uint8_t, IPMI_MAX_MSG_LENGTH> answer{};
        ipmi_recv got{};
        got.addr = reinterpret_cast<unsigned char*>(&from);
        got.addr_len = sizeof from;
        got.msg.data = answer.data();
        got.msg.data_len = answer.size();
        if (ioctl(fd_.get(), IPMICTL_RECEIVE_MSG_TRUNC, &got) < 0 && errno != EMSGSIZE) {
            if (errno == EAGAIN || errno == EINTR) continue;
            return fail_errno(errno, "reading the BMC's answer");
        }
        if (got.recv_type != IPMI_RESPONSE_RECV_TYPE || got.msgid != last_) continue;
        if (got.msg.data_len == 0) return fail("the BMC's answer is empty");
        if (answer[0] != 0) return fail("the BMC refused: {}", completion_text(answer[0]));
        return std::vector<uint8_t>(answer.begin() + 1,
                                    answer.begin() + std::min<size_t>(got.msg.data_len, answer.size()));
    }
}

}  // namespace pando::initrd
