// SPDX-License-Identifier: GPL-2.0-or-later
// One line for a person. Commands log to stderr; pando-boot adds the console and the kernel's log.
//
//   log::error("node {}: no fence device", name);
//   log::hint("add fence: to the node in cluster.yaml");
#pragma once

#include "base/result.h"

#include <fmt/format.h>
#include <functional>
#include <string_view>

namespace pando::log {

// error: the user's, a thing that failed. hint: how to mend it. debug: for who writes Pando.
enum class Level { error, warning, hint, info, debug };

using Sink = std::function<void(Level, std::string_view line)>;

void set_sink(Sink sink);    // default: stderr, with the level's word in front
void set_level(Level most);  // lines above this level are dropped; default info
void write(Level level, std::string_view line);
void write(const Error& error);  // its text as error, its advice as hint

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void hint(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::hint, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace pando::log
