// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/elf.h"

#include "base/file.h"
#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>

#include <elf.h>
#include <functional>
#include <random>
#include <stdexcept>

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

TEST(Elf, AStaticPieIsStaticThoughItHasADynamicSection) {
    Tree tree;
    tree.program("/bin/moves", {.flags = {"-static-pie", "-Wl,--no-dynamic-linker"}});
    const Elf elf = read_elf(bytes_of(tree, "/bin/moves")).value();
    EXPECT_EQ(elf.interpreter, "");
    EXPECT_TRUE(elf.needed.empty());
}

TEST(Elf, A32BitFileIsOfAnotherKind) {
    Tree tree;
    tree.library("/lib/libone.so.1");
    tree.library("/lib32/libone.so.1", {.flags = {"-m32"}});
    tree.library("/lib32/libtwo.so.1", {.needs = {"/lib32/libone.so.1"}, .flags = {"-m32", "-Wl,-rpath,/a"}});
    const Elf narrow = read_elf(bytes_of(tree, "/lib32/libtwo.so.1")).value();
    EXPECT_EQ(narrow.bits, 1);
    EXPECT_THAT(narrow.needed, ElementsAre("libone.so.1"));
    EXPECT_FALSE(narrow.same_kind(read_elf(bytes_of(tree, "/lib/libone.so.1")).value()));
}

// Numbers of the header and of the dynamic section, put in place by hand.
class Hostile : public testing::Test {
protected:
    void SetUp() override {
        tree_.library("/lib/libone.so.1");
        tree_.library("/lib/libhost.so.1", {.needs = {"/lib/libone.so.1"}});
        bytes_ = bytes_of(tree_, "/lib/libhost.so.1");
    }
    template <typename T>
    T& at(uint64_t offset) {
        return *reinterpret_cast<T*>(bytes_.data() + offset);
    }
    Elf64_Ehdr& header() { return at<Elf64_Ehdr>(0); }
    Elf64_Phdr& segment(uint32_t type) {
        for (uint64_t i = 0; i < header().e_phnum; ++i)
            if (auto& one = at<Elf64_Phdr>(header().e_phoff + i * sizeof(Elf64_Phdr)); one.p_type == type) return one;
        throw std::logic_error("no such segment");
    }
    Elf64_Dyn& dynamic(int64_t tag) {
        for (uint64_t offset = segment(PT_DYNAMIC).p_offset;; offset += sizeof(Elf64_Dyn))
            if (auto& one = at<Elf64_Dyn>(offset); one.d_tag == tag) return one;
    }
    std::string refusal() const {
        const auto elf = read_elf(bytes_);
        return elf ? "(accepted)" : elf.error().what;
    }

    Tree tree_;
    std::string bytes_;
};

TEST_F(Hostile, SizesThatCannotBeAreRefused) {
    const std::string whole = bytes_;
    const std::vector<std::pair<const char*, std::function<void()>>> changes = {
        {"segments", [&] { header().e_phnum = 0xfffe; }},
        {"place of the segments", [&] { header().e_phoff = UINT64_MAX - 8; }},
        {"size of a segment", [&] { segment(PT_LOAD).p_filesz = UINT64_MAX; }},
        {"place of a segment", [&] { segment(PT_LOAD).p_offset = UINT64_MAX - 4095; }},
        {"size of the dynamic section", [&] { segment(PT_DYNAMIC).p_filesz = UINT64_MAX & ~15ULL; }},
        {"place of the dynamic section", [&] { segment(PT_DYNAMIC).p_offset = UINT64_MAX & ~15ULL; }},
        {"table of names", [&] { dynamic(DT_STRTAB).d_un.d_ptr = UINT64_MAX; }},
        {"a name", [&] { dynamic(DT_NEEDED).d_un.d_val = UINT64_MAX - 1; }},
    };
    for (const auto& [what, change] : changes) {
        bytes_ = whole;
        change();
        EXPECT_THAT(refusal(), testing::HasSubstr("broken ELF file")) << what;
    }
}

TEST_F(Hostile, ANameAsLongAsTheFileIsNotTakenAgainAndAgain) {
    const uint64_t names = bytes_.size();
    bytes_ += std::string(1U << 20U, 'x') + '\0';
    auto& load = segment(PT_LOAD);  // the first: it begins at 0
    load.p_filesz = load.p_memsz = bytes_.size();
    dynamic(DT_STRTAB).d_un.d_ptr = load.p_vaddr + names;
    dynamic(DT_NEEDED).d_un.d_val = 0;
    EXPECT_THAT(refusal(), testing::HasSubstr("a name of more than 4096 bytes"));
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
