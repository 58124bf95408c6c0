// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/libraries.h"

#include <elf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>
#include <algorithm>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr int include_depth_limit = 8;

void replace_all(std::string& text, std::string_view name, std::string_view value) {
    for (const std::string& form : {"${" + std::string(name) + "}", "$" + std::string(name)})
        for (size_t at = text.find(form); at != std::string::npos; at = text.find(form, at + value.size()))
            text.replace(at, form.size(), value);
}

}  // namespace

const std::vector<std::string>& default_library_directories() {
    static const std::vector<std::string> directories = {
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib", "/lib64", "/usr/lib64"};
    return directories;
}

Libraries::Libraries(const Sysroot& root) : root_(root) { read_configuration("/etc/ld.so.conf", 0); }

// Lines are directories, or `include PATTERN`. What cannot be read configures nothing, as for ldconfig.
void Libraries::read_configuration(const fs::path& file, int depth) {
    const auto text = root_.read(file);
    if (!text || depth > include_depth_limit) return;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string word;
        if (!(words >> word)) continue;
        if (word == "include") {
            while (words >> word) {
                const fs::path pattern = fs::path(word).is_absolute() ? fs::path(word) : file.parent_path() / word;
                const auto names = root_.list(pattern.parent_path());
                if (!names) continue;
                for (const std::string& name : *names)
                    if (fnmatch(pattern.filename().c_str(), name.c_str(), FNM_PERIOD) == 0)
                        read_configuration(pattern.parent_path() / name, depth + 1);
            }
        } else if (word.starts_with('/')) {
            configured_.push_back(word.substr(0, word.find('=')));  // "=TYPE" is an old way to name the libc
        }
    }
}

std::vector<std::string> Libraries::expand(const std::vector<std::string>& path, const fs::path& origin) {
    std::vector<std::string> directories;
    for (std::string directory : path) {
        replace_all(directory, "ORIGIN", origin.string());
        replace_all(directory, "LIB", "lib/x86_64-linux-gnu");
        replace_all(directory, "PLATFORM", "x86_64");
        // Relative ones depend on the working directory of whoever runs the program: not to be relied on.
        if (directory.starts_with('/')) directories.push_back(fs::path(directory).lexically_normal().string());
    }
    return directories;
}

// ld.so passes over a library of another machine or class, and so must we.
bool Libraries::fits(const fs::path& path, const Elf& for_file) const {
    auto known = kinds_.find(path);
    if (known == kinds_.end()) {
        std::optional<Elf> kind;
        if (auto fd = root_.open_at(path, O_RDONLY | O_NONBLOCK)) {
            Elf64_Ehdr header{};  // class and machine lie alike in both classes
            if (pread(fd->get(), &header, sizeof header, 0) >= static_cast<ssize_t>(sizeof(Elf32_Ehdr)) &&
                is_elf({reinterpret_cast<const char*>(header.e_ident), SELFMAG})) {
                kind.emplace();
                kind->machine = header.e_machine;
                kind->bits = header.e_ident[EI_CLASS];
            }
        }
        known = kinds_.emplace(path, std::move(kind)).first;
    }
    return known->second && known->second->same_kind(for_file);
}

std::optional<Libraries::Found> Libraries::find(const std::string& name, const Elf& for_file, const fs::path& origin,
                                                const std::vector<std::string>& inherited) const {
    if (name.find('/') != std::string::npos) {  // not searched for at all
        if (name.starts_with('/') && fits(name, for_file)) return Found{name};
        return std::nullopt;
    }
    const auto in = [&](const std::vector<std::string>& directories) -> std::optional<fs::path> {
        for (const std::string& directory : directories)
            if (fits(fs::path(directory) / name, for_file)) return fs::path(directory) / name;
        return std::nullopt;
    };
    if (for_file.runpath.empty()) {  // DT_RUNPATH switches DT_RPATH off, its own and the inherited
        if (auto path = in(expand(for_file.rpath, origin))) return Found{*path};
        if (auto path = in(inherited)) return Found{*path};
    }
    if (auto path = in(expand(for_file.runpath, origin))) return Found{*path};
    const auto& defaults = default_library_directories();
    for (const std::string& directory : configured_) {
        if (!fits(fs::path(directory) / name, for_file)) continue;
        const bool is_default = std::find(defaults.begin(), defaults.end(), directory) != defaults.end();
        return Found{fs::path(directory) / name, !is_default};
    }
    if (auto path = in(defaults)) return Found{*path};
    return std::nullopt;
}

}  // namespace pando::chroot
