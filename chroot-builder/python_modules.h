// SPDX-License-Identifier: GPL-2.0-or-later
// Which module files a Python script needs, by following its imports through the tree.
// The rule of what is followed, and why, is decision 0003.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/python_source.h"

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pando::chroot {

class PythonModules {
public:
    // `interpreter` is the real file (/usr/bin/python3.11), `builtins` the modules inside it.
    PythonModules(const Sysroot& root, const std::filesystem::path& interpreter, std::vector<std::string> builtins);

    struct File {
        std::filesystem::path path;    // in the chroot
        std::filesystem::path source;  // in the tree, when it is another; else empty
        std::filesystem::path importer;
    };
    struct Missing {
        std::string module;
        std::filesystem::path importer;
    };
    struct Closure {
        std::vector<File> files;       // compiled modules, sources of those that are not compiled, C extensions
        std::vector<Missing> missing;  // imported each time, and nowhere in the tree
    };
    // What the script adds to everything found before: a module is given once for each importer.
    Closure follow(const std::filesystem::path& script, std::string text);
    std::filesystem::path extension_directory() const { return extensions_; }
    // The modules which the interpreter itself loads when it starts.
    Closure start_up();

private:
    // A module's place: a file, or the directory of a package.
    struct Place {
        std::filesystem::path file;       // empty: a package without __init__.py
        std::filesystem::path directory;  // of a package; else empty
    };
    struct Module {
        std::optional<Place> place;  // nothing: it is nowhere in the tree
        bool read_strictly = false;  // its own imports were followed as ones that must be there
    };
    struct Work {
        std::filesystem::path file;
        std::string package;  // what relative imports are relative to: "a.b"
    };

    Closure follow_all();
    void work_off();
    void read(const Work& work);
    void import(const Import& import, const Work& importer);
    // Loads each part of a.b.c. False: not to be found from its first part on.
    bool load(const std::string& module, const std::filesystem::path& importer);
    void import_moved(const std::string& path, const Import& import, const Work& importer);
    std::optional<Place> find(const std::string& module);
    std::optional<Place> find_in(const std::filesystem::path& directory, const std::string& name);
    const std::set<std::string>& listing(const std::filesystem::path& directory);
    void add_module(const std::filesystem::path& file, const std::filesystem::path& importer);
    std::optional<std::filesystem::path> compiled_form(const std::filesystem::path& source);
    bool is_agents(const std::filesystem::path& file) const;

    const Sysroot& root_;
    std::filesystem::path interpreter_;
    std::string tag_;  // "cpython-311"
    std::set<std::string> builtins_;
    std::filesystem::path extensions_;           // lib-dynload
    std::vector<std::filesystem::path> search_;  // sys.path
    std::map<std::string, Module> modules_;      // all that were asked for, found or not
    std::map<std::filesystem::path, std::set<std::string>> listings_;
    std::map<std::filesystem::path, File> carried_as_;                         // by the module's own file
    std::set<std::pair<std::filesystem::path, std::filesystem::path>> added_;  // a module and its importer
    std::map<std::filesystem::path, std::string> scripts_;                     // given to follow()
    std::vector<Work> work_;
    std::vector<std::pair<Import, Work>> optional_;            // imports that may fail, looked at after the others
    std::vector<std::pair<std::string, Work>> moved_imports_;  // names imported from six.moves
    std::multimap<std::string, std::string> moved_;            // what six says they are
    bool strict_ = true;                                       // what is imported now must be there
    Closure closure_;
};

}  // namespace pando::chroot
