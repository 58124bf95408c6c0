// SPDX-License-Identifier: GPL-2.0-or-later
// Bundles from a torn disk or a stranger. Whatever is accepted must come back the same when it is encoded again; half
// of the inputs get a right header, so that the payload is reached.
#include "config/bundle.h"
#include "base/file.h"
#include "base/sha256.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>
#include <stdexcept>

namespace pando::fuzz {

namespace {

config::Bundle example() {
    config::Bundle bundle{"grove", 7, {}};
    const auto yaml = read_file(TEST_SOURCE "/docs/examples/cluster.yaml");
    if (!yaml) throw std::runtime_error(yaml.error().what);
    bundle.files["cluster.yaml"] = *yaml;
    for (int i = 0; i < 256; ++i) bundle.files["authkey"] += static_cast<char>(i);
    return bundle;
}

std::string framed(std::string_view payload) {
    return fmt::format("PANDO-BUNDLE 1 cluster=grove generation=7 bytes={} sha256={}\n{}", payload.size(),
                       sha256(payload), payload);
}

std::string look(std::string_view blob) {
    const auto bundle = config::decode(blob);
    if (!bundle) return bundle.error().what.empty() ? "a refusal without a word" : "";
    const auto again = config::decode(config::encode(*bundle));
    if (!again) return fmt::format("encoded again, it is refused: {}", again.error().what);
    if (again->files != bundle->files || again->generation != bundle->generation) return "it came back changed";
    (void)bundle->description();
    return {};
}

}  // namespace

std::vector<std::string> seeds() {
    const std::string blob = config::encode(example());
    return {blob, blob.substr(blob.find('\n') + 1), R"({"cluster":"grove","generation":7,"files":{"a":"QQ=="}})"};
}

std::vector<std::string> words() {
    return {"PANDO-BUNDLE ",
            "1 ",
            "2 ",
            "cluster=",
            "generation=",
            "bytes=",
            "sha256=",
            "\n",
            "\"files\"",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "=",
            "==",
            "QQ==",
            "\\u0000",
            "null",
            "1e999",
            "-1",
            "..",
            "/",
            "\\ud800"};
}

std::string look_at(std::string_view input) {
    std::string broken = look(input);
    if (broken.empty()) broken = look(framed(input));
    return broken;
}

}  // namespace pando::fuzz
