// SPDX-License-Identifier: GPL-2.0-or-later
// One question, asked by a process of its own: what hangs, hangs alone, and is ended without a trace.
//
//   auto probe = TRY(Probe::start([] { return ask_something(); }));
//   poll({probe.fd(), POLLIN}); probe.take();
//   if (probe.answer()) …
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

#include <functional>
#include <optional>
#include <string>

namespace pando::initrd {

class Probe {
public:
    // `ask` runs in a child that has no descriptor of ours but the standard ones, and dies when we do.
    static Result<Probe> start(const std::function<Result<std::string>()>& ask);

    // One that could not be started: its answer is the error.
    static Probe failed(const Error& error);

    int fd() const { return answer_pipe_.get(); }  // readable: take() it. -1 when it was taken
    void take();
    void end();  // an answer that nobody waits for any more

    const std::optional<Result<std::string>>& answer() const { return answer_; }  // nothing yet
    Milliseconds begun() const { return begun_; }                                 // since_boot()
    Milliseconds ended() const { return ended_; }

private:
    Child child_;
    UniqueFd answer_pipe_;
    std::optional<Result<std::string>> answer_;
    Milliseconds begun_{0}, ended_{0};
};

}  // namespace pando::initrd
