// SPDX-License-Identifier: GPL-2.0-or-later
// A tree with fence agents that are real programs: each writes down what it was asked, then does what the test gives it
// to do in shell. $action is what it was asked for; the tree is the working place, with the file `power` in it.
#pragma once

#include "base/file.h"
#include "fencing/device_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

namespace pando::fencing {

class FakeAgents : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(std::filesystem::temp_directory_path(), "pando-fence");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
        ASSERT_TRUE(make_directories(tree() / "var/log"));
    }
    std::filesystem::path tree() const { return place->path(); }

    // The path of a new agent.
    std::string agent(const std::string& name, const std::string& body) {
        const std::filesystem::path file = tree() / "usr/sbin" / name;
        EXPECT_TRUE(make_directories(file.parent_path()));
        const std::string head = fmt::format(
            "#!/bin/sh\ncd {}\ninput=$(cat)\naction=$(echo \"$input\" | sed -n s/^action=//p)\n"
            "echo \"{} $action\" >>said\necho \"$input\" >>input\n",
            tree().string(), name);
        EXPECT_TRUE(write_file_atomic(file, head + body + "\n", 0755));
        return file;
    }
    // One that does what it says, with the power in the file `power`.
    std::string good_agent(const std::string& name = "fence_good") {
        return agent(name,
                     "case $action in on|off) echo $action >power ;;\n"
                     "status) test \"$(cat power)\" = on || exit 2 ;;\n*) exit 1 ;; esac");
    }
    static config::FenceDevice device(const std::string& name, const std::string& agent) {
        config::FenceDevice made;
        made.name = name;
        made.agent = agent;
        made.attempts = 1;
        made.timeout = std::chrono::seconds(20);
        return made;
    }
    static FencedNode node(std::vector<config::FenceDevice> devices) { return {2, "n2", std::move(devices)}; }
    // What agents were asked for since the last look: "fence_good off\n…".
    std::string said() {
        std::string text = read_file(tree() / "said").value_or("");
        std::filesystem::remove(tree() / "said");
        return text;
    }

    std::optional<TemporaryDirectory> place;
};

}  // namespace pando::fencing
