// SPDX-License-Identifier: GPL-2.0-or-later
// The closure: every path is walked name by name inside the tree, so that each symlink on the way becomes an entry;
// every file is read once and asked what it needs (ELF: libraries and interpreter; script: interpreter and modules).
#include "chroot-builder/agents.h"
#include "chroot-builder/companions.h"
#include "chroot-builder/digests.h"
#include "chroot-builder/elf.h"
#include "chroot-builder/libraries.h"
#include "chroot-builder/manifest.h"
#include "chroot-builder/python_modules.h"
#include "chroot-builder/shell_source.h"

#include "base/printable.h"
#include "base/sha256.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <set>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr int link_limit = 40;            // as the kernel's
constexpr size_t first_line_limit = 256;  // of a script; the kernel's
constexpr std::string_view multi_call = "busybox";

// Looked through for chroot.programs too, but a fence agent by name must be in PATH: agent_directories().
std::vector<std::string> program_directories() {
    std::vector<std::string> directories = agent_directories();
    directories.insert(directories.end(), {"/usr/local/sbin", "/usr/local/bin"});
    return directories;
}

class Resolver {
public:
    Resolver(const Sysroot& root) : root_(root), libraries_(root) {}

    Result<Manifest> resolve(const Request& request) {
        for (const auto& [path, entry] : request.made) add_made(path, entry);
        for (const auto& [path, delivered] : request.delivered) add_delivered(path, delivered.content);
        for (const std::string& program : request.programs) add_program(program, {"asked for", {}});
        for (const std::string& agent : request.agents) add_agent(agent);
        for (const fs::path& file : request.files) add_tree(file, {"asked for", {}});
        while (!loose_.empty()) add_loose();
        refuse_strange_names();
        if (!missing_.empty()) return complaint();
        for (const auto& [path, digest] : digests_.finish()) manifest_.entries[path].sha256 = digest;
        name_compiled_importers();
        name_delivered(request);
        return std::move(manifest_);
    }

private:
    using Entries = std::map<fs::path, Entry>;

    // --- what is missing ---

    void miss(std::string line, std::string package) {
        if (package == no_package) {
            line += " (no package of Debian brings it)";
            package.clear();
        }
        if (std::find(missing_.begin(), missing_.end(), line) == missing_.end()) missing_.push_back(std::move(line));
        if (!package.empty()) packages_.insert(std::move(package));
    }

    Failure complaint() const {
        std::string text = fmt::format("the chroot is not complete in {}:", root_.directory().string());
        for (const std::string& line : missing_) text += "\n  " + printable(line);
        Failure failure = bad_input("{}", text);
        std::string names;
        for (const std::string& package : packages_) names += " " + package;
        if (!names.empty()) failure.advise(fmt::format("install there:{}", names));
        return failure;
    }

    // The manifest is JSON, which has no other bytes.
    void refuse_strange_names() {
        for (const auto& [path, entry] : manifest_.entries)
            if (!is_utf8(path.native()) || !is_utf8(entry.target) || !is_utf8(entry.source.native()))
                miss(fmt::format("{} ({}): its name is no UTF-8", path.string(), entry.why()), {});
    }

    // --- paths ---

    // The real path. All directories and links on the way become entries; nothing is followed out of the root.
    Result<fs::path> walk(const fs::path& path, const Reason& why) {
        std::deque<std::string> rest;
        for (const fs::path& part : path.relative_path()) rest.push_back(part.string());
        fs::path at = "/";
        for (int links = 0; !rest.empty();) {
            const std::string name = rest.front();
            rest.pop_front();
            if (name.empty() || name == ".") continue;
            if (name == "..") {
                at = at.parent_path();
                continue;
            }
            const Entry* entry = TRY(look(at / name, why));
            if (entry != nullptr && entry->kind == Entry::Kind::symlink) {
                if (++links > link_limit) return fail_errno(ELOOP, "{}", path.string());
                const fs::path target = entry->target;
                if (target.is_absolute()) at = "/";
                std::deque<std::string> parts;
                for (const fs::path& part : target.relative_path()) parts.push_back(part.string());
                rest.insert(rest.begin(), parts.begin(), parts.end());
                continue;
            }
            at /= name;
            if (!rest.empty() && (entry == nullptr || entry->kind != Entry::Kind::directory))
                return fail_errno(ENOTDIR, "{}", at.string());
        }
        return at;
    }

