#include "imaging/archive.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/json_value.hpp"
#include "dataset_builder.hpp"
#include "imaging/search_store.hpp"
#include "imaging/study_access.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <thread>

namespace qiao::imaging {
namespace {

class ArchiveTest : public testing::Test {
protected:
    ArchiveTest() {
        std::string name = testing::TempDir() + "archive-XXXXXX";
        folder_ = mkdtemp(name.data());
        viewer_.filter = record::ReadFilter::system("test");
    }
    ~ArchiveTest() override {
        archive_.reset();
        std::filesystem::remove_all(folder_);
    }

    Archive& archive(bool rebuild = false) {
        if (!archive_) {
            ArchiveOptions options;
            options.folder = folder_;
            options.index_place = folder_ + "/imaging.db";
            options.quiet = std::chrono::milliseconds(50);
            options.rebuild = rebuild;
            options.full_percent = 101;
            archive_ = std::make_unique<Archive>(options, clock_, metrics_);
        }
        return *archive_;
    }
    void close() { archive_.reset(); }

    IngestResult ingest(const test::ImageSpec& spec, const Source& source = {1, "CT1", "", ""}) {
        const auto dataset = test::image(spec);
        const auto walked = walk(dataset, {.site_charset = source.charset});
        EXPECT_TRUE(walked);
        FileMeta meta;
        meta.transfer_syntax = kExplicit;
        return archive().ingest(*walked, meta, dataset, sha256(dataset), source);
    }
    json::Value search(QueryLevel level, std::vector<std::pair<std::string, std::string>> matches) {
        StudyQuery query;
        query.level = level;
        query.matches = std::move(matches);
        const auto found = search_studies(archive().store(), viewer_, query, clock_.now());
        const auto parsed = json::parse(found.json);
        EXPECT_TRUE(parsed) << found.json;
        return *parsed;
    }
    std::size_t count(std::vector<std::pair<std::string, std::string>> matches) { return search(QueryLevel::study, std::move(matches)).size(); }

