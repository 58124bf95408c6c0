// SPDX-License-Identifier: GPL-2.0-or-later
// Recorded machines: one text file each under tests/data/machines, unfolded into a directory for a Sysroot.
// A line is "path = content" for a file, "path -> target" for a symlink, "path/" for an empty directory; # begins a
// comment. sysfs holds names with colons and symlinks, which a text file carries through every version control.
#pragma once

#include "base/file.h"
#include "base/sysroot.h"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace pando::test {

class RecordedMachine {
public:
    explicit RecordedMachine(const std::string& text) : directory_(*TemporaryDirectory::create("/tmp", "machine-")) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) add(line);
    }
    static RecordedMachine from_file(const std::string& name) {
        auto text = read_file(std::filesystem::path(TEST_DATA) / "machines" / name);
        if (!text) ADD_FAILURE() << text.error().what;
        return RecordedMachine(text ? *text : "");
    }

    void add(const std::string& line) {
        if (line.empty() || line[0] == '#') return;
        if (const size_t arrow = line.find(" -> "); arrow != std::string::npos) {
            const auto link = made(line.substr(0, arrow));
            std::filesystem::remove(link);
            std::filesystem::create_symlink(line.substr(arrow + 4), link);
        } else if (const size_t equals = line.find(" = "); equals != std::string::npos) {
            std::ofstream(made(line.substr(0, equals))) << line.substr(equals + 3) << '\n';
        } else {
            std::filesystem::create_directories(directory_.path() / line);
        }
    }

    Sysroot root() const { return *Sysroot::open(directory_.path()); }
    const std::filesystem::path& path() const { return directory_.path(); }

private:
    std::filesystem::path made(const std::string& path) const {
        const auto full = directory_.path() / path;
        std::filesystem::create_directories(full.parent_path());
        return full;
    }
    TemporaryDirectory directory_;
};

}  // namespace pando::test
