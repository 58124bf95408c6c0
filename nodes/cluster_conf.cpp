// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/cluster_conf.h"

#include "base/number.h"
#include "config/values.h"
#include "config/yaml_block.h"
#include "nodes/cluster_conf_parts.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <set>
#include <sstream>

namespace pando::nodes {
namespace {

using Json = nlohmann::ordered_json;

bool yes(const std::string& text) { return text == "1" || text == "yes" || text == "on" || text == "true"; }

// What Pando does in another way, or not at all: said once for each place where it stands.
const std::vector<std::pair<const char*, const char*>> no_key = {
    {"rm", "rgmanager's services and fail-over domains: Pando has no resource manager, they are services of the nodes"},
    {"quorumd", "there is no quorum disk: a node's claim on the LUN and the votes of the nodes take its place"},
    {"logging", "the daemons of the survival set log into the chroot's memory (docs/architecture.md)"},
    {"dlm", "dlm's own settings: only dlm.post_join_delay has a key"},
    {"gfs_controld", "there is no gfs_controld any more"},
    {"group", "there is no groupd any more"},
    {"clvmd", "the root is a partition of the LUN, without LVM"},
    {"uidgid", "corosync's uidgid has no key"},
    {"fence_xvmd", "there is no fence_xvmd any more"},
};

class Translator {
public:
    explicit Translator(const XmlElement& root) : root_(root) {}

    Translation run() {
        if (const auto name = root_.take("name"); name && !name->empty())
            out_["cluster"]["name"] = *name;
        else
            say(root_, "the cluster has no name");
        if (root_.take("config_version")) say(root_, "config_version is not needed: each bundle has its generation");
        root_.take("alias");
        for (const auto& [tag, why] : no_key)
            for (const XmlElement* element : root_.each(tag)) {
                say(*element, "<{}>: {}", tag, why);
                element->done();
            }
        fence_devices();
        nodes();
        cman();
        totem();
        fence_daemon();
        return finish();
    }

private:
    const XmlElement& root_;
    Json out_ = Json::object();
    Json nodes_ = Json::array();
    Remarks remarks_;
    FenceDevices devices_;
    std::map<std::string, bool> used_;
    std::set<std::string> names_;
    std::set<uint32_t> ids_;
    unsigned votes_ = 0;
    std::optional<std::string> mount_options_;

    template <typename... Args>
    void say(const XmlElement& at, fmt::format_string<Args...> format, Args&&... args) {
        remarks_.add(at, format, std::forward<Args>(args)...);
    }

    // --- the cluster -----------------------------------------------------------------------------------------------

    void cman() {
        for (const XmlElement* cman : root_.each("cman")) {
            const bool two = yes(cman->take("two_node").value_or("0"));
            if (two && nodes_.size() != 2)
                say(*cman, "two_node is set and there are {} nodes: Pando sets it for two nodes, and for no others",
                    nodes_.size());
            if (const auto expected = cman->take("expected_votes");
                expected && !two && whole_number<unsigned>(*expected) != votes_)
                say(*cman, "expected_votes is {}, the nodes have {}: quorum is a majority of the nodes", *expected,
                    votes_);
            if (const auto port = cman->take("port")) {
                if (const auto number = whole_number<uint16_t>(*port))
                    out_["corosync"]["port"] = *number;
                else
                    say(*cman, "port \"{}\" is no number, left out", *port);
            }
            if (cman->take("keyfile"))
                say(*cman, "keyfile: make a new key instead, `pando cluster keygen`; cluster.authkey names it");
            for (const XmlElement* multicast : cman->each("multicast")) {
                say(*multicast, "multicast: corosync's knet sends to each node by itself");
                multicast->done();
            }
            for (const auto& [name, value] : cman->take_rest())
                say(*cman, "cman {}=\"{}\" has no key: cman is no more", name, value);
        }
    }

    // Milliseconds, as in corosync.conf.
    void time(const XmlElement& element, const char* attribute, const char* section, const char* key) {
        const auto text = element.take(attribute);
        if (!text) return;
        if (const auto value = whole_number<uint32_t>(*text); value && *value > 0)
            out_[section][key] = config::show_duration(Milliseconds(*value));
        else
            say(element, "{}=\"{}\" is no time, left out", attribute, *text);
    }

