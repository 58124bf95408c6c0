// SPDX-License-Identifier: GPL-2.0-or-later
// The table of `pando status`: a line for each node, below it what is wrong there and what to do. Plain ASCII, no
// colour, no wider than the terminal.
//
//   const View view = view_of(snapshot, Reader{since_boot(), boot_id});
//   fmt::print("{}", to_text(view, 80));
#pragma once

#include "report/snapshot.h"

namespace pando::report {

constexpr Milliseconds silent_after = std::chrono::seconds(8);         // four reports that did not come
constexpr Milliseconds collector_patience = std::chrono::seconds(10);  // since the snapshot was written

struct Line {
    std::string node, machine, state, quorum, root, chroot, fence, generation;  // as the columns show them
    std::string word;                  // the state in one word: silent, off, booting, failed, fencing, frozen, …
    std::vector<std::string> remarks;  // below the line
    std::optional<int64_t> age;        // of the last report, seconds
    bool well = false;                 // booted, quorate, its root mounted and nothing wrong
};

struct View {
    std::string cluster;
    uint64_t generation = 0;
    std::vector<Line> lines;         // of the description's nodes, then of machines without a key
    std::vector<std::string> notes;  // of the whole: packets that were dropped, a collector that does not run
    bool well = false;               // every node is
};

// Who reads, and when: another machine's snapshot is as old as its own clock says it was when it was written.
struct Reader {
    Milliseconds up{0};
    std::string boot;
};
View view_of(const Snapshot& snapshot, const Reader& reader);

std::string to_text(const View& view, size_t width);
// The reports themselves and how old they are, with the view's verdicts.
std::string to_json(const View& view, const Snapshot& snapshot, const Reader& reader);

std::string span_text(int64_t seconds);  // "40 s", "5 min", "3 h", "12 d"

}  // namespace pando::report
