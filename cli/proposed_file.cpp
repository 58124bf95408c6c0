// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/proposed_file.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text_diff.h"
#include "cli/consent.h"
#include "cli/edit_file.h"
#include "config/load.h"
#include "config/secrets.h"

#include <unistd.h>
#include <filesystem>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

Result<std::optional<std::string>> read_if_there(const fs::path& file) {
    auto text = read_file(file, config::cluster_file_limit);
    if (text) return std::optional(std::move(*text));
    if (text.error().sys == ENOENT) return std::optional<std::string>();
    Error error = text.error();
    error.kind = ErrorKind::bad_input;
    return Failure(error);
}

}  // namespace

void add_options(CLI::App& app, ProposedFileOptions& options) {
    app.add_option("--output", options.output, "the file; what stands in it is kept")->capture_default_str();
    app.add_flag("--dry-run", options.dry_run, "show it, write nothing");
    app.add_flag("--yes", options.yes, "do not ask");
}

Result<ProposedFile> ProposedFile::open(const ProposedFileOptions& options) {
    ProposedFile out;
    out.options_ = options;
    out.file_ = TRY(read_if_there(options.output));
    out.draft_ = TRY(read_if_there(draft_of(options.output)));
    out.shown_ = out.draft_ ? draft_of(options.output).string() : options.output;
    if (out.file_ && out.draft_)
        log::warning(
            "{} is there: this goes on with it, and it would take the place of {}; to go by that one, move "
            "the draft away",
            out.shown_, options.output);
    return out;
}

Result<int> ProposedFile::settle(const Proposed& proposed) const {
    // What would be replaced: the file, by whatever the draft has become.
    const std::string before = file_ ? *file_ : text();
    const auto [shown_before, shown_after] = config::without_secrets(before, proposed.text);
    fmt::print(
        "{}", before.empty() ? shown_after : unified_diff(shown_before, shown_after, file_ ? options_.output : shown_));
    std::fflush(stdout);
    for (const std::string& line : proposed.found) log::info("{}", line);
    for (const std::string& line : proposed.missing) log::warning("{}", line);
    const auto checked = config::load_as(proposed.text, options_.output);
    if (!checked) return keep_draft(proposed, checked.error());
    if (file_ && proposed.text == *file_) {
        log::info("{} is right, and there is nothing to add to it", options_.output);
        if (!options_.dry_run) TRY(remove_draft());
        return 0;
    }
    if (options_.dry_run) return 0;
    if (!TRY(agreed(options_.yes, fmt::format("Write {}?", options_.output)))) {
        log::info("nothing was written");
        return 1;
    }
    TRY(put_file(options_.output, {file_, proposed.text, whoever()}));
    log::info("{} is written: {} nodes", options_.output, checked->nodes.size());
    TRY(remove_draft());
    return 0;
}

// Its text has gone into the file. Left behind by a power cut, it is named by the next call.
Result<> ProposedFile::remove_draft() const {
    if (!draft_) return {};
    const fs::path draft = draft_of(options_.output);
    if (TRY(read_if_there(draft)) != draft_)
        log::warning("{} was changed by somebody else meanwhile: it is left", draft.string());
    else
        unlink(draft.c_str());
    return {};
}

Result<int> ProposedFile::keep_draft(const Proposed& proposed, const Error& mistakes) const {
    const fs::path draft = draft_of(options_.output);
    const auto incomplete = [&](std::string_view kept) {
        Error error = mistakes;
        error.advice = fmt::format("{}; fill in what is missing and run this again", kept);
        return Failure(error);
    };
    if (file_ && !draft_ && proposed.text == *file_) return incomplete(options_.output + " is as it was");
    if (draft_ && proposed.text == *draft_) return incomplete("so far it is " + draft.string());
    if (options_.dry_run) return incomplete("it would become " + draft.string());
    const auto keep = agreed(options_.yes, fmt::format("It is not complete. Keep it as {}?", draft.string()));
    if (!keep) return incomplete("nothing was written (--yes would keep it as " + draft.string() + ")");
    if (!*keep) return incomplete("nothing was written");
    TRY(put_draft(options_.output, {draft_, proposed.text, whoever()}));
    return incomplete("so far it is " + draft.string());
}

}  // namespace pando::cli
