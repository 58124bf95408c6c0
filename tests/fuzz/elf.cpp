// SPDX-License-Identifier: GPL-2.0-or-later
// ELF files that are torn, foreign or made to hurt: the chroot's closure is read from whatever lies in the root.
#include "chroot-builder/elf.h"
#include "base/file.h"
#include "base/process.h"
#include "chroot-builder/libraries.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>
#include <stdexcept>

namespace pando::fuzz {
namespace {

std::string built(std::vector<std::string> flags, const std::string& code) {
    const auto directory = TemporaryDirectory::create("/tmp", "pando-fuzz-elf");
    if (!directory) throw std::runtime_error(directory.error().what);
    const auto file = directory->path() / "file";
    // Small pages and no padding: a mutation should hit something.
    std::vector<std::string> argv = {"cc", "-nostdlib", "-fPIC", "-s", "-Wl,-z,noseparate-code", "-Wl,--build-id=none"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    argv.insert(argv.end(), {"-o", file.string(), "-x", "c", "-"});
    const auto done = run_ok({.argv = argv, .input = code});
    if (!done) throw std::runtime_error(done.error().what);
    return read_file(file).value();
}

}  // namespace

std::vector<std::string> seeds() {
    return {built({"-shared", "-Wl,-soname,libone.so.1", "-Wl,-rpath,$ORIGIN/../lib:/opt/${LIB}"}, "int one;"),
            built({"-shared", "-m32", "-Wl,--disable-new-dtags", "-Wl,-rpath,/a:/b"}, "int one;"),
            built({"-pie", "-Wl,-e,0", "-Wl,--dynamic-linker=/lib64/ld-linux-x86-64.so.2"}, "int one;"),
            built({"-static", "-Wl,-e,0"}, "int one;"),
            built({"-shared"}, "void PyInit_zlib(void){} void PyInit__io(void){}")};
}

std::vector<std::string> words() {
    using namespace std::string_literals;
    return {
        "\x7f"
        "ELF",
        "\0"s,
        "\xff\xff\xff\xff\xff\xff\xff\xff",
        "\xff\xff",
        "\x01\0\0\0\0\0\0\0"s,
        "\x05\0\0\0\0\0\0\0"s,
        "\x1d\0\0\0\0\0\0\0"s,
        "\0\0\0\x80"s,
        "$ORIGIN",
        "${LIB}",
        ":",
        "/",
        "PyInit_"};
}

std::string look_at(std::string_view input) {
    for (const std::string& module : chroot::builtin_python_modules(input))
        if (module.size() > input.size()) return "a module's name is longer than the file";
    const auto elf = chroot::read_elf(input);
    if (!elf) return elf.error().what.empty() ? "a refusal without a word" : "";
    if (!chroot::is_elf(input)) return "something was accepted that is no ELF file";
    size_t taken = elf->interpreter.size();
    for (const auto* list : {&elf->needed, &elf->rpath, &elf->runpath})
        for (const std::string& one : *list) taken += one.size();
    if (taken > (8U << 20U)) return fmt::format("{} bytes of names out of {}", taken, input.size());
    (void)chroot::Libraries::expand(elf->rpath, "/usr/lib");
    (void)chroot::Libraries::expand(elf->runpath, "/usr/lib");
    return {};
}

}  // namespace pando::fuzz
