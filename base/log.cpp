// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <cstdio>
#include <mutex>

namespace pando::log {
namespace {

std::string_view prefix(Level level) {
    switch (level) {
        case Level::error:
            return "error: ";
        case Level::warning:
            return "warning: ";
        case Level::hint:
            return "  -> ";
        case Level::info:
            return "";
        case Level::debug:
            return "debug: ";
    }
    return "";
}

void to_stderr(Level level, std::string_view line) {
    const std::string text = fmt::format("{}{}\n", prefix(level), line);
    std::fwrite(text.data(), 1, text.size(), stderr);  // fmt::print would throw where stderr is closed
}

// Several threads of a boot or a build may log at once.
std::mutex mutex;
Sink current_sink = to_stderr;
Level most_verbose = Level::info;

}  // namespace

void set_sink(Sink sink) {
    std::lock_guard lock(mutex);
    current_sink = sink ? std::move(sink) : Sink(to_stderr);
}

void set_level(Level most) {
    std::lock_guard lock(mutex);
    most_verbose = most;
}

void write(Level level, std::string_view line) {
    std::lock_guard lock(mutex);
    if (level <= most_verbose) current_sink(level, line);
}

void write(const Error& error) {
    write(Level::error, error.what);
    if (!error.advice.empty()) write(Level::hint, error.advice);
}

}  // namespace pando::log
