#include "imaging/dicomweb.hpp"

#include "base/json_value.hpp"
#include "dataset_builder.hpp"
#include "imaging/part10.hpp"
#include "imaging/render.hpp"
#include "imaging/series_blob.hpp"
#include "imaging/study_match.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <filesystem>
#include <fstream>

namespace qiao::imaging {
namespace {

std::string bytes_of(const http::Response& response) {
    std::string all = response.body;
    for (const auto& part : response.parts) {
        if (const auto* text = std::get_if<std::string>(&part)) all += *text;
        if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&part)) all += **shared;
        if (const auto* range = std::get_if<http::FileRange>(&part)) {
            std::string piece(range->length, '\0');
            EXPECT_EQ(pread(range->file->descriptor(), piece.data(), piece.size(), static_cast<off_t>(range->offset)), static_cast<ssize_t>(piece.size()));
            all += piece;
        }
    }
    return all;
}

/// What a reader makes of gzip that stops at the end of the first member, as browsers do; fails when something is left.
std::string first_member(std::string bytes) {
    z_stream zlib{};
    inflateInit2(&zlib, 15 + 16);
    std::string text(1 << 20, '\0');
    zlib.next_in = reinterpret_cast<unsigned char*>(bytes.data());
    zlib.avail_in = static_cast<uInt>(bytes.size());
    zlib.next_out = reinterpret_cast<unsigned char*>(text.data());
    zlib.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(inflate(&zlib, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(zlib.avail_in, 0U);
    text.resize(zlib.total_out);
    inflateEnd(&zlib);
    return text;
}

std::string header_of(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return {};
}

std::string file_of(const std::string& dataset, const std::string& syntax = "1.2.840.10008.1.2.1") {
    FileMeta meta;
    meta.transfer_syntax = syntax;
    meta.sop_class = "1.2.840.10008.5.1.4.1.1.2";
    const auto walked = walk(dataset, {.implicit = false, .encapsulated = syntax != "1.2.840.10008.1.2.1"});
    if (walked) meta.sop_instance = walked->first(tag::kSopInstanceUid);
    return make_file_meta(meta) + dataset;
}

class DicomwebTest : public testing::Test {
protected:
    DicomwebTest() {
        std::string name = testing::TempDir() + "dicomweb-XXXXXX";
        folder_ = mkdtemp(name.data());
        ArchiveOptions options;
        options.folder = folder_;
        options.index_place = folder_ + "/imaging.db";
        options.full_percent = 101;
        archive_ = std::make_unique<Archive>(options, clock_, metrics_);
        access_ = std::make_unique<StudyAccess>(archive_->store(), clock_, StudyAccess::Epoch(), StudyAccess::OnOpen());
        DicomwebPorts ports;
        ports.viewer = [this](const http::Request&) {
            Viewer viewer;
            if (sees_) viewer.filter = record::ReadFilter::system("test");
            viewer.actor.session8 = sees_ ? "a" : "b";
            return viewer;
        };
        ports.uploader = [this](const http::Request&, const Viewer&) { return stores_ ? std::optional(Source{1, "STOW", "", ""}) : std::nullopt; };
        dicomweb_ = std::make_unique<Dicomweb>(*archive_, *access_, ports);
        dicomweb_->add_routes(router_);
    }
    ~DicomwebTest() override {
        archive_.reset();
        std::filesystem::remove_all(folder_);
    }

    http::Response ask(const std::string& path, std::vector<http::Header> headers = {}, http::Method method = http::Method::get, std::string body = {}) {
        http::Request request;
        request.method = method;
        request.target = path;
        request.path = path.substr(0, path.find('?'));
        if (path.find('?') != std::string::npos) request.query = path.substr(path.find('?') + 1);
        request.headers = std::move(headers);
        request.body = std::move(body);
        return router_.handle(request);
    }
    http::Response stow(const std::vector<std::string>& files, const std::string& path = "/dicomweb/studies") {
        std::string body;
        for (const auto& file : files) body += "--b\r\nContent-Type: application/dicom\r\n\r\n" + file + "\r\n";
        return ask(path, {{"content-type", "multipart/related; type=\"application/dicom\"; boundary=b"}}, http::Method::post, body + "--b--\r\n");
    }

    std::string folder_;
    SystemClock clock_;
    Metrics metrics_;
    bool sees_ = true;
    bool stores_ = true;
    std::unique_ptr<Archive> archive_;
    std::unique_ptr<StudyAccess> access_;
    std::unique_ptr<Dicomweb> dicomweb_;
    http::Router router_;
    const std::string instance_ = "/dicomweb/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.1.1";
};

TEST_F(DicomwebTest, StoresAndSaysWhatItDidNot) {
    EXPECT_EQ(stow({file_of(test::image({}))}).status, 200);
    EXPECT_EQ(stow({file_of(test::image({}))}).status, 200);
    const auto mixed = stow({file_of(test::image({})), "no DICOM at all"});
    EXPECT_EQ(mixed.status, 202);
    const auto answer = json::parse(mixed.body);
    ASSERT_TRUE(answer) << mixed.body;
    EXPECT_EQ((*answer)["00081199"]["Value"].size(), 1U);
    EXPECT_EQ((*answer)["00081198"]["Value"].at(0)["00081197"]["Value"].at(0).integer(), 0xC000);
    EXPECT_EQ(stow({file_of(test::image({}), "1.2.840.10008.1.2.2")}).status, 409);
    EXPECT_EQ(stow({file_of(test::image({}))}, "/dicomweb/studies/9.9").status, 409);
    EXPECT_EQ(ask("/dicomweb/studies", {{"content-type", "application/json"}}, http::Method::post, "{}").status, 415);
    EXPECT_EQ(ask("/dicomweb/studies", {{"content-type", "application/dicom"}, {"content-encoding", "gzip"}}, http::Method::post, "x").status, 415);
    EXPECT_EQ(
        ask("/dicomweb/studies", {{"content-type", "multipart/related; type=\"application/dicom\"; boundary=b"}}, http::Method::post, "--b\r\n\r\ncut").status,
        400);
    stores_ = false;
    EXPECT_EQ(stow({file_of(test::image({}))}).status, 403);
    EXPECT_EQ(archive_->store().refusals(10).size(), 3U);
}

TEST_F(DicomwebTest, GivesBackTheSameBytes) {
    const auto dataset = test::image({});
    stow({file_of(dataset)});
    const auto single = ask(instance_, {{"accept", "application/dicom; transfer-syntax=*"}});
    EXPECT_EQ(single.status, 200);
    const auto file = bytes_of(single);
    const auto meta = read_file_meta(file);
    ASSERT_TRUE(meta);
    EXPECT_EQ(file.substr(meta->dataset_offset), dataset);
    EXPECT_EQ(header_of(single, "Vary"), "Cookie, Accept");
    EXPECT_EQ(ask(instance_, {{"if-none-match", header_of(single, "ETag")}}).status, 304);
    const auto range = ask(instance_, {{"accept", "application/dicom; transfer-syntax=*"}, {"range", "bytes=128-131"}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(bytes_of(range), "DICM");
    EXPECT_EQ(ask(instance_, {{"accept", "application/dicom"}, {"range", "bytes=99999999-"}}).status, 416);
    EXPECT_NE(bytes_of(ask("/dicomweb/studies/1.2.3.4")).find(dataset), std::string::npos);
}

TEST_F(DicomwebTest, ServesFrames) {
    test::ImageSpec spec;
    spec.frames = 3;
    auto dataset = test::image(spec);
    for (std::size_t i = 0; i < 96; ++i) dataset[dataset.size() - 96 + i] = static_cast<char>(i);
    stow({file_of(dataset)});
    const auto frames = dataset.substr(dataset.size() - 96);
    const auto one = ask(instance_ + "/frames/2", {{"accept", "application/octet-stream; transfer-syntax=*"}});
    EXPECT_EQ(bytes_of(one), frames.substr(32, 32));
    const auto many = ask(instance_ + "/frames/3,1", {{"accept", "multipart/related; type=application/octet-stream; transfer-syntax=*"}});
    const auto body = bytes_of(many);
    EXPECT_LT(body.find(frames.substr(64, 32)), body.find(frames.substr(0, 32)));
    EXPECT_NE(many.content_type.find("multipart/related; type=\"application/octet-stream\""), std::string::npos);
    EXPECT_EQ(ask(instance_ + "/frames/4").status, 404);
    for (const auto* wrong : {"0", "x", "1,,2", "-1"}) EXPECT_EQ(ask(instance_ + "/frames/" + wrong).status, 400) << wrong;
    EXPECT_EQ(ask(instance_ + "/frames/1", {{"accept", "image/jpeg"}}).status, 406);
}

TEST_F(DicomwebTest, ProvesTheBytesOfAFrame) {
    stow({file_of(test::image({}))});
    const auto row = archive_->store().instances("1.2.3.4").front();
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/packs")) {
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(row.byte_offset + row.dataset_offset + row.pixel_offset + 3));
        file.put('!');
    }
    EXPECT_EQ(ask(instance_ + "/frames/1").status, 500);
}

TEST_F(DicomwebTest, HidesWhatIsNotTheirs) {
    stow({file_of(test::image({}))});
    EXPECT_EQ(ask(instance_ + "/frames/1").status, 200);
    sees_ = false;
    for (const auto* rest : {"", "/metadata", "/frames/1", "/rendered", "/thumbnail", "/bulkdata/0/10"}) EXPECT_EQ(ask(instance_ + rest).status, 404) << rest;
    EXPECT_EQ(ask("/dicomweb/studies").body, "[]");
}

TEST_F(DicomwebTest, AnswersMetadata) {
    for (int number = 1; number <= 70; ++number) {
        test::ImageSpec spec;
        spec.instance = "1.2.3.4.1." + std::to_string(number);
        spec.number = number;
        stow({file_of(test::image(spec))});
    }
    const auto plain = ask("/dicomweb/studies/1.2.3.4/series/1.2.3.4.1/metadata");
    const auto parsed = json::parse(plain.body);
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed->size(), 70U);
    EXPECT_EQ(parsed->at(69)["00200013"]["Value"].at(0).integer(), 70);
    const auto zipped = ask("/dicomweb/studies/1.2.3.4/metadata", {{"accept-encoding", "br, gzip"}});
    EXPECT_EQ(header_of(zipped, "Content-Encoding"), "gzip");
    EXPECT_EQ(first_member(bytes_of(zipped)), plain.body);
    EXPECT_EQ(ask("/dicomweb/studies/1.2.3.4/series/9/metadata").status, 404);
    const auto uri = parsed->at(0)["7FE00010"]["BulkDataURI"].text();
    EXPECT_EQ(bytes_of(ask(uri, {{"accept", "application/octet-stream"}})), std::string(32, 7));
}

TEST_F(DicomwebTest, MetadataOfSeveralSeriesIsOneGzipMember) {
    class : public StudySink {
        void study_stable(const Study&) override {}
    } sink;
    archive_->start(&sink);
    for (int number = 1; number <= 9; ++number) {
        test::ImageSpec spec;
        spec.series = "1.2.3.4." + std::to_string(number % 3 + 1);
        spec.instance = spec.series + "." + std::to_string(number);
        spec.number = number;
        stow({file_of(test::image(spec))});
    }
    const std::string path = "/dicomweb/studies/1.2.3.4/metadata";
    const http::Header gzip{"accept-encoding", "gzip"};
    const auto on_the_fly = ask(path, {gzip});
    archive_->release({"1.2.3.4"});
    for (int i = 0; i < 200 && !archive_->store().pending().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (const auto& series : archive_->store().series_meta(archive_->store().study("1.2.3.4")->id)) EXPECT_TRUE(series.run) << series.uid;
    const auto stored = ask(path, {gzip});
    const auto plain = ask(path);
    EXPECT_EQ(first_member(bytes_of(stored)), plain.body);
    EXPECT_EQ(bytes_of(stored), bytes_of(on_the_fly)) << "what is kept is what would be made now";
    const auto parsed = json::parse(plain.body);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->size(), 9U);

    EXPECT_NE(header_of(stored, "ETag"), header_of(plain, "ETag")) << "other bytes, another name";
    EXPECT_EQ(header_of(stored, "ETag"), header_of(on_the_fly, "ETag"));
    EXPECT_EQ(header_of(stored, "Vary"), "Cookie, Accept-Encoding");
    const auto again = ask(path, {gzip, {"if-none-match", header_of(stored, "ETag")}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(bytes_of(again), "");
    EXPECT_EQ(header_of(again, "Cache-Control"), "private, no-cache");
    EXPECT_EQ(ask(path, {{"if-none-match", header_of(stored, "ETag")}}).status, 200);
    EXPECT_EQ(ask(path, {{"accept-encoding", "gzip;q=0"}}).body, plain.body);
    test::ImageSpec more;
    more.series = "1.2.3.4.2";
    more.instance = "1.2.3.4.2.99";
    more.number = 99;
    stow({file_of(test::image(more))});
    const auto changed = ask(path, {gzip, {"if-none-match", header_of(stored, "ETag")}});
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(json::parse(first_member(bytes_of(changed)))->size(), 10U);
    sees_ = false;
    EXPECT_EQ(ask(path, {gzip, {"if-none-match", header_of(changed, "ETag")}}).status, 404) << "who may not see it is not told that it is unchanged";
}

TEST_F(DicomwebTest, RefusesToConvertCompressedPixels) {
    auto dataset = test::image({});
    dataset.resize(dataset.size() - 44);
    const std::string jpeg("\xFF\xD8\xFF\xE0 pretended", 14);
    dataset += test::element_of_length(0x7FE00010, "OB", test::item("") + test::item(jpeg), 0xFFFFFFFFU) + test::tag_bytes(0xFFFEE0DD) + std::string(4, '\0');
    ASSERT_EQ(stow({file_of(dataset, "1.2.840.10008.1.2.4.70")}).status, 200);
    EXPECT_EQ(bytes_of(ask(instance_ + "/frames/1", {{"accept", "application/octet-stream; transfer-syntax=*"}})), jpeg);
    EXPECT_EQ(bytes_of(ask(instance_ + "/frames/1", {{"accept", "image/jpeg"}})), jpeg);
    for (const auto* path : {"/rendered", "/thumbnail", "/frames/1", "/frames/1/rendered", ""}) {
        const auto refused = ask(instance_ + path);
        EXPECT_EQ(refused.status, 406) << path;
        EXPECT_NE(refused.body.find("JPEG Lossless SV1"), std::string::npos) << refused.body;
    }
}

TEST_F(DicomwebTest, RendersPictures) {
    test::ImageSpec spec;
    spec.rows = spec.columns = 64;
    stow({file_of(test::image(spec))});
    const auto picture = ask(instance_ + "/rendered?window=40,80,sigmoid&viewport=32,32&quality=90");
    EXPECT_EQ(picture.status, 200);
    EXPECT_EQ(picture.body.substr(0, 2), "\xFF\xD8");
    EXPECT_EQ(ask("/dicomweb/studies/1.2.3.4/thumbnail").content_type, "image/jpeg");
    for (const auto* query : {"window=1", "window=a,b", "window=1,0", "window=1,2,cubic", "viewport=0,5", "viewport=9", "quality=0", "quality=101",
                              "annotation=patient", "colour=1"})
        EXPECT_EQ(ask(instance_ + "/rendered?" + query).status, 400) << query;
    EXPECT_EQ(ask(instance_ + "/rendered", {{"accept", "image/png"}}).status, 406);
}

Walked grey_header(int stored, bool is_signed, const std::string& photometric = "MONOCHROME2") {
    Walked header;
    const auto add = [&](Tag tag, std::string text) { header.values.push_back({tag, std::move(text), 0, 0}); };
    add(tag::kSamplesPerPixel, "1");
    add(tag::kPhotometric, photometric);
    add(tag::kRows, "1");
    add(tag::kColumns, "4");
    add(tag::kBitsAllocated, "16");
    add(tag::kBitsStored, std::to_string(stored));
    add(tag::kHighBit, std::to_string(stored - 1));
    add(tag::kPixelRepresentation, is_signed ? "1" : "0");
    return header;
}

TEST(Render, AppliesWindowSignAndDirtyBits) {
    // 12 bits stored, signed, with bits above the high bit set: −2048, −1, 0, 2047.
    const std::string frame("\x00\xF8\xFF\xFF\x00\xF0\xFF\x07", 8);
    RenderOptions options;
    options.window = Window{0, 2, Window::Function::linear_exact};
    const auto picture = render(grey_header(12, true), frame, options);
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->pixels, std::string("\x00\x00\x80\xFF", 4));
    const auto inverted = render(grey_header(12, true, "MONOCHROME1"), frame, options);
    EXPECT_EQ(inverted->pixels, std::string("\xFF\xFF\x7F\x00", 4));
    options.window = Window{0.5, 1, Window::Function::linear};
    EXPECT_EQ(render(grey_header(12, true), frame, options)->pixels, std::string("\x00\x00\x00\xFF", 4));
    EXPECT_FALSE(render(grey_header(20, true), frame, options));
    EXPECT_FALSE(render(grey_header(12, true, "PALETTE COLOR"), frame, options));
}

TEST(StudyMatch, ComparesIdentities) {
    Study study;
    study.name = "Zhang^San=张^三";
    study.birth = "19700203";
    study.sex = "M";
    const auto patient = [](const char* text) { return *json::parse(text); };
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"text":"张三"}],"birthDate":"1970-02-03","gender":"male"})")).none());
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"family":"San","given":["Zhang"]}],"birthDate":"1970-02-03","gender":"male"})")).none());
    study.name = "ZHANG SAN";
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"text":"张三"}],"birthDate":"1970-02-03","gender":"male"})")).none());
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"text":"李四"}],"birthDate":"1970-02-03","gender":"male"})")).name);
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"text":"张三"}],"birthDate":"1970-02-04","gender":"male"})")).birth_date);
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"text":"张三"}],"birthDate":"1970-02-03","gender":"female"})")).sex);
    study.birth.clear();
    EXPECT_TRUE(compare_identity(study, patient(R"({"name":[{"text":"张三"}],"gender":"male"})")).birth_date);
}

}  // namespace
}  // namespace qiao::imaging
