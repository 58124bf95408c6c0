// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/python_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "always a.b", "perhaps ..c: x y"
std::vector<std::string> imports_of(std::string_view text) {
    std::vector<std::string> lines;
    for (const Import& import : read_python(text).imports) {
        const char* when = import.when == Import::When::always    ? "always"
                           : import.when == Import::When::perhaps ? "perhaps"
                                                                  : "called";
        std::string line = fmt::format("{} {}{}", when, std::string(import.dots, '.'), import.module);
        if (!import.names.empty()) line += ":";
        for (const std::string& name : import.names) line += " " + name;
        lines.push_back(line);
    }
    return lines;
}

TEST(PythonSource, FindsEveryFormOfImport) {
    EXPECT_THAT(imports_of("import os\n"
                           "import a.b as c, d ; import e\n"
                           "from x import (y,  # why\n"
                           "    z as w,\n"
                           ")\n"
                           "from .. import up\n"
                           "from .side import one, two\n"
                           "from fencing import *\n"
                           "import \\\n"
                           "  long\n"),
                ElementsAre("always os", "always a.b", "always d", "always e", "always x: y z", "always ..: up",
                            "always .side: one two", "always fencing", "always long"));
}

TEST(PythonSource, TextAndCommentsImportNothing) {
    EXPECT_THAT(imports_of("'''\nimport a\n'''\n"
                           "x = \"import b\"; y = r'a\\'b'; z = f'''{1}\nimport c\n'''\n"
                           "# import d\n"
                           "important = 1\n"
                           "def f():\n    yield from g()\n"
                           "import real\n"),
                ElementsAre("always real"));
}

TEST(PythonSource, AnImportThatMayFailIsPerhaps) {
    EXPECT_THAT(
        imports_of("try:\n"
                   "    import fast\n"
                   "except ImportError:\n"
                   "    import slow\n"
                   "else:\n"
                   "    import more\n"
                   "try: import one\n"
                   "except: pass\n"
                   "try:\n"
                   "    import needed\n"
                   "except (OSError, ValueError):\n"
                   "    pass\n"
                   "try:\n"
                   "    import unguarded\n"
                   "finally:\n"
                   "    import last\n"
                   "if windows:\n"
                   "    import nt\n"
                   "else: import posix\n"
                   "with suppress(ImportError): import extra\n"
                   "import after\n"),
        ElementsAre("perhaps fast", "perhaps slow", "perhaps more", "perhaps one", "always needed", "always unguarded",
                    "always last", "perhaps nt", "perhaps posix", "perhaps extra", "always after"));
}

TEST(PythonSource, AnImportInAFunctionIsCalled) {
    EXPECT_THAT(imports_of("def f(a: int = {'x': 1}['x']) -> str:\n"
                           "\timport tabbed\n"
                           "\tif a:\n"
                           "\t\tfrom deep import er\n"
                           "async def g(): import inline\n"
                           "class C:\n"
                           "    import body\n"
                           "    def m(self):\n"
                           "        try:\n"
                           "            import method\n"
                           "        except ImportError:\n"
                           "            pass\n"
                           "if __name__ == '__main__':\n"
                           "    import main_only\n"),
                ElementsAre("called tabbed", "called deep: er", "called inline", "always body", "called method",
                            "called main_only"));
}

TEST(PythonSource, WhatOnlyTypeCheckersImportIsLeftOut) {
    EXPECT_THAT(
        imports_of("if TYPE_CHECKING:\n    import heavy\nif typing.TYPE_CHECKING: import heavier\nimport light\n"),
        ElementsAre("always light"));
}

TEST(PythonSource, FindsModulesLoadedByAConstantName) {
    EXPECT_THAT(imports_of("m = __import__('one.two')\ndef f():\n  importlib.import_module(\"three\")\n"
                           "import_module('.relative', __package__)\nimport_module(variable)\n"),
                ElementsAre("always one.two", "called three"));
}

TEST(PythonSource, FindsModulesLoadedByALoopOverConstants) {
    EXPECT_THAT(imports_of("for package in ('urllib3', \"idna\"):\n"
                           "    locals()[package] = __import__(package)\n"
                           "for other in names:\n    __import__(other)\n"
                           "__import__(package)\n"),
                ElementsAre("always urllib3", "always idna"));
}

TEST(PythonSource, FindsDirectoriesAddedToTheSearchPath) {
    EXPECT_THAT(read_python("import sys\nsys.path.append(\"/usr/share/fence\")\nsys.path.insert(0, '/opt/agents')\n"
                            "sys.path.append(computed)\nother.append('/no')\n")
                    .search_paths,
                ElementsAre("/usr/share/fence", "/opt/agents"));
}

TEST(PythonSource, ReadsWhatSixSaysHasMoved) {
    const auto source = read_python(
        "_moved_attributes = [\n"
        "    MovedAttribute('urlencode', 'urllib', 'urllib.parse'),\n"
        "    MovedModule(\"queue\", \"Queue\"),\n"
        "    MovedModule('http_client', 'httplib', 'http.client'),\n"
        "    MovedModule('urllib', __name__ + '.moves.urllib', __name__ + '.moves.urllib'),\n"
        "    MovedAttribute('filter', 'itertools', 'builtins', 'ifilter', 'filter'),\n"
        "]\n");
    using Row = std::pair<std::string, std::string>;
    EXPECT_THAT(source.moved, ElementsAre(Row("urlencode", "urllib.parse"), Row("queue", "queue"),
                                          Row("http_client", "http.client"), Row("filter", "builtins")));
    EXPECT_THAT(imports_of("import six\nx = six.moves.urllib.parse.quote\n"),
                ElementsAre("always six", "always six.moves.urllib.parse.quote"));
}

TEST(PythonSource, WhatIsNotPythonYieldsNothingAndEnds) {
    EXPECT_THAT(imports_of(std::string_view("\x7f"
                                            "ELF\0\0'\"(((",
                                            12)),
                IsEmpty());
    EXPECT_THAT(imports_of("'''never closed\nimport a"), IsEmpty());
    EXPECT_THAT(imports_of("x = 'open\nimport b\n"), ElementsAre("always b"));
    EXPECT_THAT(imports_of("from import import\nimport\nfrom . \nimport ,,\n"), IsEmpty());
    EXPECT_THAT(imports_of(std::string(100000, '(')), IsEmpty());
    EXPECT_THAT(imports_of("\\"), IsEmpty());
}

}  // namespace
}  // namespace pando::chroot
