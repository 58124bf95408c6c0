// SPDX-License-Identifier: GPL-2.0-or-later
// Every node watches its own writes; what they recorded tells which files several of them write.
#include "cdsl/conflicts.h"

#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Conflicts : public World, public testing::WithParamInterface<Filesystem> {
protected:
    void SetUp() override {
        start(GetParam());
        put("/var/lib/job/state", "0\n");
        put("/var/lib/job/once", "0\n");
        put("/etc/counter", "0\n");
        prepare_all();
        for (const char* node : {"n1", "n2"}) as_node([&] { map_as(node); });
    }

    // Programs of the node write, each a process of its own, while it is watched.
    void watched(const std::string& node, const std::vector<std::string>& scripts,
                 const std::function<void()>& besides = {}) const {
        as_node([&] {
            map_as(node);
            const auto survey = Survey::of(root(), cluster());
            ASSERT_TRUE(survey) << survey.error().what;
            auto watch = WriteWatch::start(*survey, node);
            ASSERT_TRUE(watch) << watch.error().what;
            for (const std::string& script : scripts) {
                const auto done = run_ok({.argv = {"sh", "-c", script}, .directory = root()});
                ASSERT_TRUE(done) << done.error().what;
            }
            if (besides) {
                ASSERT_TRUE(watch->drain());
                besides();
            }
            const auto observed = watch->run(Deadline::after(std::chrono::milliseconds(50)));
            ASSERT_TRUE(observed) << observed.error().what;
            ASSERT_TRUE(write_observed(survey->view(), *observed));
        });
    }

    std::vector<Observed> recorded() const {
        const UniqueFd fd(open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        auto all = read_observed(fd.get(), 0);
        if (!all) ADD_FAILURE() << all.error().what;
        return all.value_or(std::vector<Observed>{});
    }
    std::vector<std::string> found() const {
        std::vector<std::string> lines;
        for (const Conflict& conflict : conflicts_in(recorded()))
            lines.push_back(fmt::format("{} {}{} {}", conflict.path.string(), fmt::join(conflict.nodes, ","),
                                        conflict.unknown ? ",?" : "", conflict.proposal.path.string()));
        return lines;
    }
    std::vector<std::string> files_of(const std::string& node) const {
        std::vector<std::string> paths;
        for (const Observed& observed : recorded())
            for (const ObservedFile& file : observed.files)
                if (observed.node == node) paths.push_back(file.path.string());
        return paths;
    }
};

INSTANTIATE_TEST_SUITE_P(On, Conflicts, testing::Values(Filesystem::tmpfs, Filesystem::ext4),
                         [](const auto& row) { return row.param == Filesystem::tmpfs ? "tmpfs" : "ext4"; });

TEST_P(Conflicts, FindsFilesThatTwoNodesWriteAndProposesRules) {
    watched("n1", {"echo 1 > var/lib/job/state", "echo 1 >> etc/counter", "echo 1 > var/lib/job/once"});
    watched("n2", {"echo 2 > var/lib/job/state", "sed -i s/1/2/ etc/counter"});
    EXPECT_THAT(found(),
                UnorderedElementsAre("/var/lib/job/state n1,n2 /var/lib/job", "/etc/counter n1,n2 /etc/counter"));
}

TEST_P(Conflicts, NamesTheProgramsThatWrote) {
    watched("n1", {"sed -i s/0/1/ etc/counter"});
    watched("n2", {"echo x | dd of=etc/counter conv=notrunc status=none"});
    const auto conflicts = conflicts_in(recorded());
    ASSERT_EQ(conflicts.size(), 1U);
    EXPECT_GE(conflicts.front().writes, 2U);
}

TEST_P(Conflicts, LeavesPrivatePathsAndPandosOwnOut) {
    for (const char* node : {"n1", "n2"})
        watched(node, {"echo x >> var/log/messages", "echo x >> .pando/local/etc/hostname", "echo x > tmp/x",
                       "echo x >> var/cache/private", "echo x >> var/cache/apt/shared"});
    EXPECT_THAT(files_of("n1"), ElementsAre("/var/cache/apt/shared")) << "shared again inside private";
    EXPECT_THAT(found(), ElementsAre("/var/cache/apt/shared n1,n2 /var/cache/apt"));
}

TEST_P(Conflicts, KnowsAFileThatIsWrittenByRenameByItsName) {
    watched("n1", {"for i in 1 2 3; do echo $i > etc/.counter.tmp; mv etc/.counter.tmp etc/counter; done"});
    EXPECT_THAT(files_of("n1"), ElementsAre("/etc/counter"));
    EXPECT_FALSE(recorded().front().files.front().elsewhere) << "its own renames are nobody else's";
}

// Another machine's write is a change that this kernel has no event for, as one through a mapping is.
TEST_P(Conflicts, TellsThatAFileAlsoChangedWithoutThisNode) {
    const auto by_mapping = [&] {
        const UniqueFd file(open((root() / "etc/counter").c_str(), O_RDWR | O_CLOEXEC));
        void* map = mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
        ASSERT_NE(map, MAP_FAILED);
        *static_cast<char*>(map) = '9';
        ASSERT_EQ(msync(map, 1, MS_SYNC), 0);
        ASSERT_EQ(munmap(map, 1), 0);
        const timespec times[] = {{0, UTIME_OMIT}, {4'000'000'000, 0}};  // not every filesystem dates such a write
        ASSERT_EQ(utimensat(AT_FDCWD, (root() / "etc/counter").c_str(), times, 0), 0);
    };
    watched("n1", {"echo 1 > etc/counter", "echo 1 > var/lib/job/state"}, by_mapping);
    EXPECT_THAT(found(), ElementsAre("/etc/counter n1,? /etc/counter"));
    watched("n2", {"echo 2 > etc/counter"});
    EXPECT_THAT(found(), ElementsAre("/etc/counter n1,n2 /etc/counter"));
}

TEST_P(Conflicts, FilesThatAreGoneAtTheEndAreNoConflict) {
    for (const char* node : {"n1", "n2"}) watched(node, {"echo x > etc/lock; rm etc/lock"});
    EXPECT_THAT(found(), IsEmpty());
}

TEST_P(Conflicts, ManyFilesDoNotExhaustTheWatch) {
    watched("n1", {"mkdir -p srv/many; for i in $(seq 1500); do echo $i > srv/many/$i; done"});
    EXPECT_EQ(files_of("n1").size(), 1500U);
}

TEST_P(Conflicts, ARecordThatCannotBeReadIsNamed) {
    put("/.pando/observed/n1.yaml", "version: 9\n");
    const UniqueFd fd(open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto all = read_observed(fd.get(), 0);
    ASSERT_FALSE(all);
    EXPECT_THAT(all.error().what, testing::HasSubstr("/.pando/observed/n1.yaml"));
}

}  // namespace
}  // namespace pando::cdsl
