// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/load.h"

#include "base/file.h"
#include "config/check.h"
#include "config/document.h"
#include "config/profiles.h"
#include "config/sbd.h"
#include "config/schema.h"
#include "config/site_templates.h"

#include <algorithm>

namespace pando::config {

namespace {

// A node with one NIC that can have an address needs no `cluster: true`.
void choose_cluster_nic(Node& node) {
    if (std::any_of(node.nics.begin(), node.nics.end(), [](const Nic& nic) { return nic.cluster; })) return;
    Nic* only = nullptr;
    for (auto& nic : node.nics) {
        if (nic.addresses.empty() && node.nics.size() > 1) continue;
        if (only != nullptr) return;
        only = &nic;
    }
    if (only != nullptr) only->cluster = true;
}

enum class For { boot, admin };

Result<Cluster> read(std::string_view yaml, std::string_view file_name, For reader) {
    Complaints complaints(file_name, yaml);
    auto root = parse_document(yaml, complaints);
    if (!root) return complaints.error();
    fold_profiles(*root, complaints);
    Cluster cluster;
    read_mapping(cluster_table(), *root, cluster, complaints);
    for (auto& node : cluster.nodes) choose_cluster_nic(node);
    complete_sbd(cluster);
    check_cluster(cluster, *root, complaints.empty(), complaints);
    if (reader == For::admin) check_machine_keys(cluster, *root, complaints);
    if (!complaints.empty()) return complaints.error();
    return cluster;
}

}  // namespace

Result<Cluster> load_text(std::string_view yaml, std::string_view file_name) {
    return read(yaml, file_name, For::boot);
}

Result<Cluster> load_as(std::string_view yaml, const std::filesystem::path& file) {
    Cluster cluster = TRY(read(yaml, file.string(), For::admin));
    cluster.templates = TRY(read_site_templates(file));
    TRY(check_site_templates(cluster, file.parent_path() / template_directory));
    return cluster;
}

Result<Cluster> load_file(const std::filesystem::path& file) {
    auto text = read_file(file, cluster_file_limit);
    if (!text) {
        Error error = text.error();
        error.kind = ErrorKind::bad_input;
        if (error.advice.empty()) error.advice = "give the path of the cluster's description, cluster.yaml";
        return Failure(error);
    }
    return load_as(*text, file);
}

}  // namespace pando::config
