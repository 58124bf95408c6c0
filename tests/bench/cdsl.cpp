// SPDX-License-Identifier: GPL-2.0-or-later
// The part of tests/bench/cdsl that must be timed from inside. Everything happens in a mount namespace of its own.
//
//   bench-cdsl apply ROOT COUNT ROUNDS   milliseconds: map() of COUNT paths, and the bare system calls for them
//   bench-cdsl lookup ROOT               nanoseconds: stat(2) of a plain path, and through each mode
//   bench-cdsl populate ROOT COUNT NODES a root with COUNT paths and the trees of NODES nodes, and ROOT/cluster.yaml
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "cdsl/additions.h"
#include "cdsl/apply.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <functional>

namespace {

using namespace pando;
using namespace pando::cdsl;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& what) {
    fmt::print(stderr, "error: {}\n", what);
    std::exit(1);
}
void need(const Result<>& done) {
    if (!done) give_up(done.error().what);
}
void need(bool done, const std::string& what) {
    if (!done) give_up(what + ": " + strerror(errno));
}

void own_mounts() {
    need(unshare(CLONE_NEWNS) == 0, "unshare");
    need(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
}

// Six binds, three links and one tmpfs of every ten, a hundred to a directory.
std::vector<Rule> rules_of(size_t count) {
    std::vector<Rule> rules;
    for (size_t i = 0; i < count; ++i) {
        const Mode mode = i % 10 < 6 ? Mode::bind : i % 10 < 9 ? Mode::link : Mode::tmpfs;
        Rule rule{fmt::format("/srv/d{:03}/c{:05}", i / 100, i), mode, Seed::copy, 0755, "benchmark"};
        rule.declared = declared_root;
        rules.push_back(rule);
    }
    return rules;
}

void prepare_root(const fs::path& root, const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) {
        const fs::path place = root / rule.path.relative_path();
        fs::create_directories(rule.mode == Mode::link ? place.parent_path() : place);
        if (rule.mode == Mode::link) need(write_file_atomic(place, "content\n"));
        if (rule.mode == Mode::bind) need(write_file_atomic(place / "file", "content\n"));
    }
    log::set_level(log::Level::warning);
    need(prepare(root, rules).execute(Plan::Mode::apply));
}

// Milliseconds that `work` says it took, in a child with mounts of its own.
double in_child(const std::function<double()>& work) {
    int ends[2];
    need(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        own_mounts();
        const double took = work();
        _exit(write(ends[1], &took, sizeof took) == sizeof took ? 0 : 1);
    }
    close(ends[1]);
    double took = 0;
    const bool told = read(ends[0], &took, sizeof took) == sizeof took;
    close(ends[0]);
    int status = 0;
    need(waitpid(child, &status, 0) == child && status == 0 && told, "a round failed");
    return took;
}

double milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double ours(const fs::path& root, const std::vector<Rule>& rules) {
    const auto begin = Clock::now();
    const auto mapped = map(root, rules, {"n1", {}});
    const double took = milliseconds_since(begin);
    if (!mapped) give_up(mapped.error().what);
    if (!mapped->failures.empty()) give_up(mapped->failures.front());
    if (mapped->binds + mapped->links + mapped->tmpfs < rules.size()) give_up("not all were mapped");
    return took;
}

