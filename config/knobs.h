// SPDX-License-Identifier: GPL-2.0-or-later
// The keys of cluster.yaml one by one, each with all that its row says: what `pando config explain` tells.
//
//   for (const Knob* knob : TRY(find_knobs("corosync.token"))) fmt::print("{}", explain(*knob));
#pragma once

#include "base/result.h"
#include "config/schema.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::config {

// In a path, [] stands for the elements of a list and NAME for keys of the user's own: nodes[].nics[].mtu,
// boot.stages.NAME.deadline.
struct Knob {
    std::string path;
    Description row;  // without what is below
    Takes takes = Takes::boot;
    bool group = false;       // it holds keys, no value of its own
    bool in_profile = false;  // a profile may hold it as well
};

const std::vector<Knob>& knobs();  // all, in the order of the reference

// By the whole path or by its end: "corosync.token", "token", "nics.mtu", "nodes[n1].nics[lan0].mtu",
// "boot.stages.join.deadline". Several when the word is the end of several. An unknown one is bad_input with a
// "did you mean".
Result<std::vector<const Knob*>> find_knobs(std::string_view name);

// "live: …", one line for people.
std::string_view how_it_takes_effect(Takes takes);

// The row in words, several lines.
std::string explain(const Knob& knob);
// All, a line each.
std::string list_knobs();

// A value that the knob has in a description.
struct Setting {
    std::string path;    // nodes[n1].nics[lan0].mtu
    std::string value;   // as it is written; the default when nothing is
    std::string origin;  // "cluster.yaml:12:7", "cluster.yaml:40:9, profile blade", "default"
};

// Where each element of a list has one, all of them; of one node only when `node` is given. `hidden` tells of an option
// of a fence device whether its value is shown. The text must be a right description. Errors are of kind bad_input.
Result<std::vector<Setting>> settings(const Knob& knob, std::string_view name, std::string_view yaml,
                                      std::string_view file_name, std::string_view node,
                                      const std::function<bool(std::string_view)>& hidden);

}  // namespace pando::config
