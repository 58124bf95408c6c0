// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/description.h"

#include "base/file.h"
#include "config/load.h"

namespace pando::cli {
namespace {

constexpr const char* booted_as = "/run/pando/node";

}  // namespace

Result<config::AgentFiles> Description::agent_files() const {
    return bundle ? bundle->agent_files(cluster) : config::read_agent_files(file, cluster);
}

Result<Description> read_description(const std::string& file) {
    if (!file.empty()) {
        auto cluster = TRY(config::load_file(file));
        return Description{std::move(cluster), TRY(read_file(file)), file, std::nullopt};
    }
    auto bundle = TRY(config::read_live_bundle());
    const auto yaml = bundle.files.find("cluster.yaml");
    std::string text = yaml == bundle.files.end() ? std::string() : yaml->second;
    auto cluster = TRY(bundle.description());
    return Description{std::move(cluster), std::move(text), {}, std::move(bundle)};
}

std::optional<std::string> booted_node() {
    auto name = read_line(booted_as);
    if (!name || name->empty()) return std::nullopt;
    return std::move(*name);
}

}  // namespace pando::cli
