// SPDX-License-Identifier: GPL-2.0-or-later
// The types of single values in cluster.yaml: each refuses what would break a file rendered from it.
#pragma once

#include "config/schema.h"

namespace pando::config::codecs {

Codec<std::string> text(std::string_view type, std::function<Result<std::string>(std::string_view)> check);

Codec<bool> boolean();
Codec<Milliseconds> duration(Milliseconds least, Milliseconds most);
Codec<uint64_t> size(uint64_t least, uint64_t most);
Codec<std::string> one_of(std::vector<std::string> words);
Codec<Policy> policy();

Codec<std::string> cluster_name();     // what GFS2's lock table takes: at most 32 of [A-Za-z0-9_-]
Codec<std::string> filesystem_name();  // the other half: at most 30
Codec<std::string> host_name();        // a node's
Codec<std::string> profile_name();
Codec<std::string> interface_name();
Codec<std::string> device_name();  // of a fence device
Codec<std::string> fence_agent();
Codec<std::string> option_name();   // of a fence agent
Codec<std::string> option_value();  // one word: dlm.conf separates options by blanks
Codec<std::string> module_name();   // a kernel driver
Codec<std::string> kernel_argument();
Codec<std::string> program();        // a name or an absolute path
Codec<std::string> hardware_text();  // serial numbers, asset tags: may hold blanks
Codec<std::string> storage_identity();

Codec<std::string> mac();
Codec<std::string> uuid();
Codec<std::string> ip();
Codec<std::string> cidr();
Codec<std::string> network();  // address of a network and length, of either family
Codec<std::string> ipv4_subnet();
Codec<std::string> domain();  // example.org
Codec<std::string> portal();  // address, or address:port; shown with the port
Codec<std::string> iscsi_name();
Codec<std::string> absolute_path();
Codec<std::string> relative_file();
Codec<std::string> chroot_place();  // as config/chroot_place.h has it
Codec<std::string> mount_options();
Codec<std::string> ssh_key();
Codec<std::string> plain_ssh_key();  // without options before it
Codec<std::string> scope();
Codec<std::string> octal_permissions();
Codec<std::string> remark();  // a line for people to read
Codec<std::string> stage_name();

bool read_number(const Value& value, uint64_t least, uint64_t most, uint64_t& out, Complaints& complaints);

template <typename T>
Codec<T> number(T least, T most) {
    return {"number",
            [least, most](const Value& value, T& out, Complaints& complaints) {
                uint64_t number = 0;
                if (!read_number(value, least, most, number, complaints)) return false;
                out = static_cast<T>(number);
                return true;
            },
            [](const T& value) { return Json(value); },
            {},
            fmt::format("from {} to {}", least, most)};
}

}  // namespace pando::config::codecs
