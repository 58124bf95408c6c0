// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/iscsi_store.h"

#include "config/register.h"
#include "config/slots.h"
#include "initrd/ip_batch.h"
#include "tests/integration/initrd/target.h"

#include <gmock/gmock.h>
#include <thread>

namespace pando::test {
namespace {

using namespace initrd;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

constexpr uint64_t bundle_at = 1U << 20U;  // sfdisk begins the first partition here

Deadline soon() { return Deadline::after(seconds(20)); }

std::string pattern(size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(seed + i * 31 + i / 251);
    return bytes;
}

class IscsiStoreTest : public TargetTest {
protected:
    std::string in_the_file(uint64_t at, size_t size) const {
        const UniqueFd fd(open(lun().c_str(), O_RDONLY | O_CLOEXEC));
        std::string bytes(size, '\0');
        EXPECT_EQ(pread(fd.get(), bytes.data(), size, static_cast<off_t>(at)), static_cast<ssize_t>(size));
        return bytes;
    }
    std::unique_ptr<Store> opened(Milliseconds call_limit = iscsi_call_limit) const {
        auto store = open_iscsi_store(iscsi(), initiator, soon(), call_limit);
        EXPECT_TRUE(store) << store.error().what;
        return store ? std::move(*store) : nullptr;
    }
    static Error refused(const config::Iscsi& iscsi, Milliseconds patience) {
        const auto begin = since_boot();
        const auto store = open_iscsi_store(iscsi, initiator, Deadline::after(patience));
        EXPECT_LT(since_boot() - begin, patience + seconds(3));
        EXPECT_FALSE(store) << "opened";
        return store ? Error{} : store.error();
    }
};

TEST_F(IscsiStoreTest, WhatIsWrittenIsOnTheDiskAndIsReadBack) {
    partition();
    start();
    const auto store = opened();
    ASSERT_TRUE(store);
    EXPECT_EQ(store->size(), 64U << 20U);
    EXPECT_THAT(store->name(), AllOf(HasSubstr("pando-bundle"), HasSubstr(target_name), HasSubstr("127.0.0.1")));
    // One block, several commands' worth, and the last block of the partition.
    const std::pair<uint64_t, size_t> places[] = {
        {0, 4096}, {8192, 1U << 20U}, {(4U << 20U) + 4096, 300 * 4096}, {(64U << 20U) - 4096, 4096}};
    unsigned seed = 1;
    for (const auto& [at, size] : places) {
        const std::string bytes = pattern(size, ++seed);
        const auto written = store->write(at, bytes);
        ASSERT_TRUE(written) << written.error().what;
        EXPECT_EQ(in_the_file(bundle_at + at, size), bytes);
        EXPECT_EQ(*store->read(at, size), bytes);
    }
    EXPECT_FALSE(store->read(64U << 20U, 4096)) << "beyond the partition";
    EXPECT_FALSE(store->write(512, std::string(4096, 'x'))) << "no whole block";
}

TEST_F(IscsiStoreTest, ABundleAndAClaimGoThroughIt) {
    partition();
    start();
    const auto store = opened();
    ASSERT_TRUE(store);
    for (uint64_t generation = 1; generation <= 3; ++generation) {
        const config::Bundle bundle{"grove", generation, {{"cluster.yaml", pattern(700'000, 3)}}};
        const auto written = config::write_slot(*store, bundle);
        ASSERT_TRUE(written) << written.error().what;
    }
    const auto newest = config::read_newest(*opened(), "grove");
    ASSERT_TRUE(newest) << newest.error().what;
    EXPECT_EQ(newest->generation, 3U);
    ASSERT_TRUE(config::write_claim(*store, {7, "n7", {}, "boot", config::ClaimState::booting, 1, 3}));
    const auto claims = config::read_claims(*opened());
    ASSERT_TRUE(claims) << claims.error().what;
    ASSERT_EQ(claims->size(), 1U);
    EXPECT_EQ(claims->front().node, "n7");
}

TEST_F(IscsiStoreTest, ATargetThatWasStartedAnewBetweenTwoCallsIsNotNoticed) {
    partition();
    start();
    const auto store = opened();
    ASSERT_TRUE(store);
    const std::string bytes = pattern(598'016, 5);
    ASSERT_TRUE(store->write(0, bytes));
    stop();
    start();
    const auto again = store->read(0, bytes.size());
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(*again, bytes);
    stop();
    start();
    const auto written = store->write(0, pattern(4096, 6));
    ASSERT_TRUE(written) << written.error().what;
    EXPECT_EQ(in_the_file(bundle_at, 4096), pattern(4096, 6));
}

TEST_F(IscsiStoreTest, ATargetThatIsAwayForSomeSecondsIsWaitedFor) {
    partition();
    start();
    const auto store = opened();
    ASSERT_TRUE(store);
    stop();
    Result<std::string> read = fail("not read");
    std::thread reader([&] { read = store->read(0, 4096); });
    // It is refused at first: nothing listens.
    pollfd none{-1, 0, 0};
    (void)poll(&none, 1, 2500);
    start();
    reader.join();
    EXPECT_TRUE(read) << read.error().what;
}

TEST_F(IscsiStoreTest, ATargetThatStaysAwayEndsACallWithinItsBoundAndIsFoundLater) {
    partition();
    start();
    const auto store = opened(seconds(3));
    ASSERT_TRUE(store);
    stop();
    const auto begin = since_boot();
    const auto read = store->read(0, 4096);
    EXPECT_FALSE(read);
    EXPECT_LT(since_boot() - begin, seconds(6));
    EXPECT_THAT(read.error().what, HasSubstr("out of reach"));
    start();
    EXPECT_TRUE(store->read(0, 4096));
}

TEST_F(IscsiStoreTest, ATargetThatHangsEndsACallWithinItsBound) {
    partition();
    start();
    const auto store = opened(seconds(3));
    ASSERT_TRUE(store);
    ASSERT_EQ(kill(target_pid(), SIGSTOP), 0);
    const auto begin = since_boot();
    const auto read = store->read(0, 4096);
    EXPECT_FALSE(read);
    EXPECT_LT(since_boot() - begin, seconds(6));
    // The kernel still takes connections for it: the login is what gets no answer.
    const Error error = refused(iscsi(), seconds(3));
    EXPECT_THAT(error.what, HasSubstr("no answer to the login in time"));
    ASSERT_EQ(kill(target_pid(), SIGCONT), 0);
    EXPECT_TRUE(store->read(0, 4096));
}

TEST_F(IscsiStoreTest, AWrongTargetNameIsARefusedLogin) {
    start();
    auto wrong = iscsi();
    wrong.target = "iqn.2026-01.org.example:other";
    const Error error = refused(wrong, seconds(2));
    EXPECT_THAT(error.what, AllOf(HasSubstr("iqn.2026-01.org.example:other"), HasSubstr("portal 127.0.0.1:3260"),
                                  HasSubstr("the target refused the login: unknown target name")));
    EXPECT_THAT(error.advice, AllOf(HasSubstr("does it export this target"), HasSubstr(initiator)));
}

TEST_F(IscsiStoreTest, AWrongLunIsToldAsThat) {
    start();
    auto wrong = iscsi();
    wrong.lun = 5;
    const Error error = refused(wrong, seconds(2));
    EXPECT_THAT(error.what, HasSubstr("the target has no LUN 5"));
    EXPECT_THAT(error.advice, HasSubstr("does it have LUN 5"));
}

TEST_F(IscsiStoreTest, APortalThatRefusesOrDoesNotAnswerIsBoundedAndNamed) {
    const Error nobody = refused(iscsi(), seconds(2));
    EXPECT_THAT(nobody.what, HasSubstr("portal 127.0.0.1:3260: out of reach"));
    EXPECT_THAT(nobody.advice, HasSubstr("no portal answers"));
    EXPECT_EQ(nobody.kind, ErrorKind::timeout);
    // A cable to a machine that is not there: no refusal comes either.
    for (const char* command :
         {"link add void0 type veth peer name void1", "address add 192.0.2.1/24 dev void0", "link set dev void0 up",
          "link set dev void1 up", "neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev void0"}) {
        const auto done = ip_batch({command}, soon());
        ASSERT_TRUE(done) << done.error().what;
    }
    auto away = iscsi();
    away.portals = {"192.0.2.9"};
    EXPECT_THAT(refused(away, seconds(3)).what, HasSubstr("portal 192.0.2.9: out of reach"));
    // The next portal of the list is taken.
    partition();
    start();
    away.portals = {"192.0.2.9", "127.0.0.1"};
    const auto store = open_iscsi_store(away, initiator, soon());
    EXPECT_TRUE(store) << store.error().what;
}

TEST_F(IscsiStoreTest, ALunWithoutOurPartitionIsToldAtOnce) {
    start();
    const auto begin = since_boot();
    EXPECT_THAT(refused(iscsi(), seconds(20)).what, HasSubstr("no GPT partition table"));
    ASSERT_TRUE(run_ok({.argv = {"sfdisk", "--quiet", lun().string()}, .input = "label: gpt\nname=other\n"}));
    const Error error = refused(iscsi(), seconds(20));
    EXPECT_THAT(error.what, HasSubstr("no partition pando-bundle"));
    EXPECT_THAT(error.advice, HasSubstr("pando bundle write --initial"));
    EXPECT_LT(since_boot() - begin, seconds(10));
}

}  // namespace
}  // namespace pando::test
