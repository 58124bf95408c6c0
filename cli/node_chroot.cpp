// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_chroot.h"

#include "cli/description.h"

namespace pando::cli {
void add_options(CLI::App& app, NodeChrootOptions& options) {
    app.add_option("--root", options.root, "tree it is compared with")->capture_default_str();
    app.add_option("--chroot", options.chroot, "the chroot")->capture_default_str();
    app.add_option("--cluster", options.cluster, "cluster.yaml; else what this node booted with");
}

std::optional<chroot::Place> place_of(const std::filesystem::path& chroot) {
    if (chroot != chroot::chroot_path) return std::nullopt;
    auto place = chroot::Place::load();
    return place ? std::optional(std::move(*place)) : std::nullopt;
}

nlohmann::ordered_json place_json(const std::optional<chroot::Place>& place) {
    if (!place) return nullptr;
    return {{"wanted", place->wanted},         {"on_disk", place->on_disk()},   {"device", place->device},
            {"filesystem", place->filesystem}, {"directory", place->directory}, {"reason", place->reason}};
}

void print_place(const std::optional<chroot::Place>& place) {
    if (!place) return;
    fmt::print("its programs are {}\n", place->text());
    if (!place->reason.empty()) fmt::print("and not at {}: {}\n", place->wanted, place->reason);
    if (!place->advice.empty()) fmt::print("  -> {}\n", place->advice);
}

Result<NodeChroot> NodeChroot::open(const NodeChrootOptions& options) {
    auto description = TRY(read_description(options.cluster));
    auto files = TRY(description.agent_files());
    return NodeChroot(std::move(description.cluster), std::move(description.text), std::move(files),
                      TRY(Sysroot::open(options.root)), options.chroot);
}

std::string NodeChroot::fingerprint(const chroot::Manifest& manifest) const {
    std::string request = text_;
    for (const auto& [path, content] : files_) request += "\n" + path + "\n" + content;
    return chroot::fingerprint(manifest, root_, request);
}

Result<chroot::Generation> NodeChroot::current() const {
    auto current = TRY(chroot::current_generation(path_));
    if (!current)
        return fail("no chroot with generations at {}", path_.string())
            .advise("the initramfs makes it: was this node booted by this version of pando?");
    return std::move(*current);
}

Result<NodeChroot::Comparison> NodeChroot::compare() const {
    Comparison found;
    found.current = TRY(current());
    found.before = fingerprint(found.current.manifest);
    if (found.before == chroot::kept_fingerprint(path_, found.current.number)) return found;
    found.wanted = TRY(chroot::resolve(root_, chroot::request_for(cluster_, files_)));
    found.drift = chroot::compare(found.current.manifest, *found.wanted);
    return found;
}

}  // namespace pando::cli
