// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster.yaml that a command proposes: shown, checked as `pando config check` does, and written only then. What is
// not right yet never takes the file's place; it becomes FILE.draft, which the next call goes on with.
//
//   auto file = TRY(ProposedFile::open(options));
//   return file.settle({new_text(file.text()), found, missing});
#pragma once

#include "base/result.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pando::cli {

struct ProposedFileOptions {
    std::string output = "cluster.yaml";
    bool dry_run = false;
    bool yes = false;
};
void add_options(CLI::App& app, ProposedFileOptions& options);

struct Proposed {
    std::string text;
    std::vector<std::string> found;    // what was understood
    std::vector<std::string> missing;  // what a person must look at
};

class ProposedFile {
public:
    // What is there to go on with: the draft, else the file, else nothing.
    static Result<ProposedFile> open(const ProposedFileOptions& options);

    std::string text() const { return draft_ ? *draft_ : file_.value_or(""); }
    const std::optional<std::string>& replaced() const { return file_; }  // what a right text takes the place of
    const std::string& shown() const { return shown_; }                   // the name of what text() gives, for messages

    // Shows, checks, asks and writes. The status: 0 it is right, and written unless it was only to be shown; 1 nobody
    // agreed; an Error of kind bad_input: it is not right yet.
    Result<int> settle(const Proposed& proposed) const;

private:
    ProposedFileOptions options_;
    std::string shown_;
    std::optional<std::string> file_, draft_;

    Result<> remove_draft() const;
    Result<int> keep_draft(const Proposed& proposed, const Error& mistakes) const;
};

}  // namespace pando::cli
