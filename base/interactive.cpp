// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/interactive.h"

#include "base/process.h"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <csignal>

namespace pando {
namespace {

// The terminal sends these to all in the foreground; a lost connection as well.
constexpr std::array terminals = {SIGINT, SIGQUIT, SIGHUP};

class Ignored {
public:
    Ignored() {
        for (size_t i = 0; i < terminals.size(); ++i) before_[i] = std::signal(terminals[i], SIG_IGN);
    }
    ~Ignored() {
        for (size_t i = 0; i < terminals.size(); ++i) (void)std::signal(terminals[i], before_[i]);
    }
    Ignored(const Ignored&) = delete;
    Ignored& operator=(const Ignored&) = delete;

private:
    std::array<sighandler_t, terminals.size()> before_{};
};

}  // namespace

Result<int> run_interactive(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment,
                            int input) {
    const UniqueFd kept(fcntl(input, F_DUPFD_CLOEXEC, 3));  // spawn() puts /dev/null in the place of standard input
    if (!kept.valid()) return fail_errno(errno, "keeping the input of {}", argv.front());
    Command command{.argv = argv, .env = environment};
    command.prepare = [&kept] {
        for (const int signal : terminals) (void)std::signal(signal, SIG_DFL);
        return dup2(kept.get(), STDIN_FILENO) == STDIN_FILENO;
    };
    const Ignored ignored;
    auto child = TRY(Child::spawn(command));
    return child.wait(Deadline::never());
}

}  // namespace pando
