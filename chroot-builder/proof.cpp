// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/proof.h"

#include "base/process.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <algorithm>
#include <array>
#include <future>
#include <semaphore>
#include <set>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr int domain_port = 53;
constexpr std::ptrdiff_t at_a_time = 4;  // a device answers in its own time, the processor is ours

// The same on the node, whatever the root does: its own file systems and what is made as it runs.
constexpr std::array<std::string_view, 6> of_the_node = {"/proc/", "/sys/", "/dev/", "/run/", "/var/run/", "/tmp/"};

// Looked for by every program of its kind, and done without. Patterns of fnmatch(3), in which * goes over slashes.
constexpr std::array<const char*, 9> done_without = {
    "/etc/ld.so.cache",                        // ld.so goes through the directories, and all of them are inside
    "/usr/lib/locale/*",                       // the C locale is in libc
    "/usr/share/locale/*",                     // messages in other languages
    "/etc/python3.*/*",                        // sitecustomize, for crash reports
    "/usr/local/lib/python3.*/dist-packages",  // a module of an agent would be inside, and this with it
    "/etc/resolv.conf",                        // names come from /etc/hosts alone
    "/etc/ldap/*",                             // libldap, which libcurl links, reads it when it starts
    "/usr/lib/x86_64-linux-gnu/sasl2",         // and loads SASL; no agent logs in to LDAP
    "/usr/share/misc/enterprise-numbers.txt",  // names of BMC makers, for ipmitool's lists
};

constexpr std::array<std::string_view, 4> name_services = {"/nscd/socket", "/systemd/resolve/", "/sss/pipes/",
                                                           "/systemd/userdb/"};

bool is_of_the_node(const std::string& path) {
    return std::any_of(of_the_node.begin(), of_the_node.end(),
                       [&](std::string_view top) { return path.starts_with(top); });
}

bool is_done_without(const fs::path& path, const Sysroot& inside) {
    const std::string& text = path.native();
    const auto covers = [&](const char* pattern) { return fnmatch(pattern, text.c_str(), 0) == 0; };
    if (std::any_of(done_without.begin(), done_without.end(), covers)) return true;
    // Compiled modules stand in the place of their sources (decision 0003).
    if (path.extension() == ".py") return inside.exists(fs::path(path).replace_extension(".pyc"));
    return text.find("/__pycache__") != std::string::npos;
}

// An empty directory holds nothing that could be missed.
bool has_something(const Sysroot& root, const fs::path& path) {
    const auto status = root.stat(path);
    if (!status || !S_ISDIR(status->st_mode)) return status.has_value();
    const auto names = root.list(path);
    return !names || !names->empty();
}

// Whether it is known already; then this trial is added to it.
bool note_again(std::vector<Finding>& findings, const std::string& what, const std::string& trial) {
    const auto known =
        std::find_if(findings.begin(), findings.end(), [&](const Finding& one) { return one.what == what; });
    if (known == findings.end()) return false;
    if (known->trials.back() != trial) known->trials.push_back(trial);
    return true;
}

// Debian's package of a file; empty when there is none.
std::string package_of(const Sysroot& root, const fs::path& path) {
    const std::string database = (root.directory() / "var/lib/dpkg").string();
    std::vector<std::string> names = {path.string()};
    // Packages name files as they were before /usr was merged, or after.
    names.push_back(path.native().starts_with("/usr/") ? path.native().substr(4) : "/usr" + path.native());
    for (const std::string& name : names) {
        const auto found = run({.argv = {"dpkg-query", "--admindir=" + database, "--search", name}});
        if (found && found->ok()) return found->out.substr(0, found->out.find_first_of(":\n"));
    }
    return {};
}

bool asks_a_name_service(const Contact& contact) {
    if (contact.port == domain_port) return true;
    return std::any_of(name_services.begin(), name_services.end(),
                       [&](std::string_view service) { return contact.address.find(service) != std::string::npos; });
}

// The options by which the stock agents are told where their device is.
bool names_a_host(std::string_view option) {
    return option == "ip" || option == "ipaddr" || option == "ipaddress" || option == "host" || option == "hostname";
}

