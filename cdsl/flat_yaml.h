// SPDX-License-Identifier: GPL-2.0-or-later
// YAML that is no deeper than the files of /.pando: single values, and lists of single values or of maps of them.
// What Pando itself wrote is read line by line, a boot with hundreds of rules spends no time on it; whatever else a
// person may have made of the file is read by yaml-cpp, to the same result.
//
//   const auto document = TRY(read_flat_yaml(text));
//   for (const FlatMap& rule : *document.list("rules")) rule.find("path") …
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pando::cdsl {

struct FlatMap {
    size_t line = 0;                                          // where it begins, from 1
    std::vector<std::pair<std::string, std::string>> values;  // in the file's order; an item that is a single value has
                                                              // one, with an empty key
    const std::string* find(std::string_view key) const;
    bool operator==(const FlatMap&) const = default;
};

struct FlatDocument {
    FlatMap top;
    std::vector<std::pair<std::string, std::vector<FlatMap>>> lists;

    const std::vector<FlatMap>* list(std::string_view key) const;
    bool operator==(const FlatDocument&) const = default;
};

// Errors are of kind bad_input: no YAML, deeper than that, a key twice.
Result<FlatDocument> read_flat_yaml(std::string_view text);

// The two readers, for tests that hold them against each other. The first gives nothing for what it leaves to the
// other.
std::optional<FlatDocument> read_plain_lines(std::string_view text);
Result<FlatDocument> read_by_yaml_cpp(std::string_view text);

}  // namespace pando::cdsl
