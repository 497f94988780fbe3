#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "dataset_builder.hpp"
#include "imaging/gateway_uploads.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>

namespace qiao::imaging {
namespace {

namespace fs = std::filesystem;
using State = GatewayUpload::State;

class GatewayUploadsTest : public testing::Test {
protected:
    GatewayUploadsTest() {
        std::string name = testing::TempDir() + "uploads-XXXXXX";
        folder_ = mkdtemp(name.data());
        archive_ = std::make_unique<Archive>(ArchiveOptions{.folder = folder_, .index_place = folder_ + "/imaging.db", .full_percent = 101}, clock_, metrics_);
        uploads_ = std::make_unique<GatewayUploads>(*archive_, folder_ + "/gateway");
    }
    ~GatewayUploadsTest() override {
        archive_.reset();
        fs::remove_all(folder_);
    }

    struct Object {
        std::string file, digest, sop;
    };
    static Object object(const std::string& sop, const std::string& name = "Zhang^San") {
        test::ImageSpec spec;
        spec.study = "2.25.5";
        spec.series = "2.25.5.1";
        spec.instance = sop;
        spec.name = name;
        const std::string data = test::image(spec);
        FileMeta meta;
        meta.transfer_syntax = "1.2.840.10008.1.2.1";
        meta.sop_class = "1.2.840.10008.5.1.4.1.1.2";
        meta.sop_instance = sop;
        return {make_file_meta(meta) + data, to_hex(sha256(data)), sop};
    }
    GatewayUpload send(const Object& one, std::uint64_t offset, std::size_t size, std::int64_t gateway = 1) {
        return uploads_->append(gateway, {one.digest, one.sop, offset, one.file.size(), std::string_view(one.file).substr(offset, size)}, {1, "CT1", "", ""});
    }
    std::string code_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const Error& error) {
            return std::string(error.code());
        }
        return "none";
    }
    std::size_t parts() const {
        std::size_t count = 0;
        for (const auto& file : fs::recursive_directory_iterator(folder_ + "/gateway")) count += file.is_regular_file() ? 1 : 0;
        return count;
    }

    std::string folder_;
    SystemClock clock_;
    Metrics metrics_;
    std::unique_ptr<Archive> archive_;
    std::unique_ptr<GatewayUploads> uploads_;
};

TEST_F(GatewayUploadsTest, InOnePieceOrInSeveral) {
    const Object whole = object("2.25.5.1.1");
    EXPECT_EQ(send(whole, 0, whole.file.size()).state, State::stored);
    EXPECT_EQ(send(whole, 0, whole.file.size()).state, State::stored) << "again: it is there";
    const Object pieces = object("2.25.5.1.2");
    EXPECT_EQ(send(pieces, 0, 100).offset, 100U);
    EXPECT_EQ(uploads_->find(1, pieces.digest, pieces.sop).offset, 100U);
    EXPECT_EQ(uploads_->find(2, pieces.digest, pieces.sop).offset, 0U) << "another gateway sees nothing of it";
    EXPECT_EQ(code_of([&] { send(pieces, 50, 100); }), "imaging.upload_offset");
    EXPECT_EQ(code_of([&] { send(pieces, 200, 100); }), "imaging.upload_offset");
    EXPECT_EQ(code_of([&] { send(pieces, 100, 10, 2); }), "imaging.upload_offset") << "nor goes on with it";
    EXPECT_EQ(send(pieces, 100, pieces.file.size()).state, State::stored);
    EXPECT_EQ(uploads_->find(1, pieces.digest, pieces.sop).state, State::stored);
    EXPECT_EQ(parts(), 0U);
    EXPECT_EQ(archive_->store().instances("2.25.5").size(), 2U);
}

