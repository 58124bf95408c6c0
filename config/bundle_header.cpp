// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/bundle_header.h"

#include "config/values.h"

#include <algorithm>
#include <vector>

namespace pando::config {
namespace {

constexpr std::string_view magic = "PANDO-BUNDLE ";
constexpr uint64_t version = 1;
constexpr size_t header_limit = 512;  // bytes of the first line
constexpr std::string_view remake = "write it again: pando bundle write";

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        words.push_back(line.substr(0, line.find(' ')));
        line.remove_prefix(std::min(line.size(), words.back().size() + 1));
    }
    return words;
}

}  // namespace

std::string header_line(const BundleHeader& header) {
    return fmt::format("{}{} cluster={} generation={} bytes={} sha256={}\n", magic, version, header.cluster,
                       header.generation, header.bytes, header.sha256);
}

Result<BundleHeader> read_header(std::string_view blob) {
    if (blob.empty()) return fail("the bundle is empty").advise(remake);
    if (!blob.starts_with(magic))
        return fail("this is no Pando bundle: it does not begin with \"{}\"", magic.substr(0, magic.size() - 1))
            .advise(remake);
    const size_t end = blob.substr(0, header_limit).find('\n');
    if (end == std::string_view::npos) return fail("the bundle is torn: its first line has no end").advise(remake);

    const std::vector<std::string_view> words = words_of(blob.substr(magic.size(), end - magic.size()));
    const auto format = words.empty() ? parse_number("", 0, 0) : parse_number(words[0], 1, generation_limit);
    if (!format) return fail("the bundle's header is damaged: no version").advise(remake);
    if (*format > version)
        return fail("the bundle has version {}, this Pando reads up to {}", *format, version)
            .advise("build the image with the Pando that wrote the bundle, or write the bundle with this one");
    const auto value = [&](size_t at, std::string_view name) -> std::string_view {
        if (words.size() != 5 || !words[at].starts_with(name)) return {};
        return words[at].substr(name.size());
    };
    const auto generation = parse_number(value(2, "generation="), 0, generation_limit);
    const auto bytes = parse_number(value(3, "bytes="), 0, UINT32_MAX);
    BundleHeader header{std::string(value(1, "cluster=")), generation.value_or(0), bytes.value_or(0),
                        std::string(value(4, "sha256=")), end + 1};
    if (!generation || !bytes || header.sha256.size() != 64 || !is_word(header.cluster, "_-", 32))
        return fail("the bundle's header is damaged: \"{}\"",
                    is_word(blob.substr(0, end), " _-=", header_limit) ? blob.substr(0, end) : "unreadable")
            .advise(remake);
    return header;
}

bool is_bundle(std::string_view blob) { return blob.starts_with(magic); }

bool is_from_newer_pando(std::string_view blob) {
    if (!is_bundle(blob)) return false;
    const size_t end = blob.substr(0, header_limit).find('\n');
    if (end == std::string_view::npos) return false;
    const auto words = words_of(blob.substr(magic.size(), end - magic.size()));
    const auto format = words.empty() ? parse_number("", 0, 0) : parse_number(words[0], 1, generation_limit);
    return format && *format > version;
}

}  // namespace pando::config
