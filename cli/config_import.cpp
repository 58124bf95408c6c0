// SPDX-License-Identifier: GPL-2.0-or-later
// pando config import: the cluster.conf of an Open-Sharedroot cluster as a cluster.yaml.
#include "base/file.h"
#include "cli/command.h"
#include "cli/proposed_file.h"
#include "nodes/cluster_conf.h"
#include "nodes/xml_tree.h"

#include <memory>

namespace pando::cli {
namespace {

struct ImportOptions {
    std::string file;
    ProposedFileOptions output;
};

Result<int> import(const ImportOptions& options) {
    auto text = read_file(options.file, nodes::xml_limit);
    if (!text) {
        Error error = text.error();
        error.kind = ErrorKind::bad_input;
        return Failure(error);
    }
    auto made = TRY(nodes::translate_cluster_conf(*text, options.file));
    const auto file = TRY(ProposedFile::open(options.output));
    const auto other = [&](const std::optional<std::string>& text) { return text && *text != made.yaml; };
    if (other(file.replaced()) || (!file.text().empty() && other(file.text())))
        return bad_input("{} is there already", other(file.replaced()) ? options.output.output : file.shown())
            .advise("an import makes a new file: --output ANOTHER, or move that one away");
    Proposed proposed{made.yaml, std::move(made.understood), {}};
    for (const nodes::Remark& remark : made.remarks)
        proposed.missing.push_back(fmt::format("{}:{}: {}", options.file, remark.line, remark.what));
    return file.settle(proposed);
}

}  // namespace

Action declare_config_import(CLI::App& app) {
    auto options = std::make_shared<ImportOptions>();
    app.add_option("CLUSTER.CONF", options->file, "as Open-Sharedroot and cman had it, with com_info")->required();
    add_options(app, options->output);
    return [options] { return import(*options); };
}

}  // namespace pando::cli
