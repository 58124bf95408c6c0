// SPDX-License-Identifier: GPL-2.0-or-later
// Recorded machines: one text file each under tests/data/machines, unfolded into a directory for a Sysroot.
// A line is "path = content" for a file, "path -> target" for a symlink, "path/" for an empty directory; # begins a
// comment. sysfs holds names with colons and symlinks, which a text file carries through every version control.
// "path hex 01 02" is a file of these bytes; "dmi TYPE = 01 02 | string | string" a record of the firmware's table: the
// fixed part behind the header, and the strings. tests/data/machines/record writes such a file.
#pragma once

#include "base/file.h"
#include "base/sysroot.h"
#include "tests/unit/hwdetect/dmi_table.h"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace pando::test {

class RecordedMachine {
public:
    explicit RecordedMachine(const std::string& text)
        : directory_(*TemporaryDirectory::create("/dev/shm", "machine-")) {
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) add(line);
        write_dmi();
    }
    static RecordedMachine from_file(const std::string& name) {
        auto text = read_file(std::filesystem::path(TEST_DATA) / "machines" / name);
        if (!text) ADD_FAILURE() << text.error().what;
        return RecordedMachine(text ? *text : "");
    }

    void add(const std::string& line) {
        if (line.empty() || line[0] == '#') return;
        if (line.starts_with("dmi "))
            dmi_ += dmi_record_of_text(line.substr(4), handle_++);
        else if (const size_t hex = line.find(" hex "); hex != std::string::npos)
            write(line.substr(0, hex), bytes_of_hex(line.substr(hex + 5)));
        else if (const size_t arrow = line.find(" -> "); arrow != std::string::npos) {
            const auto link = made(line.substr(0, arrow));
            std::filesystem::remove(link);
            std::filesystem::create_symlink(line.substr(arrow + 4), link);
        } else if (const size_t equals = line.find(" = "); equals != std::string::npos) {
            write(line.substr(0, equals), line.substr(equals + 3) + "\n");
        } else {
            std::filesystem::create_directories(directory_.path() / line);
        }
    }

    Sysroot root() const { return *Sysroot::open(directory_.path()); }
    const std::filesystem::path& path() const { return directory_.path(); }

private:
    void write(const std::string& path, const std::string& content) const { std::ofstream(made(path)) << content; }
    void write_dmi() const {
        if (dmi_.empty()) return;
        write("sys/firmware/dmi/tables/DMI", dmi_);
        write("sys/firmware/dmi/tables/smbios_entry_point", dmi_entry_point(3, 2, dmi_.size()));
    }
    std::filesystem::path made(const std::string& path) const {
        const auto full = directory_.path() / path;
        std::filesystem::create_directories(full.parent_path());
        return full;
    }
    TemporaryDirectory directory_;
    std::string dmi_;
    unsigned handle_ = 0;
};

}  // namespace pando::test
