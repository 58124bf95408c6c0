// SPDX-License-Identifier: GPL-2.0-or-later
// Through resolve(), on a tree with a small "Python": an ELF file that exports PyInit_X, and modules we write.
#include "chroot-builder/python_modules.h"

#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstring>

namespace pando::chroot {
namespace {

using test::error_of;
using test::paths_of;
using test::Tree;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

const std::string library = "/usr/lib/python3.11/";
const std::string packages = "/usr/lib/python3/dist-packages/";

class PythonModulesTest : public testing::Test {
protected:
    void SetUp() override {
        tree_.add_dynamic_linker();
        tree_.program("/usr/bin/python3.11", {.flags = {"-Wl,-E"}, .code = "void PyInit_zlib(void){}"});
        tree_.link("/usr/bin/python3", "python3.11");
        for (const char* module :
             {"site", "io", "abc", "os", "encodings/__init__", "encodings/ascii", "encodings/aliases", "encodings/idna",
              "encodings/latin_1", "encodings/utf_8", "importlib/__init__", "importlib/_bootstrap",
              "importlib/_bootstrap_external", "importlib/util", "importlib/machinery", "zipimport", "runpy",
              "warnings", "traceback"})
            tree_.write(library + module + ".py", "");
    }
    void agent(std::string_view text, const char* name = "fence_own") const {
        tree_.write(std::string("/usr/sbin/") + name, "#!/usr/bin/python3 -tt\n" + std::string(text), 0755);
    }
    Result<Manifest> closure(std::vector<std::string> agents = {"fence_own"}) const {
        Request request;
        request.agents = std::move(agents);
        return resolve(tree_.root(), request);
    }
    std::vector<std::string> paths() const {
        const auto manifest = closure();
        EXPECT_TRUE(manifest) << error_of(manifest);
        return manifest ? paths_of(*manifest) : std::vector<std::string>();
    }
    // What the interpreter writes beside a source: 16 bytes of header, then code.
    void compile(const std::string& module, uint32_t flags = 0, int32_t older_by = 0) const {
        const fs::path source = tree_.path(library + module + ".py");
        struct stat status {};
        ASSERT_EQ(stat(source.c_str(), &status), 0);
        const uint32_t header[4] = {0x0a0d0da7, flags, static_cast<uint32_t>(status.st_mtime - older_by),
                                    static_cast<uint32_t>(status.st_size)};
        std::string bytes(sizeof header, '\0');
        std::memcpy(bytes.data(), header, sizeof header);
        tree_.write(library + "__pycache__/" + module + ".cpython-311.pyc", bytes + "code");
    }

