// SPDX-License-Identifier: GPL-2.0-or-later
// Work of process 1 that goes on beside the stages. Nobody is made to wait for its end: what hangs is left behind when
// the stage that wants it has run out of time.
//
//   std::shared_future<Result<int>> answer = begin([] { return ask(); });
//   const Result<int>& value = *TRY(collect(answer, deadline, "asking"));
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <chrono>
#include <future>
#include <thread>

namespace pando::initrd {

template <typename Function>
auto begin(Function function) -> std::shared_future<std::invoke_result_t<Function>> {
    std::packaged_task<std::invoke_result_t<Function>()> task(std::move(function));
    auto result = task.get_future().share();
    std::thread(std::move(task)).detach();
    return result;
}

// Not begun yet, or over with an error.
template <typename T>
bool needs_begin(const std::shared_future<T>& work) {
    return !work.valid() || (work.wait_for(std::chrono::seconds(0)) == std::future_status::ready && !work.get());
}

// What the work returned; an error of kind timeout, with the work's name, when it is not over by the deadline.
template <typename T>
Result<const T*> collect(const std::shared_future<T>& work, Deadline deadline, std::string_view name) {
    if (work.wait_for(deadline.remaining()) != std::future_status::ready)
        return fail("{} was not over in time", name).kind(ErrorKind::timeout);
    return &work.get();
}

}  // namespace pando::initrd