bool is_address(const std::string& text) {
    in6_addr address{};
    return inet_pton(AF_INET, text.c_str(), &address) == 1 || inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string first_line(const Finished& finished) {
    std::string_view text = finished.out.empty() ? finished.err : finished.out;
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    return std::string(text.substr(0, text.find('\n')));
}

// Empty when the trial passed.
std::string fault(const Trial& trial, const Finished& finished) {
    if (std::find(trial.good.begin(), trial.good.end(), finished.status) == trial.good.end())
        return fmt::format("ended with status {}: {}", finished.status, finished.last_words());
    if ((finished.out + finished.err).find(trial.expected) == std::string::npos)
        return fmt::format("did not say \"{}\" but: {}", trial.expected, first_line(finished));
    return {};
}

struct Tried {
    Outcome outcome;
    Trace trace;
};

Tried try_one(const SurvivalNamespace& space, const Trial& trial) {
    Tried tried;
    tried.outcome.name = trial.name;
    const auto begin = std::chrono::steady_clock::now();
    auto traced = run_traced(space, trial.argv, trial.input, Deadline::after(trial.limit));
    tried.outcome.took = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
    if (!traced) {
        tried.outcome.says = traced.error().what;
        return tried;
    }
    tried.trace = std::move(traced->trace);
    const std::string wrong =
        traced->finished ? fault(trial, *traced->finished) : std::string(traced->finished.error().what);
    tried.outcome.passed = wrong.empty();
    tried.outcome.says = wrong.empty() ? first_line(*traced->finished) : wrong;
    return tried;
}

}  // namespace

bool Proof::holds() const {
    return findings.empty() &&
           std::all_of(outcomes.begin(), outcomes.end(), [](const Outcome& one) { return one.passed; });
}

void judge(const Trace& trace, const std::string& trial, const Sysroot& inside, const Sysroot& root,
           std::vector<Finding>& findings) {
    for (const Lookup& lookup : trace.lookups) {
        const std::string& path = lookup.path.native();
        if (lookup.found || is_of_the_node(path) || is_done_without(lookup.path, inside)) continue;
        if (note_again(findings, path, trial) || !has_something(root, lookup.path)) continue;
        findings.push_back({Finding::Kind::missing, path, package_of(root, lookup.path), lookup.program, {trial}});
    }
    for (const Contact& contact : trace.contacts) {
        if (!contact.reached || !asks_a_name_service(contact)) continue;
        const std::string whom =
            contact.port == 0 ? contact.address : fmt::format("{} port {}", contact.address, contact.port);
        if (note_again(findings, whom, trial)) continue;
        findings.push_back({Finding::Kind::name_service, whom, {}, contact.program, {trial}});
    }
}

std::vector<Finding> names_to_resolve(const config::Cluster& cluster, std::string_view hosts) {
    std::set<std::string> known;
    std::istringstream words{std::string(hosts)};
    for (std::string word; words >> word;) known.insert(word);
    std::vector<Finding> findings;
    for (const auto& node : cluster.nodes) {
        for (const auto& device : node.fence) {
            for (const auto& [option, value] : device.options) {
                if (!names_a_host(option) || is_address(value) || known.contains(value)) continue;
                findings.push_back(
                    {Finding::Kind::name_service,
                     fmt::format("{} (option {} of device {} of {})", value, option, device.name, node.name),
                     {},
                     device.agent,
                     {}});
            }
        }
    }
    return findings;
}

Result<Proof> prove(const SurvivalNamespace& space, const Sysroot& inside, const Sysroot& root,
                    const std::vector<Trial>& trials) {
    TRY(tracer_is_there());
    Proof proof;
    std::counting_semaphore<> turns(at_a_time);
    std::vector<std::future<Tried>> running;
    for (const Trial& trial : trials)
        running.push_back(std::async(std::launch::async, [&] {
            turns.acquire();
            Tried tried = try_one(space, trial);
            turns.release();
            return tried;
        }));
    for (auto& one : running) {
        Tried tried = one.get();
        judge(tried.trace, tried.outcome.name, inside, root, proof.findings);
        proof.outcomes.push_back(std::move(tried.outcome));
    }
    return proof;
}

}  // namespace pando::chroot
