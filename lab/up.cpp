// SPDX-License-Identifier: GPL-2.0-or-later
// Bringing a lab up.
#include "base/file.h"
#include "base/lock.h"
#include "config/load.h"
#include "config/render.h"
#include "config/site_templates.h"
#include "config/values.h"
#include "lab/lab.h"
#include "lab/layout.h"
#include "lab/netboot.h"
#include "lab/network.h"
#include "lab/processes.h"
#include "lab/ssh.h"
#include "lab/wait.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::lab {
namespace fs = std::filesystem;
namespace {

constexpr auto ready_deadline = std::chrono::seconds(20);
constexpr auto lock_deadline = std::chrono::seconds(5);
constexpr uint16_t dhcp_port = 67;
constexpr uint16_t tftp_port = 69;
constexpr uint16_t ipmi_port = 623;

// Paths end up in a shell line, in quotes of three configuration syntaxes, and in socket names of at most 107 bytes.
Result<> check_directory(const fs::path& directory) {
    constexpr size_t longest_file = 32;
    const std::string text = directory.string();
    const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || std::strchr("/._-+@", c) != nullptr;
    });
    if (!directory.is_absolute() || !plain)
        return bad_input("{} cannot be a lab's directory", text)
            .advise("use an absolute path of letters, digits and the characters . _ - + @");
    if (text.size() + longest_file >= sizeof(sockaddr_un::sun_path))
        return bad_input("{} is too long a path for the sockets in it", text).advise("choose another with --state-dir");
    return {};
}

Result<> make_lun(const fs::path& file, uint64_t size) {
    UniqueFd fd(open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_errno(errno, "creating {}", file.string());
    if (ftruncate(fd.get(), static_cast<off_t>(size)) < 0) return fail_errno(errno, "sizing {}", file.string());
    return {};
}

Result<config::Iscsi> iscsi_of(const config::Cluster& cluster) {
    if (cluster.storage.transport != "iscsi" || !cluster.storage.iscsi)
        return bad_input("cluster {} has its root on {}", cluster.name, cluster.storage.transport)
            .advise("the lab serves iSCSI only: storage.transport: iscsi");
    return *cluster.storage.iscsi;
}

}  // namespace

Result<Lab> Lab::up(const LabOptions& options, const Progress& progress) {
    TRY(check_name(options.name));
    if (geteuid() != 0) return bad_input("a lab needs root: it makes a network namespace");
    const fs::path state = options.state.empty() ? default_state() : options.state;
    const fs::path directory = state / options.name;
    Lab lab = TRY(plan(options, directory));  // what can be wrong with the input is wrong before anything is written

    const Interruptible interruptible;
    TRY(make_directories(state));
    Result<> started;
    {
        const auto lock = TRY(FileLock::take(lock_file(directory), Deadline::after(lock_deadline)));
        std::error_code ec;
        if (fs::exists(state_file(directory), ec) || fs::exists(namespace_file(lab.network()), ec))
            return bad_input("lab {} is there already, or was left half-way", options.name)
                .advise(fmt::format("pando lab down --name {} clears it away", options.name));
        started = lab.start(options, progress);
    }
    if (started) return lab;
    progress(fmt::format("lab {}: taking down what was begun", options.name));
    const auto cleared = down(options.name, state, false, progress);
    if (!cleared) return Failure(started.error().context(fmt::format("{}; then", cleared.error().what)));
    return Failure(started.error());
}

