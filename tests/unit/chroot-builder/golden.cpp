// SPDX-License-Identifier: GPL-2.0-or-later
// Whole manifests from recorded trees: which files, and why each, stays as it was looked at once.
// tests/data/chroot/record makes a recording; the files in it are built anew, with the same names, links and needs.
#include "base/text_diff.h"
#include "chroot-builder/manifest.h"
#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

namespace pando::chroot {
namespace {

using test::Tree;
namespace fs = std::filesystem;

fs::path data(const std::string& name) { return fs::path(TEST_DATA) / "chroot" / name; }

class Recording {
public:
    explicit Recording(const std::string& name) : files_(data(name + ".files")) {
        std::istringstream lines(read_file(data(name + ".tree")).value());
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::string kind;
            std::string path;
            words >> kind >> path;
            const fs::path recorded = files_ / fs::path(path).relative_path();
            if (const size_t blank = path.find("%20"); blank != std::string::npos) path.replace(blank, 3, " ");
            std::vector<std::string> rest;
            for (std::string word; words >> word;) rest.push_back(word);
            if (kind == "l") tree_.link(path, rest.at(0));
            if (kind == "f") tree_.write(path, "recorded\n");
            if (kind == "t") tree_.write(path, read_file(recorded).value(), 0755);
            if (kind == "e") elves_[path] = rest;
        }
        for (const auto& [path, rest] : elves_) build(path);
    }
    Sysroot root() const { return tree_.root(); }

private:
    // What a file is linked with is built before it.
    void build(const std::string& path) {
        if (!built_.insert(path).second) return;
        const auto& rest = elves_.at(path);  // interpreter, soname, search path, needed…
        Tree::Build how;
        for (size_t i = 3; i < rest.size(); ++i) {
            const std::string library = find(rest[i]);
            build(library);
            how.needs.emplace_back(library);
        }
        if (rest[1] != "-") how.flags.push_back("-Wl,-soname," + rest[1]);
        if (rest[2] != "-") how.flags.push_back("-Wl,-rpath," + rest[2]);
        if (rest[0] != "-")
            tree_.program(path, how);
        else if (rest.size() == 3 && path.find("/bin/") != std::string::npos)
            tree_.static_program(path);
        else
            tree_.library(path, how);
    }
    // The one with this soname, and not one of the directories for better processors.
    std::string find(const std::string& soname) const {
        for (const auto& [path, rest] : elves_)
            if (rest[1] == soname && path.find("hwcaps") == std::string::npos) return path;
        ADD_FAILURE() << soname << " is not in the recording";
        return {};
    }

    fs::path files_;
    Tree tree_;
    std::map<std::string, std::vector<std::string>> elves_;
    std::set<std::string> built_;
};

// Sizes and sums are the compiler's; all else is the manifest's.
std::string listing(const Manifest& manifest) {
    std::string text;
    for (const auto& [path, entry] : manifest.entries) {
        text += path.string();
        if (entry.kind == Entry::Kind::symlink) text += " -> " + entry.target;
        if (entry.kind == Entry::Kind::directory) text += fmt::format("/ {:04o}", entry.mode);
        text += "\n";
        for (const Reason& reason : entry.reasons) text += "    " + reason.text() + "\n";
    }
    for (const std::string& warning : manifest.warnings) text += "warning: " + warning + "\n";
    return text;
}

void expect_golden(const std::string& name, const Result<Manifest>& manifest) {
    ASSERT_TRUE(manifest) << test::error_of(manifest);
    const std::string text = listing(*manifest);
    if (std::getenv("PANDO_GOLDEN") != nullptr) {
        ASSERT_TRUE(write_file_atomic(data(name), text));
    }
    const auto golden = read_file(data(name));
    ASSERT_TRUE(golden) << golden.error().what << ": run once with PANDO_GOLDEN=1";
    EXPECT_TRUE(*golden == text) << unified_diff(*golden, text, name)
                                 << "if the change is meant, run with PANDO_GOLDEN=1 and look at the difference";
}

TEST(GoldenManifest, DaemonsAndToolsOfDebian12) {
    const Recording recording("debian-12-daemons");
    Request request = survival_request();
    std::erase(request.programs, "/usr/sbin/pando-survival");
    std::erase(request.files, memory_lock);
    request.programs.emplace_back("ipmitool");
    expect_golden("debian-12-daemons.manifest", resolve(recording.root(), request));
}

TEST(GoldenManifest, AnAgentOfOnesOwnWithAPasswordScript) {
    const Recording recording("own-agent");
    config::Cluster cluster;
    cluster.storage.transport = "local";
    cluster.nodes.resize(1);
    cluster.nodes.front().fence.push_back(
        {.name = "switch", .agent = "/usr/local/sbin/fence_mine", .options = {{"password_script", "/etc/pando/ask"}}});
    Request request = request_for(cluster, {{"/etc/pando/ask", "#!/bin/sh\nhead -n 1 /etc/pando/word | cut -c 1-8\n"}});
    request.programs = {"/bin/busybox"};
    request.files.clear();
    auto manifest = resolve(recording.root(), request);
    ASSERT_FALSE(manifest) << "cut is in the tree neither as a program nor as an applet";
    EXPECT_THAT(manifest.error().what, testing::HasSubstr("program cut (called by /etc/pando/ask, line 2): not there"));
    request.delivered["/etc/pando/ask"].content = "#!/bin/sh\nhead -n 1 /etc/pando/word\n";
    expect_golden("own-agent.manifest", resolve(recording.root(), request));
}

}  // namespace
}  // namespace pando::chroot
