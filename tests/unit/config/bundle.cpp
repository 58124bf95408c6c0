// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/bundle.h"

#include "base/process.h"
#include "base/sha256.h"
#include "config/authkey.h"
#include "tests/unit/config/golden.h"
#include "tests/unit/config/sample.h"

#include <sys/stat.h>
#include <chrono>

namespace pando::test {
namespace {

using namespace config;
using testing::HasSubstr;

class BundleTest : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "pando-bundle");
        ASSERT_TRUE(made);
        directory_.emplace(std::move(*made));
        ASSERT_TRUE(write_file_atomic(yaml(), sample));
        ASSERT_TRUE(make_authkey(key()));
    }
    std::filesystem::path yaml() const { return directory_->path() / "cluster.yaml"; }
    std::filesystem::path key() const { return directory_->path() / "authkey"; }
    Bundle made(uint64_t generation = 7) const {
        auto bundle = make_bundle(yaml(), generation);
        EXPECT_TRUE(bundle) << bundle.error().what;
        return bundle ? *bundle : Bundle{};
    }
    std::optional<TemporaryDirectory> directory_;
};

std::string refused(std::string_view blob) {
    const auto bundle = decode(blob);
    EXPECT_FALSE(bundle) << "accepted";
    return bundle ? std::string() : bundle.error().what;
}

// A blob with a right header around any payload.
std::string framed(const std::string& payload, const std::string& format = "1", const std::string& cluster = "grove") {
    return fmt::format("PANDO-BUNDLE {} cluster={} generation=7 bytes={} sha256={}\n{}", format, cluster,
                       payload.size(), sha256(payload), payload);
}

TEST_F(BundleTest, ComesBackAsItWas) {
    const Bundle bundle = made();
    const auto again = decode(encode(bundle));
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(again->cluster, "grove");
    EXPECT_EQ(again->generation, 7U);
    EXPECT_EQ(again->files, bundle.files);
    EXPECT_EQ(again->files.at("cluster.yaml"), sample);
    EXPECT_EQ(again->files.at("authkey").size(), authkey_made);
    const auto cluster = again->description();
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->lock_table(), "grove:root");
}

TEST_F(BundleTest, TheSameInputGivesTheSameBytes) { EXPECT_EQ(encode(made()), encode(made())); }

TEST_F(BundleTest, AnyContentOfAnyLengthComesBack) {
    Bundle bundle{"grove", 1, {}};
    std::string content;
    for (size_t length = 0; length < 300; ++length) {
        bundle.files["f"] = content;
        const auto again = decode(encode(bundle));
        ASSERT_TRUE(again) << length << again.error().what;
        EXPECT_EQ(again->files.at("f"), content);
        content += static_cast<char>(length * 7);
    }
}

TEST_F(BundleTest, EveryTruncationIsCalledTorn) {
    const std::string blob = encode(made());
    EXPECT_THAT(refused(""), HasSubstr("empty"));
    for (size_t length = 1; length < blob.size(); ++length) {
        const auto bundle = decode(std::string_view(blob).substr(0, length));
        ASSERT_FALSE(bundle) << length;
        if (length >= 13) {
            EXPECT_THAT(bundle.error().what, HasSubstr("torn")) << length;
        }
    }
}

TEST_F(BundleTest, EveryFlippedBitIsSeen) {
    std::string blob = encode(made());
    for (size_t at = 0; at < blob.size(); ++at) {
        const char old = blob[at];
        blob[at] = static_cast<char>(old ^ (1 << (at % 8)));
        EXPECT_FALSE(decode(blob)) << at;
        blob[at] = old;
    }
    EXPECT_TRUE(decode(blob));
}

