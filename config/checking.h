// SPDX-License-Identifier: GPL-2.0-or-later
// What the checks between values share: where in the file a value stands, and what may be used only once.
#pragma once

#include "config/document.h"

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace pando::config {

// The value at a path; where it is not in the file (a default), what is around it.
using Step = std::variant<const char*, size_t>;
const Value& value_at(const Value& from, std::initializer_list<Step> path);
inline Mark place(const Value& from, std::initializer_list<Step> path) { return value_at(from, path).mark; }

// Says of a value that it was used before, and where.
class Unique {
public:
    Unique(std::string_view what, std::string_view advice, Complaints& complaints)
        : what_(what), advice_(advice), complaints_(complaints) {}

    void add(const std::string& value, const std::string& owner, Mark mark);

private:
    std::string what_, advice_;
    Complaints& complaints_;
    std::map<std::string, std::string> seen_;
};

}  // namespace pando::config
