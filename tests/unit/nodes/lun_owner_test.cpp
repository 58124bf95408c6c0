// SPDX-License-Identifier: GPL-2.0-or-later
// A LUN that another cluster has.
#include "nodes/lun_bundle.h"

#include "base/fd.h"
#include "base/file.h"
#include "config/slots.h"
#include "tests/unit/config/sample.h"

#include <fcntl.h>
#include <unistd.h>

namespace pando::test {
namespace {

using nodes::write_bundle_to_lun;

config::Bundle bundle_of(const std::string& cluster) {
    return {
        cluster, 0, {{"cluster.yaml", with("name: grove", "name: " + cluster)}, {"authkey", std::string(256, 'k')}}};
}
Deadline soon() { return Deadline::after(std::chrono::seconds(60)); }

TEST(LunOwner, IsNamedByWhoTakesItsLunAndLosesNothingBefore) {
    const auto work = TemporaryDirectory::create("/tmp", "pando-lun-owner");
    ASSERT_TRUE(work) << work.error().what;
    const auto lun = work->path() / "lun";
    const UniqueFd fd(open(lun.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(ftruncate(fd.get(), off_t(8) << 30), 0);
    const auto try_it = [&](const char* cluster, const std::string& overwrite, bool initial) {
        return bool(nodes::may_write_bundle_to_lun(bundle_of(cluster),
                                                   {.lun = lun, .initial = initial, .overwrite = overwrite}));
    };
    EXPECT_FALSE(try_it("grove", "", false)) << "the LUN is blank";
    EXPECT_TRUE(try_it("grove", "", true));
    EXPECT_FALSE(nodes::open_bundle_of_lun(lun)) << "a trial changes nothing";
    const auto first = write_bundle_to_lun(bundle_of("grove"), {.lun = lun, .initial = true, .overwrite = ""}, soon());
    ASSERT_TRUE(first) << first.error().what;

    const auto store = nodes::open_bundle_of_lun(lun);
    ASSERT_TRUE(store) << store.error().what;
    for (const char* named : {"", "forest"}) {
        EXPECT_FALSE(try_it("orchard", named, false)) << named;
        EXPECT_FALSE(write_bundle_to_lun(bundle_of("orchard"), {.lun = lun, .overwrite = named}, soon())) << named;
        EXPECT_TRUE(config::read_newest(**store, "grove")) << named;
    }
    EXPECT_TRUE(try_it("orchard", "grove", false));
    EXPECT_TRUE(config::read_newest(**store, "grove")) << "a trial changes nothing";
    const auto taken = write_bundle_to_lun(bundle_of("orchard"), {.lun = lun, .overwrite = "grove"}, soon());
    ASSERT_TRUE(taken) << taken.error().what;
    EXPECT_EQ(config::read_newest(**store, "orchard").value().generation, 1U);
    EXPECT_FALSE(config::read_newest(**store, "grove"));
}

}  // namespace
}  // namespace pando::test
