// SPDX-License-Identifier: GPL-2.0-or-later
// What a login by the rescue ssh runs, by dropbear's -c: a shell, or the command that was asked for.
//
//   pando-boot session          in the initramfs: the boot waits for a person in a shell, as for one at a console
//   pando-survival session      in the chroot of a node that is up
#pragma once

#include <filesystem>
#include <string>

namespace pando::initrd {

// "the ssh session from 192.0.2.5", from what dropbear says in SSH_CONNECTION.
std::string session_name(const std::string& connection);

int boot_session_main();
int chroot_session_main();

}  // namespace pando::initrd