TEST_F(GatewayUploadsTest, AllBytesHereButNotFiledGoOn) {
    const Object one = object("2.25.5.1.1");
    send(one, 0, 100);
    std::ofstream(folder_ + "/gateway/1/" + one.digest, std::ios::binary) << one.file;  // as a kill before the archive leaves it
    EXPECT_EQ(uploads_->find(1, one.digest, one.sop).offset, one.file.size());
    EXPECT_EQ(send(one, one.file.size() - 1, 1).state, State::stored);
    EXPECT_EQ(parts(), 0U);
    // And as a kill behind the archive leaves it.
    std::ofstream(folder_ + "/gateway/1/" + one.digest, std::ios::binary) << one.file;
    EXPECT_EQ(send(one, one.file.size() - 1, 1).state, State::stored);
    EXPECT_EQ(parts(), 0U);
}

TEST_F(GatewayUploadsTest, OtherBytesThanAnnouncedAreNotKept) {
    Object one = object("2.25.5.1.1");
    one.file.back() = static_cast<char>(one.file.back() ^ 1);
    EXPECT_EQ(code_of([&] { send(one, 0, one.file.size()); }), "imaging.digest_mismatch");
    send(one, 0, 100);
    EXPECT_EQ(code_of([&] { send(one, 100, one.file.size()); }), "imaging.digest_mismatch");
    EXPECT_EQ(parts(), 0U) << "the next try begins anew";
    Object other = object("2.25.5.1.2");
    other.sop = "2.25.5.1.3";
    EXPECT_EQ(code_of([&] { send(other, 0, other.file.size()); }), "imaging.digest_mismatch");
    EXPECT_TRUE(archive_->store().instances("2.25.5").empty());
}

TEST_F(GatewayUploadsTest, WhatContradictsIsKeptAndNotSentAgain) {
    const Object first = object("2.25.5.1.1");
    const Object second = object("2.25.5.1.1", "Li^Si");
    EXPECT_EQ(send(first, 0, first.file.size()).state, State::stored);
    EXPECT_EQ(send(second, 0, second.file.size()).state, State::kept);
    EXPECT_EQ(uploads_->find(1, second.digest, second.sop).state, State::kept);
}

TEST_F(GatewayUploadsTest, BadOnesAreRefused) {
    const Object one = object("2.25.5.1.1");
    const auto append = [&](GatewayPiece piece) { return code_of([&] { uploads_->append(1, piece, {1, "CT1", "", ""}); }); };
    for (const std::string& digest : {std::string(), std::string("../../etc/passwd"), std::string(64, 'G'), std::string(63, 'a'), one.digest + "/x"}) {
        EXPECT_EQ(append({digest, one.sop, 0, 10, "x"}), "imaging.bad_upload") << digest;
        EXPECT_EQ(code_of([&] { uploads_->find(1, digest, one.sop); }), "imaging.bad_upload") << digest;
    }
    EXPECT_EQ(append({one.digest, "no uid", 0, 10, "x"}), "imaging.bad_upload");
    EXPECT_EQ(append({one.digest, one.sop, 0, 0, ""}), "imaging.bad_upload");
    EXPECT_EQ(append({one.digest, one.sop, 0, 1, "xx"}), "imaging.bad_upload");
    EXPECT_EQ(append({one.digest, one.sop, ~0ULL, 10, "x"}), "imaging.bad_upload");
    EXPECT_EQ(append({one.digest, one.sop, 9, 10, "xx"}), "imaging.bad_upload");
    EXPECT_EQ(append({one.digest, one.sop, 0, kGatewayObject_bytes + 1, "x"}), "imaging.object_too_large");
    EXPECT_EQ(parts(), 0U);
    for (int number = 0; number < kGatewayUnfinished; ++number) EXPECT_EQ(append({to_hex(sha256(std::to_string(number))), one.sop, 0, 10, "x"}), "none");
    EXPECT_EQ(append({to_hex(sha256("one more")), one.sop, 0, 10, "x"}), "imaging.too_many_uploads");
    EXPECT_EQ(send(one, 0, one.file.size()).state, State::stored) << "what comes in one piece needs no place";
}

}  // namespace
}  // namespace qiao::imaging
