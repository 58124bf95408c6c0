// SPDX-License-Identifier: GPL-2.0-or-later
// pando image refresh: the boot files on a node follow the root. dpkg's hook runs it after packages have changed
// (pando-image.service).
#include "initrd/image_refresh.h"

#include "base/file.h"
#include "cli/bundle_files.h"
#include "cli/command.h"
#include "config/slots.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {

Action declare_image_refresh(CLI::App& app) {
    auto output = std::make_shared<std::filesystem::path>(initrd::image_home);
    app.add_option("--output", *output, "where `pando image build` has put them")->capture_default_str();
    return [output]() -> Result<int> {
        TRY(initrd::recorded_build(*output));
        const auto bundle = TRY(config::read_live_bundle());
        const auto work = TRY(TemporaryDirectory::create("/run/pando", ".image"));  // keys and passwords: in memory
        TRY(write_bundle_files(bundle, work.path()));
        const auto image = TRY(initrd::refresh_image("/", *output, work.path() / "cluster.yaml"));
        if (image)
            fmt::print("{}: made anew, kernel {}\n", output->string(), image->kernel);
        else
            fmt::print("{}: nothing has changed that the boot files are made of\n", output->string());
        return 0;
    };
}

}  // namespace pando::cli
