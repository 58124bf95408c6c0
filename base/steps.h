// SPDX-License-Identifier: GPL-2.0-or-later
// Plan, apply, verify: a change to a system is first a list of steps that can be printed, then applied. A step
// that is already done is skipped, and one that did not take is an error, so running a plan again is free.
//
//   Plan plan;
//   plan.add({.text = "create /.pando", .done = [&] { return exists(dir); }, .apply = [&] { return mkdir(dir); }});
//   TRY(plan.execute(dry_run ? Plan::Mode::print : Plan::Mode::apply));
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <functional>
#include <string>
#include <vector>

namespace pando {

struct Step {
    std::string text;                    // "format /dev/sda3 as gfs2, 4 journals"
    std::function<Result<bool>()> done;  // is it so already? Asked before apply, and after it as the verification
    std::function<Result<>()> apply;
};

class Plan {
public:
    enum class Mode { print, apply };

    void add(Step step) { steps_.push_back(std::move(step)); }
    const std::vector<Step>& steps() const { return steps_; }
    std::vector<std::string> texts() const;

    // print: says every step that is not done, changes nothing. apply: does them in order and stops at the first
    // that fails. Every step is logged, as info when it is done now, as debug when it was done before.
    // No step is applied once the deadline has passed; one that was begun has to know it by itself.
    Result<> execute(Mode mode, Deadline deadline = Deadline::never()) const;

private:
    std::vector<Step> steps_;
};

}  // namespace pando
