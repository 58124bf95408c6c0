// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/python_modules.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

// What an interpreter loads before the script, by names that stand in its C code; codecs it looks up by name at run
// time (of pipes, and of host names); and what it needs to report an exception.
constexpr std::array start_modules = {"site",
                                      "io",
                                      "abc",
                                      "os",
                                      "encodings",
                                      "encodings.ascii",
                                      "encodings.aliases",
                                      "encodings.idna",
                                      "encodings.latin_1",
                                      "encodings.utf_8",
                                      "importlib.util",
                                      "importlib.machinery",
                                      "runpy",
                                      "warnings",
                                      "traceback"};

// Modules inside every interpreter that it does not export as PyInit_X.
constexpr std::array inner_modules = {"sys",     "builtins", "__main__",          "_warnings",
                                      "marshal", "_imp",     "_frozen_importlib", "_frozen_importlib_external"};

// Imported by libraries in ways that may fail, and of no use to an agent: 0.4 MB. One that imports them itself gets
// them.
constexpr std::array<std::string_view, 6> spared_modules = {
    "bz2",
    "lzma",  // archives, by shutil
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "zipimport",  // the interpreter has its own inside
    "ntpath",     // another operating system
};

constexpr std::string_view script_prefix = "python";  // of the interpreter's name

bool is_spared(std::string_view module) {
    return std::find(spared_modules.begin(), spared_modules.end(), module) != spared_modules.end();
}

std::string above(const std::string& module) {
    const size_t dot = module.rfind('.');
    return dot == std::string::npos ? "" : module.substr(0, dot);
}

}  // namespace

PythonModules::PythonModules(const Sysroot& root, const fs::path& interpreter, std::vector<std::string> builtins)
    : root_(root), interpreter_(interpreter), builtins_(builtins.begin(), builtins.end()) {
    builtins_.insert(inner_modules.begin(), inner_modules.end());
    const std::string version = interpreter.filename().string().substr(script_prefix.size());
    tag_ = "cpython-" + version;
    std::erase(tag_, '.');
    const fs::path prefix = interpreter.parent_path().parent_path();
    const fs::path library = prefix / "lib" / ("python" + version);
    extensions_ = library / "lib-dynload";
    search_ = {library, extensions_, fs::path("/usr/local/lib/python" + version) / "dist-packages",
               prefix / "lib/python3/dist-packages"};
}

PythonModules::Closure PythonModules::start_up() {
    for (const char* module : start_modules)
        if (!load(module, interpreter_) || !modules_[module].place) closure_.missing.push_back({module, interpreter_});
    return follow_all();
}

PythonModules::Closure PythonModules::follow(const fs::path& script, std::string text) {
    scripts_[script] = std::move(text);
    if (std::find(search_.begin(), search_.end(), script.parent_path()) == search_.end())
        search_.insert(search_.begin(), script.parent_path());
    work_.push_back({script, {}});
    return follow_all();
}

// First what must be there, then what may be: so a module that both lead to is held to the stricter measure.
PythonModules::Closure PythonModules::follow_all() {
    strict_ = true;
    work_off();
    strict_ = false;
    for (const auto& [one, importer] : std::exchange(optional_, {})) import(one, importer);
    work_off();
    while (!moved_imports_.empty()) {
        const auto [name, importer] = std::move(moved_imports_.back());
        moved_imports_.pop_back();
        const auto [first, last] = moved_.equal_range(name);
        for (auto row = first; row != last; ++row) (void)load(row->second, importer.file);
        work_off();
    }
    strict_ = true;
    return std::exchange(closure_, {});
}

void PythonModules::work_off() {
    while (!work_.empty()) {
        const Work next = std::move(work_.back());
        work_.pop_back();
        read(next);
    }
}

void PythonModules::read(const Work& work) {
    const auto given = scripts_.find(work.file);
    const auto text = given != scripts_.end() ? Result<std::string>(given->second) : root_.read(work.file);
    if (!text) return;  // resolve() reads every file of the closure itself, and complains
    const PythonSource source = read_python(*text);
    for (const std::string& path : source.search_paths)
        if (std::find(search_.begin(), search_.end(), path) == search_.end()) search_.emplace_back(path);
    moved_.insert(source.moved.begin(), source.moved.end());
    for (const Import& one : source.imports) import(one, work);
}

// Written for fence agents: a script, or a module outside of Python's own directories.
bool PythonModules::is_agents(const fs::path& file) const {
    return file.native().find("/lib/python") == std::string::npos;
}

void PythonModules::import(const Import& import, const Work& importer) {
    // The functions of libraries import what few callers need (pydoc, asyncio, email …): decision 0003.
    if (import.when == Import::When::called && !is_agents(importer.file)) return;
    if (strict_ && import.when != Import::When::always) {
        optional_.emplace_back(import, importer);
        return;
    }
    std::string module = import.module;
    if (import.dots > 0) {
        std::string package = importer.package;
        for (size_t up = 1; up < import.dots; ++up) package = above(package);
        module = package + (package.empty() || module.empty() ? "" : ".") + module;
    }
    if (module.empty()) return;
    if (!strict_ && !is_agents(importer.file) && is_spared(module)) return;
    if (!load(module, importer.file)) {
        if (strict_) closure_.missing.push_back({module, importer.file});
        return;
    }
    if (const size_t at = module.find("six.moves"); at == 0 || (at != std::string::npos && module[at - 1] == '.'))
        import_moved(module.substr(at), import, importer);
    // A name imported from a package may be a module of its own.
    const auto& place = modules_[module].place;
    if (place && !place->directory.empty())
        for (const std::string& name : import.names)
            if (strict_ || is_agents(importer.file) || !is_spared(module + "." + name))
                (void)load(module + "." + name, importer.file);
}