    void totem() {
        for (const XmlElement* totem : root_.each("totem")) {
            time(*totem, "token", "corosync", "token");
            time(*totem, "consensus", "corosync", "consensus");
            if (totem->take("secauth")) say(*totem, "secauth: there is no cluster without encryption");
            for (const auto& [name, value] : totem->take_rest())
                say(*totem, "totem {}=\"{}\" has no key, left out", name, value);
            for (const XmlElement* interface : totem->each("interface")) {
                say(*interface, "totem's <interface>: corosync has one ring; links are made redundant by a bond");
                interface->done();
            }
        }
    }

    void fence_daemon() {
        for (const XmlElement* daemon : root_.each("fence_daemon")) {
            if (const auto delay = daemon->take("post_join_delay")) {
                if (const auto seconds = whole_number<unsigned>(*delay))
                    out_["dlm"]["post_join_delay"] = fmt::format("{}s", *seconds);
                else
                    say(*daemon, "post_join_delay {} is left out: whoever is missing is fenced after a time", *delay);
            }
            if (const auto delay = daemon->take("post_fail_delay"); delay && *delay != "0")
                say(*daemon, "post_fail_delay {} has no key: a node is fenced as soon as it is lost", *delay);
            if (const auto clean = daemon->take("clean_start"); clean && yes(*clean))
                say(*daemon,
                    "clean_start=\"1\" is left out: it takes nodes that nobody has seen for dead, and two halves "
                    "would mount the root");
            for (const auto& [name, value] : daemon->take_rest())
                say(*daemon, "fence_daemon {}=\"{}\" has no key: a person says `pando fence confirm NODE`", name,
                    value);
        }
    }

    void fence_devices() {
        for (const XmlElement* all : root_.each("fencedevices"))
            for (const XmlElement* device : all->each("fencedevice"))
                devices_.emplace(device->take("name").value_or(""), device);
    }

    // --- nodes -----------------------------------------------------------------------------------------------------

    // A host name of one label: "gfs_Node1.example.org" is gfs-node1.
    std::string host_name(const XmlElement& node, const std::string& text) {
        std::string name = text.substr(0, text.find('.'));
        for (char& c : name) {
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            if (c == '_') c = '-';
        }
        const std::string plain = name;
        for (int i = 2; names_.contains(name); ++i) name = fmt::format("{}-{}", plain, i);
        names_.insert(name);
        if (name != text)
            say(node, "node {} is called {}: names of nodes are host names of one part, in lower case", text, name);
        return name;
    }

    void nodes() {
        for (const XmlElement* all : root_.each("clusternodes")) {
            // Ids that are written down first: a node without one must not take another's.
            for (const XmlElement* node : all->each("clusternode"))
                if (const auto id = id_of(*node)) ids_.insert(*id);
            for (const XmlElement* node : all->each("clusternode")) one(*node);
        }
        if (nodes_.empty()) say(root_, "there is no <clusternode>");
    }

    static std::optional<uint32_t> id_of(const XmlElement& node) {
        const auto id = whole_number<uint32_t>(node.take("nodeid").value_or(""));
        return id && *id >= 1 && *id <= 65535 ? id : std::nullopt;
    }