    // The entry of a directory or link, made when it is new; null for a file that is not known yet.
    Result<const Entry*> look(const fs::path& path, const Reason& why) {
        if (const auto known = manifest_.entries.find(path); known != manifest_.entries.end()) return &known->second;
        const struct stat status = TRY(root_.lstat(path));
        Entry entry;
        entry.reasons = {why};
        if (S_ISLNK(status.st_mode)) {
            entry.kind = Entry::Kind::symlink;
            entry.target = TRY(root_.read_link(path));
        } else if (S_ISDIR(status.st_mode)) {
            entry.kind = Entry::Kind::directory;
            entry.mode = status.st_mode & 01777U;
        } else {
            return nullptr;
        }
        return &manifest_.entries.emplace(path, std::move(entry)).first->second;
    }

    // What is made need not be in the tree, but the way to it follows the tree's links (/bin is /usr/bin).
    void add_made(const fs::path& path, Entry entry) {
        fs::path parent = "/";
        for (const fs::path& name : path.parent_path().relative_path()) {
            const fs::path next = parent / name;
            if (root_.lstat(next) || manifest_.entries.contains(next)) {
                auto real = walk(next, Reason{"holds", path});
                if (!real) return miss(real.error().what, {});
                parent = *real;
            } else {
                Entry above;
                above.kind = Entry::Kind::directory;
                above.mode = 0755;
                above.reasons = {{"holds", path}};
                parent = manifest_.entries.emplace(next, std::move(above)).first->first;
            }
        }
        if (entry.content) {
            entry.size = entry.content->size();
            entry.sha256 = sha256(*entry.content);
        }
        if (entry.kind == Entry::Kind::symlink && entry.target == multi_call) applets_.insert(parent / path.filename());
        manifest_.entries[parent / path.filename()] = std::move(entry);
    }

    // --- files ---

    // Adds a file with all that it needs. The real path; nothing when it is missing, which is noted then.
    std::optional<fs::path> add_file(const fs::path& path, const Reason& why, const std::string& package = {}) {
        auto real = walk(path, why);
        if (!real) {
            miss(fmt::format("{} ({}): {}", path.string(), why.text(), std::strerror(real.error().sys)), package);
            return std::nullopt;
        }
        if (const auto known = manifest_.entries.find(*real);
            known != manifest_.entries.end() && known->second.kind == Entry::Kind::file) {
            add_reason(known->second, why);
            return *real;
        }
        auto content = read(*real, why, package);
        if (!content) return std::nullopt;
        manifest_.entries[*real] = std::move(content->entry);
        digests_.add(*real, content->bytes);
        add_needs(*real, *content->bytes);
        return *real;
    }

    void add_needs(const fs::path& path, const std::string& content) {
        if (is_elf(content))
            add_elf(path, content);
        else if (content.starts_with("#!"))
            add_script(path, content);
        add_companions(path);
    }

    // The boot writes it where it says: only the way there is the tree's.
    void add_delivered(const fs::path& path, const std::string& content) {
        if (!is_elf(content) && !content.starts_with("#!"))
            return miss(fmt::format("{}: neither a binary nor a script with #!", path.string()), {});
        add_needs(path, content);
    }

    void add_companions(const fs::path& path) {
        for (const Companion& row : companions_of(path)) {
            if (row.carry == Companion::Carry::never) continue;
            const fs::path file = row.path(path);
            if (row.carry == Companion::Carry::always || root_.exists(file))
                add_tree(file, {std::string(row.relation), path});
        }
    }

    static void add_reason(Entry& entry, const Reason& why) {
        auto& all = entry.reasons;
        if (std::find(all.begin(), all.end(), why) == all.end()) all.push_back(why);
    }

