// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_answer.h"

namespace pando::initrd {
namespace {

// Agents end status with 0 for on and 2 for off; anything else is no answer.
constexpr int status_on = 0;
constexpr int status_off = 2;

std::string last_line(const Finished& finished) {
    std::string text = finished.err.empty() ? finished.out : finished.err;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Result<std::string> power_state(const std::string& agent, const Result<Finished>& status) {
    if (!status) return Failure(status.error());
    if (status->status == status_on) return std::string("on");
    if (status->status == status_off) return std::string("off");
    return fail("{} ended with status {}: {}", agent, status->status, last_line(*status));
}

}  // namespace pando::initrd
