// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_description.h"

#include "base/file.h"
#include "config/bundle.h"
#include "config/load.h"

namespace pando::cli {
namespace {

constexpr const char* booted_with = "/run/pando/bundle";

}  // namespace

Result<NodeDescription> node_description(const std::string& file) {
    if (!file.empty()) return NodeDescription{TRY(config::load_file(file)), TRY(read_file(file))};
    const auto blob = read_file(booted_with, config::bundle_limit);
    if (!blob)
        return bad_input("this machine is no node that pando-boot started: {}", blob.error().what)
            .advise("name a description: --cluster cluster.yaml");
    const auto bundle = TRY(config::decode(*blob));
    const auto yaml = bundle.files.find("cluster.yaml");
    return NodeDescription{TRY(bundle.description()), yaml == bundle.files.end() ? std::string() : yaml->second};
}

}  // namespace pando::cli