    void one(const XmlElement& element) {
        const std::string name = host_name(element, element.take("name").value_or("node"));
        auto id = id_of(element);
        if (!id) {
            id = 1;
            while (ids_.contains(*id)) ++*id;
            say(element, "{}: nodeid \"{}\" is none; it gets {}", name, element.take("nodeid").value_or(""), *id);
        }
        ids_.insert(*id);
        const auto votes = whole_number<unsigned>(element.take("votes").value_or("1"));
        votes_ += votes.value_or(1);
        if (votes != 1U)
            say(element, "{}: votes=\"{}\": every node has one vote", name, element.take("votes").value_or(""));
        if (element.take("weight")) say(element, "{}: weight has no key: dlm masters are even", name);
        for (const char* tag : {"altname", "multicast"})
            for (const XmlElement* other : element.each(tag)) {
                say(*other, "{}: <{}>: corosync has one ring here; links are made redundant by a bond", name, tag);
                other->done();
            }
        Json node = {{"name", name}, {"id", *id}};
        std::vector<std::string> drivers;
        Json nics = Json::array();
        for (const XmlElement* info : element.each("com_info")) {
            for (const Json& nic : translate_nics(*info, name, drivers, remarks_)) nics.push_back(nic);
            com_info(*info, name, node, drivers);
        }
        if (nics.empty()) say(element, "{}: no <eth> that can be taken, so no nics:", name);
        node["nics"] = nics;
        node["fence"] = translate_fence(element, name, devices_, used_, remarks_);
        if (!drivers.empty()) node["drivers"] = drivers;
        nodes_.push_back(node);
    }

    void com_info(const XmlElement& info, const std::string& node, Json& keys, std::vector<std::string>& drivers) {
        for (const XmlElement* root : info.each("rootvolume")) root_volume(*root, node);
        for (const XmlElement* source : info.each("rootsource"))
            if (const auto name = source->take("name"); name && !name->empty())
                say(*source, "{}: rootsource {}: storage: has the way to the LUN; for iSCSI its portals and target",
                    node, *name);
        for (const XmlElement* scsi : info.each("scsi")) {
            if (const auto driver = scsi->take("driver"); driver && !driver->empty()) drivers.push_back(*driver);
            if (const auto failover = scsi->take("failover"); failover && !failover->empty())
                say(*scsi, "{}: scsi failover {} has no key: several paths to an iSCSI LUN are several portals", node,
                    *failover);
            scsi->take("name");
        }
        for (const XmlElement* chroot : info.each("chrootenv")) chroot_place(*chroot, node, keys);
        for (const XmlElement* syslog : info.each("syslog")) {
            say(*syslog, "{}: syslog to {}: a matter of the root's own rsyslog or journal, not of the description",
                node, syslog->take("name").value_or("nobody"));
            syslog->done();
        }
        for (const XmlElement* host : info.each("hostname"))
            if (const auto name = host->take("name"); name && *name != node)
                say(*host, "{}: hostname {} is left out: a node's name is its host name", node, *name);
        for (const XmlElement* server : info.each("fenceackserver")) {
            say(*server,
                "{}: fenceackserver: rescue.keys takes its place, ssh with keys only; its user and password are "
                "left out (docs/rescue.md)",
                node);
            server->done();
        }
        for (const XmlElement* filesystem : info.each("filesystem")) filesystem_remark(*filesystem, node);
        for (const XmlElement* filesystems : info.each("filesystems"))
            for (const XmlElement* filesystem : filesystems->each("filesystem")) filesystem_remark(*filesystem, node);
    }

    void filesystem_remark(const XmlElement& element, const std::string& node) {
        const std::string type = element.take("fstype").value_or(""), where = element.take("dest").value_or("?");
        if (type == "bind" || type == "rbind")
            say(element,
                "{}: {} is bound from {}: a path of each node's own is a rule of cdsl:, and {} may be one of the "
                "built-in ones (pando cdsl list)",
                node, where, element.take("source").value_or("?"), where);
        else
            say(element, "{}: {} at {} belongs into the shared root's own /etc/fstab", node, type, where);
        element.done();
    }

    void root_volume(const XmlElement& root, const std::string& node) {
        constexpr std::string_view by_id = "/dev/disk/by-id/";
        const std::string device = root.take("name").value_or(""), type = root.take("fstype").value_or("");
        if (device.starts_with(by_id) && config::is_word(device.substr(by_id.size()), "_-.:+=@", 256))
            out_["storage"]["identity"] = device.substr(by_id.size());
        else if (!device.empty())
            say(root,
                "{}: rootvolume {} is a name that a node gives: storage: names the LUN by its identity, and its "
                "installation makes the root on it",
                node, device);
        if (!type.empty() && type != "gfs2")
            say(root, "{}: the root was {}, Pando's is GFS2: its content is to be copied", node, type);
        if (const auto options = root.take("mountopts")) mount_options(root, node, *options);
    }

