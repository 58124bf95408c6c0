// SPDX-License-Identifier: GPL-2.0-or-later
// The last line of a boot: run by pando-node.service when the booted system is up.
#pragma once

namespace pando::initrd {

int booted_main();

}  // namespace pando::initrd
