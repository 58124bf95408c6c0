// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/explain.h"

#include "chroot-builder/companions.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr int link_limit = 40;  // as the kernel's

// The entry a path leads to, by the manifest's own links; where it would be when there is none.
fs::path real_path(const Manifest& manifest, const fs::path& path) {
    fs::path wanted = path;
    for (int links = 0; links < link_limit; ++links) {
        fs::path at = "/";
        bool followed = false;
        for (auto part = wanted.begin(); part != wanted.end() && !followed; ++part) {
            if (*part == "/") continue;
            at /= *part;
            const auto entry = manifest.entries.find(at);
            if (entry == manifest.entries.end() || entry->second.kind != Entry::Kind::symlink) continue;
            fs::path next = at.parent_path() / entry->second.target;  // an absolute target takes the place of all
            for (auto rest = std::next(part); rest != wanted.end(); ++rest) next /= *rest;
            wanted = next.lexically_normal();
            followed = true;
        }
        if (!followed) return at;
    }
    return wanted;
}

// Breadth first: the first way to a reason without an owner is the shortest.
std::vector<Reason> shortest_chain(const Manifest& manifest, const fs::path& from) {
    std::map<fs::path, std::pair<fs::path, Reason>> come_from;  // entry -> the one before it, and by what reason
    std::deque<fs::path> open = {from};
    while (!open.empty()) {
        const fs::path at = open.front();
        open.pop_front();
        const auto entry = manifest.entries.find(at);
        if (entry == manifest.entries.end()) continue;
        for (const Reason& reason : entry->second.reasons) {
            if (reason.by.empty()) {
                std::vector<Reason> chain = {reason};
                for (fs::path back = at; back != from; back = come_from.at(back).first)
                    chain.insert(chain.begin(), come_from.at(back).second);
                return chain;
            }
            if (reason.by == from || !come_from.try_emplace(reason.by, at, reason).second) continue;
            open.push_back(reason.by);
        }
    }
    return {};
}

// Files that nothing leads to any more when one entry is taken away.
std::vector<fs::path> only_through(const Manifest& manifest, const fs::path& without) {
    std::multimap<fs::path, fs::path> needs;
    std::deque<fs::path> open;
    for (const auto& [path, entry] : manifest.entries)
        for (const Reason& reason : entry.reasons) {
            if (reason.by.empty())
                open.push_back(path);
            else
                needs.emplace(reason.by, path);
        }
    std::set<fs::path> reached;
    while (!open.empty()) {
        const fs::path at = open.front();
        open.pop_front();
        if (at == without || !reached.insert(at).second) continue;
        for (auto [row, end] = needs.equal_range(at); row != end; ++row) open.push_back(row->second);
    }
    std::vector<fs::path> lost;
    for (const auto& [path, entry] : manifest.entries)
        if (entry.kind == Entry::Kind::file && !reached.contains(path)) lost.push_back(path);
    return lost;
}

// Why something that an entry would open is not there; empty when none would.
std::string left_out(const Manifest& manifest, const fs::path& path) {
    for (const auto& [owner, entry] : manifest.entries) {
        if (entry.kind != Entry::Kind::file) continue;
        for (const Companion& row : companions_of(owner)) {
            const std::string opened = row.path(owner);
            if (row.carry == Companion::Carry::never && (path == opened || path.native().starts_with(opened + "/")))
                return fmt::format("{} would open it; {}", owner.string(), row.relation);
        }
    }
    return {};
}

}  // namespace

Result<Explanation> explain(const Manifest& manifest, const fs::path& path) {
    Explanation found;
    found.path = real_path(manifest, path.lexically_normal());
    const auto entry = manifest.entries.find(found.path);
    if (entry == manifest.entries.end())
        if (const std::string reason = left_out(manifest, found.path); !reason.empty())
            return bad_input("{} is left out: {}", path.string(), reason)
                .advise("chroot.programs in cluster.yaml adds it all the same");
    if (entry == manifest.entries.end())
        return bad_input("{} is not in the chroot", path.string())
            .advise("pando chroot manifest lists what is; chroot.programs in cluster.yaml adds to it");
    found.chain = shortest_chain(manifest, found.path);
    for (const Reason& reason : entry->second.reasons)
        if (found.chain.empty() || reason != found.chain.front()) found.others.push_back(reason);
    found.brought = only_through(manifest, found.path);
    for (const fs::path& one : found.brought) found.brought_bytes += manifest.entries.at(one).size;
    return found;
}

}  // namespace pando::chroot
