// SPDX-License-Identifier: GPL-2.0-or-later
// Open-Sharedroot's cluster.conf (cman's, with com_info of "comoonics" in it) as a cluster.yaml. Whatever it says is
// translated or named with its line: nothing is dropped in silence, as what nobody went through is found by that.
//
//   const Translation made = TRY(translate_cluster_conf(text, "cluster.conf"));
//   for (const Remark& remark : made.remarks) log::warning("{}", shown(remark, "cluster.conf"));
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

struct Remark {
    int line = 0;
    std::string what;  // "quorumd: there is no quorum disk: …"
};

struct Translation {
    std::string yaml;
    std::vector<std::string> understood;  // in short
    std::vector<Remark> remarks;          // in the file's order
};

// Errors are of kind bad_input: it is no XML, or no cluster.conf. What cluster.conf does not know (the boot server, the
// LUN) is not in the result, which therefore need not be complete.
Result<Translation> translate_cluster_conf(std::string_view text, std::string_view file_name);

}  // namespace pando::nodes