    Tree tree_;
};

TEST_F(PythonModulesTest, TheInterpreterComesWithWhatItLoadsAtItsStart) {
    agent("import sys, zlib\n");
    EXPECT_THAT(paths(), AllOf(Contains("/usr/bin/python3"), Contains("/usr/bin/python3.11"),
                               Contains(library + "encodings/__init__.py"), Contains(library + "site.py")));
    fs::remove(tree_.path(library + "encodings/utf_8.py"));
    EXPECT_THAT(error_of(closure()), HasSubstr("Python module encodings.utf_8"));
}

TEST_F(PythonModulesTest, ImportsAreFollowedThroughPackagesAndAddedDirectories) {
    tree_.write("/usr/share/fence/fencing.py", "import pack.part.deep\nfrom pack import sub, name\n");
    tree_.write(packages + "pack/__init__.py", "from .hidden import x\n");
    tree_.write(packages + "pack/hidden.py", "from . import sibling\n");
    tree_.write(packages + "pack/sibling.py", "");
    tree_.write(packages + "pack/sub.py", "from .part.deep import y\n");
    tree_.write(packages + "pack/unused.py", "");
    tree_.write(packages + "pack/part/__init__.py", "");
    tree_.write(packages + "pack/part/deep.py", "from ..other import z\n");
    tree_.write(packages + "pack/other.py", "");
    agent("import sys\nsys.path.append('/usr/share/fence')\nfrom fencing import *\n");
    const auto found = paths();
    for (const char* file : {"__init__", "hidden", "sibling", "sub", "part/__init__", "part/deep", "other"})
        EXPECT_THAT(found, Contains(packages + "pack/" + file + ".py"));
    EXPECT_THAT(found, Not(Contains(packages + "pack/unused.py")));
    EXPECT_EQ(closure()->entries.at(packages + "pack/sibling.py").why(), "imported by " + packages + "pack/hidden.py");
}

TEST_F(PythonModulesTest, AModuleThatIsMissingIsNamedWithItsPackage) {
    tree_.write("/usr/sbin/own_library.py", "import pexpect.popen\n");
    agent("import own_library\n");
    const auto manifest = closure();
    ASSERT_FALSE(manifest);
    EXPECT_THAT(manifest.error().what,
                HasSubstr("Python module pexpect.popen, imported by /usr/sbin/own_library.py for /usr/sbin/fence_own"));
    EXPECT_THAT(manifest.error().advice, HasSubstr("python3-pexpect"));
}

TEST_F(PythonModulesTest, AModuleThatMayBeMissingIsCarriedWhenItIsThere) {
    tree_.write(library + "there.py", "import absent_below\n");
    agent("try:\n    import there\nexcept ImportError:\n    import absent\nif x:\n    import absent_too\n");
    EXPECT_THAT(paths(), Contains(library + "there.py"));
}

TEST_F(PythonModulesTest, WhatIsNeededStrictlyIsHeldToItAlsoWhenFoundLooselyBefore) {
    tree_.write(library + "shared.py", "import absent_below\n");
    agent("try:\n    import shared\nexcept ImportError:\n    pass\n", "fence_loose");
    agent("import shared\n", "fence_strict");
    EXPECT_TRUE(closure({"fence_loose"}));
    EXPECT_THAT(error_of(closure({"fence_loose", "fence_strict"})), HasSubstr("absent_below"));
}

TEST_F(PythonModulesTest, AnAgentsFunctionsAreFollowedAndALibrarysAreNot) {
    tree_.write(library + "mine.py", "def rarely():\n    import heavy\n");
    tree_.write(library + "heavy.py", "");
    tree_.write(library + "late.py", "");
    agent("import mine\ndef main():\n    import late\n");
    EXPECT_THAT(paths(), AllOf(Contains(library + "late.py"), Not(Contains(library + "heavy.py"))));
}

TEST_F(PythonModulesTest, AnExtensionComesWithItsLibrariesAndBeforeASource) {
    tree_.library("/usr/lib/libdeep.so.1");
    tree_.library(library + "lib-dynload/_fast.cpython-311-x86_64-linux-gnu.so", {.needs = {"/usr/lib/libdeep.so.1"}});
    tree_.write(library + "lib-dynload/_fast.py", "");
    agent("import _fast\n");
    EXPECT_THAT(paths(), AllOf(Contains("/usr/lib/libdeep.so.1"), Not(Contains(library + "lib-dynload/_fast.py"))));
}

TEST_F(PythonModulesTest, ACompiledModuleStandsForItsSourceOnlyWhenMadeFromIt) {
    for (const char* module : {"right", "older", "hashed", "plain"}) tree_.write(library + module + ".py", "x = 1\n");
    compile("right");
    compile("older", 0, 5);
    compile("hashed", 1);
    agent("import right, older, hashed, plain\n");
    const auto manifest = closure();
    ASSERT_TRUE(manifest) << error_of(manifest);
    EXPECT_THAT(paths_of(*manifest),
                AllOf(Contains(library + "right.pyc"), Not(Contains(library + "right.py")),
                      Contains(library + "older.py"), Contains(library + "hashed.py"), Contains(library + "plain.py")));
    EXPECT_EQ(manifest->entries.at(library + "right.pyc").source, library + "__pycache__/right.cpython-311.pyc");
    EXPECT_THAT(manifest->sources(), Contains(library + "__pycache__/right.cpython-311.pyc"));
}

TEST_F(PythonModulesTest, WhatIsImportedThroughSixIsFoundByItsTable) {
    tree_.write(packages + "six.py",
                "MovedModule('queue', 'Queue')\nMovedModule('http_client', 'httplib', 'http.client')\n"
                "MovedModule('tkinter', 'Tkinter')\n");
    for (const char* module : {"queue", "http/__init__", "http/client", "tkinter"})
        tree_.write(library + module + ".py", "");
    agent("from six.moves import queue\nfrom six.moves.http_client import HTTPSConnection\n");
    EXPECT_THAT(paths(), AllOf(Contains(library + "queue.py"), Contains(library + "http/client.py"),
                               Not(Contains(library + "tkinter.py"))));
}

TEST_F(PythonModulesTest, ModulesThatImportEachOtherEnd) {
    tree_.write(library + "ping.py", "import pong\n");
    tree_.write(library + "pong.py", "import ping\n");
    agent("import ping\n");
    EXPECT_THAT(paths(), Contains(library + "pong.py"));
}

}  // namespace
}  // namespace pando::chroot
