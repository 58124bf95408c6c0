// SPDX-License-Identifier: GPL-2.0-or-later
// A description edited by a person: on a copy, which replaces the file only when it is right. One at a time.
//
//   const auto outcome = TRY(edit_file("cluster.yaml", {run_editor, ask}));
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace pando::cli {

enum class Edited { replaced, unchanged, thrown_away, kept };

// What is the person's part.
struct EditTalk {
    std::function<Result<>(const std::filesystem::path& copy)> edit;  // returns when the editor was left
    // What is wrong with the text; the answer is e(dit again), t(hrow away) or k(eep beside).
    std::function<Result<char>(const Error& error)> ask;
    std::string who;                                                // "alice on pts/3": told to whoever waits
    Deadline patience = Deadline::after(std::chrono::minutes(30));  // for another who edits it
};

// The file keeps its mode and owner; a symlink to it stays one. Messages name the file, not the copy. What is kept is
// FILE.draft, or FILE.draft.2 and so on. Whatever ends this, the file is the old or the new one; a copy that a killed
// editor left becomes a draft at the next call.
Result<Edited> edit_file(const std::filesystem::path& file, const EditTalk& talk);

// A description that a command has made in place of the file, or as a new file (0600: it is to hold passwords).
struct NewText {
    std::optional<std::string> before;  // what the file held when the text was made; nothing: there was none
    std::string text;
    std::string who;  // as in EditTalk
    Deadline patience = Deadline::after(std::chrono::minutes(1));
};

// The same promises as edit_file(). Refused with every mistake in it when it is not right, and when the file is no
// longer what it was.
Result<> put_file(const std::filesystem::path& file, const NewText& text);

// What is not right yet, in FILE.draft, in place of one that is there and holds `before`.
Result<std::filesystem::path> put_draft(const std::filesystem::path& file, const NewText& text);
std::filesystem::path draft_of(const std::filesystem::path& file);

// "alice on /dev/pts/3": whoever runs this command.
std::string whoever();

}  // namespace pando::cli
