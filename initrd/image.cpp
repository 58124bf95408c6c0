// SPDX-License-Identifier: GPL-2.0-or-later
// dracut runs inside the tree, in a mount namespace of its own: whatever happens to it, no mount is left behind, and
// nothing is written into the tree.
#include "initrd/image.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sysroot.h"
#include "chroot-builder/install.h"
#include "chroot-builder/manifest.h"
#include "config/load.h"
#include "config/render.h"
#include "initrd/boot_files.h"
#include "initrd/image_drivers.h"
#include "initrd/image_refresh.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <algorithm>
#include <cstdio>

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

constexpr const char* work_inside = "/mnt";             // where the tree sees the work directory
constexpr const char* dracut_home = "/usr/lib/dracut";  // in the tree
constexpr const char* dracut_module = "/usr/lib/dracut/modules.d/90pando";
constexpr const char* work_prefix = ".pando-image";

Result<> require_programs(const Sysroot& root) {
    for (const char* file : {"/usr/bin/dracut", "/usr/sbin/pando-boot", dracut_module}) {
        if (root.exists(file)) continue;
        return bad_input("the tree {} has no {}", root.directory().string(), file)
            .advise("make the tree with `pando root build`, or install dracut-core and pando's node package in it");
    }
    return {};
}

Result<> copy_readable(const fs::path& from, const fs::path& to) {
    std::error_code ec;
    if (!fs::copy_file(from, to, fs::copy_options::overwrite_existing, ec))
        return fail_errno(ec.value(), "copying {} to {}", from.string(), to.string());
    if (chmod(to.c_str(), 0644) < 0) return fail_errno(errno, "chmod {}", to.string());
    return {};
}

Result<> write_lines(const fs::path& file, const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    return write_file_atomic(file, text);
}

// dracut's home as we want it: its own scripts, and our module alone. For a reproducible image dracut sets whatever
// is newer than dracut-functions.sh back to that file's time, so this one is a copy with its time: a link is new.
Result<> make_dracut_home(const Sysroot& root, const fs::path& home) {
    const fs::path there = dracut_home;
    TRY(make_directories(home / "modules.d"));
    for (const auto& name : TRY(root.list(there))) {
        if (name == "modules.d" || name == "dracut-functions.sh") continue;
        if (symlink((there / name).c_str(), (home / name).c_str()) < 0)
            return fail_errno(errno, "making {}", (home / name).string());
    }
    if (symlink(dracut_module, (home / "modules.d/90pando").c_str()) < 0)
        return fail_errno(errno, "making {}", (home / "modules.d").string());
    const fs::path functions = home / "dracut-functions.sh";
    TRY(write_file_atomic(functions, TRY(root.read(there / "dracut-functions.sh"))));
    const timespec changed = TRY(root.stat(there / "dracut-functions.sh")).st_mtim;
    const timespec times[2] = {changed, changed};
    if (utimensat(AT_FDCWD, functions.c_str(), times, 0) < 0)
        return fail_errno(errno, "setting the time of {}", functions.string());
    return {};
}

Result<> write_request(const fs::path& directory, const std::vector<std::string>& drivers,
                       const chroot::Manifest& manifest) {
    TRY(make_directories(directory));
    TRY(write_lines(directory / "drivers", drivers));
    std::vector<std::string> files;
    // Directories, links and what is made by us: the booting node makes them from the manifest alone.
    for (const auto& path : manifest.sources()) files.push_back(path.string());
    TRY(write_lines(directory / "files", files));
    return write_file_atomic(directory / "chroot.json", manifest.to_json());
}

// In the child that becomes dracut, between fork and exec: a mount namespace of its own, in which the tree has the
// work directory and the kernel's filesystems.
struct TreeMounts {
    std::string work, mnt, proc, sys, dev;
    bool own_root;  // the tree is the running system: its kernel filesystems are there

    TreeMounts(const fs::path& root, const fs::path& work_directory)
        : work(work_directory),
          mnt(root / fs::path(work_inside).relative_path()),
          proc(root / "proc"),
          sys(root / "sys"),
          dev(root / "dev"),
          own_root(root == "/") {}

