// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of nodes/cluster_conf.h: each takes an element, gives keys of cluster.yaml, and says what it could not do.
#pragma once

#include "nodes/cluster_conf.h"
#include "nodes/xml_tree.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pando::nodes {

class Remarks {
public:
    template <typename... Args>
    void add(const XmlElement& at, fmt::format_string<Args...> format, Args&&... args) {
        all_.push_back({at.line, fmt::format(format, std::forward<Args>(args)...)});
    }
    std::vector<Remark> take() { return std::move(all_); }
    std::vector<Remark>& all() { return all_; }

private:
    std::vector<Remark> all_;
};

// com_info's <eth> as nics:, bonds with their members, VLANs and bridges. `drivers` gets what they name.
nlohmann::ordered_json translate_nics(const XmlElement& com_info, const std::string& node,
                                      std::vector<std::string>& drivers, Remarks& remarks);

// <fence> of a node as fence:, with what its devices' <fencedevice> say. `used` gets their names.
using FenceDevices = std::map<std::string, const XmlElement*>;
nlohmann::ordered_json translate_fence(const XmlElement& node, const std::string& name, const FenceDevices& devices,
                                       std::map<std::string, bool>& used, Remarks& remarks);

}  // namespace pando::nodes
