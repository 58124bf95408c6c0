// SPDX-License-Identifier: GPL-2.0-or-later
// The command table. A verb is declared in the file named after it and has its row here.
#include "cli/command.h"

namespace pando::cli {

Action declare_completion(CLI::App& app);
Action declare_help(CLI::App& app);
Action declare_bundle_get(CLI::App& app);
Action declare_bundle_make(CLI::App& app);
Action declare_bundle_show(CLI::App& app);
Action declare_bundle_write(CLI::App& app);
Action declare_cluster_keygen(CLI::App& app);
Action declare_config_check(CLI::App& app);
Action declare_config_diff(CLI::App& app);
Action declare_config_edit(CLI::App& app);
Action declare_config_explain(CLI::App& app);
Action declare_config_import(CLI::App& app);
Action declare_config_init(CLI::App& app);
Action declare_config_render(CLI::App& app);
Action declare_config_show(CLI::App& app);
Action declare_hw_diff(CLI::App& app);
Action declare_hw_probe(CLI::App& app);
Action declare_cdsl_apply(CLI::App& app);
Action declare_cdsl_create(CLI::App& app);
Action declare_cdsl_delete(CLI::App& app);
Action declare_cdsl_check(CLI::App& app);
Action declare_cdsl_conflicts(CLI::App& app);
Action declare_cdsl_exec(CLI::App& app);
Action declare_cdsl_explain(CLI::App& app);
Action declare_cdsl_guard(CLI::App& app);
Action declare_cdsl_show(CLI::App& app);
Action declare_cdsl_list(CLI::App& app);
Action declare_cdsl_plan(CLI::App& app);
Action declare_cdsl_repair(CLI::App& app);
Action declare_chroot_build(CLI::App& app);
Action declare_chroot_check(CLI::App& app);
Action declare_chroot_drill(CLI::App& app);
Action declare_chroot_manifest(CLI::App& app);
Action declare_chroot_status(CLI::App& app);
Action declare_chroot_update(CLI::App& app);
Action declare_chroot_verify(CLI::App& app);
Action declare_chroot_why(CLI::App& app);
Action declare_image_build(CLI::App& app);
Action declare_image_fetch(CLI::App& app);
Action declare_image_refresh(CLI::App& app);
Action declare_root_build(CLI::App& app);
Action declare_root_install(CLI::App& app);
Action declare_lab_up(CLI::App& app);
Action declare_lab_wait(CLI::App& app);
Action declare_lab_down(CLI::App& app);
Action declare_lab_status(CLI::App& app);
Action declare_lab_describe(CLI::App& app);
Action declare_lab_exec(CLI::App& app);
Action declare_lab_power(CLI::App& app);
Action declare_lab_console(CLI::App& app);
Action declare_lab_ssh(CLI::App& app);
Action declare_node_add(CLI::App& app);
Action declare_node_approve(CLI::App& app);
Action declare_node_drain(CLI::App& app);
Action declare_node_list(CLI::App& app);
Action declare_node_off(CLI::App& app);
Action declare_node_on(CLI::App& app);
Action declare_node_reboot(CLI::App& app);
Action declare_node_pending(CLI::App& app);
Action declare_node_remove(CLI::App& app);
Action declare_node_rename(CLI::App& app);
Action declare_node_replace(CLI::App& app);
Action declare_node_restore(CLI::App& app);
Action declare_node_show(CLI::App& app);
Action declare_status(CLI::App& app);
Action declare_root_apt(CLI::App& app);
Action declare_root_changes(CLI::App& app);
Action declare_root_follow(CLI::App& app);
Action declare_root_shell(CLI::App& app);
Action declare_collect(CLI::App& app);
Action declare_exec(CLI::App& app);
Action declare_metrics(CLI::App& app);
Action declare_why(CLI::App& app);
Action declare_timeline(CLI::App& app);
Action declare_doctor(CLI::App& app);
Action declare_fence_confirm(CLI::App& app);
Action declare_fence_history(CLI::App& app);
Action declare_fence_now(CLI::App& app);
Action declare_fence_test(CLI::App& app);

const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
        {"config check", "say every mistake in cluster.yaml", declare_config_check},
        {"config show", "the description with profiles and defaults filled in", declare_config_show},
        {"config diff", "what changes between two descriptions, and what it takes", declare_config_diff},
        {"config edit", "cluster.yaml in an editor, replaced only by one that is right", declare_config_edit},
        {"config explain", "what a key means, the value it has, and where that came from", declare_config_explain},
        {"config init", "propose a cluster.yaml from what this host tells, or what is missing in one",
         declare_config_init},
        {"config import", "make a cluster.yaml of an Open-Sharedroot cluster.conf", declare_config_import},
        {"config render", "what follows for corosync, dlm, hosts, dnsmasq, iPXE or systemd-networkd",
         declare_config_render},
        {"cluster keygen", "make the key that the cluster's members share", declare_cluster_keygen},
        {"bundle make", "pack description and key into what a blade boots with", declare_bundle_make},
        {"bundle show", "what the two slots on the LUN hold", declare_bundle_show},
        {"bundle get", "the newest bundle on the LUN as files, to edit and write again", declare_bundle_get},
        {"bundle write", "put a description on the LUN: on a node, for the live cluster", declare_bundle_write},
        {"hw probe", "what this machine is: identity, processors, memory, NICs, storage, watchdogs, BMC",
         declare_hw_probe},
        {"hw diff", "which parts of a node's machine were changed, as its boots have seen them", declare_hw_diff},
        {"cdsl list", "which paths are a node's own, how, who declared them, and why", declare_cdsl_list},
        {"cdsl show", "one such path with every node's copy", declare_cdsl_show},
        {"cdsl explain", "where any path leads on each node, and whom a write there reaches", declare_cdsl_explain},
        {"cdsl check", "is what is on disk what the policy says?", declare_cdsl_check},
        {"cdsl conflicts", "which shared files several nodes keep writing, and rules for them", declare_cdsl_conflicts},
        {"cdsl guard", "keep private files private when programs write them by rename", declare_cdsl_guard},
        {"cdsl exec", "run a command over every node's copy of a path", declare_cdsl_exec},
        {"cdsl plan", "what would make the root as the policy has it", declare_cdsl_plan},
        {"cdsl apply", "make the root, and this node's mounts, as the policy has it", declare_cdsl_apply},
        {"cdsl create", "make a path each node's own, or every node's inside such a one", declare_cdsl_create},
        {"cdsl delete", "make a path every node's again; copies are kept unless named", declare_cdsl_delete},
        {"cdsl repair", "complete what was interrupted, mend what is safe, name the rest", declare_cdsl_repair},
        {"chroot manifest", "what goes into the fencing chroot, its size, and why", declare_chroot_manifest},
        {"chroot build", "make the fencing chroot of a root tree in any directory", declare_chroot_build},
        {"chroot why", "who needs a file of the fencing chroot, and what it brings along", declare_chroot_why},
        {"chroot status", "does the chroot hold what the root holds, and do its daemons run it?",
         declare_chroot_status},
        {"chroot update", "let the chroot follow what the root holds now, daemons untouched", declare_chroot_update},
        {"chroot verify", "try everything in the chroot where nothing but the chroot is, and tell what it looked for",
         declare_chroot_verify},
        {"chroot check", "does anything that must survive a frozen root stand on it?", declare_chroot_check},
        {"chroot drill", "suspend the root for some seconds: does all stay up that must?", declare_chroot_drill},
        {"image build", "make the boot files: kernel, image, iPXE script", declare_image_build},
        {"image refresh", "make the boot files anew on a node when its packages or the description have changed",
         declare_image_refresh},
        {"image fetch", "take the boot files from a node to the boot server", declare_image_fetch},
        {"root build", "make the tree that all nodes will share", declare_root_build},
        {"root apt", "apt-get on the root of all nodes: one at a time, recorded, followed by every node",
         declare_root_apt},
        {"root shell", "a shell, or a command, that changes the root of all nodes, as root apt does",
         declare_root_shell},
        {"root changes", "what was changed on the shared root, and which nodes have followed", declare_root_changes},
        {"root follow", "restart what runs old code on this node; a timer does that", declare_root_follow},
        {"root install", "make a LUN with a bundle on it the cluster's storage", declare_root_install},
        {"lab up", "bring a cluster of virtual blades up", declare_lab_up},
        {"lab down", "end a lab and leave nothing behind", declare_lab_down},
        {"lab status", "the nodes of a lab: power, ssh, last console line", declare_lab_status},
        {"lab describe", "write a lab's cluster.yaml, to build its image from", declare_lab_describe},
        {"lab exec", "run a program in a lab's network, on this machine", declare_lab_exec},
        {"lab power", "switch a blade on or off by its BMC", declare_lab_power},
        {"lab console", "a blade's serial console, to type on or to read", declare_lab_console},
        {"lab wait", "wait until a node has booted, is off, or says something", declare_lab_wait},
        {"lab ssh", "a shell or a command on a node", declare_lab_ssh},
        {"node list", "the nodes: which machine is each, and does it run", declare_node_list},
        {"node show", "all about one node: machine, NICs, fence devices, claim, tree", declare_node_show},
        {"node pending", "machines that wait to be told which node they are", declare_node_pending},
        {"node add", "new nodes, on the live cluster", declare_node_add},
        {"node approve", "a machine that waits becomes a node that has none, or a dead one", declare_node_approve},
        {"node replace", "another machine becomes a node whose own has died", declare_node_replace},
        {"node restore", "the binding before the last replacement", declare_node_restore},
        {"node rename", "another name for a node that is off", declare_node_rename},
        {"node remove", "forget nodes, when the rest keeps quorum", declare_node_remove},
        {"node reboot", "reboot nodes in order, all at once or one after the other, as quorum allows",
         declare_node_reboot},
        {"node off", "stop nodes in order, as quorum allows", declare_node_off},
        {"node on", "switch nodes on that are off", declare_node_on},
        {"node drain", "run the site's hooks that free nodes of work", declare_node_drain},
        {"fence test", "ask fence devices for their status, from the chroot, as a fencing would", declare_fence_test},
        {"fence history", "who was fenced, when, by whom, by which device, and what each said", declare_fence_history},
        {"fence now", "cut a node off by its fence devices, as it is", declare_fence_now},
        {"fence confirm", "say that a node is off which no fence device can reach", declare_fence_confirm},
        {"doctor", "would the cluster survive its next death: fencing, quorum, root, description", declare_doctor},
        {"status", "all nodes, a line each: stage or state, quorum, root, fencing; or all of this node",
         declare_status},
        {"collect", "hear what nodes and booting blades report, for status on the boot server", declare_collect},
        {"metrics", "what Prometheus' node exporter is given of nodes and reports", declare_metrics},
        {"exec", "run a program on many nodes, and group what they say", declare_exec},
        {"why", "the story of a node's last outage: who missed it, who fenced it, what it left", declare_why},
        {"timeline", "where the seconds of a node's last boot went, against the boots before", declare_timeline},
        {"completion", "say the script that completes pando's words in a shell", declare_completion},
        {"help", "explain a command, or say its manual page", declare_help},
    };
    return table;
}

}  // namespace pando::cli
