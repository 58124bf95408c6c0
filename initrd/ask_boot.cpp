// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/ask_boot.h"

#include "initrd/packet_socket.h"

#include <sys/socket.h>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t answer_limit = 65536;  // bytes
constexpr Milliseconds answer_patience = std::chrono::seconds(10);

Result<UniqueFd> connect_to(const fs::path& path) {
    const sockaddr_un address = TRY(packet_address(path));
    UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return fail_errno(errno, "a socket");
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return fail_errno(errno, "asking process 1 by {}", path.string());
    return fd;
}

}  // namespace

Result<UniqueFd> attend_boot(const std::string& who, const fs::path& path) {
    UniqueFd connection = TRY(connect_to(path));
    if (!send_packet(connection.get(), {{"verb", "attend"}, {"who", who}}))
        return fail_errno(errno, "telling process 1 by {}", path.string());
    const json answer = json::parse(receive_packet(connection.get(), answer_limit, answer_patience), nullptr, false);
    if (!answer.is_object() || !answer.value("ok", false))
        return fail("this boot does not wait for this shell: {}",
                    answer.is_object() ? answer.value("error", "no reason") : "process 1 does not answer");
    return connection;
}

Result<json> ask_boot(const json& request, const fs::path& path) {
    const UniqueFd fd = TRY(connect_to(path));
    if (!send_packet(fd.get(), request)) return fail_errno(errno, "asking process 1 by {}", path.string());
    const json answer = json::parse(receive_packet(fd.get(), answer_limit, answer_patience), nullptr, false);
    if (!answer.is_object() || !answer.contains("ok"))
        return fail("process 1 does not answer").kind(ErrorKind::timeout).advise("are you root? only root may ask");
    return answer;
}

}  // namespace pando::initrd
