// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/base64.h"

#include <openssl/evp.h>

namespace pando::config {

std::string to_base64(std::string_view data) {
    std::string out(4 * ((data.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a NUL
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(data.data()), static_cast<int>(data.size()));
    out.resize(static_cast<size_t>(length));
    return out;
}

}  // namespace pando::config
