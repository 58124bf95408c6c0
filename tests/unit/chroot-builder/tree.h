// SPDX-License-Identifier: GPL-2.0-or-later
// A root tree in a temporary directory, with real ELF files made by the compiler.
#pragma once

#include "base/file.h"
#include "base/process.h"
#include "base/sysroot.h"
#include "chroot-builder/manifest.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pando::chroot::test {

namespace fs = std::filesystem;

// The error's text, or what a test wants to see in its output when there was none.
template <typename T>
std::string error_of(const Result<T>& result) {
    return result ? "(no error)" : result.error().what;
}

class Tree {
public:
    Tree() : directory_(TemporaryDirectory::create(fs::temp_directory_path(), "pando-tree").value()) {}

    fs::path path(const fs::path& inside = "/") const { return directory_.path() / inside.relative_path(); }
    Sysroot root() const { return Sysroot::open(directory_.path()).value(); }

    void write(const fs::path& inside, std::string_view text, mode_t mode = 0644) const {
        fs::create_directories(path(inside).parent_path());
        ASSERT_TRUE(write_file_atomic(path(inside), text, mode));
    }
    void link(const fs::path& inside, const fs::path& target) const {
        fs::create_directories(path(inside).parent_path());
        fs::create_symlink(target, path(inside));
    }

    struct Build {
        std::vector<fs::path> needs = {};     // libraries of the tree, become DT_NEEDED by their soname
        std::vector<std::string> flags = {};  // further ones for the linker: -Wl,-rpath,…
        std::string code = "int symbol_of_test;";
    };
    void library(const fs::path& inside, const Build& build) const {
        std::vector<std::string> flags = {"-shared", "-Wl,-soname," + inside.filename().string()};
        compile(inside, build, std::move(flags));
    }
    void library(const fs::path& inside) const { library(inside, Build{}); }
    // A program with the usual dynamic linker as its interpreter.
    void program(const fs::path& inside, const Build& build) const {
        compile(inside, build, {"-Wl,-e,0", "-Wl,--dynamic-linker=" + std::string(dynamic_linker), "-pie"});
    }
    void program(const fs::path& inside) const { program(inside, Build{}); }
    void static_program(const fs::path& inside) const { compile(inside, Build{}, {"-Wl,-e,0", "-static"}); }

    void add_dynamic_linker() const {
        fs::create_directories(path("/lib64"));
        library(dynamic_linker);
    }

    static constexpr const char* dynamic_linker = "/lib64/ld-linux-x86-64.so.2";

private:
    void compile(const fs::path& inside, const Build& build, std::vector<std::string> kind) const {
        fs::create_directories(path(inside).parent_path());
        Command command;
        command.argv = {"cc", "-nostdlib", "-fPIC", "-Wl,--no-as-needed", "-Wl,--unresolved-symbols=ignore-all"};
        command.argv.insert(command.argv.end(), kind.begin(), kind.end());
        command.argv.insert(command.argv.end(), build.flags.begin(), build.flags.end());
        for (const std::string& word : {std::string("-o"), path(inside).string(), std::string("-x"), std::string("c"),
                                        std::string("-"), std::string("-x"), std::string("none")})
            command.argv.push_back(word);
        for (const fs::path& library : build.needs) command.argv.push_back(path(library).string());
        command.input = build.code;
        const auto done = run_ok(command);
        ASSERT_TRUE(done) << error_of(done);
    }

    TemporaryDirectory directory_;
};

inline std::vector<std::string> paths_of(const Manifest& manifest) {
    std::vector<std::string> paths;
    for (const auto& [path, entry] : manifest.entries) paths.push_back(path.string());
    return paths;
}

}  // namespace pando::chroot::test