    // A file of the tree under another name.
    void add_copy(const fs::path& path, const fs::path& source, const Reason& why) {
        const auto parent = walk(path.parent_path(), why);
        if (!parent) return;
        if (const auto known = manifest_.entries.find(*parent / path.filename()); known != manifest_.entries.end())
            return add_reason(known->second, why);
        auto content = read(source, why, {});
        if (!content) return;
        content->entry.source = source;
        manifest_.entries[*parent / path.filename()] = std::move(content->entry);
        digests_.add(*parent / path.filename(), content->bytes);
        add_companions(*parent / path.filename());
    }

    struct Content {
        Entry entry;  // but for its digest
        Digests::Bytes bytes;
    };

    // Nothing when it is no regular file or cannot be read, which is noted then.
    std::optional<Content> read(const fs::path& path, const Reason& why, const std::string& package) {
        const auto status = root_.stat(path);
        if (!status || !S_ISREG(status->st_mode)) {
            miss(fmt::format("{} ({}): not a regular file", path.string(), why.text()), package);
            return std::nullopt;
        }
        auto bytes = root_.read(path);
        if (!bytes) {
            miss(fmt::format("{} ({}): {}", path.string(), why.text(), bytes.error().what), package);
            return std::nullopt;
        }
        Content content;
        content.entry.mode = status->st_mode & 0777U;
        content.entry.size = bytes->size();
        content.entry.reasons = {why};
        content.bytes = std::make_shared<const std::string>(std::move(*bytes));
        return content;
    }

    void add_tree(const fs::path& path, const Reason& why) {
        const auto status = root_.stat(path);
        if (!status || !S_ISDIR(status->st_mode)) {
            (void)add_file(path, why);
            return;
        }
        const auto names = root_.list(path);
        if (!walk(path, why) || !names)
            return miss(fmt::format("{} ({}): cannot be read", path.string(), why.text()), {});
        for (const std::string& name : *names) add_tree(path / name, why);
    }

    std::optional<fs::path> find_program(const std::string& name) const {
        if (name.find('/') != std::string::npos) return name;
        for (const std::string& directory : program_directories())
            if (root_.exists(fs::path(directory) / name)) return fs::path(directory) / name;
        return std::nullopt;
    }

    std::optional<fs::path> add_program(const std::string& name, const Reason& why) {
        const auto path = find_program(name);
        if (path) return add_file(*path, why, package_of_program(name));
        miss(fmt::format("program {} ({}): in none of the usual directories", name, why.text()),
             package_of_program(name));
        return std::nullopt;
    }

    // --- ELF ---

    void add_elf(const fs::path& path, std::string_view content) {
        auto elf = read_elf(content);
        if (!elf) return miss(fmt::format("{}: {}", path.string(), elf.error().what), {});
        const Elf& kept = elves_[path] = std::move(*elf);
        if (!kept.interpreter.empty()) (void)add_file(kept.interpreter, {"dynamic linker of", path});
        // A library is linked by whoever loads it, with the search paths of that one.
        if (kept.interpreter.empty())
            loose_.push_back(path);
        else
            add_libraries(path, path.parent_path(), {}, path);
    }

    // `inherited` are the DT_RPATHs of whoever loads this file: the same library can find others for other programs.
    void add_libraries(const fs::path& real, const fs::path& origin, std::vector<std::string> inherited,
                       const fs::path& program) {
        if (!linked_.insert({real, inherited}).second) return;
        reached_.insert(real);
        const Elf elf = elves_[real];  // a copy: adding libraries moves the map's content along
        // ld.so(8): a file with a DT_RUNPATH has no DT_RPATH.
        auto passed = elf.runpath.empty() ? Libraries::expand(elf.rpath, origin) : std::vector<std::string>();
        passed.insert(passed.end(), inherited.begin(), inherited.end());
        for (const std::string& name : elf.needed) {
            const auto found = libraries_.find(name, elf, origin, inherited);
            if (!found) {
                miss(real == program
                         ? fmt::format("library {}, needed by {}", name, real.string())
                         : fmt::format("library {}, needed by {} for {}", name, real.string(), program.string()),
                     {});
                continue;
            }
            const auto library = add_file(found->path, {"library of", real});
            if (!library) continue;
            if (found->by_cache) add_default_link(found->path, name);
            if (elves_.contains(*library)) add_libraries(*library, found->path.parent_path(), passed, program);
        }
    }

