// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fill_chroot.h"

#include "base/file.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/install.h"
#include "initrd/background.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using config::ChrootPlace;

Error remark(std::string what, std::string advice) { return {std::move(what), std::move(advice)}; }

// By an attempt before this one, in the same boot.
bool is_attached(const fs::path& store) {
    struct stat here {};
    struct stat above {};
    return stat(store.c_str(), &here) == 0 && stat((store / "..").c_str(), &above) == 0 && here.st_dev != above.st_dev;
}

void detach(const fs::path& target, const fs::path& store) {
    unlink((target / "usr").c_str());  // it may lead to what is taken away
    (void)umount2(store.c_str(), MNT_DETACH);
}

std::string described(const chroot::Stored& stored) {
    return fmt::format("generation {}{}, {} files added ({:.1f} MB)", stored.number, stored.kept ? " kept" : "",
                       stored.added.files, static_cast<double>(stored.added.bytes) / 1e6);
}

class Filling {
public:
    Filling(ChrootJob job, const chroot::Manifest& manifest) : job_(std::move(job)), manifest_(manifest) {
        job_.disk.store = store_ = job_.target / chroot::generations_directory;
        filled_.place.wanted = job_.disk.wanted.text();
    }

    Result<FilledChroot> run() {
        if (is_attached(store_)) {
            TRY(go_on());
        } else if (const auto on_disk = try_disk(); !on_disk) {
            if (job_.disk.wanted.kind != ChrootPlace::Kind::memory) fall_back(on_disk.error());
            TRY(fill_memory());
        }
        TRY(filled_.place.save(job_.record));
        TRY(chroot::check_free(job_.target));
        filled_.summary = fmt::format("{} entries, {:.1f} MB at {}, {}{}", manifest_.entries.size(),
                                      static_cast<double>(manifest_.bytes()) / 1e6, job_.target.string(),
                                      filled_.place.text(), detail_);
        return std::move(filled_);
    }

private:
    // Daemons may run from there already: it stays as it is.
    Result<> go_on() {
        filled_.place = TRY(chroot::Place::load(job_.record));
        (void)TRY(chroot::install_generation(manifest_, TRY(Sysroot::open(job_.disk.image)), job_.target));
        return {};
    }

    Result<> fill_memory() {
        TRY(chroot::mount_tmpfs(job_.target, job_.size, manifest_));
        (void)TRY(chroot::install_generation(manifest_, TRY(Sysroot::open(job_.disk.image)), job_.target));
        return {};
    }

    // Error: why the chroot is to be in memory.
    Result<> try_disk() {
        const ChrootPlace& wanted = job_.disk.wanted;
        if (wanted.kind == ChrootPlace::Kind::memory) return fail("a tmpfs is wanted");
        if (wanted.kind == ChrootPlace::Kind::path) {
            // An initramfs has no other filesystem that a path could lead to.
            TRY(chroot::judge_filesystem(job_.root_filesystem));
            return fail("a path leads to the shared root");
        }
        TRY(chroot::mount_tmpfs(job_.target, job_.size, chroot::beside_generations(manifest_)));
        TRY(make_directories(store_));
        const auto prepared = begin([job = job_.disk, manifest = manifest_] { return prepare_disk(job, manifest); });
        const auto& disk =
            *TRY(collect(prepared, Deadline::after(job_.disk.patience + job_.disk.work), "preparing the disk"));
        if (!disk) return Failure(disk.error());
        TRY(attach(*disk, store_));
        auto used =
            chroot::use_generation(manifest_, TRY(Sysroot::open(job_.disk.image)), job_.target, disk->stored.number);
        if (!used) {
            detach(job_.target, store_);
            return used;
        }
        filled_.place = disk->place;
        detail_ = ": " + described(disk->stored);
        tell(*disk);
        return {};
    }

    void tell(const PreparedDisk& disk) {
        if (!disk.former.empty())
            filled_.remarks.push_back(remark(
                fmt::format("the chroot's directory on {} was that of cluster {}", disk.place.device, disk.former),
                "it is this cluster's now: is this machine's description the right one?"));
        if (!disk.stored.broken.empty())
            filled_.remarks.push_back(
                remark(fmt::format("the chroot that {} had kept was not what it should be, and was made anew: {}",
                                   disk.place.device, disk.stored.broken),
                       "when this comes again, the disk is dying, or somebody changes it: replace it"));
    }

    void fall_back(const Error& why) {
        filled_.place.reason = why.what;
        filled_.place.advice =
            why.advice.empty() ? "the node runs as well without it; of the disk dmesg may say more" : why.advice;
        filled_.remarks.push_back(
            remark(fmt::format("the chroot is in memory, not at {}: {}", filled_.place.wanted, why.what),
                   filled_.place.advice));
    }

    ChrootJob job_;
    const chroot::Manifest& manifest_;
    fs::path store_;
    FilledChroot filled_;
    std::string detail_;
};

}  // namespace

ChrootJob chroot_job(const config::Cluster& cluster, const config::Node& node) {
    ChrootJob job;
    job.size = cluster.chroot.size;
    job.root_filesystem = cluster.root.filesystem;
    job.disk.wanted = cluster.chroot_place(node);
    job.disk.storage = cluster.storage;
    job.disk.cluster = cluster.name;
    job.disk.patience = cluster.chroot.disk_timeout;
    return job;
}

Result<FilledChroot> fill_chroot(ChrootJob job, const chroot::Manifest& manifest) {
    return Filling(std::move(job), manifest).run();
}

}  // namespace pando::initrd
