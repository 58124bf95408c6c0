// SPDX-License-Identifier: GPL-2.0-or-later
// SHA-256 as lower-case hex, for content keys and integrity checks (OpenSSL's libcrypto does the work).
#pragma once

#include "base/result.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace pando {

class Sha256 {
public:
    Sha256();
    ~Sha256();
    void add(std::string_view data);
    std::string hex();  // 64 characters; ends the computation

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256(std::string_view data);
Result<std::string> sha256_of(int fd);  // what is left to read of it
Result<std::string> sha256_of_file(const std::filesystem::path& file);

}  // namespace pando
