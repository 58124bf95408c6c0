// SPDX-License-Identifier: GPL-2.0-or-later
// How long a beat is looked for before its machine is taken for gone. A look that took longer than a beat has met a
// storage that stood still: nobody could beat meanwhile either, and the others need a moment to go on, so the patience
// begins anew. That is bounded: a storage that never gets quick again is told as an error.
//
//   BeatPatience patience(config::beat_patience);
//   while (!patience.over()) { const auto claim = TRY(patience.look([&] { return read_claim(store, id); })); … }
#pragma once

#include "base/deadline.h"
#include "base/result.h"

namespace pando::config {

class BeatPatience {
public:
    // `limit` counts from the start, whatever the storage does.
    explicit BeatPatience(Milliseconds patience, Deadline limit = Deadline::after(std::chrono::minutes(5)))
        : patience_(patience), limit_(limit), over_(Deadline::after(patience)) {}

    bool over() const { return over_.passed(); }
    // Until the next look, at most `interval`: the timeout argument of poll(2).
    int poll_timeout(Milliseconds interval) const { return over_.capped(interval).poll_timeout(); }

    // What `read` returns. Error: its own, or that the storage is too slow for any beat to be seen.
    template <typename Read>
    auto look(Read&& read) -> decltype(read()) {
        const Milliseconds begin = since_boot();
        auto result = read();
        if (result && since_boot() - begin > slow_look) {
            if (limit_.remaining() < patience_)
                return fail("the storage answers so slowly that nobody's beat can be seen: the last look took {} s",
                            (since_boot() - begin).count() / 1000)
                    .kind(ErrorKind::timeout)
                    .advise("look at the storage and the network to it, then try again");
            over_ = Deadline::after(patience_);
        }
        return result;
    }

private:
    static constexpr Milliseconds slow_look{1000};  // as long as there is from beat to beat
    Milliseconds patience_;
    Deadline limit_;
    Deadline over_;
};

}  // namespace pando::config