Result<Lab> Lab::plan(const LabOptions& options, const fs::path& directory) {
    TRY(check_directory(directory));
    Lab lab;
    lab.name_ = options.name;
    lab.directory_ = directory;
    lab.machine_ = options.machine;
    std::error_code ec;
    lab.netboot_ = fs::absolute(options.netboot, ec);
    for (const char* needed : {"vmlinuz", "pando.img"})
        if (options.netboot.empty() || !fs::exists(lab.netboot_ / needed, ec))
            return bad_input("{} is not a netboot directory: it has no {}", options.netboot.string(), needed)
                .advise("pando image build --output DIRECTORY makes one");
    lab.lun_ = options.lun.empty() ? directory / "lun" : fs::absolute(options.lun, ec);
    if (!options.lun.empty() && !fs::is_regular_file(lab.lun_, ec))
        return bad_input("the LUN {} is not a file", lab.lun_.string());

    if (options.cluster_yaml.empty()) {
        lab.cluster_yaml_ = TRY(cluster_yaml({options.name, options.blades, {TRY(ensure_key())}}));
        lab.cluster_ = TRY(config::load_text(lab.cluster_yaml_, "the lab's own cluster.yaml"));
    } else {
        lab.cluster_yaml_ = TRY(read_file(options.cluster_yaml, config::cluster_file_limit));
        lab.cluster_ = TRY(config::load_as(lab.cluster_yaml_, options.cluster_yaml));
    }
    (void)TRY(iscsi_of(lab.cluster_));
    for (const auto& node : lab.cluster_.nodes) lab.blades_.push_back(TRY(make_blade(node, lab.blades_.size() + 1)));
    for (const auto& [node, arguments] : options.node_arguments) (void)TRY(lab.find_blade(node));
    for (const auto& [node, file] : options.disks) {
        const Blade* owner = TRY(lab.find_blade(node));
        if (!fs::is_regular_file(file, ec)) return bad_input("the disk {} of {} is not a file", file.string(), node);
        lab.blades_[static_cast<size_t>(owner - lab.blades_.data())].disk = fs::absolute(file, ec);
    }
    return lab;
}

Result<> Lab::start(const LabOptions& options, const Progress& progress) {
    TRY(make_directories(directory_, 0700));
    std::error_code ec;
    // Those of the lab that had this name before, for whoever asks later what had happened. Of none before that.
    const fs::path aside = directory_ / "logs.aside";
    fs::remove_all(earlier_logs_directory(directory_), ec);
    fs::remove_all(aside, ec);
    fs::rename(logs_directory(directory_), aside, ec);
    for (const auto& made : {etc_directory(directory_), scripts_directory(directory_), process_directory(directory_),
                             logs_directory(directory_)})
        TRY(make_directories(made));
    fs::rename(aside, earlier_logs_directory(directory_), ec);
    TRY(write_state(false));
    TRY(write_file_atomic(cluster_file(directory_), cluster_yaml_, 0600));
    // Beside it, as they were: who reads the lab's description later goes by the same templates.
    const fs::path templates = directory_ / config::template_directory;
    fs::remove_all(templates, ec);
    if (!cluster_.templates.empty()) TRY(make_directories(templates, 0700));
    for (const auto& [name, text] : cluster_.templates) TRY(write_file_atomic(templates / (name + ".in"), text, 0600));
    TRY(write_scripts(options));
    if (options.lun.empty()) TRY(make_lun(lun_, options.lun_size));

    if (machine_.acceleration == Acceleration::automatic) {
        progress("acceleration: asking a guest, unless that was done since this machine started");
        machine_.acceleration = TRY(probe_acceleration(netboot_ / "vmlinuz"));
        TRY(write_state(false));
    }
    progress(fmt::format("acceleration: {}", to_string(machine_.acceleration)));

    TRY(check_interrupted());
    TRY(create_network(network(), network_plan()));
    progress(
        fmt::format("network: namespace {}, bridge {} {}", network(), cluster_.boot.interface, cluster_.boot.server));
    TRY(start_dnsmasq());
    progress("dnsmasq: DHCP and TFTP ready");
    TRY(start_http());
    progress(fmt::format("lighttpd: serves {}", netboot_.string()));
    TRY(start_target());
    progress(fmt::format("tgtd: target {} serves {}", cluster_.storage.iscsi->target, lun_.string()));
    TRY(start_bmcs());
    progress(fmt::format("ipmi_sim: {} BMCs answer", blades_.size()));
    if (options.power_on) {
        for (const auto& blade : blades_) {
            TRY(check_interrupted());
            TRY(power(blade.name, PowerAction::on));
            progress(fmt::format("{}: switched on", blade.name));
        }
    }
    return write_state(true);
}

