// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/install.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/utc.h"
#include "cdsl/apply.h"
#include "cdsl/policy.h"
#include "config/slots.h"
#include "rootfs/content.h"
#include "rootfs/gpt.h"
#include "rootfs/lun.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t mebibyte = 1U << 20U;
constexpr int root_number = 3;
constexpr auto partition_time = std::chrono::minutes(2);
constexpr auto format_time = std::chrono::minutes(10);

std::string megabytes(uint64_t bytes) { return fmt::format("{} MiB", bytes / mebibyte); }

// Blanks in a row count as one: a boot loader that passes a name on keeps no more of them.
std::string squeezed(std::string_view text) {
    std::string result;
    for (const char c : text)
        if (c != ' ' || !result.ends_with(' ')) result += c;
    return result;
}

// `overwrite` with a name in it, or without: what to write where this installation was asked for.
std::string overwrite_word(OverwriteBy by) { return by == OverwriteBy::option ? "--overwrite" : "rd.pando.overwrite="; }

std::string how_to_overwrite(const Lun& lun, OverwriteBy by) {
    if (lun.names.empty())
        return "if its content may be lost, erase it first, on a machine that runs: wipefs and blkdiscard";
    // One word, if there is one, needs no care with quotes.
    const auto word = std::find_if(lun.names.begin(), lun.names.end(), [](const std::string& name) {
        return name.find_first_of(" '\"") == std::string::npos;
    });
    const bool plain = word != lun.names.end();
    const std::string name = plain ? *word : squeezed(lun.names.front());
    if (by == OverwriteBy::option) return fmt::format("if its content may be lost: --overwrite '{}'", name);
    return fmt::format("if its content may be lost, boot once more with rd.pando.overwrite={}{}{}", plain ? "" : "\"",
                       name, plain ? "" : "\"");
}

