// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/control_socket.h"

#include "base/log.h"
#include "initrd/ask_boot.h"
#include "initrd/packet_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <thread>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t packet_limit = 4096;  // of a request
constexpr size_t most_attendants = 16;
constexpr Milliseconds patience = std::chrono::seconds(2);  // with an asker that says nothing

bool may_order(int peer) {
    ucred who{};
    socklen_t size = sizeof who;
    return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == 0 || who.uid == geteuid());
}

std::optional<Ending> ending_of(const json& request) {
    if (!request.is_object() || !request.contains("verb")) return std::nullopt;
    if (request["verb"] == "reboot") return Ending::reboot;
    if (request["verb"] == "poweroff") return Ending::power_off;
    return std::nullopt;
}

// Who has come, in a request that says so.
std::string attendant_in(const json& request) {
    if (!request.is_object() || request.value("verb", json()) != "attend") return {};
    const json who = request.value("who", json());
    return who.is_string() ? who.get<std::string>().substr(0, 80) : "somebody";
}

// What is waited for, when it is time to tell. A change of what is done begins anew.
class Teller {
public:
    // Returns until when there is nothing more to tell.
    Deadline tell(const Doing& doing) {
        const Milliseconds now = since_boot();
        if (doing.begin != begin_) {
            begin_ = doing.begin;
            next_ = next_telling(doing, doing.begin);
        }
        if (doing.state == Doing::State::idle) return Deadline::never();  // a begin is a change
        if (now >= next_) {
            next_ = next_telling(doing, now);
            if (const std::string line = waiting_line(doing, now); !line.empty()) log::info("{}", line);
        }
        return Deadline::after(next_ - now);
    }

private:
    Milliseconds begin_{-1}, next_{0};
};

[[noreturn]] void serve_and_tell(std::optional<ControlServer> server) {
    Teller teller;
    for (Deadline next = Deadline::never();;) {
        std::vector<pollfd> events{{server ? server->descriptor() : -1, POLLIN, 0},
                                   {boot_control().change_descriptor(), POLLIN, 0}};
        if (server)
            for (const int attendant : server->attendants()) events.push_back({attendant, POLLIN, 0});
        if (poll(events.data(), events.size(), next.poll_timeout()) > 0) {
            if (events[1].revents != 0) boot_control().clear_change();
            if (server) server->see_off();
            if (events[0].revents != 0 && server) server->serve_one();
        }
        next = teller.tell(boot_control().doing());
    }
}

}  // namespace

Result<ControlServer> ControlServer::open(const fs::path& path, BootControl& control, std::function<void(Ending)> end) {
    const sockaddr_un address = TRY(packet_address(path));
    ControlServer server;
    server.control_ = &control;
    server.end_ = std::move(end);
    server.socket_.reset(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!server.socket_.valid()) return fail_errno(errno, "a socket for pando-boot's verbs");
    (void)unlink(path.c_str());
    // Before it has a name: it is never open to others.
    if (fchmod(server.socket_.get(), 0600) < 0 ||
        bind(server.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        listen(server.socket_.get(), 8) < 0)
        return fail_errno(errno, "{}", path.string());
    return server;
}

std::vector<int> ControlServer::attendants() const {
    std::vector<int> peers;
    for (const Attendant& attendant : attendants_) peers.push_back(attendant.peer.get());
    return peers;
}

void ControlServer::see_off() {
    const auto has_ended = [&](const Attendant& attendant) {
        std::array<char, 16> nothing{};  // an attendant has no more to say
        const ssize_t size = recv(attendant.peer.get(), nothing.data(), nothing.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
        control_->leave(attendant.who);
        return true;
    };
    attendants_.erase(std::remove_if(attendants_.begin(), attendants_.end(), has_ended), attendants_.end());
}

void ControlServer::serve_one() {
    UniqueFd peer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer.valid() || !may_order(peer.get())) return;
    const std::string packet = receive_packet(peer.get(), packet_limit, patience);
    if (packet.empty()) return;
    const json request = json::parse(packet, nullptr, false);
    const auto ending = ending_of(request);
    if (const std::string who = attendant_in(request); !who.empty()) {
        const bool room = attendants_.size() < most_attendants;
        const char* key = room ? "text" : "error";
        if (!send_packet(peer.get(), {{"ok", room}, {key, room ? "the boot knows" : "too many are here"}}) || !room)
            return;
        log::info("operator: {} begins", who);
        control_->attend(who);
        attendants_.push_back({std::move(peer), who});
        return;
    }
    if (!ending) {
        const json answer = control_->answer(request);
        if (request.is_object() && request.value("verb", json()) != "status")
            log::info("operator: {}: {}", request.dump(-1, ' ', true, json::error_handler_t::replace),
                      answer.value("ok", false) ? answer.value("text", "") : answer.value("error", ""));
        (void)send_packet(peer.get(), answer);
        return;
    }
    const char* word = *ending == Ending::reboot ? "reboots" : "goes off";
    log::warning("operator: this machine {}", word);
    (void)send_packet(peer.get(), {{"ok", true}, {"text", fmt::format("this machine {}", word)}});
    end_(*ending);
}

void serve_boot() {
    auto opened = ControlServer::open(control_socket, boot_control(), [](Ending ending) { end_machine(ending); });
    if (!opened) log::write(opened.error());
    std::optional<ControlServer> server;
    if (opened) server = std::move(*opened);
    std::thread([server = std::move(server)]() mutable { serve_and_tell(std::move(server)); }).detach();
}

}  // namespace pando::initrd
