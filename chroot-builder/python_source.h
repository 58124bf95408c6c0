// SPDX-License-Identifier: GPL-2.0-or-later
// What a Python source file imports, and when: found by reading its statements, never by running it.
//
//   read_python("import sys, os.path\ntry:\n    import _bz2\nexcept ImportError: pass\n")
//   -> sys (always), os.path (always), _bz2 (perhaps)
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pando::chroot {

struct Import {
    enum class When {
        always,   // each time the module is loaded
        perhaps,  // at load, but behind an `if`, or in a `try` that stands a missing module
        called,   // inside a function: not before it is called
    };
    std::string module;              // "a.b"; empty in `from . import x`
    size_t dots = 0;                 // leading dots of a relative import
    std::vector<std::string> names;  // of `from module import names`; each may be a submodule
    When when = When::always;
};

struct PythonSource {
    std::vector<Import> imports;
    std::vector<std::string> search_paths;  // constants given to sys.path.append() and sys.path.insert()
    // Name and module of each row in six's table of what Python 3 moved: ("http_client", "http.client").
    std::vector<std::pair<std::string, std::string>> moved;
    std::vector<std::string> programs;  // constants given to subprocess.run(), os.system() and the like
};

// Never fails: what is not Python yields nothing. Imports for type checkers only are left out.
PythonSource read_python(std::string_view text);

}  // namespace pando::chroot
