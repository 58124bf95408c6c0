// SPDX-License-Identifier: GPL-2.0-or-later
// Who lets go of what a drill holds: a process of its own, which needs the drill for nothing. It releases when the time
// is over, when it is told, and when the drill has died; and it stays until the drill is over, since a suspension that
// was under way when it released could take hold after it.
//
//   auto releaser = TRY(Releaser::start(hold, 10s));   // ready
//   TRY(releaser.arm());                               // its clock runs
//   hold.suspend(); … poll(releaser.fd()) …
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

#include <functional>
#include <optional>

namespace pando::initrd {

// What is held and let go. resume() is no error when nothing is held.
struct Hold {
    std::function<Result<>()> suspend, resume;
    std::function<Result<bool>()> suspended;
};

struct Release {
    enum class Why : uint8_t { time_over, asked, signal, drill_died };
    Why why = Why::time_over;
    bool released = false;  // looked at, after resume() said so
    int64_t at = 0;         // since_boot() as the release began, milliseconds: what waited may be back before it ended
};
const char* to_string(Release::Why why);

class Releaser {
public:
    // Returns when it is ready. Nothing that it needs is on the shared root when the caller needs nothing there.
    static Result<Releaser> start(const Hold& hold, Milliseconds time);
    Releaser(Releaser&&) = default;
    Releaser& operator=(Releaser&&) = default;
    ~Releaser();  // lets it go home

    Result<> arm() const;  // from now on its time counts
    void release() const;  // now; the report follows
    pid_t pid() const { return child_.pid(); }

    int fd() const { return channel_.get(); }  // readable: take_report(). -1 once it has died
    // Nothing: it has died without one.
    std::optional<Release> take_report();

private:
    explicit Releaser(Child child) : child_(std::move(child)) {}
    bool say(char command) const;

    Child child_;
    UniqueFd channel_;
};

// Resumes, and looks whether it took; tries again for some seconds. False: it still holds.
bool release_surely(const Hold& hold);

}  // namespace pando::initrd
