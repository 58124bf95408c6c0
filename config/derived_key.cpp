// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/derived_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <memory>
#include <string>

namespace pando::config {

Result<DerivedKey> derive_key(std::string_view authkey, std::string_view purpose) {
    using Context = std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)>;
    const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr),
                                                                EVP_KDF_free);
    const Context context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr, EVP_KDF_CTX_free);
    std::string digest = "SHA256";
    const std::array parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<char*>(authkey.data()), authkey.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(purpose.data()), purpose.size()),
        OSSL_PARAM_construct_end()};
    DerivedKey made{};
    if (!context || EVP_KDF_derive(context.get(), made.data(), made.size(), parameters.data()) <= 0)
        return fail("deriving a key: OpenSSL has no HKDF with SHA-256");
    return made;
}

}  // namespace pando::config
