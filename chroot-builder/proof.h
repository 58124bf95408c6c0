// SPDX-License-Identifier: GPL-2.0-or-later
// The proof that a chroot needs nothing but itself: everything in it that can be tried is, where nothing else is, and
// what each program looked for in vain is compared with the tree that the chroot was taken from.
//
//   const auto space = TRY(SurvivalNamespace::create(directory));
//   const Proof proof = TRY(prove(space, TRY(Sysroot::open(directory)), root, trials));
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/survival_namespace.h"
#include "chroot-builder/trace.h"
#include "chroot-builder/trial.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::chroot {

struct Outcome {
    std::string name;  // of the trial
    bool passed = false;
    std::string says;      // its first line; when it did not pass: what was wrong
    Milliseconds took{0};  // under strace, so longer than without
};

struct Finding {
    enum class Kind { missing, name_service };
    Kind kind = Kind::missing;
    std::string what;                 // missing: the path; name_service: whom it asks, or the name
    std::string package;              // Debian's, that owns the missing file; empty: none
    std::string program;              // that looked for it first
    std::vector<std::string> trials;  // in which somebody did; none: found by reading
};

struct Proof {
    std::vector<Outcome> outcomes;  // in the order of the trials
    std::vector<Finding> findings;  // each thing once
    bool holds() const;
};

// What a trace says against a chroot: paths that `root` has and the chroot has not, and name services that were asked.
// Not counted: what a program looks for but does without by design (a compiled module's source, ld.so's cache).
// They are added to the findings of the trials before.
void judge(const Trace& trace, const std::string& trial, const Sysroot& inside, const Sysroot& root,
           std::vector<Finding>& findings);

// Fence devices given by a name that `hosts` (hosts(5)) does not have: only a name server could tell where they are.
std::vector<Finding> names_to_resolve(const config::Cluster& cluster, std::string_view hosts);

// Some trials at a time. Error: nothing can be proven here (no strace).
Result<Proof> prove(const SurvivalNamespace& space, const Sysroot& inside, const Sysroot& root,
                    const std::vector<Trial>& trials);

}  // namespace pando::chroot
