// SPDX-License-Identifier: GPL-2.0-or-later
// libelf reads and bounds every part; the dynamic section is found by program headers alone, as the dynamic linker
// does it, since section headers may be stripped.
#include "chroot-builder/elf.h"

#include <gelf.h>
#include <libelf.h>
#include <algorithm>
#include <memory>
#include <optional>

namespace pando::chroot {
namespace {

// Far beyond what a linker makes: a file may name one long text a million times.
constexpr size_t name_limit = 4096;
constexpr size_t needed_limit = 1024;

struct ElfCloser {
    void operator()(::Elf* elf) const { elf_end(elf); }
};
using Handle = std::unique_ptr<::Elf, ElfCloser>;

Handle open_elf(std::string_view content) {
    elf_version(EV_CURRENT);
    // libelf takes a writable pointer, but what it converts from a foreign byte order goes into buffers of its own.
    return Handle(elf_memory(const_cast<char*>(content.data()), content.size()));
}

Failure broken(std::string_view part) { return fail("broken ELF file: {} ({})", part, elf_errmsg(-1)); }

// The file offset at which a virtual address is stored.
std::optional<uint64_t> offset_of(const std::vector<GElf_Phdr>& headers, uint64_t address) {
    for (const GElf_Phdr& header : headers)
        if (header.p_type == PT_LOAD && address >= header.p_vaddr && address - header.p_vaddr < header.p_filesz)
            return address - header.p_vaddr + header.p_offset;
    return std::nullopt;
}

Result<std::string> string_at(std::string_view content, uint64_t offset) {
    if (offset >= content.size()) return fail("broken ELF file: a name lies behind the end");
    const size_t end = content.substr(0, offset + std::min(name_limit + 1, content.size() - offset)).find('\0', offset);
    if (end == std::string_view::npos && content.size() - offset > name_limit)
        return fail("broken ELF file: a name of more than {} bytes", name_limit);
    if (end == std::string_view::npos) return fail("broken ELF file: a name has no end");
    return std::string(content.substr(offset, end - offset));
}

std::vector<std::string> split_path(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const size_t colon = text.find(':');
        // An empty part would mean the working directory: nothing a survival program may depend on.
        if (colon != 0) parts.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) break;
        text.remove_prefix(colon + 1);
    }
    return parts;
}

Result<> read_dynamic(::Elf* elf, std::string_view content, const std::vector<GElf_Phdr>& headers,
                      const GElf_Phdr& dynamic, Elf& result) {
    Elf_Data* data = elf_getdata_rawchunk(elf, static_cast<int64_t>(dynamic.p_offset), dynamic.p_filesz, ELF_T_DYN);
    if (data == nullptr) return broken("dynamic section");
    const size_t entry_size = gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT);
    std::vector<uint64_t> needed;
    std::optional<uint64_t> rpath;
    std::optional<uint64_t> runpath;
    std::optional<uint64_t> strings;
    for (size_t i = 0; i < data->d_size / entry_size; ++i) {
        GElf_Dyn entry;
        if (gelf_getdyn(data, static_cast<int>(i), &entry) == nullptr) return broken("dynamic section");
        if (entry.d_tag == DT_NULL) break;
        if (entry.d_tag == DT_NEEDED) needed.push_back(entry.d_un.d_val);
        if (needed.size() > needed_limit) return fail("broken ELF file: it needs more than {} libraries", needed_limit);
        if (entry.d_tag == DT_RPATH) rpath = entry.d_un.d_val;
        if (entry.d_tag == DT_RUNPATH) runpath = entry.d_un.d_val;
        if (entry.d_tag == DT_STRTAB) strings = offset_of(headers, entry.d_un.d_ptr);
    }
    if (needed.empty() && !rpath && !runpath) return {};
    if (!strings) return fail("broken ELF file: no table of names");
    if (*strings >= content.size()) return fail("broken ELF file: the table of names lies behind the end");
    const std::string_view names = content.substr(*strings);
    for (uint64_t name : needed) result.needed.push_back(TRY(string_at(names, name)));
    if (rpath) result.rpath = split_path(TRY(string_at(names, *rpath)));
    if (runpath) result.runpath = split_path(TRY(string_at(names, *runpath)));
    return {};
}

}  // namespace

Result<Elf> read_elf(std::string_view content) {
    const Handle elf = open_elf(content);
    GElf_Ehdr header;
    if (!elf || elf_kind(elf.get()) != ELF_K_ELF || gelf_getehdr(elf.get(), &header) == nullptr)
        return broken("header");
    size_t count = 0;
    if (elf_getphdrnum(elf.get(), &count) != 0) return broken("program headers");
    // libelf counts only those that are there.
    if (header.e_phnum != PN_XNUM && count != header.e_phnum) return fail("broken ELF file: program headers cut off");

    std::vector<GElf_Phdr> headers;
    for (size_t i = 0; i < count; ++i) {
        GElf_Phdr one;
        if (gelf_getphdr(elf.get(), static_cast<int>(i), &one) == nullptr) return broken("program headers");
        if (one.p_type == PT_LOAD && (one.p_offset > content.size() || one.p_filesz > content.size() - one.p_offset))
            return fail("broken ELF file: truncated, {} bytes are there and a segment of {} begins at {}",
                        content.size(), one.p_filesz, one.p_offset);
        headers.push_back(one);
    }

    Elf result;
    result.machine = header.e_machine;
    result.bits = header.e_ident[EI_CLASS];
    for (const GElf_Phdr& one : headers) {
        if (one.p_type == PT_INTERP) result.interpreter = TRY(string_at(content, one.p_offset));
        if (one.p_type == PT_DYNAMIC) TRY(read_dynamic(elf.get(), content, headers, one, result));
    }
    return result;
}

std::vector<std::string> builtin_python_modules(std::string_view content) {
    constexpr std::string_view prefix = "PyInit_";
    std::vector<std::string> modules;
    const Handle elf = open_elf(content);
    if (!elf) return modules;
    for (Elf_Scn* section = elf_nextscn(elf.get(), nullptr); section != nullptr;
         section = elf_nextscn(elf.get(), section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_DYNSYM) continue;
        Elf_Data* data = elf_getdata(section, nullptr);
        const size_t entry_size = gelf_fsize(elf.get(), ELF_T_SYM, 1, EV_CURRENT);
        if (data == nullptr || entry_size == 0) continue;
        for (size_t i = 0; i < data->d_size / entry_size; ++i) {
            GElf_Sym symbol;
            if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr || symbol.st_shndx == SHN_UNDEF) continue;
            const char* name = elf_strptr(elf.get(), header.sh_link, symbol.st_name);
            if (name != nullptr && std::string_view(name).starts_with(prefix))
                modules.emplace_back(name + prefix.size());
        }
    }
    return modules;
}

}  // namespace pando::chroot