    bool operator()() const {
        if (unshare(CLONE_NEWNS) < 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return false;
        if (mount(work.c_str(), mnt.c_str(), nullptr, MS_BIND, nullptr) < 0) return false;
        if (own_root) return true;
        return mount("proc", proc.c_str(), "proc", 0, nullptr) == 0 &&
               mount("/sys", sys.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0 &&
               mount("/dev", dev.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
    }
};

Result<> run_dracut(const fs::path& root, const fs::path& work, const std::string& kernel) {
    const std::string inside = work_inside;
    const Command dracut = {
        .argv = {"chroot",
                 root,
                 "/usr/bin/env",
                 "-i",
                 "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                 "LC_ALL=C.UTF-8",
                 "PANDO_IMAGE=" + inside + "/request",
                 "dracutbasedir=" + inside + "/dracut",
                 "/usr/bin/dracut",
                 "--modules",
                 "pando",
                 "--no-hostonly",
                 "--no-hostonly-cmdline",
                 "--no-hostonly-default-device",
                 "--no-early-microcode",
                 "--nofscks",
                 "--nomdadmconf",
                 "--nolvmconf",
                 "--nostrip",
                 "--reproducible",
                 "--conf",
                 "/dev/null",
                 "--confdir",
                 inside + "/empty",
                 "--tmpdir",
                 inside + "/tmp",
                 "--compress",
                 "zstd -19 -T0 -q",
                 "--quiet",
                 "--force",
                 "--kver",
                 kernel,
                 inside + "/pando.img"},
        .deadline = Deadline::after(std::chrono::minutes(10)),
        .prepare = TreeMounts(root, work),
    };
    for (const char* name : {"empty", "tmp"}) TRY(make_directories(work / name));
    const auto done = TRY(run_ok(dracut));
    // dracut reports some failures on stderr only, and ends well.
    if (!done.err.empty()) log::debug("dracut: {}", done.err);
    return {};
}

// What a run that was killed left in the output directory. The lock is held, so nobody is using it.
Result<> remove_leftovers(const fs::path& output) {
    for (const auto& name : TRY(list_directory(output))) {
        if (!name.starts_with(work_prefix) || name == std::string(work_prefix) + ".lock") continue;
        TRY(remove_tree(output / name));
    }
    return {};
}

Result<std::string> choose_kernel(const fs::path& root, const std::string& wanted) {
    const auto there = TRY(kernels(root));
    if (there.empty())
        return bad_input("no kernel in {}", root.string()).advise("install linux-image-amd64 in that tree");
    if (wanted.empty()) return there.back();
    if (std::find(there.begin(), there.end(), wanted) == there.end())
        return bad_input("no kernel {} in {}", wanted, root.string())
            .advise(fmt::format("it has: {}", fmt::join(there, ", ")));
    return wanted;
}

Result<std::vector<std::string>> choose_drivers(const ImageOptions& options, const config::Cluster& cluster,
                                                const Sysroot& tree, const std::string& kernel) {
    const fs::path modules = tree.directory() / "usr/lib/modules" / kernel;
    if (options.any_machine) return all_drivers(modules);
    const auto machines = TRY(recorded_machines(tree, cluster, options.machines));
    // Asked for recorded machines only: without them no index of the kernel's is needed.
    hwdetect::ModulesFor modules_for;
    if (!machines.empty()) modules_for = TRY(hwdetect::modules_of_kernel(modules));
    auto known = TRY(known_drivers(cluster, machines, modules_for));
    for (const std::string& remark : known.remarks) log::warning("{}", remark);
    return std::move(known.drivers);
}

}  // namespace

Result<std::vector<std::string>> kernels(const fs::path& root) {
    const auto tree = TRY(Sysroot::open(root));
    std::vector<std::string> versions;
    if (!tree.exists("/usr/lib/modules")) return versions;
    for (auto& version : TRY(tree.list("/usr/lib/modules")))
        if (tree.exists("/usr/lib/modules/" + version + "/modules.dep") && tree.exists("/boot/vmlinuz-" + version))
            versions.push_back(std::move(version));
    std::sort(versions.begin(), versions.end(),
              [](const auto& a, const auto& b) { return strverscmp(a.c_str(), b.c_str()) < 0; });
    return versions;
}

Result<Image> build_image(const ImageOptions& options) {
    std::error_code ec;
    const fs::path root = fs::canonical(options.root, ec);
    if (ec) return bad_input("no tree {}: {}", options.root.string(), ec.message());
    const auto cluster = TRY(config::load_file(options.cluster_yaml));
    const auto tree = TRY(Sysroot::open(root));
    TRY(require_programs(tree));
    // Taken before: what changes during the build is followed by the next one.
    const std::string made_of = TRY(ingredients(options));

    Image image;
    image.kernel = TRY(choose_kernel(root, options.kernel));
    auto drivers = TRY(choose_drivers(options, cluster, tree, image.kernel));
    for (const auto& driver : disk_drivers(cluster))
        if (std::find(drivers.begin(), drivers.end(), driver) == drivers.end()) drivers.push_back(driver);
    image.drivers = drivers.size();

    const auto files = TRY(config::read_agent_files(options.cluster_yaml, cluster));
    const auto manifest = TRY(chroot::resolve(tree, chroot::request_for(cluster, files)));
    for (const std::string& warning : manifest.warnings) log::warning("{}", warning);
    TRY(chroot::check_size(cluster.chroot.size, manifest));  // on a disk, too: it may be missing one day

    TRY(make_directories(options.output));
    const fs::path output = fs::canonical(options.output);
    const auto lock =
        TRY(FileLock::take(output / (std::string(work_prefix) + ".lock"), Deadline::after(std::chrono::minutes(15))));
    TRY(remove_leftovers(output));
    const auto work = TRY(TemporaryDirectory::create(output, work_prefix));
    TRY(write_request(work.path() / "request", drivers, manifest));
    TRY(make_dracut_home(tree, work.path() / "dracut"));
    TRY(run_dracut(root, work.path(), image.kernel));

    const fs::path set = work.path() / "set";
    TRY(make_directories(set));
    // Boot servers read as anybody; dracut writes for root alone.
    if (chmod((work.path() / "pando.img").c_str(), 0644) < 0) return fail_errno(errno, "dracut made no image");
    if (rename((work.path() / "pando.img").c_str(), (set / "pando.img").c_str()) < 0)
        return fail_errno(errno, "moving the image");
    TRY(copy_readable(root / "boot" / ("vmlinuz-" + image.kernel), set / "vmlinuz"));
    const std::string name = TRY(set_of(set, config::ipxe_script(cluster, "")));
    TRY(write_file_atomic(set / "boot.ipxe", config::ipxe_script(cluster, "", name)));
    image.image_bytes = fs::file_size(set / "pando.img", ec);
    TRY(publish_set(set, output, name));
    TRY(record_build(options, image, made_of));
    return image;
}

}  // namespace pando::initrd