// What a program that knows nothing and checks nothing would do for the same paths.
double bare(const fs::path& root, const std::vector<Rule>& rules) {
    struct Call {
        Mode mode;
        std::string from, to;
    };
    std::vector<Call> calls = {{Mode::bind, root, root / shared_directory},
                               {Mode::bind, root / nodes_directory / "n1", root / local_directory}};
    const fs::path links = root / "links";
    fs::remove_all(links);
    fs::create_directory(links);
    for (const Rule& rule : rules) {
        const fs::path relative = rule.path.relative_path();
        if (rule.mode == Mode::link)
            calls.push_back({rule.mode, target_of_link(rule.path), links / rule.path.filename()});
        else
            calls.push_back({rule.mode, root / nodes_directory / "n1" / relative, root / relative});
    }
    const auto begin = Clock::now();
    for (const Call& call : calls) {
        int done = 0;
        if (call.mode == Mode::link)
            done = symlink(call.from.c_str(), call.to.c_str());
        else if (call.mode == Mode::bind)
            done = mount(call.from.c_str(), call.to.c_str(), nullptr, MS_BIND, nullptr);
        else
            done = mount("tmpfs", call.to.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=25%,mode=0755");
        if (done < 0) give_up(fmt::format("{}: {}", call.to, strerror(errno)));
    }
    return milliseconds_since(begin);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

int apply(const fs::path& root, size_t count, size_t rounds) {
    const auto rules = rules_of(count);
    prepare_root(root, rules);
    in_child([&] { return ours(root, rules); });  // the first boot of a node makes its tree
    std::vector<double> of_ours;
    std::vector<double> of_bare;
    for (size_t round = 0; round < rounds; ++round) {
        of_ours.push_back(in_child([&] { return ours(root, rules); }));
        of_bare.push_back(in_child([&] { return bare(root, rules); }));
    }
    fmt::print("ours {:.3f}\nbare {:.3f}\n", median(of_ours), median(of_bare));
    return 0;
}

// The best of many batches: what the path costs, without what else the machine does.
double nanoseconds(const std::string& path) {
    constexpr int batch = 20'000;
    double best = 1e9;
    for (int i = 0; i < 40; ++i) {
        const auto begin = Clock::now();
        for (int n = 0; n < batch; ++n) {
            struct stat st {};
            if (stat(path.c_str(), &st) < 0) give_up(fmt::format("{}: {}", path, strerror(errno)));
        }
        best = std::min(best, milliseconds_since(begin) * 1e6 / batch);
    }
    return best;
}

int lookup(const fs::path& root) {
    // Names of one length and one depth: only the mode differs.
    const std::vector<Rule> rules = {{"/srv/bind", Mode::bind, Seed::copy, 0755, "x"},
                                     {"/srv/bind/again", Mode::shared, Seed::empty, 0755, "x"},
                                     {"/srv/link", Mode::link, Seed::copy, 0644, "x"},
                                     {"/srv/temp", Mode::tmpfs, Seed::empty, 0755, "x"}};
    for (const char* directory : {"srv/base/again", "srv/bind/again", "srv/temp"})
        fs::create_directories(root / directory);
    for (const char* file :
         {"srv/base/file", "srv/base/again/file", "srv/file", "srv/bind/file", "srv/bind/again/file", "srv/link"})
        need(write_file_atomic(root / file, "content\n"));
    log::set_level(log::Level::warning);
    need(prepare(root, rules).execute(Plan::Mode::apply));
    own_mounts();
    ours(root, rules);
    need(write_file_atomic(root / "srv/temp/file", "content\n"));
    const auto at = [&](const char* path) { return nanoseconds((root / path).string()); };
    const double plain = at("srv/base/file");
    fmt::print("plain {:.0f}\nbind {:.0f}\ntmpfs {:.0f}\n", plain, at("srv/bind/file"), at("srv/temp/file"));
    fmt::print("plain_deep {:.0f}\nshared {:.0f}\n", at("srv/base/again/file"), at("srv/bind/again/file"));
    fmt::print("plain_file {:.0f}\nlink {:.0f}\n", at("srv/file"), at("srv/link"));
    return 0;
}

int populate(const fs::path& root, size_t count, size_t nodes) {
    const auto rules = rules_of(count);
    prepare_root(root, rules);
    need(write_file_atomic(root / additions_path, additions_text(rules)));
    std::string cluster =
        "cluster: {name: bench, test: true}\nstorage: {transport: local}\n"
        "boot: {server: 10.77.0.1, interface: lan0, subnet: 10.77.0.0/24}\nnodes:\n";
    for (size_t node = 1; node <= nodes; ++node) {
        const std::string name = fmt::format("n{}", node);
        cluster += fmt::format(
            "  - {{name: {}, id: {}, machine: {{serial: s{}}}, fence: [{{name: f{}, agent: fence_dummy}}], nics: "
            "[{{name: lan0, cluster: true, mac: \"02:00:00:00:00:{:02x}\", address: 10.77.0.{}/24}}]}}\n",
            name, node, node, node, node, node + 10);
        fs::copy(root / nodes_directory / template_tree, root / nodes_directory / name,
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    }
    need(write_file_atomic(root / "cluster.yaml", cluster));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const auto number = [&](size_t at) { return whole_number<size_t>(words.at(at)).value_or(0); };
    if (words.size() == 4 && words[0] == "apply") return apply(words[1], number(2), std::max<size_t>(number(3), 1));
    if (words.size() == 2 && words[0] == "lookup") return lookup(words[1]);
    if (words.size() == 4 && words[0] == "populate") return populate(words[1], number(2), number(3));
    fmt::print(stderr, "usage: bench-cdsl apply ROOT COUNT ROUNDS | lookup ROOT | populate ROOT COUNT NODES\n");
    return 2;
}
