// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/bundle.h"

#include "base/file.h"
#include "base/sha256.h"
#include "config/authkey.h"
#include "config/base64.h"
#include "config/bundle_header.h"
#include "config/load.h"
#include "config/register.h"
#include "config/site_templates.h"
#include "config/template.h"
#include "config/values.h"

#include <openssl/evp.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::config {

namespace {

std::optional<std::string> from_base64(const std::string& text) {
    if (text.empty()) return std::string();
    if (text.size() % 4 != 0 || text.size() > bundle_limit) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    const int length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    out.resize(static_cast<size_t>(length) - padding);
    // Blanks and other spellings of the same bytes are refused: one content has one text.
    if (to_base64(out) != text) return std::nullopt;
    return out;
}

}  // namespace

Result<Cluster> Bundle::description() const {
    const auto file = files.find("cluster.yaml");
    if (file == files.end()) return fail("the bundle of {} holds no cluster.yaml", cluster);
    Cluster description = TRY(load_text(file->second, "bundle:cluster.yaml"));
    for (const auto& [name, text] : files) {
        if (!name.starts_with(bundled_template)) continue;
        const std::string of = name.substr(bundled_template.size());
        // A later version may have templates that this one does not know; it renders nothing by them.
        if (embedded_template(of)) description.templates[of] = text;
    }
    return description;
}

Result<AgentFiles> Bundle::agent_files(const Cluster& description) const {
    AgentFiles found;
    for (const AgentFile& file : config::agent_files(description)) {
        const auto content = files.find(bundled_name(file.path));
        if (content == files.end())
            return fail("the bundle of {} does not bring {}, {}", cluster, file.path, file.why())
                .advise("write it again: pando bundle write");
        found[file.path] = content->second;
    }
    return found;
}

Result<Bundle> make_bundle(const std::filesystem::path& cluster_yaml, uint64_t generation) {
    if (generation > generation_limit) return bad_input("generation {} is too large", generation);
    const Cluster cluster = TRY(load_file(cluster_yaml));
    Bundle bundle{cluster.name, generation, {}};
    bundle.files["cluster.yaml"] = TRY(read_file(cluster_yaml, cluster_file_limit));
    bundle.files["authkey"] = TRY(read_authkey(cluster_yaml.parent_path() / cluster.authkey_file));
    for (auto& [path, content] : TRY(read_agent_files(cluster_yaml, cluster)))
        bundle.files[bundled_name(path)] = std::move(content);
    for (const auto& [name, text] : cluster.templates) bundle.files[std::string(bundled_template) + name] = text;
    // What was checked is what goes in, even when the file changed in between.
    TRY(check_site_templates(TRY(bundle.description()), cluster_yaml.parent_path() / template_directory));
    if (const size_t size = encode(bundle).size(); size > bundle_limit)
        return bad_input("{}: the bundle would be {} bytes, the limit is {}", cluster_yaml.string(), size, bundle_limit)
            .advise("shorten the comments of cluster.yaml, or the files that its fence devices name");
    return bundle;
}

Result<Cluster> check_bundle(const Bundle& bundle) {
    Cluster cluster = TRY(bundle.description());
    if (cluster.name != bundle.cluster)
        return bad_input("the description is of cluster {}, the bundle of {}", cluster.name, bundle.cluster)
            .advise("a cluster's name cannot be changed: it is in the root's lock table");
    const auto key = bundle.files.find("authkey");
    if (key == bundle.files.end())
        return bad_input("the bundle of {} holds no authkey", cluster.name).advise("make one: pando cluster keygen");
    if (key->second.size() < authkey_least || key->second.size() > authkey_most)
        return bad_input("the authkey of {} has {} bytes; corosync takes {} to {}", cluster.name, key->second.size(),
                         authkey_least, authkey_most)
            .advise("make a new one: pando cluster keygen");
    (void)TRY(bundle.agent_files(cluster));
    for (const Node& node : cluster.nodes)
        if (node.id > highest_claim)
            return bad_input("node {} has id {}: the register on the LUN has room for ids up to {}", node.name, node.id,
                             highest_claim)
                .advise("give the node a smaller id in cluster.yaml");
    if (const size_t size = encode(bundle).size(); size > bundle_limit)
        return bad_input("the bundle of {} would be {} bytes, the limit is {}", cluster.name, size, bundle_limit)
            .advise("shorten the comments of cluster.yaml, or the files that its fence devices name");
    return cluster;
}

std::string encode(const Bundle& bundle) {
    nlohmann::json payload = {{"cluster", bundle.cluster}, {"generation", bundle.generation}};
    payload["files"] = nlohmann::json::object();
    for (const auto& [name, content] : bundle.files) payload["files"][name] = to_base64(content);
    const std::string text = payload.dump();
    return header_line({bundle.cluster, bundle.generation, text.size(), sha256(text)}) + text;
}

Result<Bundle> decode(std::string_view blob) {
    const BundleHeader header = TRY(read_header(blob));
    const std::string_view rest = blob.substr(header.length);
    if (header.bytes > bundle_limit - header.length)
        return fail("the bundle of {} says it is {} bytes, the limit is {}", header.cluster,
                    header.bytes + header.length, bundle_limit);
    if (rest.size() < header.bytes)
        return fail("the bundle of {} is torn: {} of {} bytes are there", header.cluster, rest.size(), header.bytes)
            .advise("write it again: pando bundle write");
    const std::string_view payload = rest.substr(0, header.bytes);
    // A slot on a disk is larger than the bundle in it: zeros may follow, nothing else.
    if (rest.substr(header.bytes).find_first_not_of('\0') != std::string_view::npos)
        return fail("the bundle of {} is followed by something else", header.cluster)
            .advise("write it again: pando bundle write");
    if (sha256(payload) != header.sha256)
        return fail("the bundle of {} is damaged: its content does not match its checksum", header.cluster)
            .advise("write it again: pando bundle write");

    const auto json = nlohmann::json::parse(payload, nullptr, false);
    const auto foreign = fail("the bundle of {} was not written by Pando: its content is unknown", header.cluster);
    if (!json.is_object() || json.value("cluster", nlohmann::json()) != header.cluster ||
        json.value("generation", nlohmann::json()) != header.generation)
        return foreign;
    const auto files = json.value("files", nlohmann::json());
    if (!files.is_object()) return foreign;
    Bundle bundle{header.cluster, header.generation, {}};
    for (const auto& [name, text] : files.items()) {
        const auto content = text.is_string() ? from_base64(text.get<std::string>()) : std::nullopt;
        if (!content || !is_word(name, "_-.", 64) || name.front() == '.') return foreign;
        bundle.files[name] = *content;
    }
    return bundle;
}

Result<Bundle> read_live_bundle() {
    const auto blob = read_file(live_bundle_path, bundle_limit);
    if (!blob)
        return bad_input("this machine is no node that pando-boot started: {}", blob.error().what)
            .advise("name a description: --cluster cluster.yaml");
    return decode(*blob);
}

}  // namespace pando::config