    // What no program links (plugins, Python's extensions) is opened by name, and must find its libraries by itself.
    void add_loose() {
        const fs::path path = std::move(loose_.back());
        loose_.pop_back();
        if (!reached_.contains(path)) add_libraries(path, path.parent_path(), {}, path);
    }

    // The chroot has no /etc/ld.so.cache: a library from a configured directory is linked into a default one.
    void add_default_link(const fs::path& library, const std::string& name) {
        Entry entry;
        entry.kind = Entry::Kind::symlink;
        entry.target = library.string();
        entry.reasons = {{"leads the dynamic linker to", library}};
        add_made(fs::path(default_library_directories().front()) / name, std::move(entry));
    }

    // --- scripts ---

    void add_script(const fs::path& path, const std::string& content) {
        std::istringstream words(content.substr(2, content.substr(2, first_line_limit).find('\n')));
        std::string interpreter;
        words >> interpreter;
        const Reason why{"interpreter of", path};
        std::string name = fs::path(interpreter).filename();
        // busybox's shell would run its own applets where the script means the tree's programs.
        if (is_shell(name) && root_.exists(interpreter)) take_applet_away(interpreter);
        auto real = add_program(interpreter, why);
        if (real && name == "env" && words >> name) real = add_program(name, why);
        if (real && real->filename().string().starts_with("python3."))
            add_python(path, content, *real);
        else if (is_shell(fs::path(name).filename().string()))
            add_shell(path, content);
    }

    void add_python(const fs::path& script, const std::string& content, const fs::path& interpreter) {
        auto& modules = pythons_[interpreter];
        if (!modules) {
            const auto program = root_.read(interpreter);
            modules = std::make_unique<PythonModules>(
                root_, interpreter, program ? builtin_python_modules(*program) : std::vector<std::string>());
            add_modules(modules->start_up(), script);
            // Empty or not: without it Python complains on every start.
            (void)walk(modules->extension_directory(), {"looked for by", interpreter});
        }
        add_modules(modules->follow(script, content), script);
        for (const std::string& program : read_python(content).programs) add_called(script, program, {}, false);
    }

    // What the script reads with `.` is a part of it: its functions are no programs.
    void add_shell(const fs::path& script, const std::string& content) {
        std::string text = content;
        ShellSource source = read_shell(text);
        std::set<std::string> sourced;
        for (size_t i = 0; i < source.sourced.size(); ++i) {
            const auto [file, line] = source.sourced[i];
            if (!sourced.insert(file).second) continue;
            const auto part = root_.read(file);
            if (!part || !file.starts_with('/')) {
                warn(script, line, fmt::format("reads {}, which is not there", file));
                continue;
            }
            (void)add_file(file, {"read by", script});
            text += "\n" + *part;
            source = read_shell(text);
            i = 0;
        }
        const auto is_optional = [&](const std::string& name) {
            return std::any_of(source.optional.begin(), source.optional.end(),
                               [&](const ShellWord& word) { return word.text == name; });
        };
        for (const ShellWord& call : source.calls) add_called(script, call.text, call.line, is_optional(call.text));
        for (const ShellWord& call : source.optional) add_called(script, call.text, call.line, true);
        for (const ShellWord& word : source.unknown)
            warn(script, word.line, fmt::format("calls {}: which program that is only a run can tell", word.text));
    }

    void warn(const fs::path& script, size_t line, const std::string& what) {
        manifest_.warnings.push_back(
            fmt::format("{} line {} {}; chroot.programs carries what is needed there", script.string(), line, what));
    }

