// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sha256.h"

#include "base/fd.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <array>

namespace pando {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr); }
Sha256::~Sha256() = default;

void Sha256::add(std::string_view data) { EVP_DigestUpdate(state_->context, data.data(), data.size()); }

std::string Sha256::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned length = 0;
    EVP_DigestFinal_ex(state_->context, digest.data(), &length);
    std::string text;
    for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

std::string sha256(std::string_view data) {
    Sha256 hash;
    hash.add(data);
    return hash.hex();
}

Result<std::string> sha256_of(int fd) {
    Sha256 hash;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t n = read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "read");
        if (n == 0) return hash.hex();
        hash.add({buffer.data(), static_cast<size_t>(n)});
    }
}

Result<std::string> sha256_of_file(const std::filesystem::path& file) {
    UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "reading {}", file.string());
    auto sum = sha256_of(fd.get());
    if (!sum) return Failure(sum.error().context(file.string()));
    return sum;
}

}  // namespace pando
