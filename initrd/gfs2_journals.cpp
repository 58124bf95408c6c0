// SPDX-License-Identifier: GPL-2.0-or-later
// The superblock leads to the master directory, a name there to the directory of journals, whose inode counts its
// entries (the kernel's linux/gfs2_ondisk.h; all is big endian).
#include "initrd/gfs2_journals.h"

#include "initrd/blockdev.h"

#include <endian.h>
#include <linux/gfs2_ondisk.h>
#include <cstddef>
#include <cstring>

namespace pando::initrd {
namespace {

template <typename Raw>
Raw raw_at(std::string_view bytes, size_t offset) {
    Raw raw{};
    if (offset + sizeof raw <= bytes.size()) std::memcpy(&raw, bytes.data() + offset, sizeof raw);
    return raw;
}
uint64_t number64(std::string_view bytes, size_t offset) { return be64toh(raw_at<uint64_t>(bytes, offset)); }
uint32_t number32(std::string_view bytes, size_t offset) { return be32toh(raw_at<uint32_t>(bytes, offset)); }
uint16_t number16(std::string_view bytes, size_t offset) { return be16toh(raw_at<uint16_t>(bytes, offset)); }

Result<std::string> directory_at(Store& disk, uint64_t block, uint32_t block_size) {
    if (block >= disk.size() / block_size)
        return fail("{}: the GFS2 filesystem leads to block {}, behind its end", disk.name(), block);
    // A store is read in blocks of its own.
    const uint64_t offset = block * block_size;
    const uint64_t begin = offset / Store::block * Store::block;
    const uint64_t end = (offset + block_size + Store::block - 1) / Store::block * Store::block;
    const std::string around = TRY(disk.read(begin, end - begin));
    std::string bytes = around.substr(offset - begin, block_size);
    if (number32(bytes, offsetof(gfs2_meta_header, mh_magic)) != GFS2_MAGIC ||
        number32(bytes, offsetof(gfs2_meta_header, mh_type)) != GFS2_METATYPE_DI)
        return fail("{}: block {} of the GFS2 filesystem is no inode", disk.name(), block);
    return bytes;
}

// The block that a name leads to, in a directory whose entries lie in its inode's own block. 0: it is not there.
uint64_t block_of(std::string_view directory, std::string_view name) {
    for (size_t at = sizeof(gfs2_dinode); at + sizeof(gfs2_dirent) <= directory.size();) {
        const size_t length = number16(directory, at + offsetof(gfs2_dirent, de_rec_len));
        const size_t name_length = number16(directory, at + offsetof(gfs2_dirent, de_name_len));
        if (length < sizeof(gfs2_dirent) || at + length > directory.size()) return 0;
        const uint64_t block = number64(directory, at + offsetof(gfs2_inum, no_addr));
        if (block != 0 && sizeof(gfs2_dirent) + name_length <= length &&
            directory.substr(at + sizeof(gfs2_dirent), name_length) == name)
            return block;
        at += length;
    }
    return 0;
}

}  // namespace

Result<uint32_t> journals_on(Store& filesystem) {
    constexpr uint32_t dot_and_dotdot = 2;
    const std::string head = TRY(filesystem.read(gfs2_superblock_offset, Store::block));
    const auto superblock = TRY(parse_gfs2(head));
    const uint64_t master = number64(head, offsetof(gfs2_sb, sb_master_dir) + offsetof(gfs2_inum, no_addr));
    const uint64_t index = block_of(TRY(directory_at(filesystem, master, superblock.block_size)), "jindex");
    if (index == 0) return fail("{}: the GFS2 filesystem has no index of journals", filesystem.name());
    const std::string journals = TRY(directory_at(filesystem, index, superblock.block_size));
    const uint32_t entries = number32(journals, offsetof(gfs2_dinode, di_entries));
    if (entries < dot_and_dotdot) return fail("{}: the index of journals has {} entries", filesystem.name(), entries);
    return entries - dot_and_dotdot;
}

}  // namespace pando::initrd
