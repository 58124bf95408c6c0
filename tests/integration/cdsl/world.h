// SPDX-License-Identifier: GPL-2.0-or-later
// A shared root to try things on: a small Debian look-alike on a filesystem of its own, in a private mount namespace.
// Every node of a test is a child process with a mount namespace of its own, as every blade has one.
#pragma once

#include "base/file.h"
#include "base/process.h"
#include "cdsl/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace pando::cdsl {

struct Ended {
    bool killed = false;  // by SIGKILL
    int status = 0;       // 0: all expectations of the child held
};

// Runs `work` in a child with a mount namespace of its own; expectations that fail in it are printed and counted.
Ended in_child(const std::function<void()>& work);

// As in_child, and the test fails when the child does.
void as_node(const std::function<void()>& work);

// A checkpoint that kills the process the nth time it is reached.
Checkpoint kill_at(int n);

using Snapshot = std::map<std::string, std::string>;

// One line per path that is not the same in both.
std::vector<std::string> differences(const Snapshot& expected, const Snapshot& seen);

// Without what power that goes at one moment leaves: a file that gave its path to a link and is in the template too.
std::vector<std::string> without_spares(std::vector<std::string> differences);

enum class Filesystem { tmpfs, ext4 };

class World : public testing::Test {
protected:
    void SetUp() override { start(Filesystem::tmpfs); }
    void TearDown() override { stop(); }

    void start(Filesystem filesystem);
    void stop();
    // An empty root again, filled as at first.
    void renew() {
        stop();
        start(filesystem_);
    }

    const std::filesystem::path& root() const { return root_; }
    void put(const std::string& path, const std::string& content, mode_t mode = 0644) const;
    std::string get(const std::string& path) const;  // "(none)" when it is not there

    // Every path with type, owner, permissions, content or link text, and Pando's mark; mounts are not entered.
    Snapshot snapshot() const;

    void prepare_all(const std::vector<Rule>& policy = builtin_policy()) const;
    // map() without failures, in the process that calls.
    Mapped map_as(const std::string& node, const std::vector<Rule>& policy = builtin_policy()) const;
    static NodeFacts facts_of(const std::string& node);
    // Nodes n1, n2 (profile compute) and n3 (profile storage), with these rules of their own.
    static config::Cluster cluster(std::vector<config::CdslRule> rules = {});

private:
    Filesystem filesystem_ = Filesystem::tmpfs;
    std::optional<TemporaryDirectory> place_;
    std::filesystem::path root_;
};

}  // namespace pando::cdsl
