// SPDX-License-Identifier: GPL-2.0-or-later
// The boot files from a node, where they are made (initrd/image_refresh.h), to the boot server, which blades load them
// from: by ssh, checked, and put in place all at once.
//
//   const auto fetched = TRY(fetch_image({.sources = {{"n1", "10.20.0.11"}}, .output = "/srv/pando"}));
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

struct ImageSource {
    std::string node, address;
};

struct FetchOptions {
    std::vector<ImageSource> sources;      // asked in this order, until one has boot files
    std::filesystem::path there;           // their directory on the node
    std::filesystem::path output;          // and here
    std::vector<std::string> ssh_options;  // as after ssh's -o
};

struct FetchedImage {
    std::string node;    // which had it
    std::string set;     // "sets/ID"
    bool fresh = false;  // false: it was the current one here already
};

// Error: none of them has any, with what each said; or what came is not what its name says.
Result<FetchedImage> fetch_image(const FetchOptions& options);

// Are the files in `directory` those of the set `name`?
Result<> check_set(const std::filesystem::path& directory, const std::string& name);

}  // namespace pando::initrd
