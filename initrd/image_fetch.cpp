// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/image_fetch.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/process.h"
#include "initrd/boot_files.h"

#include <algorithm>
#include <regex>

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

constexpr Milliseconds ask_patience{30000};
constexpr Milliseconds copy_patience{600000};
constexpr const char* work_prefix = ".pando-fetch";

// No question to a person: this is what a timer does. A host that is not known is refused, as ssh does.
std::vector<std::string> with_options(const std::string& program, const FetchOptions& options) {
    std::vector<std::string> argv = {program, "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"};
    for (const std::string& option : options.ssh_options) {
        argv.emplace_back("-o");
        argv.push_back(option);
    }
    return argv;
}

Result<std::string> ask_set(const ImageSource& source, const FetchOptions& options) {
    auto argv = with_options("ssh", options);
    argv.insert(argv.end(), {"--", "root@" + source.address, "readlink", (options.there / "current").string()});
    const auto done = TRY(run({.argv = argv, .deadline = Deadline::after(ask_patience)}));
    // ssh's own status; all others are readlink's, which says nothing.
    if (done.status == 255) return fail("{}", done.last_words());
    if (!done.ok())
        return fail("it has no boot files in {}", options.there.string())
            .advise(fmt::format("on a node: pando image build --output {}", options.there.string()));
    const std::string set = done.out.substr(0, done.out.find('\n'));
    static const std::regex name("sets/[0-9a-f]{16}");
    if (!std::regex_match(set, name)) return fail("its {}/current leads to '{}', no set", options.there.string(), set);
    return set;
}

Result<> copy_set(const ImageSource& source, const std::string& set, const fs::path& to, const FetchOptions& options) {
    auto argv = with_options("scp", options);
    argv.insert(argv.end(), {"-q", "-p", "--"});
    // In brackets, which an IPv6 address needs and the others allow.
    for (const char* name : boot_file_names)
        argv.push_back(fmt::format("root@[{}]:{}", source.address, (options.there / set / name).string()));
    argv.push_back(to.string());
    const auto done = TRY(run({.argv = argv, .deadline = Deadline::after(copy_patience)}));
    if (!done.ok()) return fail("copying {} from {}: {}", set, source.node, done.last_words());
    return {};
}

}  // namespace

Result<> check_set(const fs::path& directory, const std::string& name) {
    std::string script = TRY(read_file(directory / "boot.ipxe"));
    const std::string place = "/" + name;
    for (size_t at = script.find(place); at != std::string::npos; at = script.find(place, at))
        script.erase(at, place.size());
    const std::string found = TRY(set_of(directory, script));
    if (found != name)
        return fail("the boot files of {} are not whole: they are {}", name, found).advise("fetch them again");
    return {};
}

Result<FetchedImage> fetch_image(const FetchOptions& options) {
    TRY(make_directories(options.output));
    const auto lock =
        TRY(FileLock::take(options.output / (std::string(work_prefix) + ".lock"), Deadline::after(copy_patience)));
    for (const auto& name : TRY(list_directory(options.output)))  // of a run that was killed
        if (name.starts_with(work_prefix) && !name.ends_with(".lock")) TRY(remove_tree(options.output / name));
    std::string trouble;
    std::string advice;
    for (const ImageSource& source : options.sources) {
        const auto set = ask_set(source, options);
        if (!set) {
            trouble += fmt::format("{}{}: {}", trouble.empty() ? "" : "; ", source.node, set.error().what);
            if (!set.error().advice.empty()) advice = set.error().advice;
            continue;
        }
        std::error_code ec;
        if (fs::read_symlink(options.output / "current", ec) == *set && check_set(options.output / *set, *set))
            return FetchedImage{source.node, *set, false};
        const auto work = TRY(TemporaryDirectory::create(options.output, work_prefix));
        const fs::path directory = work.path() / "set";
        TRY(make_directories(directory));
        TRY(copy_set(source, *set, directory, options));
        TRY(check_set(directory, *set));
        for (const char* name : boot_file_names)
            fs::permissions(directory / name, fs::perms(0644), ec);  // servers read as anybody
        if (ec) return fail_errno(ec.value(), "chmod in {}", directory.string());
        TRY(publish_set(directory, options.output, *set));
        return FetchedImage{source.node, *set, true};
    }
    return fail("no node gave boot files: {}", trouble)
        .advise(advice.empty()
                    ? "root's ssh key of this machine goes into access: authorized_keys; a first `ssh root@NODE` "
                      "makes the node known here"
                    : advice);
}

}  // namespace pando::initrd
