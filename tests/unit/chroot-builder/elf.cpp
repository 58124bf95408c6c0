// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/elf.h"

#include "base/file.h"
#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>

#include <random>

namespace pando::chroot {
namespace {

using test::Tree;
using testing::ElementsAre;

std::string bytes_of(const Tree& tree, const char* path) { return read_file(tree.path(path)).value(); }

TEST(Elf, TellsWhatAFileAsksOfTheDynamicLinker) {
    Tree tree;
    tree.library("/lib/libone.so.1");
    tree.library("/lib/libtwo.so.2");
    tree.program("/bin/runpath", {.needs = {"/lib/libone.so.1", "/lib/libtwo.so.2"},
                                  .flags = {"-Wl,--enable-new-dtags", "-Wl,-rpath,$ORIGIN/../lib:/opt/lib"}});
    tree.program("/bin/rpath",
                 {.needs = {"/lib/libone.so.1"}, .flags = {"-Wl,--disable-new-dtags", "-Wl,-rpath,/old"}});

    const Elf runpath = read_elf(bytes_of(tree, "/bin/runpath")).value();
    EXPECT_EQ(runpath.interpreter, Tree::dynamic_linker);
    EXPECT_THAT(runpath.needed, ElementsAre("libone.so.1", "libtwo.so.2"));
    EXPECT_THAT(runpath.runpath, ElementsAre("$ORIGIN/../lib", "/opt/lib"));
    EXPECT_TRUE(runpath.rpath.empty());

    const Elf rpath = read_elf(bytes_of(tree, "/bin/rpath")).value();
    EXPECT_THAT(rpath.rpath, ElementsAre("/old"));
    EXPECT_TRUE(rpath.runpath.empty());
    EXPECT_TRUE(rpath.same_kind(runpath));
}

TEST(Elf, AStaticProgramAsksForNothing) {
    Tree tree;
    tree.static_program("/bin/alone");
    const Elf elf = read_elf(bytes_of(tree, "/bin/alone")).value();
    EXPECT_EQ(elf.interpreter, "");
    EXPECT_TRUE(elf.needed.empty());
}

TEST(Elf, BuiltInModulesAreTheInterpretersExports) {
    Tree tree;
    tree.library("/bin/python", {.code = "void PyInit_zlib(void){} void PyInit__io(void){} void Other(void){}"
                                         "extern void PyInit_absent(void); void use(void){PyInit_absent();}"});
    EXPECT_THAT(builtin_python_modules(bytes_of(tree, "/bin/python")), testing::UnorderedElementsAre("zlib", "_io"));
}

TEST(Elf, ACutFileIsRefusedAtAnyLengthThatLosesASegment) {
    Tree tree;
    tree.library("/lib/libone.so.1");
    tree.library("/lib/libcut.so.1", {.needs = {"/lib/libone.so.1"}});
    const std::string whole = bytes_of(tree, "/lib/libcut.so.1");
    ASSERT_TRUE(read_elf(whole));
    size_t refused = 0;
    for (size_t length = 0; length < whole.size(); length += 13) {
        const auto elf = read_elf(std::string_view(whole).substr(0, length));
        if (!elf) ++refused;
        // What lies behind the last segment (section headers, symbols) is not for the dynamic linker.
        if (elf) {
            EXPECT_THAT(elf->needed, ElementsAre("libone.so.1")) << "cut at " << length;
        }
    }
    EXPECT_GT(refused, whole.size() / 13 / 4);
    EXPECT_FALSE(read_elf(std::string_view(whole).substr(0, 4)));
}

TEST(Elf, AnyBytesAreReadOrRefusedButNeverFollowedOutOfTheFile) {
    Tree tree;
    tree.library("/lib/libone.so.1");
    tree.library("/lib/libwild.so.1", {.needs = {"/lib/libone.so.1"}, .flags = {"-Wl,-rpath,/a:/b"}});
    const std::string whole = bytes_of(tree, "/lib/libwild.so.1");
    std::mt19937 random(20260101);  // the same run every time; the sanitizers watch the reads
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = whole;
        const size_t window = round % 2 == 0 ? 512 : bytes.size();  // headers first
        for (int i = 0; i < 8; ++i) bytes[4 + random() % (window - 4)] = static_cast<char>(random());
        const auto elf = read_elf(bytes);
        if (!elf) continue;
        for (const std::string& name : elf->needed) ASSERT_LE(name.size(), whole.size());
        (void)builtin_python_modules(bytes);
    }
}

}  // namespace
}  // namespace pando::chroot
