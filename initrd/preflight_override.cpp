// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/preflight_override.h"

#include "base/file.h"
#include "base/log.h"
#include "config/bundle.h"
#include "initrd/ask_boot.h"

#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

constexpr const char* usage = "preflight --without NODE… --reason TEXT";

Failure misuse(const std::string& what) { return bad_input("{}", what).advise(usage); }

Result<> check_names(const std::vector<std::string>& names) {
    const auto bundle = read_file(config::live_bundle_path);
    if (!bundle)
        return fail("this boot has no description of the cluster yet").advise("pando-boot status tells how far it is");
    const config::Cluster cluster = TRY(TRY(config::decode(*bundle)).description());
    const std::string here = read_line("/run/pando/node").value_or("");
    for (const std::string& name : names) {
        if (cluster.find_node(name) == nullptr) return bad_input("the description has no node {}", name);
        if (name == here) return bad_input("{} is this machine's own node, and it runs", name);
    }
    return {};
}

Result<> pass_over(const std::vector<std::string>& words) {
    const auto said = TRY(parse_preflight_words(words));
    if (!ask_boot({{"verb", "status"}}))
        return bad_input("no boot runs here: this node is up, or was not started by pando-boot")
            .advise("on a node that is up: pando fence confirm NODE, or pando node remove NODE");
    TRY(check_names(said.without));
    TRY(say_off(said));
    fmt::print(
        "In this boot their silent fence devices are passed over: pando-boot retry. A device that answers \"on\" "
        "counts\n"
        "as before, and so does a machine that runs as the node. When they are gone for good: pando node remove, once\n"
        "this node is up.\n");
    return {};
}

}  // namespace

Result<PreflightWords> parse_preflight_words(const std::vector<std::string>& words) {
    PreflightWords out;
    for (size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word != "--without" && word != "--reason") return misuse(fmt::format("preflight takes no {}", word));
        if (i + 1 == words.size()) return misuse(word + " needs a value");
        if (word == "--reason")
            out.reason = words[++i];
        else
            out.without.push_back(words[++i]);
    }
    if (out.without.empty()) return misuse("without whom? --without NODE");
    if (out.reason.find_first_not_of(" \t") == std::string::npos)
        return misuse("give the reason: --reason \"its board is dead\"; the console and the boot's log keep it");
    return out;
}

std::map<std::string, std::string> nodes_said_off(const std::filesystem::path& file) {
    std::map<std::string, std::string> said;
    const auto document = nlohmann::json::parse(read_file(file).value_or(""), nullptr, false);
    if (!document.is_object()) return said;
    for (const auto& [node, reason] : document.items())
        if (reason.is_string()) said[node] = reason.get<std::string>();
    return said;
}

Result<> say_off(const PreflightWords& words, const std::filesystem::path& file) {
    auto said = nodes_said_off(file);
    for (const std::string& name : words.without) said[name] = words.reason;
    const nlohmann::json document = said;
    return write_file_atomic(file, document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int preflight_verb_main(const std::vector<std::string>& words) {
    const auto done = pass_over(words);
    if (done) return 0;
    log::write(done.error());
    return done.error().kind == ErrorKind::bad_input ? 2 : 1;
}

}  // namespace pando::initrd
