// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the chroot that is the same on every cluster: what it takes to keep quorum, to fence and to look around
// while the root is frozen, and to leave in order.
#include "chroot-builder/manifest.h"

#include <set>

namespace pando::chroot {
namespace {

Entry directory(uint32_t mode, const char* why) {
    Entry entry;
    entry.kind = Entry::Kind::directory;
    entry.mode = mode;
    entry.reasons = {{why, {}}};
    return entry;
}

Entry link(std::string target, const char* why) {
    Entry entry;
    entry.kind = Entry::Kind::symlink;
    entry.target = std::move(target);
    entry.reasons = {{why, {}}};
    return entry;
}

Entry text(std::string content, const char* why) {
    Entry entry;
    entry.mode = 0644;
    entry.content = std::move(content);
    entry.reasons = {{why, {}}};
    return entry;
}

}  // namespace

Request survival_request() {
    Request request;
    request.programs = {"corosync",     "corosync-cfgtool", "corosync-cmapctl", "corosync-quorumtool",
                        "dlm_controld", "dlm_tool",         "/bin/busybox",     "/usr/sbin/pando-survival"};

    request.files = {memory_lock};

    for (const char* mount_point : {"/dev", "/proc", "/run", "/sys", "/sysroot"})
        request.made[mount_point] = directory(0755, "mount point");
    request.made["/tmp"] = directory(01777, "temporary files");
    request.made["/root"] = directory(0700, "home of root");
    request.made["/etc"] = directory(0755, "configuration, written at boot");
    request.made["/etc/corosync"] = directory(0755, "corosync.conf and authkey, written at boot");
    request.made["/etc/corosync/uidgid.d"] = directory(0755, "read by corosync");
    request.made["/etc/dlm"] = directory(0755, "dlm.conf, written at boot");
    request.made["/etc/pando"] = directory(0700, "what fence_pando looks up");
    request.made["/etc/pando/fence"] = directory(0700, "each node's fence devices, written at boot");
    request.made["/usr/sbin/fence_pando"] = link("pando-survival", "the agent that dlm_controld runs");
    request.made["/var/lib/corosync"] = directory(0755, "working directory and ring state of corosync");
    request.made["/var/log"] = directory(0755, "logs of the survival set: never on the shared root");
    request.made["/var/log/corosync"] = directory(0755, "log of corosync");
    request.made["/var/log/dlm_controld"] = directory(0755, "log of dlm_controld");
    request.made["/var/run"] = link("../run", "old name of /run");

    // Names of users and groups come from files alone: whatever asks a server would hang when the network does.
    request.made["/etc/nsswitch.conf"] = text(
        "passwd: files\ngroup: files\nshadow: files\nhosts: files\n"
        "services: files\nprotocols: files\n",
        "name service by files only");
    request.made["/etc/host.conf"] = text("multi on\n", "resolver: every address of a name");
    request.made["/etc/passwd"] = text("root:x:0:0:root:/root:/bin/sh\n", "name service");
    request.made["/etc/group"] = text("root:x:0:\n", "name service");

    // The shell of the exit tree and of a person at the console. Anything that runs /bin/sh gets it.
    for (const char* applet :
         {"sh",    "cat",   "chroot", "cp",   "date",  "df",       "dmesg",  "du",    "echo", "env",
          "false", "find",  "free",   "grep", "head",  "hostname", "kill",   "ln",    "ls",   "mkdir",
          "more",  "mount", "mv",     "nc",   "pidof", "ping",     "ps",     "rm",    "sed",  "sleep",
          "stty",  "sync",  "tail",   "test", "touch", "true",     "umount", "uname", "vi",   "wc"})
        request.made[std::string("/bin/") + applet] = link("busybox", "rescue shell");
    return request;
}

Request request_for(const config::Cluster& cluster, const config::AgentFiles& files) {
    Request request = survival_request();
    if (cluster.storage.transport == "iscsi") {
        request.programs.emplace_back("iscsid");
        request.made["/etc/iscsi"] = directory(0700, "initiator name and settings, written at boot");
    }
    // Keys are no part of the image: the bundle brings them.
    if (cluster.rescue.in_boot()) request.programs.emplace_back("dropbear");
    std::set<std::string> agents;
    for (const auto& node : cluster.nodes)
        for (const auto& device : node.fence) agents.insert(device.agent);
    // An agent that no device names, for a person's use, calls programs like any other.
    for (const std::string& program : cluster.chroot.programs) {
        if (std::filesystem::path(program).filename().native().starts_with("fence_"))
            agents.insert(program);
        else
            request.programs.push_back(program);
    }
    request.agents.assign(agents.begin(), agents.end());
    for (const auto& file : config::agent_files(cluster)) {
        const std::filesystem::path parent = std::filesystem::path(file.path).parent_path();
        request.made.try_emplace(parent, directory(0755, "files of fence devices, written at boot"));
        const auto content = files.find(file.path);
        if (file.program && content != files.end()) request.delivered[file.path] = {content->second, file.why()};
    }
    return request;
}

}  // namespace pando::chroot
