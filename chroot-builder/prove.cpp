// SPDX-License-Identifier: GPL-2.0-or-later
// The proof: every byte is what the manifest says, and what is there needs nothing else.
#include "base/sha256.h"
#include "chroot-builder/compare.h"
#include "chroot-builder/install.h"

namespace pando::chroot {
namespace {

std::string differs(const std::filesystem::path& path, const Entry& entry, const Sysroot& target) {
    if (entry.kind != Entry::Kind::file) return "";
    const auto content = target.read(path);
    if (!content) return content.error().what;
    return sha256(*content) == entry.sha256 ? "" : "has other content";
}

}  // namespace

Result<> prove(const Manifest& manifest, const Sysroot& target) {
    TRY(verify(manifest, target));
    TRY(compare(manifest, target, differs));
    // The closure of everything inside, looked for inside.
    Request all;
    for (const auto& [path, entry] : manifest.entries)
        if (entry.kind == Entry::Kind::file) all.files.push_back(path);
    TRY(resolve(target, all));
    return {};
}

}  // namespace pando::chroot
