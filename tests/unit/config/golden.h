// SPDX-License-Identifier: GPL-2.0-or-later
// Golden files: what was said once and looked at is said again. PANDO_GOLDEN=1 in the environment writes them anew.
#pragma once

#include "base/file.h"
#include "base/text_diff.h"

#include <gtest/gtest.h>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace pando::test {

inline std::filesystem::path cluster_data(const std::string& name) {
    return std::filesystem::path(TEST_DATA) / "cluster" / name;
}

inline std::filesystem::path example_file() {
    return std::filesystem::path(TEST_DATA) / "../../docs/examples/cluster.yaml";
}

inline void expect_golden(const std::string& name, const std::string& text) {
    const auto file = cluster_data(name);
    if (std::getenv("PANDO_GOLDEN") != nullptr) {
        ASSERT_TRUE(write_file_atomic(file, text));
    }
    const auto golden = read_file(file);
    ASSERT_TRUE(golden) << golden.error().what << ": run once with PANDO_GOLDEN=1";
    EXPECT_TRUE(*golden == text) << unified_diff(*golden, text, name)
                                 << "if the change is meant, run with PANDO_GOLDEN=1 and look at the difference";
}

}  // namespace pando::test
