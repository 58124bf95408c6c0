// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/steps.h"

#include "base/log.h"

namespace pando {

std::vector<std::string> Plan::texts() const {
    std::vector<std::string> result;
    result.reserve(steps_.size());
    for (const Step& step : steps_) result.push_back(step.text);
    return result;
}

Result<> Plan::execute(Mode mode, Deadline deadline) const {
    for (const Step& step : steps_) {
        auto before = step.done();
        if (!before) return Failure(before.error().context(step.text));
        if (*before) {
            log::debug("already done: {}", step.text);
            continue;
        }
        if (mode == Mode::print) {
            log::info("would {}", step.text);
            continue;
        }
        if (deadline.passed()) return fail("{}: not begun, the time is over", step.text).kind(ErrorKind::timeout);
        log::info("{}", step.text);
        if (auto applied = step.apply(); !applied) return Failure(applied.error().context(step.text));
        auto after = step.done();
        if (!after) return Failure(after.error().context(step.text));
        if (!*after) return fail("{}: was applied, and does not hold", step.text);
    }
    return {};
}

}  // namespace pando
