// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes as text: to_base64("\x00\x01") is "AAE=" (OpenSSL does the work).
#pragma once

#include <string>
#include <string_view>

namespace pando::config {

std::string to_base64(std::string_view data);  // without line breaks

}  // namespace pando::config
