// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/site_templates.h"

#include "base/file.h"
#include "config/document.h"
#include "config/render.h"

namespace pando::config {

namespace fs = std::filesystem;

Result<SiteTemplates> read_site_templates(const fs::path& cluster_yaml) {
    constexpr std::string_view ending = ".in";
    const fs::path directory = cluster_yaml.parent_path() / template_directory;
    std::error_code ec;
    if (!fs::is_directory(directory, ec)) return SiteTemplates();
    SiteTemplates found;
    for (const std::string& file : TRY(list_directory(directory))) {
        if (!file.ends_with(ending) || file.front() == '.') continue;  // editors' copies, a README
        const std::string name = file.substr(0, file.size() - ending.size());
        if (!embedded_template(name)) {
            std::vector<std::string> names;
            for (const std::string& known : template_names()) names.push_back(known + std::string(ending));
            return bad_input("{} is the name of no template", (directory / file).string())
                .advise(suggestion(file, names));
        }
        auto text = read_file(directory / file, template_limit);
        if (!text) {
            Error error = text.error();
            error.kind = ErrorKind::bad_input;
            return Failure(error);
        }
        found[name] = std::move(*text);
    }
    return found;
}

Result<> check_site_templates(const Cluster& cluster, const fs::path& place) {
    for (const auto& [name, text] : cluster.templates)
        TRY(fill(text, variables_of(name, cluster), (place / (name + ".in")).string()));
    return {};
}

}  // namespace pando::config
