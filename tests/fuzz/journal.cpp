// SPDX-License-Identifier: GPL-2.0-or-later
// An intent in /.pando/journal with anything in it. It is carried out by whoever finds it: whatever is accepted must be
// the same when it is written and read again, and lead nowhere above the root.
#include "cdsl/journal.h"

#include "tests/fuzz/driver.h"

#include <fmt/format.h>

namespace pando::fuzz {

namespace {

bool leads_up(const std::filesystem::path& path) {
    for (const auto& name : path)
        if (name == "..") return true;
    return false;
}

}  // namespace

std::vector<std::string> seeds() {
    using Kind = cdsl::Action::Kind;
    const cdsl::Rule rule{"/srv/odd: # name's \"x\" [é]", cdsl::Mode::bind, cdsl::Seed::copy, 01777, "because"};
    cdsl::Intent creation;
    creation.id = "1700000000-n1-42";
    creation.holder = {"n1", "pando cdsl create", 42, 1700000000};
    creation.actions = {{Kind::seed, "", ".template", rule.path}, {Kind::prepare, {}, {}, rule.path}, {}};
    creation.undo = {{Kind::unseed, {}, ".template", rule.path}};
    creation.inventory = {{rule}, {"/srv/data"}};
    creation.additions = {rule};
    cdsl::Intent deletion = creation;
    deletion.actions = {{},
                        {Kind::publish, ".pando/nodes/n1/etc/motd", "etc/motd", "/etc/motd"},
                        {Kind::keep, ".pando/nodes/n2/etc/motd", ".pando/kept/etc_motd.n2.1", "/etc/motd"},
                        {Kind::destroy, ".pando/kept/etc_motd.n2.1", {}, {}}};
    deletion.undo.clear();
    deletion.additions.reset();
    cdsl::Intent private_again = deletion;
    private_again.actions = {{Kind::empty, ".pando/nodes/n1/srv/x", ".pando/kept/srv_x.n1.1", "/srv/x"},
                             {Kind::hollow, {}, "n1", "/srv/x"},
                             {Kind::seed, {}, "n1", "/srv/x"},
                             {}};
    private_again.undo = {{Kind::restore, ".pando/kept/srv_x.n1.1", ".pando/nodes/n1/srv/x", "/srv/x"}};
    return {cdsl::intent_text(creation), cdsl::intent_text(deletion), cdsl::intent_text(private_again)};
}

std::vector<std::string> words() {
    return {"version: 1\n",
            "version: 2\n",
            "id: ",
            "holder: ",
            "n1 42 1700000000 pando",
            "actions:\n",
            "undo: []\n",
            "undo:\n",
            "inventory: |\n",
            "additions: |\n",
            "  - do: ",
            "    from: ",
            "    to: ",
            "    path: ",
            "seed",
            "unseed",
            "hollow",
            "restore",
            "keep",
            "empty",
            "fill",
            "publish",
            "unlink",
            "destroy",
            "prepare",
            "commit",
            "tidy",
            "..",
            "/",
            "/../",
            "etc/..",
            ".pando/nodes",
            "rules:\n",
            "null",
            "~",
            "\"",
            "'",
            "\\",
            "\\x00",
            ": ",
            " #",
            "---\n",
            "{",
            "}",
            "[",
            "]",
            "&a ",
            "*a",
            "!!str",
            ">\n",
            "? ",
            "\t",
            "\r\n",
            "-1",
            "99999999999999999999",
            "\xff",
            "\xc3\x28",
            "\xef\xbb\xbf",
            "\n"};
}

std::string look_at(std::string_view input) {
    const auto intent = cdsl::parse_intent(input);
    if (!intent) {
        const Error& error = intent.error();
        if (error.kind != ErrorKind::bad_input) return "a refusal that is not bad input";
        if (error.what.empty()) return "a refusal without a word";
        return {};
    }
    if (intent->id.empty() || intent->id.find('/') != std::string::npos) return "an id that is no file's name";
    for (const auto* list : {&intent->actions, &intent->undo})
        for (const auto& action : *list)
            if (leads_up(action.from) || leads_up(action.to) || leads_up(action.path)) return "a path that leads up";
    const std::string text = cdsl::intent_text(*intent);
    const auto again = cdsl::parse_intent(text);
    if (!again) return fmt::format("what was written is refused: {}\n{}", again.error().what, text.substr(0, 4000));
    if (!(*again == *intent)) return "what was written means something else:\n" + text.substr(0, 4000);
    return {};
}

}  // namespace pando::fuzz
