// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/compare.h"

namespace pando::chroot {
namespace {

constexpr size_t shown_limit = 20;  // lines of an error; a tree that was never filled has hundreds

}  // namespace

Result<> compare(const Manifest& manifest, const Sysroot& target, const Judge& judge) {
    size_t count = 0;
    std::string lines;
    for (const auto& [path, entry] : manifest.entries) {
        const std::string what = judge(path, entry, target);
        if (what.empty()) continue;
        if (++count <= shown_limit) lines += fmt::format("\n  {} {} ({})", path.string(), what, entry.why);
    }
    if (count > shown_limit) lines += fmt::format("\n  and {} more", count - shown_limit);
    if (count > 0) return fail("the chroot {} is not what its manifest says:{}", target.directory().string(), lines);
    return {};
}

}  // namespace pando::chroot