// six.moves is made when six runs; what its parts are stands in six's own table, which is read by the time these are
// looked up. `path` is "six.moves.…".
void PythonModules::import_moved(const std::string& path, const Import& import, const Work& importer) {
    std::vector<std::string> words = import.names;
    std::istringstream parts(path);
    for (std::string part; std::getline(parts, part, '.');) words.push_back(part);
    for (const std::string& word : words) {
        moved_imports_.emplace_back(word, importer);
        if (word != "urllib") continue;
        for (const char* part : {"urllib_parse", "urllib_error", "urlopen"})
            moved_imports_.emplace_back(part, importer);
    }
}

bool PythonModules::load(const std::string& module, const fs::path& importer) {
    if (builtins_.contains(module)) return true;
    for (size_t end = 0; end != std::string::npos;) {
        end = module.find('.', end == 0 ? 0 : end + 1);
        const std::string part = module.substr(0, end);
        const auto [known, is_new] = modules_.try_emplace(part);
        Module& found = known->second;
        if (is_new) found.place = find(part);
        // A package can make its parts when it runs (six.moves): only a first part that is nowhere counts as missing.
        if (!found.place) return part.find('.') != std::string::npos;
        if (found.place->file.empty()) continue;
        add_module(found.place->file, importer);
        const bool is_source = found.place->file.extension() == ".py";
        if (is_source && (is_new || (strict_ && !found.read_strictly))) {
            work_.push_back({found.place->file, found.place->directory.empty() ? above(part) : part});
            found.read_strictly = strict_;
        }
    }
    return true;
}

std::optional<PythonModules::Place> PythonModules::find(const std::string& module) {
    const std::string package = above(module);
    if (!package.empty()) {
        const auto& place = modules_[package].place;
        if (!place || place->directory.empty()) return std::nullopt;
        return find_in(place->directory, module.substr(package.size() + 1));
    }
    std::optional<Place> bare;  // a package without __init__.py counts only when nothing else has the name
    for (const fs::path& directory : search_) {
        auto place = find_in(directory, module);
        if (place && !place->file.empty()) return place;
        if (place && !bare) bare = std::move(place);
    }
    return bare;
}

// In the order of Python's own finder: package, C extension, source, compiled source.
std::optional<PythonModules::Place> PythonModules::find_in(const fs::path& directory, const std::string& name) {
    const auto& names = listing(directory);
    const fs::path package = directory / name;
    if (names.contains(name))
        for (const char* init : {"__init__.py", "__init__.pyc"})
            if (listing(package).contains(init)) return Place{package / init, package};
    for (const std::string& suffix : {"." + tag_ + "-x86_64-linux-gnu.so", std::string(".abi3.so"), std::string(".so"),
                                      std::string(".py"), std::string(".pyc")})
        if (names.contains(name + suffix)) return Place{directory / (name + suffix), {}};
    if (names.contains(name) && !listing(package).empty()) return Place{{}, package};
    return std::nullopt;
}

const std::set<std::string>& PythonModules::listing(const fs::path& directory) {
    const auto [known, is_new] = listings_.try_emplace(directory);
    if (is_new)
        if (const auto found = root_.list(directory)) known->second.insert(found->begin(), found->end());
    return known->second;
}

// The compiled form alone, in the place where Python takes it without a source: half the bytes, and no agent spends
// its first second compiling.
void PythonModules::add_module(const fs::path& file, const fs::path& importer) {
    if (!added_.insert({file, importer}).second) return;
    const auto [known, is_new] = carried_as_.try_emplace(file, File{file, {}, {}});
    if (is_new && file.extension() == ".py") {
        if (auto compiled = compiled_form(file)) {
            known->second.path.replace_extension(".pyc");
            known->second.source = std::move(*compiled);
        }
    }
    closure_.files.push_back({known->second.path, known->second.source, importer});
}

// Only one that Python itself would take: made from this very source (flags 0, then the source's time and size).
std::optional<fs::path> PythonModules::compiled_form(const fs::path& source) {
    const fs::path cache = source.parent_path() / "__pycache__";
    const std::string name = source.stem().string() + "." + tag_ + ".pyc";
    if (!listing(cache).contains(name)) return std::nullopt;
    const auto compiled = root_.read(cache / name);
    const auto status = root_.stat(source);
    std::array<uint32_t, 4> header{};  // magic, flags, time, size; little-endian as this machine is
    if (!compiled || !status || compiled->size() < sizeof header) return std::nullopt;
    std::memcpy(header.data(), compiled->data(), sizeof header);
    if (header[1] != 0 || header[2] != static_cast<uint32_t>(status->st_mtime) ||
        header[3] != static_cast<uint32_t>(status->st_size))
        return std::nullopt;
    return cache / name;
}

}  // namespace pando::chroot
