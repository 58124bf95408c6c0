// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/remote.h"

#include "base/file.h"
#include "base/process.h"
#include "cdsl/layout.h"
#include "config/ssh_keys.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace pando::nodes {
namespace fs = std::filesystem;
namespace {

constexpr const char* host_key = "etc/ssh/ssh_host_ed25519_key.pub";  // of a node, in its tree
constexpr int ssh_failed = 255;                                       // ssh's own status

}  // namespace

Result<Remote> Remote::of_this_node(const config::Bundle& bundle, const std::string& here, const fs::path& root,
                                    const fs::path& run) {
    const auto cluster = TRY(bundle.description());
    const auto authkey = bundle.files.find("authkey");
    if (authkey == bundle.files.end())
        return fail("the bundle carries no authkey").advise("make it again: pando bundle make");
    Remote remote;
    remote.here_ = here;
    remote.directory_ = run / "ssh";
    TRY(make_directories(remote.directory_, 0700));
    std::string known;
    for (const config::Node& node : cluster.nodes) {
        remote.addresses_[node.name] = node.cluster_address();
        const auto key = read_line(root / cdsl::nodes_directory / node.name / host_key);
        remote.known_[node.name] = key.has_value();
        if (key) known += node.name + " " + *key + "\n";
    }
    // Always the same names, and made anew: nothing is left behind by whoever is interrupted.
    TRY(write_file_atomic(remote.directory_ / "known_hosts", known, 0600));
    TRY(write_file_atomic(remote.directory_ / "key", TRY(config::node_ssh_key(authkey->second)).private_file, 0600));
    return remote;
}

Answer Remote::run_one(const std::string& node, const std::vector<std::string>& argv, Milliseconds patience) const {
    Answer answer{.node = node};
    Command command{.argv = argv, .deadline = Deadline::after(patience)};
    if (node != here_) {
        if (!known_.at(node)) {
            answer.trouble = "it has no ssh host key yet: it was never up";
            return answer;
        }
        command.argv = {"ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "LogLevel=ERROR"};
        for (const std::string& option :
             {"IdentityFile=" + (directory_ / "key").string(), std::string("IdentitiesOnly=yes"),
              "UserKnownHostsFile=" + (directory_ / "known_hosts").string(),
              std::string("GlobalKnownHostsFile=/dev/null"), "HostKeyAlias=" + node,
              std::string("StrictHostKeyChecking=yes"), std::string("ServerAliveInterval=5"),
              std::string("ServerAliveCountMax=3")}) {
            command.argv.emplace_back("-o");
            command.argv.push_back(option);
        }
        command.argv.insert(command.argv.end(), {"--", "root@" + addresses_.at(node), shown(argv)});
    }
    const auto done = pando::run(command);
    if (!done) {
        answer.trouble = done.error().what;
        return answer;
    }
    answer.out = done->out;
    answer.err = done->err;
    if (node != here_ && done->status == ssh_failed)
        answer.trouble = done->err.empty() ? "ssh failed without a word" : done->last_words();
    else
        answer.status = done->status;
    return answer;
}

std::vector<Answer> Remote::run(const std::vector<std::string>& nodes, const std::vector<std::string>& argv,
                                Milliseconds patience, size_t at_once) const {
    std::vector<Answer> answers(nodes.size());
    std::atomic<size_t> next = 0;
    std::vector<std::thread> workers;
    for (size_t i = 0; i < std::min(std::max<size_t>(at_once, 1), nodes.size()); ++i)
        workers.emplace_back([&] {
            for (size_t at = next++; at < nodes.size(); at = next++) answers[at] = run_one(nodes[at], argv, patience);
        });
    for (std::thread& worker : workers) worker.join();
    return answers;
}

}  // namespace pando::nodes
