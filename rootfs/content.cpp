// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/content.h"

#include "base/file.h"
#include "base/sha256.h"
#include "base/sysroot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view mistrust = "install again; if that fails too, the storage or the way to it changes data";
constexpr size_t sample_size = 200;  // files; about one in a hundred

// All paths below a directory, relative to it, sorted; symlinks are not followed.
Result<std::vector<fs::path>> paths_below(const fs::path& directory) {
    std::vector<fs::path> paths;
    std::error_code ec;
    for (fs::recursive_directory_iterator it(directory, ec), end; !ec && it != end; it.increment(ec))
        paths.push_back(it->path().lexically_relative(directory));
    if (ec) return fail_errno(ec.value(), "reading {}", directory.string());
    std::sort(paths.begin(), paths.end());
    return paths;
}

Result<struct stat> status_of(const fs::path& file) {
    struct stat st {};
    if (lstat(file.c_str(), &st) < 0) return fail_errno(errno, "reading {}", file.string());
    return st;
}

Result<std::string> checksum_inside(const Sysroot& root, const fs::path& path) {
    const auto fd = TRY(root.open_at(path, O_RDONLY | O_NOFOLLOW));
    auto sum = sha256_of(fd.get());
    if (!sum) return Failure(sum.error().context("/" + path.string()));
    return sum;
}

}  // namespace

std::string Content::to_json() const {
    nlohmann::json sampled = nlohmann::json::object();
    for (const auto& [path, checksum] : sample) sampled[path.string()] = checksum;
    const nlohmann::json json = {{"key", key}, {"files", files}, {"bytes", bytes}, {"sample", sampled}};
    return json.dump(1) + "\n";
}

Result<Content> Content::from_json(std::string_view text) {
    const auto json = nlohmann::json::parse(text, nullptr, false);
    try {
        Content content;
        content.key = json.at("key").get<std::string>();
        content.files = json.at("files").get<uint64_t>();
        content.bytes = json.at("bytes").get<uint64_t>();
        for (const auto& [path, checksum] : json.at("sample").items())
            content.sample[path] = checksum.get<std::string>();
        return content;
    } catch (const nlohmann::json::exception& error) {
        return fail("no description of a root: {}", error.what());
    }
}

Result<Content> survey(const fs::path& tree, std::string_view key) {
    Content content;
    content.key = key;
    std::vector<fs::path> regular;
    for (auto& path : TRY(paths_below(tree))) {
        const auto st = TRY(status_of(tree / path));
        if (!S_ISREG(st.st_mode) || path == content_file) continue;
        ++content.files;
        content.bytes += static_cast<uint64_t>(st.st_size);
        regular.push_back(std::move(path));
    }
    const size_t every = std::max<size_t>(1, regular.size() / sample_size);
    for (size_t i = 0; i < regular.size(); i += every)
        content.sample[regular[i]] = TRY(sha256_of_file(tree / regular[i]));
    return content;
}

Result<Content> verify_content(const fs::path& tree, Deadline deadline) {
    const auto root = TRY(Sysroot::open(tree));
    const auto content = TRY(Content::from_json(TRY(root.read(content_file))));
    if (content.sample.empty()) return fail("{} has an empty sample", content_file);
    for (const auto& [path, expected] : content.sample) {
        if (deadline.passed()) return fail("not all of it was read back in time").kind(ErrorKind::timeout);
        const auto found = TRY(checksum_inside(root, path));
        if (found != expected)
            return fail("/{} reads back as something else than was installed", path.string()).advise(mistrust);
    }
    return content;
}

Result<> verify_installed(const fs::path& tree, std::string_view key) {
    const auto root = TRY(Sysroot::open(tree));
    const auto json = nlohmann::json::parse(TRY(root.read(installed_file)), nullptr, false);
    const auto found = json.is_object() ? json.find("key") : json.end();
    if (!json.is_object() || found == json.end() || !found->is_string() || found->get<std::string>() != key)
        return fail("/{} reads back as something else than was installed", installed_file).advise(mistrust);
    return {};
}

Result<std::string> tree_checksum(const fs::path& directory) {
    Sha256 hash;
    for (const auto& path : TRY(paths_below(directory))) {
        const auto st = TRY(status_of(directory / path));
        hash.add(fmt::format("{}\n{:o}\n", path.string(), st.st_mode));
        if (S_ISREG(st.st_mode)) hash.add(TRY(sha256_of_file(directory / path)));
        if (S_ISLNK(st.st_mode)) hash.add(fs::read_symlink(directory / path).string());
        hash.add("\n");
    }
    return hash.hex();
}

}  // namespace pando::rootfs
