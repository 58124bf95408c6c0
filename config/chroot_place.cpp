// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/chroot_place.h"

#include "config/values.h"

#include <array>
#include <utility>

namespace pando::config {
namespace {

constexpr std::string_view default_directory = "/pando-chroot";
constexpr size_t longest_path = 255;
constexpr size_t longest_label = 36;  // a GPT partition's name; filesystems take fewer
constexpr std::string_view examples = "tmpfs, LABEL=pando-chroot, UUID=… as blkid shows it, or UUID=…:/directory";

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> udev_directories = {{
    {"/dev/disk/by-uuid/", "UUID"},
    {"/dev/disk/by-label/", "LABEL"},
    {"/dev/disk/by-partuuid/", "PARTUUID"},
    {"/dev/disk/by-partlabel/", "PARTLABEL"},
}};

// A directory below the root, by plain names.
bool is_plain_path(std::string_view path) {
    if (path.size() < 2 || path.front() != '/' || !is_word(path, "/_-.+@", longest_path)) return false;
    for (std::string_view rest = path; !rest.empty();) {
        rest.remove_prefix(1);
        const std::string_view name = rest.substr(0, rest.find('/'));
        if (name.empty() || name == "." || name == "..") return false;
        rest.remove_prefix(name.size());
    }
    return true;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

Result<ChrootPlace> disk(std::string_view tag, std::string_view rest) {
    ChrootPlace place{ChrootPlace::Kind::disk, std::string(tag), {}, std::string(default_directory)};
    const size_t colon = rest.find(':');
    const std::string_view value = rest.substr(0, colon);
    if (colon != std::string_view::npos) place.directory = rest.substr(colon + 1);
    if (!is_plain_path(place.directory))
        return bad_input("\"{}\" is no directory for the chroot on a disk", place.directory)
            .advise("below the top of its filesystem, by plain names: LABEL=pando-chroot:/var/pando");
    const bool is_uuid = tag.ends_with("UUID");
    if (!is_word(value, is_uuid ? "-" : "_-.+@", longest_label))
        return bad_input("\"{}\" is no {} of a disk", value, tag)
            .advise(is_uuid ? "as blkid shows it"
                            : "letters, digits and _ - . + @; give it such a label (e2label, xfs_admin -L), or write "
                              "UUID=");
    place.value = is_uuid ? lower(value) : std::string(value);
    return place;
}

}  // namespace

std::string ChrootPlace::name() const {
    switch (kind) {
        case Kind::memory:
            return "tmpfs";
        case Kind::disk:
            return tag + "=" + value;
        case Kind::path:
            return directory;
    }
    return {};
}

std::string ChrootPlace::text() const {
    return kind == Kind::disk && directory != default_directory ? name() + ":" + directory : name();
}

Result<ChrootPlace> parse_chroot_place(std::string_view text) {
    if (text == "tmpfs") return ChrootPlace();
    for (const auto& [directory, tag] : udev_directories) {
        if (text.starts_with(directory)) return disk(tag, text.substr(directory.size()));
        if (text.starts_with(tag) && text.substr(tag.size()).starts_with('='))
            return disk(tag, text.substr(tag.size() + 1));
    }
    if (text.starts_with("/dev/"))
        return bad_input("\"{}\" may be another device at the next boot", text)
            .advise("a name that stays with the disk: UUID=… or LABEL=…, as blkid shows them");
    if (is_plain_path(text)) return ChrootPlace{ChrootPlace::Kind::path, {}, {}, std::string(text)};
    return bad_input("\"{}\" is no place for the chroot", text).advise(examples);
}

}  // namespace pando::config