TEST_F(BundleTest, ForeignFutureOversizedAndDamagedOnesAreToldApart) {
    EXPECT_THAT(refused("#!/bin/sh\n"), HasSubstr("no Pando bundle"));
    EXPECT_THAT(refused(std::string(4096, '\0')), HasSubstr("no Pando bundle"));
    EXPECT_THAT(refused(framed("{}", "2")), HasSubstr("version 2, this Pando reads up to 1"));
    EXPECT_THAT(refused("PANDO-BUNDLE 1 cluster=g generation=1 bytes=5000000 sha256=" + std::string(64, 'a') + "\n"),
                HasSubstr("the limit is"));
    EXPECT_THAT(refused("PANDO-BUNDLE 1 cluster=g\n"), HasSubstr("header is damaged"));
    EXPECT_THAT(refused("PANDO-BUNDLE \n"), HasSubstr("header is damaged"));
    EXPECT_THAT(refused("PANDO-BUNDLE 1 " + std::string(100'000, 'x')), HasSubstr("torn"));
    std::string blob = encode(made());
    blob[blob.size() - 3] ^= 1;
    EXPECT_THAT(refused(blob), HasSubstr("checksum"));
    EXPECT_THAT(refused(encode(made()) + "x"), HasSubstr("followed by something else"));
}

TEST_F(BundleTest, ZerosOfASlotMayFollow) { EXPECT_TRUE(decode(encode(made()) + std::string(100'000, '\0'))); }

TEST(BundleContent, IsNotTrustedForItsChecksum) {
    for (const char* payload :
         {"", "[]", "{}", "{", R"({"cluster":"other","generation":7,"files":{}})",
          R"({"cluster":"grove","generation":8,"files":{}})", R"({"cluster":"grove","generation":7})",
          R"({"cluster":"grove","generation":7,"files":[]})", R"({"cluster":"grove","generation":7,"files":{"a":1}})",
          R"({"cluster":"grove","generation":7,"files":{"../a":""}})",
          R"({"cluster":"grove","generation":7,"files":{".a":""}})",
          R"({"cluster":"grove","generation":7,"files":{"a":"!!!!"}})",
          R"({"cluster":"grove","generation":7,"files":{"a":"QQ="}})",
          R"({"cluster":"grove","generation":7,"files":{"a":"QR=="}})"})
        EXPECT_THAT(refused(framed(payload)), HasSubstr("not written by Pando")) << payload;
    EXPECT_TRUE(decode(framed(R"({"cluster":"grove","generation":7,"files":{"a":"QQ=="}})")));
}

TEST_F(BundleTest, IsMadeOnlyOfWhatIsRight) {
    ASSERT_TRUE(write_file_atomic(yaml(), with("id: 1", "id: 0")));
    const auto bundle = make_bundle(yaml(), 1);
    ASSERT_FALSE(bundle);
    EXPECT_EQ(bundle.error().kind, ErrorKind::bad_input);
}

TEST_F(BundleTest, RefusesAKeyThatIsMissingShortLongOrReadByOthers) {
    const auto said = [&] {
        const auto bundle = make_bundle(yaml(), 1);
        EXPECT_FALSE(bundle);
        EXPECT_EQ(bundle.error().kind, ErrorKind::bad_input);
        EXPECT_FALSE(bundle.error().advice.empty());
        return bundle.error().what;
    };
    ASSERT_TRUE(write_file_atomic(key(), std::string(127, 'k'), 0400));
    EXPECT_THAT(said(), HasSubstr("127 bytes"));
    ASSERT_TRUE(write_file_atomic(key(), std::string(4097, 'k'), 0400));
    EXPECT_THAT(said(), HasSubstr("4097 bytes"));
    ASSERT_TRUE(write_file_atomic(key(), std::string(256, 'k'), 0640));
    EXPECT_THAT(said(), HasSubstr("may be read by others"));
    std::filesystem::remove(key());
    EXPECT_THAT(said(), HasSubstr("No such file"));
}

TEST_F(BundleTest, FilesThatFenceDevicesNameComeFromBesideAndAreSecrets) {
    std::string text(sample);
    const std::string options = "ip: 10.0.0.102";
    ASSERT_NE(text.find(options), std::string::npos);
    text.insert(text.find(options), "password_script: /etc/pando/ask, ");
    ASSERT_TRUE(write_file_atomic(yaml(), text));
    auto refused = make_bundle(yaml(), 1);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, AllOf(HasSubstr("password_script of fence device"), HasSubstr("No such file")));
    EXPECT_THAT(refused.error().advice, HasSubstr("beside cluster.yaml"));

    ASSERT_TRUE(write_file_atomic(directory_->path() / "ask", "#!/bin/sh\necho secret\n", 0755));
    refused = make_bundle(yaml(), 1);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("may be read by others"));

    ASSERT_TRUE(write_file_atomic(directory_->path() / "ask", "#!/bin/sh\necho secret\n", 0700));
    const Bundle bundle = made();
    const auto again = decode(encode(bundle));
    ASSERT_TRUE(again) << again.error().what;
    const auto cluster = again->description();
    ASSERT_TRUE(cluster) << cluster.error().what;
    const auto files = again->agent_files(*cluster);
    ASSERT_TRUE(files) << files.error().what;
    EXPECT_EQ(files->at("/etc/pando/ask"), "#!/bin/sh\necho secret\n");

    Bundle older = bundle;  // of a pando that did not know of such files
    older.files.erase(bundled_name("/etc/pando/ask"));
    EXPECT_THAT(older.agent_files(*cluster).error().what, HasSubstr("does not bring /etc/pando/ask"));
}

TEST_F(BundleTest, IsCheckedAsAWholeBeforeItIsWrittenToALun) {
    const Bundle right = made();
    EXPECT_TRUE(check_bundle(right));
    const auto complaint = [&](auto change) {
        Bundle wrong = right;
        change(wrong);
        const auto checked = check_bundle(wrong);
        EXPECT_FALSE(checked) << "accepted";
        return checked ? std::string() : checked.error().what;
    };
    EXPECT_THAT(complaint([](Bundle& b) { b.files.erase("cluster.yaml"); }), HasSubstr("no cluster.yaml"));
    EXPECT_THAT(complaint([](Bundle& b) { b.files["cluster.yaml"] = "cluster: {"; }), HasSubstr("cluster.yaml"));
    EXPECT_THAT(complaint([](Bundle& b) { b.cluster = "wood"; }), HasSubstr("of cluster grove, the bundle of wood"));
    EXPECT_THAT(complaint([](Bundle& b) { b.files.erase("authkey"); }), HasSubstr("no authkey"));
    EXPECT_THAT(complaint([](Bundle& b) { b.files["authkey"] = "short"; }), HasSubstr("has 5 bytes"));
    EXPECT_THAT(complaint([](Bundle& b) { b.files["cluster.yaml"] = with("id: 2", "id: 1025"); }),
                HasSubstr("room for ids up to 1024"));
    EXPECT_THAT(complaint([](Bundle& b) { b.files["more"] = std::string(4 << 20, 'x'); }), HasSubstr("the limit is"));
}

TEST_F(BundleTest, ANewKeyIsForRootAloneAndNeverReplacesOne) {
    const auto file = directory_->path() / "fresh";
    ASSERT_TRUE(make_authkey(file));
    struct stat status {};
    ASSERT_EQ(stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0400U);
    EXPECT_EQ(status.st_size, 256);
    const auto first = read_authkey(file);
    ASSERT_TRUE(first);
    const auto second = make_authkey(file);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(*read_authkey(file), *first);
    EXPECT_NE(*read_authkey(key()), *first);
    EXPECT_FALSE(make_authkey(directory_->path() / "nowhere" / "key"));
    EXPECT_EQ(list_directory(directory_->path())->size(), 3U) << "something was left behind";
}

TEST_F(BundleTest, IsReadInAMoment) {
    const std::string blob = encode(made());
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(decode(blob)->description());
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));  // some milliseconds each
}

}  // namespace
}  // namespace pando::test
