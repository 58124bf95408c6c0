// SPDX-License-Identifier: GPL-2.0-or-later
// Two nodes prepare the same root at once: one changes it, the other waits, and what comes out is what one alone makes.
#include "base/fd.h"
#include "base/log.h"
#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

struct Ends {
    UniqueFd read, write;
    Ends() {
        int ends[2];
        EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    void say(char what) const { (void)!::write(write.get(), &what, 1); }
    // 0: everybody who could say something has ended; ?: nobody did in time.
    char hear() const {
        pollfd something{read.get(), POLLIN, 0};
        if (poll(&something, 1, 60000) <= 0) return '?';
        char what = 0;
        return ::read(read.get(), &what, 1) == 1 ? what : '\0';
    }
};

class Race : public World {
protected:
    // Prepares in a process of its own.
    pid_t start_preparing(const Checkpoint& checkpoint, const std::function<void()>& first = {}) {
        fflush(nullptr);
        const pid_t child = fork();
        if (child != 0) return child;
        if (first) first();
        const auto done = prepare(root(), builtin_policy(), checkpoint).execute(Plan::Mode::apply);
        if (!done) fmt::print(stderr, "{}\n", done.error().what);
        fflush(nullptr);
        _exit(done ? 0 : 1);
    }
    static int status_of(pid_t child) {
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }
};

TEST_F(Race, WhoComesWhileAnotherChangesSomethingWaitsForIt) {
    prepare_all();
    const auto whole = snapshot();
    for (const std::string stop : {"made a directory", "made a mount point", "copied", "linked", "stamped"}) {
        SCOPED_TRACE(stop);
        renew();
        const Ends stopped, go_on;
        Ends second;
        bool once = true;
        const pid_t one = start_preparing([&](std::string_view done) {
            if (done != stop || !std::exchange(once, false)) return;
            stopped.say('s');
            (void)go_on.hear();
        });
        ASSERT_EQ(stopped.hear(), 's');
        // A change is said as c, and that it waits for the lock as w.
        const pid_t two = start_preparing([&](std::string_view) { second.say('c'); },
                                          [&] {
                                              log::set_level(log::Level::info);
                                              log::set_sink([&](log::Level, std::string_view line) {
                                                  if (line.starts_with("waiting for ")) second.say('w');
                                              });
                                          });
        second.write.reset();
        EXPECT_EQ(second.hear(), 'w') << "it changed the tree under another's hands";
        go_on.say('g');
        EXPECT_EQ(status_of(one), 0);
        EXPECT_EQ(status_of(two), 0);
        EXPECT_THAT(differences(whole, snapshot()), testing::IsEmpty());
    }
}

TEST_F(Race, FourAtOnceMakeWhatOneMakes) {
    prepare_all();
    const auto whole = snapshot();
    for (int round = 0; round < 10 && !HasFailure(); ++round) {
        renew();
        std::vector<pid_t> all;
        for (int i = 0; i < 4; ++i) all.push_back(start_preparing({}));
        for (const pid_t one : all) EXPECT_EQ(status_of(one), 0);
        EXPECT_THAT(differences(whole, snapshot()), testing::IsEmpty()) << "round " << round;
    }
}

}  // namespace
}  // namespace pando::cdsl
