// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/inventory_json.h"

#include <yaml-cpp/yaml.h>

namespace pando::hwdetect {
namespace {

using nlohmann::ordered_json;

// Texts are always quoted: a serial of digits, or "no", stays a text.
void emit(YAML::Emitter& out, const ordered_json& value) {
    if (value.is_object()) {
        out << YAML::BeginMap;
        for (const auto& [key, member] : value.items()) {
            out << YAML::Key << key << YAML::Value;
            emit(out, member);
        }
        out << YAML::EndMap;
    } else if (value.is_array()) {
        if (value.empty()) out << YAML::Flow;
        out << YAML::BeginSeq;
        for (const auto& member : value) emit(out, member);
        out << YAML::EndSeq;
    } else if (value.is_string()) {
        out << YAML::DoubleQuoted << value.get<std::string>();
    } else if (value.is_boolean()) {
        out << value.get<bool>();
    } else if (value.is_number_unsigned()) {
        out << value.get<uint64_t>();
    } else {
        out << YAML::Null;
    }
}

}  // namespace

std::string to_yaml(const Inventory& inventory) {
    YAML::Emitter out;
    emit(out, as_json(inventory));
    return out.c_str();
}

}  // namespace pando::hwdetect