    static constexpr const char* kExplicit = "1.2.840.10008.1.2.1";
    std::string folder_;
    SystemClock clock_;
    Metrics metrics_;
    Viewer viewer_;
    std::unique_ptr<Archive> archive_;
};

test::ImageSpec image(const std::string& study, int number, const std::string& name = "Zhang^San") {
    test::ImageSpec spec;
    spec.study = study;
    spec.series = study + ".1";
    spec.instance = study + ".1." + std::to_string(number);
    spec.number = number;
    spec.name = name;
    return spec;
}

TEST_F(ArchiveTest, KeepsBytesAndCounts) {
    for (int number = 1; number <= 3; ++number) EXPECT_EQ(ingest(image("1.2.3", number)).outcome, IngestResult::Outcome::stored);
    const auto study = archive().store().study("1.2.3");
    ASSERT_TRUE(study);
    EXPECT_EQ(study->series, 1);
    EXPECT_EQ(study->instances, 3);
    EXPECT_EQ(study->modalities, "CT");
    const auto instances = archive().store().instances("1.2.3", "1.2.3.1");
    ASSERT_EQ(instances.size(), 3U);
    EXPECT_EQ(archive().read_dataset(instances[1], 0, instances[1].byte_length - instances[1].dataset_offset), test::image(image("1.2.3", 2)));
    const auto header = json::parse(archive().header_json(instances[0]));
    ASSERT_TRUE(header);
    EXPECT_EQ((*header)["00083002"]["Value"].at(0).text(), kExplicit);
}

TEST_F(ArchiveTest, TakesAResendAndKeepsAContradiction) {
    EXPECT_EQ(ingest(image("1.2.3", 1)).outcome, IngestResult::Outcome::stored);
    EXPECT_EQ(ingest(image("1.2.3", 1)).outcome, IngestResult::Outcome::stored);
    EXPECT_EQ(archive().store().study("1.2.3")->instances, 1);
    auto other = image("1.2.3", 1);
    other.fill = 9;
    EXPECT_EQ(ingest(other).outcome, IngestResult::Outcome::conflict);
    auto stranger = image("1.2.3", 2);
    stranger.patient_id = "P2";
    EXPECT_EQ(ingest(stranger).outcome, IngestResult::Outcome::conflict);
    EXPECT_EQ(ingest(image("1.2.3", 3), {2, "CT2", "", ""}).outcome, IngestResult::Outcome::conflict);
    EXPECT_EQ(archive().store().study("1.2.3")->instances, 1);
}

TEST_F(ArchiveTest, RefusesWrongUids) {
    for (auto* field : {"", "1.2.x", "1..2", ".1"}) {
        auto spec = image("1.2.3", 1);
        spec.instance = field;
        EXPECT_EQ(ingest(spec).outcome, IngestResult::Outcome::unreadable) << field;
    }
}

TEST_F(ArchiveTest, Searches) {
    auto chinese = image("1.2.1", 1, "Wang^XiaoDong=王^小东");
    chinese.date = "20260105";
    chinese.accession = "ACC-7";
    ingest(chinese);
    auto gbk = image("1.2.2", 1, "\xD5\xC5^\xC8\xFD");  // 张^三, unlabelled
    gbk.charset = "";
    gbk.modality = "MR";
    gbk.date = "20260110";
    ingest(gbk, {1, "MR1", "GB18030", ""});
    ingest(image("1.2.3", 1, "Smith^John"));
    EXPECT_EQ(count({}), 3U);
    EXPECT_EQ(count({{"AccessionNumber", "ACC-7"}}), 1U);
    EXPECT_EQ(count({{"00080050", "ACC*"}}), 1U);
    EXPECT_EQ(count({{"StudyDate", "20260103-20260107"}}), 1U);
    EXPECT_EQ(count({{"StudyDate", "20260105-"}}), 2U);
    EXPECT_EQ(count({{"StudyDate", "-20260105"}}), 2U);
    EXPECT_EQ(count({{"StudyInstanceUID", "1.2.1,1.2.3"}}), 2U);
    EXPECT_EQ(count({{"StudyInstanceUID", "1.2.1\\1.2.3"}}), 2U);
    EXPECT_EQ(count({{"ModalitiesInStudy", "MR"}}), 1U);
    for (const auto* name : {"Wang^XiaoDong", "wang*", "王^小东", "王*", "*小*", "WANG^XIAO????", "*dong*"})
        EXPECT_EQ(count({{"PatientName", name}}), 1U) << name;
    EXPECT_EQ(count({{"PatientName", "张^三"}}), 1U);
    EXPECT_EQ(count({{"PatientName", "zhangsan"}}), 1U);
    EXPECT_EQ(count({{"PatientName", "Wan"}}), 0U);
    EXPECT_EQ(count({{"PatientName", "*[a]*"}}), 0U);
    EXPECT_EQ(count({{"PatientName", "'; DROP TABLE imaging_study; --"}}), 0U);
    EXPECT_EQ(search(QueryLevel::series, {{"Modality", "CT"}}).size(), 2U);
    const auto rows = search(QueryLevel::instance, {{"SOPInstanceUID", "1.2.1.1.1"}});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.at(0)["00100010"]["Value"].at(0)["Ideographic"].text(), "王^小东");
    EXPECT_EQ(rows.at(0)["00280010"]["Value"].at(0).integer(), 4);
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"Colour", "red"}, {"StudyDate", "2026"}, {"StudyInstanceUID", "x"}, {"PixelData", "1"}})
        EXPECT_THROW(search(QueryLevel::study, {{name, value}}), Error) << name;
}

TEST_F(ArchiveTest, ShowsAStudyToWhomItConcerns) {
    ingest(image("1.2.3", 1));
    Viewer clerk;
    clerk.filter.scope = record::ReadFilter::Scope::standing;
    clerk.filter.organisations = {1};
    clerk.sees_unmatched = true;
    Viewer stranger = clerk;
    stranger.filter.organisations = {2};
    Viewer doctor = clerk;
    doctor.sees_unmatched = false;
    Viewer nobody;
    StudyQuery all;
    const auto rows = [&](const Viewer& viewer) { return search_studies(archive().store(), viewer, all, clock_.now()).rows; };
    EXPECT_EQ(rows(clerk), 1);
    EXPECT_EQ(rows(stranger), 0);
    EXPECT_EQ(rows(doctor), 0);
    EXPECT_EQ(rows(nobody), 0);
    int opened = 0;
    const std::uint64_t epoch = 1;
    StudyAccess access(
        archive().store(), clock_, [&] { return epoch; }, [&](const Viewer&, const Study&) { ++opened; });
    EXPECT_TRUE(access.open(clerk, "1.2.3"));
    EXPECT_TRUE(access.open(clerk, "1.2.3"));
    EXPECT_EQ(opened, 1);
    stranger.actor.session8 = "b";
    EXPECT_FALSE(access.open(stranger, "1.2.3"));
    // The study becomes a patient's: the clerk's pass must not outlive that.
    archive().store().link("1.2.3", 5, "ImagingStudy/x", "Patient/y");
    EXPECT_FALSE(access.open(clerk, "1.2.3"));
    EXPECT_EQ(archive().store().unmatched(1).size(), 0U);
    EXPECT_EQ(archive().store().studies_of_patient("Patient/y").size(), 1U);
}

