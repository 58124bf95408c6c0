// SPDX-License-Identifier: GPL-2.0-or-later
// The process that keeps a booted node's claim alive on the LUN, and sees when a newer description is there
// (pando-survival follow). It lives in the chroot's namespace: a frozen root does not hold it up. It knows nothing of
// descriptions, so that it stays small; who takes one over is pando-boot (initrd/take_over.h).
#pragma once

#include <cstdint>
#include <filesystem>

namespace pando::initrd {

constexpr const char* follower_name = "pando-follow";

// The generation by which this node goes, a number and a newline; written by whoever took it over.
constexpr const char* generation_file = "/run/pando/generation";
// Written by the follower when the LUN has a newer one: pando-refresh.path waits for it.
constexpr const char* newer_file = "/run/pando/newer";

// `bundle_partition`: /dev/sda1. `id`: of the node, whose claim is this boot's. Runs until SIGTERM, then gives the
// claim back. Tells readiness as sd_notify(3) does, once it has beaten: then no other machine had the node. The exit
// status.
int follow_main(const std::filesystem::path& bundle_partition, uint32_t id);

}  // namespace pando::initrd