// The kernel reads a new table when it is told to, unless it knows no GPT or somebody looks at the old partitions just
// then. What it has not made, it is told one by one.
Result<> ensure_nodes(const Lun& lun) {
    const UniqueFd fd(open(lun.device.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", lun.device.string());
    for (const auto& part : lun.partitions) {
        const fs::path node = partition_device(lun.device, part.number);
        if (fs::exists(node)) continue;
        blkpg_partition wanted{};
        wanted.start = static_cast<long long>(part.start);
        wanted.length = static_cast<long long>(part.size);
        wanted.pno = part.number;
        blkpg_ioctl_arg request{.op = BLKPG_ADD_PARTITION, .flags = 0, .datalen = sizeof wanted, .data = &wanted};
        if (ioctl(fd.get(), BLKPG, &request) < 0 || !fs::exists(node))
            return fail_errno(errno, "{} did not appear", node.string()).advise("is /dev a devtmpfs?");
    }
    return {};
}

Result<> in_time(Deadline deadline) {
    if (deadline.passed()) return fail("not done in time").kind(ErrorKind::timeout);
    return {};
}

// Exclusive: fails while the LUN, or a partition of it, is mounted or otherwise in use here.
Result<> refuse_in_use(const fs::path& device) {
    const UniqueFd exclusive(open(device.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    if (!exclusive.valid()) return fail_errno(errno, "{} is in use", device.string());
    return {};
}

Result<> name_root(const fs::path& device, const char* name, Deadline deadline) {
    (void)TRY(run_ok({.argv = {"sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", "--part-label", device.string(),
                               std::to_string(root_number), name},
                      .deadline = deadline.capped(partition_time)}));
    return flush_lun(device);
}

// A bundle of this cluster: what the blades will look for on it.
Result<> require_bundle(const config::Cluster& cluster, const fs::path& device) {
    const auto store = TRY(open_partition(TRY(open_store(device)), partition_bundle));
    (void)TRY(config::read_newest(*store, cluster.name));
    return {};
}

Result<> format(const config::Cluster& cluster, const fs::path& device, Deadline deadline) {
    std::vector<std::string> argv = {"mkfs.gfs2",
                                     "-q",
                                     "-O",
                                     "-p",
                                     "lock_dlm",
                                     "-t",
                                     cluster.lock_table(),
                                     "-j",
                                     std::to_string(cluster.journals())};
    if (cluster.root.uuid) argv.insert(argv.end(), {"-U", *cluster.root.uuid});
    argv.push_back(partition_device(device, root_number));
    TRY(refuse_in_use(device));
    TRY(ensure_nodes(TRY(read_lun(device))));
    (void)TRY(run_ok({.argv = argv, .deadline = deadline.capped(format_time)}));
    return {};
}

// The root, mounted for us alone: no other node can have it, for its partition has no name to be found by yet.
class Mounted {
public:
    static Result<Mounted> mount(const fs::path& device, bool read_only, Deadline deadline) {
        TRY(in_time(deadline));
        TRY(load_filesystem());
        auto directory = TRY(TemporaryDirectory::create("/run", "pando-install"));
        const fs::path node = partition_device(device, root_number);
        const unsigned long flags = read_only ? MS_NOATIME | MS_RDONLY : MS_NOATIME;
        if (::mount(node.c_str(), directory.path().c_str(), "gfs2", flags, "lockproto=lock_nolock,acl") < 0)
            return fail_errno(errno, "mounting {}", node.string()).advise("the kernel's log has the reason: dmesg");
        return Mounted(std::move(directory));
    }
    Mounted(Mounted&& other) noexcept
        : directory_(std::move(other.directory_)), mounted_(std::exchange(other.mounted_, false)) {}
    Mounted& operator=(Mounted&&) = delete;
    ~Mounted() {
        if (mounted_) umount2(directory_.path().c_str(), MNT_DETACH);
    }
    // With the data on the LUN.
    Result<> unmount() {
        UniqueFd fd(open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd.valid() || syncfs(fd.get()) < 0) return fail_errno(errno, "flushing the new root");
        fd.reset();
        if (umount2(path().c_str(), 0) < 0) return fail_errno(errno, "unmounting the new root");
        mounted_ = false;
        return {};
    }
    const fs::path& path() const { return directory_.path(); }

private:
    explicit Mounted(TemporaryDirectory directory) : directory_(std::move(directory)) {}

    static Result<> load_filesystem() {
        if (TRY(read_file("/proc/filesystems")).find("\tgfs2\n") != std::string::npos) return {};
        (void)TRY(run_ok({.argv = {"modprobe", "gfs2"}}));
        return {};
    }
    TemporaryDirectory directory_;
    bool mounted_ = true;
};

Result<> populate(const config::Cluster& cluster, const InstallOptions& options, Deadline deadline) {
    auto root = TRY(Mounted::mount(options.device, false, deadline));
    TRY(unpack_archive(options.archive, root.path(), deadline));
    // The archive is prepared for the built-in policy; the cluster's own rules come in addition.
    TRY(cdsl::prepare(root.path(), TRY(cdsl::policy_for_root(cluster))).execute(Plan::Mode::apply, deadline));
    const auto content = TRY(Content::from_json(TRY(read_file(root.path() / content_file))));
    const nlohmann::json installed = {{"key", content.key},      {"files", content.files},
                                      {"cluster", cluster.name}, {"archive", options.archive},
                                      {"installed", utc_now()},  {"version", PANDO_VERSION}};
    TRY(write_file_atomic(root.path() / installed_file, installed.dump(1) + "\n", 0600));
    TRY(root.unmount());
    return flush_lun(options.device);
}

Result<> read_back(const InstallOptions& options, Deadline deadline) {
    auto root = TRY(Mounted::mount(options.device, true, deadline));
    const auto content = TRY(verify_content(root.path(), deadline));
    TRY(verify_installed(root.path(), content.key));
    log::info("{} files, {:.0f} MB; {} of them read back right", content.files,
              static_cast<double>(content.bytes) / 1e6, content.sample.size());
    return root.unmount();
}

}  // namespace

Result<> refuse_unless_free(const Lun& lun, const InstallOptions& options) {
    const std::string who = fmt::format("{} ({})", lun.device.string(), fmt::join(lun.names, ", "));
    if (lun.size < least_lun_size)
        return bad_input("{} has {}, a root needs {}", who, megabytes(lun.size), megabytes(least_lun_size))
            .advise("export a larger LUN");
    if (!options.overwrite.empty()) {
        // Also on a blank LUN: whoever names one and means another must hear of it.
        const std::string wanted = squeezed(options.overwrite);
        const auto is_wanted = [&](const std::string& name) { return squeezed(name) == wanted; };
        if (std::none_of(lun.names.begin(), lun.names.end(), is_wanted))
            return bad_input("{} is not {}", who, options.overwrite)
                .advise(fmt::format("{} takes one of the names in parentheses", overwrite_word(options.overwrite_by)));
    }
    const LunState state = state_of(lun);
    if (state == LunState::unfinished) return {};
    if (state == LunState::installed && !options.overwrite.empty()) return {};
    if (state == LunState::installed)
        return bad_input("{} is not empty: it holds an installed root of Pando", who)
            .advise(how_to_overwrite(lun, options.overwrite_by));
    const std::string what = state == LunState::blank       ? "it is blank"
                             : state == LunState::preparing ? "its preparation was cut short"
                                                            : fmt::format("it holds {}", lun.holds);
    return bad_input("{} is not prepared for a cluster: {}", who, what)
        .advise(fmt::format("write the cluster's description to it, on a machine that sees it: pando bundle write "
                            "--initial --lun LUN {}cluster.yaml",
                            state == LunState::foreign ? "--overwrite NAME-OF-THE-LUN " : ""));
}

Result<> install(const config::Cluster& cluster, const InstallOptions& options, Plan::Mode mode, Deadline deadline) {
    const auto lun = TRY(read_lun(options.device));
    if (!lun.is_device)
        return bad_input("{} is no block device", options.device.string()).advise("name the whole LUN, as in /dev/sda");
    TRY(refuse_unless_free(lun, options));
    const fs::path device = options.device;
    TRY(require_bundle(cluster, device));
    // What the LUN itself cannot tell: a filesystem begun by a run before this one counts for nothing.
    bool formatted = false, populated = false, verified = false;

    const auto flag_set_by = [](bool& flag, std::function<Result<>()> work) {
        return [&flag, work = std::move(work)]() -> Result<> {
            TRY(work());
            flag = true;
            return {};
        };
    };
    Plan plan;
    plan.add({.text = fmt::format("name the partition {}", partition_unfinished),
              .done = [&]() -> Result<bool> { return state_of(TRY(read_lun(device))) == LunState::unfinished; },
              .apply = [&]() -> Result<> {
                  TRY(refuse_in_use(device));
                  return name_root(device, partition_unfinished, deadline);
              }});
    plan.add(
        {.text = fmt::format("format {} as gfs2: lock table {}, {} journals",
                             partition_device(device, root_number).string(), cluster.lock_table(), cluster.journals()),
         .done = [&]() -> Result<bool> { return formatted; },
         .apply = flag_set_by(formatted, [&] { return format(cluster, device, deadline); })});
    plan.add({.text = fmt::format("unpack {}", options.archive),
              .done = [&]() -> Result<bool> { return populated; },
              .apply = flag_set_by(populated, [&] { return populate(cluster, options, deadline); })});
    plan.add({.text = "read it back",
              .done = [&]() -> Result<bool> { return verified; },
              .apply = flag_set_by(verified, [&] { return read_back(options, deadline); })});
    plan.add(
        {.text = fmt::format("name the partition {}", partition_root),
         .done = [&]() -> Result<bool> { return state_of(TRY(read_lun(device))) == LunState::installed && verified; },
         .apply = [&] { return name_root(device, partition_root, deadline); }});
    auto done = plan.execute(mode, deadline);
    if (done || done.error().kind != ErrorKind::timeout || !done.error().advice.empty()) return done;
    return Failure(done.error())
        .advise(options.overwrite_by == OverwriteBy::option
                    ? "is the LUN, or the way to the archive, slow? Run it again: it begins anew"
                    : "is the LUN, or the way to the archive, slow? boot.stages: install: in cluster.yaml gives it "
                      "more time; the next boot begins anew");
}

}  // namespace pando::rootfs