Result<> Lab::write_state(bool up) const {
    const nlohmann::json json = {{"name", name_},
                                 {"up", up},
                                 {"netboot", netboot_.string()},
                                 {"lun", lun_.string()},
                                 {"acceleration", to_string(machine_.acceleration)},
                                 {"memory_mib", machine_.memory_mib},
                                 {"cpus", machine_.cpus}};
    return write_file_atomic(state_file(directory_), json.dump(2) + "\n");
}

NetworkPlan Lab::network_plan() const {
    NetworkPlan plan;
    plan.owner = directory_.string();
    plan.bridge = cluster_.boot.interface;
    const std::string& subnet = cluster_.boot.subnet;
    const std::string prefix = subnet.substr(std::min(subnet.find('/'), subnet.size()));
    const auto add = [&](const std::string& address) {
        const std::string full = address + prefix;
        if (std::find(plan.addresses.begin(), plan.addresses.end(), full) == plan.addresses.end())
            plan.addresses.push_back(full);
    };
    add(cluster_.boot.server);
    for (const auto& portal : cluster_.storage.iscsi->portals)
        if (const auto at = config::parse_portal(portal)) add(at->ip.text());
    for (const auto& blade : blades_) {
        add(blade.bmc.address);
        for (const auto& nic : blade.nics) plan.taps.push_back(nic.tap);
    }
    return plan;
}

Result<Child> Lab::spawn(const std::string& who, Command command, int stop_signal) const {
    command.prepare = TRY(enter_namespace(network(), true));
    auto child = TRY(Child::spawn(command));
    TRY(record_process(process_directory(directory_), {.who = who, .pid = child.pid(), .stop_signal = stop_signal}));
    return child;
}

Result<> Lab::wait_for_service(const std::string& who, const Child& child, const fs::path& log,
                               const std::function<Result<bool>()>& ready, Milliseconds pause) const {
    auto reached = wait_until(who, Deadline::after(ready_deadline), &child, ready, pause);
    if (reached) return {};
    const std::string said = read_line(log).value_or("");
    return Failure(said.empty() ? reached.error()
                                : Error(reached.error()).context(fmt::format("{} said: {}", who, said)));
}

Result<> Lab::start_dnsmasq() const {
    const fs::path conf = etc_directory(directory_) / "dnsmasq.conf";
    const fs::path log = logs_directory(directory_) / "dnsmasq";
    TRY(write_file_atomic(conf, config::dnsmasq_conf(cluster_, {netboot_, run_directory(directory_)})));
    // As root: the lab's directory is closed to everybody else.
    auto child = TRY(spawn(
        "dnsmasq",
        {.argv = {"dnsmasq", "--keep-in-foreground", "--user=root", "--group=root", "--log-facility=-",
                  "--pid-file=" + (run_directory(directory_) / "dnsmasq.pid").string(), "--conf-file=" + conf.string()},
         .output_file = log},
        SIGTERM));
    return wait_for_service("dnsmasq", child, log, [&]() -> Result<bool> {
        return TRY(port_bound(child.pid(), "udp", cluster_.boot.server, dhcp_port)) &&
               TRY(port_bound(child.pid(), "udp", cluster_.boot.server, tftp_port));
    });
}

Result<> Lab::start_http() const {
    const fs::path conf = etc_directory(directory_) / "lighttpd.conf";
    const fs::path log = logs_directory(directory_) / "http";
    TRY(write_file_atomic(conf, lighttpd_conf({netboot_, scripts_directory(directory_), log, run_directory(directory_)},
                                              cluster_.boot.server, cluster_.boot.http_port)));
    auto child = TRY(spawn("lighttpd", {.argv = {"lighttpd", "-D", "-f", conf.string()}, .output_file = log}, SIGTERM));
    return wait_for_service("lighttpd", child, log, [&]() -> Result<bool> {
        return connect_inside(network(), cluster_.boot.server, cluster_.boot.http_port, Deadline::after(ready_deadline))
            .has_value();
    });
}

