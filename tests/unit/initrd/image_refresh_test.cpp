// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/image_refresh.h"

#include "base/file.h"

#include <gmock/gmock.h>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ImageRefresh : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(testing::TempDir(), "refresh");
        ASSERT_TRUE(made);
        work_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        options_ = {.root = work() / "root", .cluster_yaml = work() / "cluster.yaml", .output = work() / "out"};
        fs::copy_file(fs::path(TEST_DATA) / "../../docs/examples/cluster.yaml", options_.cluster_yaml);
        for (const auto& directory : {options_.root / "var/lib/dpkg", options_.root / "boot", options_.output})
            ASSERT_TRUE(make_directories(directory));
        ASSERT_TRUE(write_file_atomic(options_.root / "var/lib/dpkg/status", "Package: kmod\nVersion: 1\n"));
        kernel("6.1.0-1");
    }
    fs::path work() const { return work_->path(); }
    void kernel(const std::string& version) const {
        const fs::path modules = options_.root / "usr/lib/modules" / version;
        ASSERT_TRUE(make_directories(modules));
        ASSERT_TRUE(write_file_atomic(modules / "modules.dep", ""));
        ASSERT_TRUE(write_file_atomic(options_.root / "boot" / ("vmlinuz-" + version), ""));
    }
    std::string now() const {
        const auto made_of = ingredients(options_);
        EXPECT_TRUE(made_of) << made_of.error().what;
        return made_of.value_or("");
    }

    std::unique_ptr<TemporaryDirectory> work_;
    ImageOptions options_;
};

TEST_F(ImageRefresh, WhatAnImageIsMadeOfShowsEveryChange) {
    const std::string before = now();
    EXPECT_EQ(now(), before);

    ASSERT_TRUE(write_file_atomic(options_.root / "var/lib/dpkg/status", "Package: kmod\nVersion: 2\n"));
    const std::string packages = now();
    EXPECT_NE(packages, before);

    kernel("6.1.0-2");
    const std::string kernels = now();
    EXPECT_NE(kernels, packages);

    const std::string yaml = *read_file(options_.cluster_yaml);
    ASSERT_TRUE(write_file_atomic(options_.cluster_yaml, yaml + "# another\n"));
    EXPECT_NE(now(), kernels);
}

TEST_F(ImageRefresh, ABuildIsRecordedAsItWasAskedFor) {
    options_.kernel = "6.1.0-1";
    options_.any_machine = true;
    options_.machines = {"/root/blade.json"};
    ASSERT_TRUE(record_build(options_, {.kernel = "6.1.0-1"}, "digest"));
    const auto build = recorded_build(options_.output);
    ASSERT_TRUE(build) << build.error().what;
    EXPECT_EQ(build->kernel, "6.1.0-1");
    EXPECT_TRUE(build->any_machine);
    EXPECT_THAT(build->machines, ElementsAre("/root/blade.json"));
    EXPECT_EQ(build->made_of, "digest");
    EXPECT_EQ(build->built_kernel, "6.1.0-1");
}

TEST_F(ImageRefresh, NothingIsBuiltWhenNothingHasChanged) {
    ASSERT_TRUE(record_build(options_, {.kernel = "6.1.0-1"}, now()));
    const auto refreshed = refresh_image(options_.root, options_.output, options_.cluster_yaml);
    ASSERT_TRUE(refreshed) << refreshed.error().what;
    EXPECT_FALSE(refreshed->has_value());

    // A change is followed: the build begins, and this tree is none that could be built from.
    ASSERT_TRUE(write_file_atomic(options_.root / "var/lib/dpkg/status", "Package: kmod\nVersion: 2\n"));
    const auto built = refresh_image(options_.root, options_.output, options_.cluster_yaml);
    ASSERT_FALSE(built);
    EXPECT_THAT(built.error().what, HasSubstr("has no /usr/bin/dracut"));
}

TEST_F(ImageRefresh, WithoutAFirstBuildItIsSaidHowToMakeOne) {
    const auto none = refresh_image(options_.root, options_.output, options_.cluster_yaml);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().advice, HasSubstr("pando image build"));
    ASSERT_TRUE(write_file_atomic(options_.output / "image.json", "{"));
    const auto broken = refresh_image(options_.root, options_.output, options_.cluster_yaml);
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().what, HasSubstr("image.json"));
}

}  // namespace
}  // namespace pando::initrd
