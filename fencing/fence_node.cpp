// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/fence_node.h"

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/process.h"
#include "base/sysroot.h"
#include "config/render.h"
#include "fencing/fence_answer.h"

#include <fcntl.h>
#include <unistd.h>
#include <ctime>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;

constexpr const char* directory = "etc/pando/fence";
constexpr const char* log_file = "/var/log/fence.log";
constexpr Milliseconds each_limit = std::chrono::minutes(5);  // an agent that hangs must not keep the next one waiting

Result<std::vector<config::FenceDevice>> read_devices(const fs::path& file) {
    const auto json = nlohmann::json::parse(TRY(read_file(file)), nullptr, false);
    std::vector<config::FenceDevice> devices;
    if (!json.is_array()) return fail("{} is damaged", file.string());
    for (const auto& entry : json) {
        if (!entry.is_object()) return fail("{} is damaged: a device is no mapping", file.string());
        config::FenceDevice device;
        device.name = entry.value("name", "");
        device.agent = entry.value("agent", "");
        const auto options = entry.find("options");
        if (options == entry.end() || !options->is_object())
            return fail("{} is damaged: a device without options", file.string());
        for (const auto& [option, value] : options->items())
            if (value.is_string()) device.options[option] = value.get<std::string>();
        if (device.agent.empty()) return fail("{} is damaged: a device without agent", file.string());
        devices.push_back(std::move(device));
    }
    return devices;
}

std::string input_of(const config::FenceDevice& device, const std::string& action) {
    std::string input;
    for (const auto& [option, value] : device.options) input += fmt::format("{}={}\n", option, value);
    if (!action.empty()) input += fmt::format("action={}\n", action);
    return input;
}

// From here on what is logged goes there; dlm_controld has led our streams to nowhere.
void log_to_file() {
    const int fd = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
}

std::string now() {
    const std::time_t seconds = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::ostringstream text;
    char buffer[32];
    return std::string(buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

}  // namespace

fs::path fence_file(const fs::path& chroot, uint32_t id) { return chroot / directory / std::to_string(id); }

Result<FenceRequest> parse_fence_request(std::string_view input) {
    FenceRequest request;
    while (!input.empty()) {
        const std::string_view line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(input.size(), line.size() + 1));
        if (line.starts_with("node=")) request.id = whole_number<uint32_t>(line.substr(5)).value_or(0);
        if (line.starts_with("action=")) request.action = line.substr(7);
    }
    if (request.id == 0) return bad_input("no node=ID on standard input").advise("dlm_controld gives it");
    return request;
}

Result<> fence_node(const FenceRequest& request, const fs::path& chroot, Milliseconds each) {
    const auto devices = read_devices(fence_file(chroot, request.id));
    if (!devices) return Failure(devices.error().context(fmt::format("the fence devices of node id {}", request.id)));
    std::string said;
    for (const config::FenceDevice& device : *devices) {
        const auto done =
            run({.argv = {device.agent}, .input = input_of(device, request.action), .deadline = Deadline::after(each)});
        if (done && done->ok()) {
            log::info("{}: node id {} is fenced", device.name, request.id);
            return {};
        }
        const std::string why =
            !done ? done.error().what : fmt::format("status {}: {}", done->status, done->last_words());
        log::error("{}: {}", device.name, why);
        said += fmt::format("{}{}: {}", said.empty() ? "" : "; ", device.name, why);
    }
    return fail("node id {} is not fenced: {}", request.id, said.empty() ? "it has no device" : said);
}

int fence_main() {
    const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
    log_to_file();
    log::info("{} asked to fence: {}", now(), input.substr(0, input.find('\n')));
    const auto request = parse_fence_request(input);
    const auto done = request ? fence_node(*request, "/", each_limit) : Result<>(Failure(request.error()));
    if (done) return 0;
    log::write(done.error());
    return 1;
}

}  // namespace pando::fencing
