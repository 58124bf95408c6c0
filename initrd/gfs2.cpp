// SPDX-License-Identifier: GPL-2.0-or-later
// The GFS2 superblock as it lies on the disk (the kernel's linux/gfs2_ondisk.h): big endian.
#include "initrd/blockdev.h"

#include <endian.h>
#include <linux/gfs2_ondisk.h>
#include <algorithm>
#include <cstddef>

namespace pando::initrd {
namespace {

uint32_t big_endian(std::string_view bytes, size_t offset) {
    uint32_t raw = 0;
    std::memcpy(&raw, bytes.data() + offset, sizeof raw);
    return be32toh(raw);
}

// A field of GFS2_LOCKNAME_LEN bytes: printable text, then zeros.
Result<std::string> lock_name(std::string_view bytes, size_t offset, std::string_view what) {
    std::string_view field = bytes.substr(offset, GFS2_LOCKNAME_LEN);
    const size_t end = field.find('\0');
    if (end == std::string_view::npos) return bad_input("gfs2 superblock: its {} has no end", what);
    field = field.substr(0, end);
    if (!std::all_of(field.begin(), field.end(), [](char c) { return c > ' ' && c <= '~'; }))
        return bad_input("gfs2 superblock: its {} holds unprintable bytes", what);
    return std::string(field);
}

std::string uuid_text(std::string_view bytes, size_t offset) {
    std::string text;
    for (size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[offset + i]));
    }
    return text;
}

}  // namespace

Result<Gfs2Superblock> parse_gfs2(std::string_view bytes) {
    static_assert(sizeof(gfs2_sb) <= gfs2_superblock_size);
    if (bytes.size() < sizeof(gfs2_sb)) return bad_input("gfs2 superblock: only {} bytes", bytes.size());
    if (big_endian(bytes, offsetof(gfs2_meta_header, mh_magic)) != GFS2_MAGIC ||
        big_endian(bytes, offsetof(gfs2_meta_header, mh_type)) != GFS2_METATYPE_SB)
        return bad_input("no gfs2 superblock here");
    constexpr uint32_t oldest_format = 1801;  // GFS2's first; GFS1 has 1309
    const uint32_t format = big_endian(bytes, offsetof(gfs2_sb, sb_fs_format));
    if (format < oldest_format) return bad_input("filesystem format {} is not GFS2's", format);
    Gfs2Superblock superblock;
    superblock.block_size = big_endian(bytes, offsetof(gfs2_sb, sb_bsize));
    const bool power_of_two = (superblock.block_size & (superblock.block_size - 1)) == 0;
    if (superblock.block_size < 512 || superblock.block_size > 65536 || !power_of_two)
        return bad_input("gfs2 superblock: block size {}", superblock.block_size);
    superblock.lock_protocol = TRY(lock_name(bytes, offsetof(gfs2_sb, sb_lockproto), "lock protocol"));
    superblock.lock_table = TRY(lock_name(bytes, offsetof(gfs2_sb, sb_locktable), "lock table"));
    superblock.uuid = uuid_text(bytes, offsetof(gfs2_sb, sb_uuid));
    return superblock;
}

}  // namespace pando::initrd
