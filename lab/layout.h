// SPDX-License-Identifier: GPL-2.0-or-later
// Where a lab keeps what, below its directory STATE/NAME (0700: BMC passwords are in it):
//   state.json cluster.yaml lun   what it is
//   etc/ ipxe/                    configuration of its services, the blades' boot scripts
//   run/ run/processes/           sockets, pid files, leases; one record per process
//   logs/ logs/before/            consoles and services; what `down` leaves, and what it left the last time
#pragma once

#include <filesystem>
#include <string>

namespace pando::lab {

inline std::string network_name(const std::string& lab) { return "pando-" + lab; }

inline std::filesystem::path state_file(const std::filesystem::path& lab) { return lab / "state.json"; }
inline std::filesystem::path cluster_file(const std::filesystem::path& lab) { return lab / "cluster.yaml"; }
inline std::filesystem::path etc_directory(const std::filesystem::path& lab) { return lab / "etc"; }
inline std::filesystem::path scripts_directory(const std::filesystem::path& lab) { return lab / "ipxe"; }
inline std::filesystem::path run_directory(const std::filesystem::path& lab) { return lab / "run"; }
inline std::filesystem::path process_directory(const std::filesystem::path& lab) { return lab / "run" / "processes"; }
inline std::filesystem::path logs_directory(const std::filesystem::path& lab) { return lab / "logs"; }
inline std::filesystem::path earlier_logs_directory(const std::filesystem::path& lab) {
    return logs_directory(lab) / "before";
}
// Beside the lab's directory, so that it outlives it.
inline std::filesystem::path lock_file(const std::filesystem::path& lab) {
    return lab.parent_path() / ("." + lab.filename().string() + ".lock");
}

}  // namespace pando::lab
