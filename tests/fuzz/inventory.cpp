// SPDX-License-Identifier: GPL-2.0-or-later
// /.pando/cdsl.yaml with anything in it. Whatever is accepted must be the same when it is written and read again, hold
// no path that policy would refuse, and mean the same to both readers of YAML.
#include "cdsl/inventory.h"

#include "cdsl/flat_yaml.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>

namespace pando::fuzz {

std::vector<std::string> seeds() {
    cdsl::Inventory whole{cdsl::builtin_policy(), {"/srv/data"}};
    whole.rules.push_back({"/srv/odd: # name's \"x\" [é]", cdsl::Mode::bind, cdsl::Seed::copy, 01777,
                           "because: it - is #odd", "node:n1", cdsl::When::present, true});
    return {cdsl::inventory_text(whole), cdsl::inventory_text({}),
            cdsl::inventory_text({{cdsl::builtin_policy().begin(), cdsl::builtin_policy().begin() + 2}, {}}),
            "version: 1\nrules: [{path: /var/log, mode: bind, seed: copy, permissions: 0755, scope: all, when: always, "
            "why: x}]\n"};
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
            "declared",
            "rules:\n",
            "bind",
            "link",
            "all",
            "profile:",
            "node:",
            "true",
            "null",
            "~",
            "\"",
            "'",
            "\\",
            "\\x00",
            "  - ",
            "    ",
            ": ",
            " #",
            "---\n",
            "...\n",
            "{",
            "}",
            "[",
            "]",
            "&a ",
            "*a",
            "!!str",
            "|\n",
            ">\n",
            "? ",
            "\t",
            "\r\n",
            "/",
            "..",
            "/.pando",
            "/proc",
            "99",
            "-1",
            "07777",
            "\xff",
            "\xc3\x28",
            "\xef\xbb\xbf",
            "version: 2\n",
            "filesystems:\n",
            "filesystems: []\n",
            "  - /srv/x\n",
            "\n"};
}

std::string look_at(std::string_view input) {
    if (const auto plain = cdsl::read_plain_lines(input)) {
        const auto other = cdsl::read_by_yaml_cpp(input);
        if (!other) return "one reader takes what is YAML to nobody: " + other.error().what;
        if (!(*plain == *other)) return "the two readers of YAML do not agree";
    }
    const auto inventory = cdsl::parse_inventory(input);
    if (!inventory) {
        const Error& error = inventory.error();
        if (error.kind != ErrorKind::bad_input) return "a refusal that is not bad input";
        if (error.what.empty()) return "a refusal without a word";
        return {};
    }
    for (const auto& rule : inventory->rules) {
        const auto path = cdsl::checked_path(rule.path.native());
        if (!path || *path != rule.path) return "a path that policy would refuse: " + rule.path.string();
    }
    const std::string text = cdsl::inventory_text(*inventory);
    const auto again = cdsl::parse_inventory(text);
    if (!again) return fmt::format("what was written is refused: {}\n{}", again.error().what, text.substr(0, 4000));
    if (!(*again == *inventory)) return "what was written means something else:\n" + text.substr(0, 4000);
    return {};
}

}  // namespace pando::fuzz
