// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/ssh.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/process.h"

namespace pando::lab {
namespace fs = std::filesystem;

Result<std::string> ensure_key(const fs::path& key) {
    const fs::path public_key = key.string() + ".pub";
    TRY(make_directories(key.parent_path()));
    auto lock = TRY(FileLock::take(key.string() + ".lock", Deadline::after(std::chrono::minutes(1))));
    std::error_code ec;
    // The private half is put in place last: where it is, both are.
    if (!fs::exists(key, ec)) {
        const auto work = TRY(TemporaryDirectory::create(key.parent_path(), ".lab-key"));
        const fs::path made = work.path() / "key";
        TRY(run_ok({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "pando-lab", "-f", made.string()}}));
        fs::rename(made.string() + ".pub", public_key, ec);
        if (!ec) fs::rename(made, key, ec);
        if (ec) return fail_errno(ec.value(), "putting the lab's ssh key at {}", key.string());
        TRY(sync_directory(key.parent_path()));
    }
    return read_line(public_key);
}

std::vector<std::string> ssh_argv(const fs::path& key, const std::string& address,
                                  const std::vector<std::string>& command) {
    std::vector<std::string> argv = {"ssh", "-F", "none", "-i", key.string()};
    for (const char* option :
         {"IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null",
          "LogLevel=ERROR", "ConnectTimeout=5", "ServerAliveInterval=5", "ServerAliveCountMax=6"}) {
        argv.emplace_back("-o");
        argv.emplace_back(option);
    }
    argv.push_back("root@" + address);
    if (command.empty()) return argv;
    argv.emplace_back("--");
    // ssh joins its words with blanks for the shell at the other end: quoted, they arrive as they were. One word
    // alone is a line for that shell, as with ssh itself.
    argv.push_back(command.size() == 1 ? command[0] : shown(command));
    return argv;
}

}  // namespace pando::lab
