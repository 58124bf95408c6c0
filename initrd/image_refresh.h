// SPDX-License-Identifier: GPL-2.0-or-later
// The boot files follow the root: once they have been made on a node in image_home, each change of packages there makes
// them anew, in the same way. The boot server fetches them (initrd/image_fetch.h).
//
//   const auto refreshed = TRY(refresh_image("/", image_home, cluster_yaml));
#pragma once

#include "initrd/image.h"

#include <optional>

namespace pando::initrd {

constexpr const char* image_home = "/srv/pando";  // of a node; on the shared root

// How they were made: what a person chose, and of what. In `output`/image.json.
struct RecordedBuild {
    std::string kernel;  // pinned; empty: the newest
    bool any_machine = false;
    std::vector<std::filesystem::path> machines;
    std::string made_of;  // digest of packages, description and inventories
    std::string built_kernel;
};
Result<RecordedBuild> recorded_build(const std::filesystem::path& output);

// Of what the boot files would be made now.
Result<std::string> ingredients(const ImageOptions& options);

// What build_image() was told, and `made_of`: its ingredients, from before it.
Result<> record_build(const ImageOptions& options, const Image& image, const std::string& made_of);

// Builds when packages, description or inventories are others than at the last build. Nothing: they are not.
Result<std::optional<Image>> refresh_image(const std::filesystem::path& root, const std::filesystem::path& output,
                                           const std::filesystem::path& cluster_yaml);

}  // namespace pando::initrd
