// SPDX-License-Identifier: GPL-2.0-or-later
// pando cluster keygen: the key that makes its holder a member.
#include "cli/command.h"
#include "config/authkey.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {

Action declare_cluster_keygen(CLI::App& app) {
    auto file = std::make_shared<std::string>("authkey");
    app.add_option("FILE", *file, "where; as cluster.authkey names it, beside cluster.yaml")->capture_default_str();
    return [file]() -> Result<int> {
        TRY(config::make_authkey(*file));
        fmt::print("{}: a new key of {} bytes, for root alone\n", *file, config::authkey_made);
        return 0;
    };
}

}  // namespace pando::cli
