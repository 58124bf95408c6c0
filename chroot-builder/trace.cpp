// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/trace.h"

#include "base/file.h"
#include "base/number.h"

#include <unistd.h>
#include <optional>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr size_t trace_limit = 64U << 20U;  // bytes of one process's trace

// strace -xx writes every character of a string as \xNN, so no quotation mark or bracket in a name can mislead.
std::string decode(std::string_view hex) {
    std::string text;
    for (size_t at = hex.find("\\x"); at != std::string_view::npos && at + 4 <= hex.size();
         at = hex.find("\\x", at + 4))
        text += static_cast<char>(whole_number<unsigned>(hex.substr(at + 2, 2), 16).value_or('?'));
    return text;
}

std::string encode(std::string_view text) {
    std::string hex;
    for (const char c : text) hex += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    return hex;
}

// What stands between two marks from `at` on; `at` is behind the second mark then.
std::optional<std::string_view> between(std::string_view line, char open, char close, size_t& at) {
    const size_t begin = line.find(open, at);
    const size_t end = begin == std::string_view::npos ? begin : line.find(close, begin + 1);
    if (end == std::string_view::npos) return std::nullopt;
    at = end + 1;
    return line.substr(begin + 1, end - begin - 1);
}

// `openat(AT_FDCWD<DIR>, "PATH", …`, `stat("PATH", …`. Nothing when the call names no path.
std::optional<fs::path> path_of(std::string_view arguments) {
    size_t at = 0;
    fs::path base = "/";
    if (!arguments.starts_with('"')) {
        const size_t comma = arguments.find(", ");
        const auto directory = between(arguments, '<', '>', at);
        if (comma == std::string_view::npos || !directory || at > comma) return std::nullopt;
        base = decode(*directory);
        at = comma;
        if (!arguments.substr(at).starts_with(", \"")) return std::nullopt;
    }
    const auto name = between(arguments, '"', '"', at);
    if (!name || name->empty()) return std::nullopt;
    return (base / decode(*name)).lexically_normal();
}

// `connect(3<…>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("…")}, 16) = 0`
std::optional<Contact> contact_of(std::string_view arguments) {
    const size_t family = arguments.find("{sa_family=");
    if (family == std::string_view::npos) return std::nullopt;
    const std::string_view address = arguments.substr(family);
    Contact contact;
    size_t at = 0;
    const auto text = between(address, '"', '"', at);
    if (!text) return std::nullopt;
    contact.address = decode(*text);
    if (const size_t port = address.find("port=htons("); port != std::string_view::npos) {
        at = port;
        contact.port = whole_number<int>(between(address, '(', ')', at).value_or("")).value_or(0);
    }
    return contact;
}

}  // namespace

void read_trace(std::string_view text, const std::string& program, std::string_view from, Trace& trace) {
    std::string runs = program;
    bool begun = from.empty();
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        const size_t open = line.find('(');
        const size_t result = line.rfind(" = ");
        if (open == std::string::npos || result == std::string::npos || result < open) continue;  // signals, the end
        const std::string_view arguments = std::string_view(line).substr(open + 1, result - open - 1);
        const std::string_view returned = std::string_view(line).substr(result + 3);
        const std::string_view call = std::string_view(line).substr(0, open);
        const bool found = !returned.starts_with("-1 ENOENT") && !returned.starts_with("-1 ENOTDIR");
        if (call == "connect") {
            auto contact = contact_of(arguments);
            if (!begun || !contact) continue;
            contact->program = runs;
            contact->reached = found;
            trace.contacts.push_back(std::move(*contact));
            continue;
        }
        const auto path = path_of(arguments);
        if (!path) continue;
        if (call == "execve" && returned.starts_with('0')) {
            runs = path->string();
            begun = begun || runs == from;
        }
        if (begun) trace.lookups.push_back({runs, *path, found});
    }
}

Result<> tracer_is_there() {
    for (const char* tool : {"strace", "nsenter"})
        if (auto found = find_program(tool); !found)
            return Failure(found.error())
                .advise(fmt::format("a proof runs every program under it: apt install {}", tool));
    return {};
}

Result<Traced> run_traced(const SurvivalNamespace& space, const std::vector<std::string>& argv,
                          const std::string& input, Deadline deadline) {
    const auto work = TRY(TemporaryDirectory::create(fs::temp_directory_path(), "pando-trace"));
    // From outside, for the chroot holds neither; this process's descriptor is how the namespace is named. The
    // environment is the one in which a daemon starts its agents.
    const std::string enter = fmt::format("--mount=/proc/{}/fd/{}", getpid(), space.descriptor());
    Command command{.argv = {"strace", "-ff", "-qq", "-xx", "-y", "--seccomp-bpf", "-e", "trace=%file,connect", "-o",
                             (work.path() / "process").string(), TRY(find_program("env")).string(), "-i",
                             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", TRY(find_program("nsenter")).string(), enter},
                    .input = input,
                    .directory = "/",
                    .deadline = deadline};
    command.argv.insert(command.argv.end(), argv.begin(), argv.end());
    Traced traced{run(command), {}};
    for (const std::string& name : TRY(list_directory(work.path()))) {
        const std::string text = TRY(read_file(work.path() / name, trace_limit));
        // The process that enters the namespace looks around outside of it before it becomes the program.
        const bool enters = text.find(encode(enter)) != std::string::npos;
        read_trace(text, argv.front(), enters ? argv.front() : "", traced.trace);
    }
    return traced;
}

}  // namespace pando::chroot
