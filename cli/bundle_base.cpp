// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/bundle_base.h"

#include "base/file.h"

namespace pando::cli {

namespace fs = std::filesystem;

Result<> write_base(const fs::path& directory, const config::Bundle& bundle) {
    return write_file_atomic(directory / base_file, config::encode(bundle), 0600);  // it holds secrets
}

Result<> remove_base(const fs::path& directory) {
    std::error_code error;
    fs::remove(directory / base_file, error);
    if (error) return fail("{} cannot be removed: {}", (directory / base_file).string(), error.message());
    return sync_directory(directory);
}

Result<std::optional<config::Bundle>> read_base(const fs::path& directory) {
    std::error_code error;
    const fs::path file = directory / base_file;
    if (!fs::exists(file, error)) return std::optional<config::Bundle>();
    auto base = config::decode(TRY(read_file(file, config::bundle_limit)));
    if (base) return std::optional(std::move(*base));
    return bad_input("{}: {}", file.string(), base.error().what)
        .advise(
            "it tells what the description was made from. Fetch it anew (pando bundle get --output elsewhere) and "
            "take your change over");
}

Result<> refuse_if_stale(const config::Bundle& base, const config::Bundle& newest) {
    if (base.cluster == newest.cluster && base.files == newest.files) return {};
    return bad_input("this was made from generation {} of {}, and somebody wrote generation {} of {} meanwhile",
                     base.generation, base.cluster, newest.generation, newest.cluster)
        .advise(
            "fetch the newest (pando bundle get --output elsewhere) and take your change over; with --undo-newer "
            "yours is written, and what changed meanwhile is lost");
}

}  // namespace pando::cli
