// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/console.h"

#include "base/deadline.h"
#include "base/fd.h"
#include "base/file.h"

#include <fcntl.h>
#include <sys/klog.h>
#include <memory>
#include <sstream>
#include <vector>

namespace pando::initrd {
namespace {

constexpr int klog_console_level = 8;  // SYSLOG_ACTION_CONSOLE_LEVEL
constexpr int show_warnings_and_worse = 5;

class Console {
public:
    explicit Console(std::string path) : path_(std::move(path)) { open_again(); }
    // Opened again when it was hung up, as the kernel does to everybody when a shell on it ends.
    void write(std::string_view text) {
        const auto written = write_all(fd_.get(), text);
        if (written || written.error().sys != EIO) return;
        open_again();
        (void)write_all(fd_.get(), text);
    }

private:
    // O_NONBLOCK: a serial line with flow control and nobody there must not stop a boot.
    void open_again() { fd_.reset(open(path_.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)); }

    std::string path_;
    UniqueFd fd_;
};

struct Outputs {
    std::vector<Console> consoles;
    UniqueFd kernel_log;
};

Outputs open_outputs() {
    Outputs outputs;
    outputs.kernel_log.reset(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
    for (const std::string& path : console_devices()) outputs.consoles.emplace_back(path);
    return outputs;
}

std::string_view mark(log::Level level) {
    switch (level) {
        case log::Level::error:
            return "ERROR ";
        case log::Level::warning:
            return "WARNING ";
        case log::Level::hint:
            return "  -> ";
        case log::Level::info:
            return "";
        case log::Level::debug:
            return "debug: ";
    }
    return "";
}

int kernel_level(log::Level level) {
    switch (level) {
        case log::Level::error:
            return 3;
        case log::Level::warning:
            return 4;
        case log::Level::hint:
            return 5;
        case log::Level::info:
            return 6;
        case log::Level::debug:
            return 7;
    }
    return 6;
}

}  // namespace

std::vector<std::string> console_devices() {
    std::istringstream names(read_line("/sys/class/tty/console/active").value_or("console"));
    std::vector<std::string> paths;
    for (std::string name; names >> name;) paths.push_back("/dev/" + name);
    return paths;
}

void log_to_consoles(bool debug) {
    // Our lines go to the consoles directly; without this the kernel would show them a second time.
    klogctl(klog_console_level, nullptr, show_warnings_and_worse);
    auto outputs = std::make_shared<Outputs>(open_outputs());
    log::set_level(debug ? log::Level::debug : log::Level::info);
    log::set_sink([outputs](log::Level level, std::string_view text) {
        std::istringstream lines{std::string(text)};
        for (std::string line; std::getline(lines, line);) {
            const double now = static_cast<double>(since_boot().count()) / 1000.0;
            const std::string shown = fmt::format("[{:8.2f}] pando: {}{}\r\n", now, mark(level), line);
            for (Console& console : outputs->consoles) console.write(shown);
            // At most the kernel's level of notice, or the kernel would print errors on the console again.
            const int to_kernel = std::max(kernel_level(level), 5);
            if (outputs->kernel_log.valid())
                (void)write_all(outputs->kernel_log.get(),
                                fmt::format("<{}>pando: {}{}\n", to_kernel, mark(level), line));
        }
    });
}

}  // namespace pando::initrd
