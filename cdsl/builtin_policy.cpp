// SPDX-License-Identifier: GPL-2.0-or-later
// The paths a booted Debian writes by itself, worked out on Debian 12. What is not here is shared, on purpose:
// /usr, /etc, /home, /root, /srv, /opt, /var/mail, and the package manager's state, which describes the shared tree.
#include "cdsl/policy.h"

namespace pando::cdsl {

const std::vector<Rule>& builtin_policy() {
    const auto bind = [](const char* path, Seed seed, When when, const char* why, uint32_t permissions = 0755) {
        return Rule{path, Mode::bind, seed, permissions, why, "all", when, when == When::always};
    };
    const auto link = [](const char* path, Seed seed, When when, const char* why) {
        return Rule{path, Mode::link, seed, 0644, why, "all", when, when == When::always};
    };
    const auto shared = [](const char* path, const char* why) {
        return Rule{path, Mode::shared, Seed::empty, 0755, why, "all", When::present};
    };
    constexpr const char* host_key = "the node's own ssh host key; starts as the root's";
    constexpr const char* helper = "what dpkg enabled: describes units on the shared root";

    static const std::vector<Rule> policy = {
        // Who the node is.
        link("/etc/hostname", Seed::copy, When::always, "each node's own name"),
        link("/etc/hosts", Seed::copy, When::always, "rendered from the node's bundle at every boot"),
        link("/etc/machine-id", Seed::empty, When::always, "names the journal, D-Bus and DHCP client of one machine"),
        link("/etc/resolv.conf", Seed::copy, When::always, "follows the node's own network"),
        link("/etc/adjtime", Seed::copy, When::always, "drift of the node's own hardware clock"),
        bind("/etc/iscsi", Seed::copy, When::present, "initiator name: two of the same name log each other out"),
        bind("/etc/network", Seed::copy, When::present, "interfaces of the node's own hardware"),
        bind("/etc/systemd/network", Seed::copy, When::present, "interfaces of the node's own hardware"),
        bind("/etc/NetworkManager/system-connections", Seed::copy, When::present,
             "interfaces of the node's own hardware", 0700),
        link("/etc/nvme/hostnqn", Seed::empty, When::present, "NVMe host name: must differ between hosts"),
        link("/etc/nvme/hostid", Seed::empty, When::present, "NVMe host id: must differ between hosts"),
        bind("/etc/lvm/archive", Seed::empty, When::present, "LVM history of the disks this node sees"),
        bind("/etc/lvm/backup", Seed::empty, When::present, "LVM history of the disks this node sees"),
        link("/etc/ssh/ssh_host_ecdsa_key", Seed::copy, When::present, host_key),
        link("/etc/ssh/ssh_host_ecdsa_key.pub", Seed::copy, When::present, host_key),
        link("/etc/ssh/ssh_host_ed25519_key", Seed::copy, When::present, host_key),
        link("/etc/ssh/ssh_host_ed25519_key.pub", Seed::copy, When::present, host_key),
        link("/etc/ssh/ssh_host_rsa_key", Seed::copy, When::present, host_key),
        link("/etc/ssh/ssh_host_rsa_key.pub", Seed::copy, When::present, host_key),

        // What it writes down.
        bind("/var/log", Seed::copy, When::always, "journal, wtmp and logs: two writers corrupt them"),
        bind("/var/backups", Seed::copy, When::present, "a timer rotates it on every node in the same minute"),
        bind("/var/crash", Seed::empty, When::present, "crash dumps of one kernel"),
        bind("/var/spool", Seed::copy, When::always, "queues and crontabs: their daemon runs on every node"),

        // What its daemons remember.
        bind("/var/lib/systemd", Seed::copy, When::always,
             "random seed, timer stamps, clock, core dumps, rfkill and backlight state"),
        shared("/var/lib/systemd/catalog", "made from /usr by package triggers"),
        shared("/var/lib/systemd/deb-systemd-helper-enabled", helper),
        shared("/var/lib/systemd/deb-systemd-helper-masked", helper),
        shared("/var/lib/systemd/deb-systemd-user-helper-enabled", helper),
        shared("/var/lib/systemd/deb-systemd-user-helper-masked", helper),
        bind("/var/lib/private", Seed::copy, When::present, "state of services with a dynamic user", 0700),
        bind("/var/lib/misc", Seed::copy, When::present, "leases and seeds of small daemons"),
        bind("/var/lib/pando", Seed::empty, When::always, "Pando's own state of this node"),
        bind("/var/lib/corosync", Seed::empty, When::present, "ring id of this member"),
        bind("/var/lib/dhcp", Seed::empty, When::present, "leases of the node's own interfaces"),
        bind("/var/lib/dhcpcd", Seed::empty, When::present, "leases of the node's own interfaces"),
        bind("/var/lib/NetworkManager", Seed::empty, When::present, "leases and secret of the node's interfaces"),
        bind("/var/lib/chrony", Seed::empty, When::present, "drift of the node's own clock"),
        bind("/var/lib/ntpsec", Seed::empty, When::present, "drift of the node's own clock"),
        bind("/var/lib/logrotate", Seed::empty, When::present, "which of the node's own logs were rotated"),
        bind("/var/lib/nfs", Seed::copy, When::present, "the locks this NFS host holds and gave"),
        bind("/var/lib/postfix", Seed::copy, When::present, "one mail daemon per directory"),

        // Caches: a daemon's belong to that daemon, the package manager's to the shared tree.
        bind("/var/cache", Seed::copy, When::always, "daemons take their cache for theirs alone"),
        shared("/var/cache/apt", "goes with /var/lib/apt; apt's own locks hold across nodes on GFS2"),
        shared("/var/cache/debconf", "answers to packages on the shared root"),

        // What is thrown away.
        bind("/var/tmp", Seed::empty, When::always, "systemd clears other hosts' private directories there", 01777),
        Rule{"/tmp", Mode::tmpfs, Seed::empty, 01777, "sockets and scratch files of one running system", "all",
             When::always, true},
    };
    return policy;
}

}  // namespace pando::cdsl