    // The tree's own program goes before an applet of busybox: scripts use options that only the former has.
    void add_called(const fs::path& script, const std::string& name, std::optional<size_t> line, bool optional) {
        const Reason why{"called by", script};
        if (name.find('/') != std::string::npos && !name.starts_with('/')) {
            if (line) warn(script, *line, fmt::format("calls {}, relative to where it is run", name));
            return;
        }
        const auto path = find_program(name);
        if (path && root_.exists(*path)) {
            if (!is_shell(path->filename().string())) take_applet_away(*path);
            (void)add_file(*path, why, package_of_program(name));
            return;
        }
        for (const fs::path& applet : applets_)
            if (applet.filename() == fs::path(name).filename()) return add_reason(manifest_.entries[applet], why);
        if (optional) return;
        miss(line ? fmt::format("program {} ({}, line {}): not there", name, why.text(), *line)
                  : fmt::format("program {} ({}): not there", name, why.text()),
             package_of_program(name));
    }

    void take_applet_away(const fs::path& path) {
        const auto parent = walk(path.parent_path(), {"called", {}});
        if (parent && applets_.erase(*parent / path.filename()) > 0) manifest_.entries.erase(*parent / path.filename());
    }

    void add_modules(const PythonModules::Closure& closure, const fs::path& script) {
        for (const auto& file : closure.files) {
            if (file.source.empty())
                (void)add_file(file.path, {"imported by", file.importer});
            else
                add_copy(file.path, file.source, {"imported by", file.importer});
        }
        for (const auto& missing : closure.missing)
            miss(fmt::format("Python module {}, imported by {} for {}", missing.module, missing.importer.string(),
                             script.string()),
                 package_of_module(missing.module));
    }

    // Imports were read from sources; in the chroot the importer goes by the name of its compiled form.
    void name_compiled_importers() {
        for (auto& [path, entry] : manifest_.entries) {
            for (Reason& reason : entry.reasons) {
                if (reason.by.extension() != ".py" || manifest_.entries.contains(reason.by)) continue;
                reason.by.replace_extension(".pyc");
            }
        }
    }

    // In the chroot nobody is answerable for what a delivered program needs: it is no entry.
    void name_delivered(const Request& request) {
        for (auto& [path, entry] : manifest_.entries)
            for (Reason& reason : entry.reasons)
                if (const auto found = request.delivered.find(reason.by); found != request.delivered.end())
                    reason = {fmt::format("{} {}, {}", reason.relation, reason.by.string(), found->second.why), {}};
    }

    // --- fence agents ---

    void add_agent(const std::string& agent) {
        const auto path = find_agent(root_, agent);
        if (!path) return miss(fmt::format("fence agent {}: not there", agent), package_of_program(agent));
        const auto real = add_file(*path, {"fence agent", {}});
        if (!real) return;
        if ((manifest_.entries[*real].mode & 0111U) == 0) miss(fmt::format("{}: may not be run", path->string()), {});
        const auto source = root_.read(*real);
        if (!source || is_elf(*source)) return;
        for (const AgentProgram& program : agent_programs(path->filename().string(), *source)) {
            if (!program.required && !root_.exists(program.path)) continue;
            (void)add_file(program.path, {program.relation, *real}, package_of_program(program.path));
        }
        for (const std::string& module : agent_modules(path->filename().string()))
            for (const auto& [interpreter, modules] : pythons_)
                add_modules(modules->follow(*real, "import " + module + "\n"), *real);
    }

    const Sysroot& root_;
    Libraries libraries_;
    Digests digests_;
    Manifest manifest_;
    std::map<fs::path, Elf> elves_;
    std::set<std::pair<fs::path, std::vector<std::string>>> linked_;  // done: a file, with what it inherits
    std::set<fs::path> reached_;                                      // the files among them
    std::vector<fs::path> loose_;
    std::map<fs::path, std::unique_ptr<PythonModules>> pythons_;
    std::vector<std::string> missing_;
    std::set<std::string> packages_;
    std::set<fs::path> applets_;  // links to busybox that were asked for
};

}  // namespace

Result<Manifest> resolve(const Sysroot& root, const Request& request) { return Resolver(root).resolve(request); }

}  // namespace pando::chroot
