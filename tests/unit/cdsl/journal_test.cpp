// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/journal.h"

#include "base/file.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Intent example() {
    Intent intent;
    intent.id = "1700000000-n1-42";
    intent.holder = {"n1", "pando cdsl delete /srv/odd: # [x]", 42, 1700000000};
    intent.actions = {{Action::Kind::commit, {}, {}, {}},
                      {Action::Kind::keep, ".pando/nodes/n2/srv/odd: # [x]", ".pando/kept/x.n2.1", "/srv/odd: # [x]"}};
    intent.undo = {{Action::Kind::unseed, {}, ".template", "/srv/größe"}};
    intent.inventory = {builtin_policy(), {"/srv/data"}, {}};
    intent.additions = {{Rule{"/srv/x", Mode::tmpfs, Seed::empty, 01777, "two\nlines", "node:n1"}}};
    return intent;
}

TEST(Intent, ReadsBackWhatWasWritten) {
    const auto read = parse_intent(intent_text(example()));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, example());
    Intent bare = example();
    bare.actions.clear();
    bare.undo.clear();
    bare.additions.reset();
    const auto again = parse_intent(intent_text(bare));
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(*again, bare);
}

TEST(Intent, EveryActionHasANameThatIsReadBack) {
    Intent intent = example();
    intent.actions.clear();
    for (int kind = 0; kind <= static_cast<int>(Action::Kind::tidy); ++kind)
        intent.actions.push_back({static_cast<Action::Kind>(kind), "from", "to", "path"});
    EXPECT_EQ(parse_intent(intent_text(intent)).value().actions, intent.actions);
    for (const Action& action : intent.actions) EXPECT_FALSE(text_of(action).empty()) << name_of(action.kind);
}

TEST(Intent, IsRefusedWhenItIsTornForeignOrLeadsOut) {
    const std::string text = intent_text(example());
    const auto says = [](const std::string& broken) {
        const auto read = parse_intent(broken);
        return read ? "was accepted" : read.error().what;
    };
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = text;
        const size_t at = changed.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return changed.replace(at, from.size(), to);
    };
    EXPECT_THAT(says(""), HasSubstr("is not a map"));
    EXPECT_THAT(says("version: ["), HasSubstr("line 1"));
    EXPECT_THAT(says(with("version: 1", "version: 2")), HasSubstr("has version 2"));
    EXPECT_THAT(says(with("do: keep", "do: burn")), HasSubstr("burn is no action"));
    EXPECT_THAT(says(with("to: .pando/kept/x.n2.1", "to: .pando/../../etc")), HasSubstr("has a .. in it"));
    EXPECT_THAT(says(with("id: 1700000000-n1-42", "id: ../x")), HasSubstr("has no id"));
    EXPECT_THAT(says(with("n1 42 17", "n1 many 17")), HasSubstr("whose it is"));
    EXPECT_THAT(says(with("do: commit", "dont: commit")), HasSubstr("unknown key dont"));
    EXPECT_THAT(says(text.substr(0, text.find("inventory:"))), HasSubstr("inventory is missing"));
    for (size_t length = 0; length < text.size(); length += 7) (void)parse_intent(text.substr(0, length));
}

TEST(Journal, ListsIntentsOldestFirstAndForgetsWhatIsRemoved) {
    auto place = TemporaryDirectory::create("/tmp", "journal");
    ASSERT_TRUE(place);
    const UniqueFd root(open(place->path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    EXPECT_TRUE(read_intents(root.get()).value().empty()) << "no journal yet";
    ASSERT_TRUE(make_directories(place->path() / journal_directory));
    Intent late = example();
    late.holder.since = 1700000009;
    Intent early = example();
    ASSERT_TRUE(write_intent(root.get(), late));
    ASSERT_TRUE(write_intent(root.get(), early));
    ASSERT_TRUE(write_file_atomic(place->path() / journal_directory / "lock", "n1 1 1 x\n"));
    EXPECT_THAT(read_intents(root.get()).value(), ElementsAre(early, late));
    ASSERT_TRUE(remove_intent(root.get(), early.id));
    ASSERT_TRUE(remove_intent(root.get(), early.id)) << "somebody else may have been first";
    EXPECT_THAT(read_intents(root.get()).value(), ElementsAre(late));
}

TEST(Holder, IsOneLineThatIsReadBack) {
    const Holder holder{"n2", "pando cdsl create /srv/a b", 4711, 1700000000};
    EXPECT_EQ(parse_holder(holder_line(holder)), holder);
    for (const char* foreign : {"", "\n", "n2", "n2 x 1 c", "n2 1 x c", "n2 1 2", "n2 1 2 \n", " 1 2 c", "12345\n"})
        EXPECT_FALSE(parse_holder(foreign)) << foreign;
    const Holder filled = Holder{}.filled();
    EXPECT_FALSE(filled.node.empty());
    EXPECT_GT(filled.process, 0);
}

}  // namespace
}  // namespace pando::cdsl
