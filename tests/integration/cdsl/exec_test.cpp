// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl exec as it is called: over the copies of two nodes, with symlinks in the way and commands that hang.
#include "tests/integration/cdsl/world.h"

#include <nlohmann/json.hpp>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Exec : public World {
protected:
    void SetUp() override {
        World::SetUp();
        prepare_all();
        for (const char* node : {"n1", "n2"}) as_node([&] { map_as(node); });
        std::string cluster = read_file(fs::path(TEST_DATA) / "../../docs/examples/cluster.yaml").value();
        for (size_t at = 0; (at = cluster.find("aspen", at)) != std::string::npos;) cluster.replace(at, 5, "n");
        put("/cluster.yaml", cluster);
    }

    Finished exec(const std::vector<std::string>& words) const {
        std::vector<std::string> argv = {std::string(PANDO_BINARY_DIR) + "/cli/pando",
                                         "cdsl",
                                         "exec",
                                         "--root",
                                         root().string(),
                                         "--cluster",
                                         (root() / "cluster.yaml").string()};
        argv.insert(argv.end(), words.begin(), words.end());
        auto done = run({.argv = argv});
        EXPECT_TRUE(done) << done.error().what;
        return done.value_or(Finished{255, "", ""});
    }
};

TEST_F(Exec, RunsOnFilesAndInDirectories) {
    const auto names = exec({"--path", "/etc/hostname", "--", "cat", "{}"});
    EXPECT_EQ(names.status, 0) << names.err;
    EXPECT_EQ(names.out, "n1\nn2\n");
    put("/.pando/nodes/n2/var/log/extra", "x");
    const auto found = exec({"--path", "/var/log", "--", "find", "{}", "-name", "extra", "-printf", "%f\n"});
    EXPECT_EQ(found.status, 0) << found.err;
    EXPECT_EQ(found.out, "extra\n");
    const auto again = exec({"--path", "/var/log/extra", "--", "sh", "-c", "echo $PANDO_NODE $PANDO_PATH", "{}"});
    EXPECT_EQ(again.out, "n2 /var/log/extra\n");
}

TEST_F(Exec, NothingIsRunOnASymlink) {
    put("/secret", "everybody's\n", 0600);
    fs::remove(root() / ".pando/nodes/n1/etc/hostname");
    fs::create_symlink("../../../../secret", root() / ".pando/nodes/n1/etc/hostname");
    const auto done = exec({"--path", "/etc/hostname", "--", "chmod", "0777", "{}"});
    EXPECT_THAT(done.err, HasSubstr("/etc/hostname of n1 is a symlink"));
    EXPECT_EQ(fs::status(root() / "secret").permissions(), fs::perms(0600));
    EXPECT_EQ(fs::status(root() / ".pando/nodes/n2/etc/hostname").permissions(), fs::perms(0777));
}

// The command that runs on n1's copy replaces it by a symlink before it looks at it: what was opened is what it gets.
TEST_F(Exec, ACopyThatIsReplacedMeanwhileIsStillTheOneThatWasOpened) {
    put("/secret", "everybody's\n", 0600);
    const std::string swap =
        "ln -sfn /secret " + (root() / ".pando/nodes").string() + "/$PANDO_NODE/etc/hostname; cat $0";
    const auto done = exec({"--path", "/etc/hostname", "--node", "n1", "--", "sh", "-c", swap, "{}"});
    EXPECT_EQ(done.out, "n1\n") << done.err;
}

TEST_F(Exec, WhatTakesTooLongIsThatCopysResultAndTheOthersFollow) {
    const std::string hang = "test $PANDO_NODE = n2 || exec tail -f /dev/null; echo done";
    const auto shown = exec({"--path", "/etc/hostname", "--timeout", "1", "--", "sh", "-c", hang, "{}"});
    EXPECT_EQ(shown.status, 124) << shown.err;
    EXPECT_EQ(shown.out, "done\n");
    const auto told = exec({"--path", "/etc/hostname", "--timeout", "1", "--json", "--", "sh", "-c", hang, "{}"});
    EXPECT_EQ(told.status, 124) << told.err;
    const auto results = nlohmann::json::parse(told.out, nullptr, false);
    ASSERT_TRUE(results.is_array() && results.size() == 2) << told.out;
    EXPECT_EQ(results[0]["status"], 124);
    EXPECT_THAT(results[0].value("error", ""), HasSubstr("killed"));
    EXPECT_EQ(results[1]["out"], "done\n");
}

}  // namespace
}  // namespace pando::cdsl