class Listening : public StudySink {
public:
    void study_stable(const Study& study) override {
        const std::lock_guard lock(mutex);
        if (fail-- > 0) throw Error(ErrorKind::unavailable, "test.fails", "once");
        seen.push_back(study.uid + " " + std::to_string(study.instances));
    }
    std::vector<std::string> take() {
        const std::lock_guard lock(mutex);
        return seen;
    }
    std::mutex mutex;
    int fail = 0;
    std::vector<std::string> seen;
};

TEST_F(ArchiveTest, TellsWhenAStudyIsStable) {
    Listening sink;
    archive().start(&sink);
    ingest(image("1.2.3", 1));
    ingest(image("1.2.3", 2));
    for (int i = 0; i < 100 && sink.take().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(sink.take(), std::vector<std::string>{"1.2.3 2"});
    for (int i = 0; i < 100 && !archive().store().pending().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(archive().store().pending().empty());
    const auto meta = archive().store().series_meta(archive().store().study("1.2.3")->id);
    ASSERT_EQ(meta.size(), 1U);
    ASSERT_TRUE(meta[0].run);
    EXPECT_EQ(text_array({*meta[0].run}), text_array({archive().series_run("1.2.3", meta[0].uid)})) << "what is kept is what the packs say";
    ingest(image("1.2.3", 3));
    EXPECT_FALSE(archive().store().series_meta(archive().store().study("1.2.3")->id)[0].run) << "a new image makes it outdated at once";
    close();
}

/// The rows that must be equal after a rebuild, as one text.
std::string index_of(Archive& archive) {
    std::string all;
    const auto snapshot = archive.store().database().read();
    for (const auto* sql : {"SELECT uid || org_id || patient_id || name_norm || modalities || n_series || ' ' || n_instances || ' ' || bytes || source_ae || "
                            "received_at || qido_json FROM imaging_study "
                            "ORDER BY uid",
                            "SELECT uid || modality || n_instances || qido_json FROM imaging_series ORDER BY uid",
                            "SELECT uid || segment_id || ' ' || byte_offset || ' ' || byte_length || ' ' || dataset_offset || ' ' || pixel_offset || "
                            "hex(frame_table) || hex(sha256) || qido_json FROM "
                            "imaging_instance ORDER BY uid",
                            "SELECT uid || hex(sha256) || reason FROM imaging_conflict ORDER BY uid, sha256",
                            "SELECT gram || count(*) FROM imaging_name_gram GROUP BY gram ORDER BY gram"}) {
        auto rows = (*snapshot)->query(sql);
        while (rows.next()) all += std::string(rows.text(0)) + "\n";
    }
    return all;
}

TEST_F(ArchiveTest, RebuildsTheSameIndex) {
    for (int study = 1; study <= 5; ++study)
        for (int number = 1; number <= 4; ++number) ingest(image("1.2." + std::to_string(study), number, "Wang^Wei" + std::to_string(study) + "=王^伟"));
    auto other = image("1.2.1", 1);
    other.fill = 9;
    ingest(other);
    const auto before = index_of(archive());
    EXPECT_NE(before.find("other bytes"), std::string::npos);
    close();
    const auto after = index_of(archive(true));
    EXPECT_EQ(before, after);
    close();
    std::filesystem::remove(folder_ + "/imaging.db");
    std::filesystem::remove(folder_ + "/imaging.db-wal");
    EXPECT_EQ(index_of(archive()), before);
    close();
    EXPECT_EQ(index_of(archive()), before);
}

}  // namespace
}  // namespace qiao::imaging