Result<> Lab::start_target() const {
    const config::Iscsi iscsi = TRY(iscsi_of(cluster_));
    const fs::path log = logs_directory(directory_) / "tgtd";
    const std::map<std::string, std::string> env = {{"TGT_IPC_SOCKET", (run_directory(directory_) / "tgtd").string()}};
    std::string portals;
    for (const auto& portal : iscsi.portals) portals += (portals.empty() ? "portal=" : ",portal=") + portal;
    // tgtd goes on after SIGTERM while it has a target. What it was told to write is in the kernel's cache by then, so
    // SIGKILL loses nothing.
    auto child = TRY(spawn(
        "tgtd", {.argv = {"tgtd", "-f", "-C", "0", "--iscsi", portals}, .env = env, .output_file = log}, SIGKILL));
    const auto tgtadm = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"tgtadm", "-C", "0", "--lld", "iscsi"});
        return run_ok({.argv = std::move(words), .env = env, .deadline = Deadline::after(ready_deadline)});
    };
    TRY(wait_for_service(
        "tgtd", child, log,
        [&]() -> Result<bool> {
            return tgtadm({"--op", "show", "--mode", "target"}).has_value();
        },
        between_programs));
    const std::string lun = std::to_string(iscsi.lun);
    TRY(tgtadm({"--op", "new", "--mode", "target", "--tid", "1", "-T", iscsi.target}));
    TRY(tgtadm({"--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", lun, "--backing-store", lun_.string()}));
    TRY(tgtadm({"--op", "update", "--mode", "logicalunit", "--tid", "1", "--lun", lun, "--params",
                fmt::format("vendor_id=PANDO,product_id=LAB,scsi_sn=pando-{}", name_)}));
    TRY(tgtadm({"--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL"}));
    return {};
}

Result<> Lab::start_bmcs() const {
    std::vector<Child> bmcs;
    for (const auto& blade : blades_) {
        const BladeFiles at = files(blade);
        TRY(make_directories(at.bmc_state));
        TRY(write_file_atomic(at.bmc_conf, bmc_conf(blade, at), 0600));
        TRY(write_file_atomic(at.bmc_commands, bmc_commands()));
        TRY(write_file_atomic(at.start, start_script(qemu_argv(blade, machine_, at), at.qemu_log), 0700));
        bmcs.push_back(TRY(spawn(blade.name + "-bmc",
                                 {.argv = {"ipmi_sim", "-n", "-c", at.bmc_conf.string(), "-f", at.bmc_commands.string(),
                                           "-s", at.bmc_state.string()},
                                  .output_file = at.bmc_log},
                                 SIGTERM)));
    }
    for (size_t i = 0; i < blades_.size(); ++i) {
        const Blade& blade = blades_[i];
        TRY(wait_for_service(blade.name + "-bmc", bmcs[i], files(blade).bmc_log, [&]() -> Result<bool> {
            return port_bound(bmcs[i].pid(), "udp", blade.bmc.address, ipmi_port);
        }));
        (void)TRY(power_state(blade.name));
    }
    return {};
}

Result<> Lab::write_scripts(const LabOptions& options) const {
    const fs::path directory = scripts_directory(directory_);
    std::error_code ec;
    const fs::path own = netboot_ / "boot.ipxe";
    const std::string script =
        fs::exists(own, ec) ? from_current_set(TRY(read_file(own))) : config::ipxe_script(cluster_, "");
    TRY(write_file_atomic(directory / "boot.ipxe", chooser_script()));
    TRY(write_file_atomic(directory / "any.ipxe", with_kernel_arguments(script, options.kernel_arguments)));
    for (const auto& [node, arguments] : options.node_arguments) TRY(set_kernel_arguments(node, arguments));
    return {};
}

}  // namespace pando::lab
