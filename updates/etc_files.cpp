// SPDX-License-Identifier: GPL-2.0-or-later
#include "updates/etc_files.h"

#include "base/file.h"
#include "base/sha256.h"

#include <algorithm>

namespace pando::updates {

namespace fs = std::filesystem;

Result<EtcFiles> read_etc(const fs::path& root) {
    EtcFiles files;
    std::error_code ec;
    fs::recursive_directory_iterator it(root / "etc", fs::directory_options::skip_permission_denied, ec), end;
    if (ec) return fail_errno(ec.value(), "reading {}", (root / "etc").string());
    for (; it != end; it.increment(ec)) {
        if (ec) return fail_errno(ec.value(), "reading {}", (root / "etc").string());
        std::error_code gone;
        const std::string name = "/" + it->path().lexically_relative(root).string();
        if (it->is_symlink(gone))
            files[name] = "-> " + fs::read_symlink(it->path(), gone).string();
        else if (it->is_regular_file(gone))
            if (const auto text = read_file(it->path())) files[name] = sha256(*text);
    }
    return files;
}

std::vector<std::string> changed_files(const EtcFiles& before, const EtcFiles& after) {
    std::vector<std::string> names;
    for (const auto& [name, content] : before)
        if (const auto now = after.find(name); now == after.end() || now->second != content) names.push_back(name);
    for (const auto& [name, content] : after)
        if (!before.contains(name)) names.push_back(name);
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace pando::updates
