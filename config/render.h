// SPDX-License-Identifier: GPL-2.0-or-later
// What other programs read, rendered from the cluster's description by the templates in config/templates/, or by those
// of the site that it brings (config/site_templates.h). Pure: the same cluster gives the same text. A site's template
// that this version cannot fill is warned of, and the built-in one taken: its words must not keep a node from booting.
#pragma once

#include "base/result.h"
#include "config/cluster.h"
#include "config/template.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::config {

std::vector<std::string> template_names();
// What is put into the template of a name.
Variables variables_of(std::string_view name, const Cluster& cluster);

// It ends with its own fingerprint, which corosync keeps in its cmap under this key, at a reload too: so is seen
// whether a running daemon has read the file, whatever a site's template puts into it.
constexpr std::string_view corosync_fingerprint = "pando.fingerprint";
std::string corosync_conf(const Cluster& cluster);
// Votes for quorum, as that file has it: a majority; of two nodes one (two_node).
size_t votes_needed(size_t nodes);
// One device line per fence device and one connect line per device and node: without a connect line dlm_controld
// falls back to a helper that is not there and freezes at the first death.
std::string dlm_conf(const Cluster& cluster);
std::string hosts(const Cluster& cluster);

struct NetbootPaths {
    std::filesystem::path tftp_root;  // absolute; holds the boot files below
    std::filesystem::path state;      // absolute; leases
};
// For one dnsmasq: DHCP (or proxy DHCP, as boot.dhcp says), TFTP, iPXE chain loading by HTTP for clients that are iPXE
// already.
std::string dnsmasq_conf(const Cluster& cluster, const NetbootPaths& paths);
std::string dnsmasq_template(const Cluster& cluster);  // the name of the one it takes: there are two

// The script every blade runs: kernel, one image, one bundle, and the kernel command line. The files are those in
// `directory` below the boot server's root.
std::string ipxe_script(const Cluster& cluster, std::string_view extra_arguments, std::string_view directory = "");

}  // namespace pando::config
