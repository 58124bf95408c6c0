// SPDX-License-Identifier: GPL-2.0-or-later
// /.pando/policy.yaml with anything in it, and what becomes of it beside the built-in policy. Whatever is accepted must
// be the same when it is written and read again, and no addition may keep a node from booting.
#include "cdsl/policy.h"
#include "cdsl/additions.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>

namespace pando::fuzz {

namespace {

config::Cluster two_nodes() {
    config::Cluster cluster;
    cluster.name = "grove";
    for (const char* name : {"n1", "n2"}) {
        config::Node node;
        node.name = name;
        node.profile = node.name == "n1" ? "compute" : "";
        cluster.nodes.push_back(node);
    }
    return cluster;
}

std::string check_policy(const std::vector<cdsl::Rule>& additions) {
    static const config::Cluster cluster = two_nodes();
    for (const auto& node : cluster.nodes) {
        const auto rules = cdsl::policy_for(cluster, node, additions);
        if (!rules) return "an addition takes a node its policy: " + rules.error().what;
        for (size_t i = 1; i < rules->size(); ++i)
            if (!((*rules)[i - 1].path < (*rules)[i].path)) return "a policy that is not in order";
        for (const auto& rule : *rules)
            if (rule.required && rule.scope == "all" && rule.path.empty()) return "a required rule without a path";
    }
    return {};
}

}  // namespace

std::vector<std::string> seeds() {
    const std::vector<cdsl::Rule> rules = {
        {"/srv/scratch", cdsl::Mode::tmpfs, cdsl::Seed::empty, 01777, "scratch of the solver"},
        {"/var/lib/mysql", cdsl::Mode::bind, cdsl::Seed::copy, 0750, "one server", "node:n2"},
        {"/etc/motd", cdsl::Mode::link, cdsl::Seed::copy, 0644, "says: which #1 node \"it\" is"},
        {"/var/log/shared", cdsl::Mode::shared, cdsl::Seed::empty, 0755, "é", "profile:compute"}};
    return {cdsl::additions_text(rules), cdsl::additions_text({}),
            "version: 1\ncdsl:\n  - {path: /srv/a, mode: bind}\n  - {path: /srv/a/b, mode: shared}\n"};
}

std::vector<std::string> words() {
    return {"path",
            "mode",
            "seed",
            "permissions",
            "scope",
            "when",
            "why",
            "required",
            "cdsl",
            "bind",
            "link",
            "tmpfs",
            "shared",
            "all",
            "profile:x",
            "node:n1",
            "empty",
            "copy",
            "present",
            "always",
            "true",
            "null",
            "~",
            "/var",
            "/var/log",
            "/etc",
            "/etc/hostname",
            "/.pando",
            "/..",
            "/proc",
            "07777",
            "08",
            "\"",
            "'",
            "\\",
            "  - ",
            "    ",
            ": ",
            " #",
            "---\n",
            "{",
            "}",
            "[",
            "]",
            "&a ",
            "*a",
            "|\n",
            "\t",
            "\r\n",
            "\xff",
            "\xc3\x28",
            "version: 1\n",
            "version: 99\n",
            "cdsl:\n",
            "cdsl: []\n",
            "\n"};
}

std::string look_at(std::string_view input) {
    const auto additions = cdsl::parse_additions(input);
    if (!additions) {
        const Error& error = additions.error();
        if (error.kind != ErrorKind::bad_input) return "a refusal that is not bad input";
        if (error.what.empty()) return "a refusal without a word";
        return {};
    }
    const std::string text = cdsl::additions_text(*additions);
    const auto again = cdsl::parse_additions(text);
    if (!again) return fmt::format("what was written is refused: {}\n{}", again.error().what, text.substr(0, 4000));
    if (!(*again == *additions)) return "what was written means something else:\n" + text.substr(0, 4000);
    return check_policy(*additions);
}

}  // namespace pando::fuzz
