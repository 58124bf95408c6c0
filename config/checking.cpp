// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/checking.h"

#include <fmt/format.h>

namespace pando::config {

const Value& value_at(const Value& from, std::initializer_list<Step> path) {
    const Value* at = &from;
    for (const auto& step : path) {
        const Value* next = nullptr;
        if (const auto* key = std::get_if<const char*>(&step))
            next = at->find(*key);
        else if (std::get<size_t>(step) < at->items.size())
            next = &at->items[std::get<size_t>(step)];
        if (next == nullptr) break;
        at = next;
    }
    return *at;
}

void Unique::add(const std::string& value, const std::string& owner, Mark mark) {
    const auto [it, fresh] = seen_.try_emplace(value, fmt::format("{}, line {}", owner, mark.line));
    if (!fresh) complaints_.add(mark, fmt::format("{} {} is already that of {}", what_, value, it->second), advice_);
}

}  // namespace pando::config