    void mount_options(const XmlElement& root, const std::string& node, const std::string& text) {
        std::vector<std::string> kept;
        std::istringstream words(text);
        for (std::string option; std::getline(words, option, ',');) {
            const std::string name = option.substr(0, option.find('='));
            if (option == "noquota")
                kept.emplace_back("quota=off");
            else if (std::set<std::string>{"noatime", "nodiratime", "relatime", "acl", "quota", "data", "commit",
                                           "discard", "nodiscard", "barrier", "nobarrier", "suiddir", "errors"}
                         .contains(name))
                kept.push_back(option);
            else if (!option.empty() && option != "default" && option != "defaults" && option != "rw")
                say(root, "{}: mount option {} is left out", node, option);
        }
        const std::string options = fmt::format("{}", fmt::join(kept, ","));
        if (mount_options_ && *mount_options_ != options)
            say(root, "{}: mount options {} differ from those of a node before, {}: all nodes have the same", node,
                options, *mount_options_);
        if (mount_options_ || options.empty()) return;
        mount_options_ = options;
        out_["root"]["mount_options"] = options;
    }

    void chroot_place(const XmlElement& chroot, const std::string& node, Json& keys) {
        const std::string type = chroot.take("fstype").value_or(""), device = chroot.take("device").value_or("");
        std::string directory = chroot.take("chrootdir").value_or("");
        const std::string mount = chroot.take("mountpoint").value_or("");
        chroot.take("mountopts");
        chroot.take("options");
        if (type == "tmpfs" || device.empty() || device == "none") {
            keys["chroot_path"] = "tmpfs";
            return;
        }
        // On the disk itself, without what it was mounted at.
        if (!mount.empty() && directory.starts_with(mount)) directory = directory.substr(mount.size());
        const bool named = device.starts_with("LABEL=") || device.starts_with("UUID=");
        if (named)
            keys["chroot_path"] = directory.empty() || directory == "/" ? device : device + ":" + directory;
        else
            say(chroot,
                "{}: the chroot on {} is left out: a disk is named by what is on it; `e2label {} pando-chroot`, then "
                "chroot_path: LABEL=pando-chroot for {}",
                node, device, device, node);
    }

    // --- the end ---------------------------------------------------------------------------------------------------

    Translation finish() {
        for (const auto& [name, device] : devices_) {
            if (!used_.contains(name)) {
                say(*device, "fence device {} is used by no node", name);
                device->done();
            }
            device->take_rest();
        }
        for (const XmlElement::Left& left : root_.left())
            remarks_.all().push_back({left.line, left.what + " is not understood, and left out"});
        Translation made;
        Json all = Json::object();
        for (const char* section : {"cluster", "corosync", "dlm", "root", "storage"})
            if (out_.contains(section)) all[section] = out_[section];
        if (!nodes_.empty()) all["nodes"] = nodes_;
        made.yaml =
            "# Made by pando config import of a cluster.conf; docs/cluster-yaml.md tells what can be said here.\n" +
            (all.empty() ? std::string() : config::yaml_block(all));
        size_t fences = 0, nics = 0;
        for (const Json& node : nodes_) {
            fences += node["fence"].size();
            nics += node["nics"].size();
        }
        made.understood.push_back(
            fmt::format("{} nodes, {} network interfaces, {} fence devices", nodes_.size(), nics, fences));
        made.remarks = remarks_.take();
        std::stable_sort(made.remarks.begin(), made.remarks.end(),
                         [](const Remark& one, const Remark& other) { return one.line < other.line; });
        return made;
    }
};

}  // namespace

Result<Translation> translate_cluster_conf(std::string_view text, std::string_view file_name) {
    const XmlElement root = TRY(parse_xml(text, file_name));
    if (root.name != "cluster")
        return bad_input("{}:{}: <{}> is no cluster.conf", file_name, root.line, root.name)
            .advise("the file is /etc/cluster/cluster.conf; it begins with <cluster name=…>");
    return Translator(root).run();
}

}  // namespace pando::nodes
