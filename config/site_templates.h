// SPDX-License-Identifier: GPL-2.0-or-later
// A site's own templates: files NAME.in in the directory templates/ beside cluster.yaml, each in place of the built-in
// one of that name. The bundle brings them to the nodes, so that all render the same.
//
//   cluster.templates = TRY(read_site_templates("/etc/pando/cluster.yaml"));
//   TRY(check_site_templates(cluster, "/etc/pando/templates"));
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::config {

constexpr const char* template_directory = "templates";
constexpr size_t template_limit = 64U << 10U;  // bytes

using SiteTemplates = std::map<std::string, std::string>;  // by name, without .in

// Nothing where there is no such directory. Refused: a name that no built-in template has.
Result<SiteTemplates> read_site_templates(const std::filesystem::path& cluster_yaml);

// Each is filled as it will be: an unknown variable, or one that is left out, is an error with file, line and column.
// `place` is where they are, for messages. For whoever writes a description; what a node has read is rendered as far as
// it goes (config/render.h).
Result<> check_site_templates(const Cluster& cluster, const std::filesystem::path& place);

// As a bundle has them among its files.
constexpr std::string_view bundled_template = "template.";

}  // namespace pando::config
