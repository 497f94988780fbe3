#include "imaging/study_resource.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "dataset_builder.hpp"
#include "imaging/search_store.hpp"
#include "imaging/study_access.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <thread>

namespace qiao::imaging {
namespace {

constexpr const char* kIssuer = "urn:test:county";

class StudyResourceTest : public testing::Test {
protected:
    StudyResourceTest() {
        std::string name = testing::TempDir() + "study-XXXXXX";
        folder_ = mkdtemp(name.data());
        database_ = storage::open_sqlite(folder_ + "/record.db", storage::Durability::full);
        writer_ = std::make_unique<storage::Writer>(*database_, clock_, metrics_);
        database_->migrate(record::record_migrations());
        record_ = record::open_record(*database_, *writer_, clock_, metrics_);
        ArchiveOptions options;
        options.folder = folder_;
        options.index_place = folder_ + "/imaging.db";
        options.record_place = folder_ + "/record.db";
        options.quiet = std::chrono::milliseconds(30);
        options.full_percent = 101;
        archive_ = std::make_unique<Archive>(options, clock_, metrics_);
        resources_ = std::make_unique<StudyResources>(*archive_, *record_);
        archive_->start(resources_.get());
    }
    ~StudyResourceTest() override {
        archive_.reset();
        resources_.reset();
        record_.reset();
        writer_.reset();
        database_.reset();
        std::filesystem::remove_all(folder_);
    }

    std::unique_ptr<record::Work> work() { return record_->begin(record::ReadFilter::system("test"), record::Actor::system("TREAT")); }

    /// @param grantee  who sees the patient; 0 = nobody
    std::string patient(const std::string& id, const std::string& name, const std::string& birth, std::int64_t grantee = 0) {
        auto one = work();
        const auto reference = one->create_text(R"({"resourceType":"Patient","identifier":[{"system":")" + std::string(kIssuer) + R"(","value":")" + id +
                                                R"("}],"name":[{"text":")" + name + R"("}],"gender":"male","birthDate":")" + birth + R"("})");
        if (grantee != 0)
            one->also([this, reference, grantee](storage::Group& group, const record::Work::RidOf& rid_of) {
                record_->reach_patient(group, rid_of(reference), grantee, "test", clock_.now() - std::chrono::hours(1), clock_.now() + std::chrono::hours(1));
            });
        one->commit();
        return reference;
    }
    void ingest(int number = 1) {
        test::ImageSpec spec;
        spec.instance = "1.2.3.4.1." + std::to_string(number);
        spec.name = "Zhang^San=张^三";
        const auto dataset = test::image(spec);
        const auto walked = walk(dataset, {});
        FileMeta meta;
        meta.transfer_syntax = "1.2.840.10008.1.2.1";
        EXPECT_EQ(archive_->ingest(*walked, meta, dataset, sha256(dataset), {1, "CT1", "", kIssuer}).outcome, IngestResult::Outcome::stored);
    }
    Study settled() {
        for (int i = 0; i < 200; ++i) {
            if (archive_->store().pending().empty()) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return archive_->store().study("1.2.3.4").value();
    }
    std::int64_t rows_for(std::int64_t grantee) {
        Viewer viewer;
        viewer.filter.scope = record::ReadFilter::Scope::standing;
        viewer.filter.grantees = {grantee};
        return search_studies(archive_->store(), viewer, StudyQuery(), clock_.now()).rows;
    }

    std::string folder_;
    SystemClock clock_;
    Metrics metrics_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Writer> writer_;
    std::unique_ptr<record::Record> record_;
    std::unique_ptr<Archive> archive_;
    std::unique_ptr<StudyResources> resources_;
};

TEST_F(StudyResourceTest, MatchesWhatAgreesAndFollowsTheRecordsAccess) {
    const auto reference = patient("P1", "张三", "1970-02-03", 7);
    ingest(1);
    const auto study = settled();
    EXPECT_EQ(study.patient_ref, reference);
    ASSERT_NE(study.rid, 0);
    const auto resource = record_->read(record::ReadFilter::system("test"))->get(study.resource).value();
    EXPECT_EQ(resource["subject"]["reference"].text(), reference);
    EXPECT_EQ(resource["numberOfInstances"].integer(), 1);
    EXPECT_EQ(resource["identifier"].at(0)["value"].text(), "urn:oid:1.2.3.4");
    EXPECT_EQ(rows_for(7), 1);
    EXPECT_EQ(rows_for(8), 0);
    ingest(2);
    settled();
    EXPECT_EQ(record_->read(record::ReadFilter::system("test"))->get(study.resource).value()["numberOfInstances"].integer(), 2);
    auto end = work();
    end->also([this](storage::Group& group, const record::Work::RidOf&) { record_->end_reach(group, "test"); });
    patient("P9", "王五", "1980-01-01");
    end->commit();
    EXPECT_EQ(rows_for(7), 0);
}

TEST_F(StudyResourceTest, LinksNothingOnANameAlone) {
    patient("P2", "张三", "1970-02-03");
    patient("P1", "李四", "1970-02-03");
    ingest();
    EXPECT_EQ(settled().rid, 0);
    EXPECT_EQ(archive_->store().unmatched(1).size(), 1U);
    EXPECT_EQ(archive_->store().unmatched(2).size(), 0U);
}

TEST_F(StudyResourceTest, AttachesAndDetachesByDecision) {
    ingest();
    EXPECT_EQ(settled().rid, 0);
    const auto reference = patient("P1", "张三", "1970-02-04");
    auto dropped = work();
    resources_->attach(*dropped, "1.2.3.4", reference);
    {
        auto second = work();
        EXPECT_THROW(resources_->attach(*second, "1.2.3.4", reference), Error) << "two at once";
    }
    dropped.reset();
    EXPECT_EQ(settled().rid, 0);
    auto one = work();
    const auto resource = resources_->attach(*one, "1.2.3.4", reference);
    one->commit();
    EXPECT_EQ(settled().resource, resource);
    auto other = work();
    EXPECT_THROW(resources_->attach(*other, "1.2.3.4", "Patient/other"), Error);
    other.reset();
    auto two = work();
    resources_->detach(*two, "1.2.3.4");
    two->commit();
    EXPECT_EQ(settled().rid, 0);
    EXPECT_FALSE(record_->read(record::ReadFilter::system("test"))->search("ImagingStudy", "identifier=urn:dicom:uid%7Curn:oid:1.2.3.4").matches.size() > 0);
    // A person has said no: matching again must not say yes.
    patient("P1", "张三", "1970-02-03");
    resources_->match_again();
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    EXPECT_EQ(settled().rid, 0);
    auto unknown = work();
    EXPECT_THROW(resources_->attach(*unknown, "9.9", reference), Error);
}

TEST_F(StudyResourceTest, MatchesWhenThePatientComesLater) {
    ingest();
    EXPECT_EQ(settled().rid, 0);
    const auto reference = patient("P1", "张三", "1970-02-03");
    resources_->match_again();
    for (int i = 0; i < 100 && archive_->store().study("1.2.3.4")->rid == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(archive_->store().study("1.2.3.4")->patient_ref, reference);
}

TEST_F(StudyResourceTest, FindsItsResourceAgainAfterALostLink) {
    patient("P1", "张三", "1970-02-03");
    ingest();
    const auto study = settled();
    ASSERT_NE(study.rid, 0);
    archive_->store().link("1.2.3.4", 0, {}, {});
    resources_->match_again();
    for (int i = 0; i < 100 && archive_->store().study("1.2.3.4")->rid == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(archive_->store().study("1.2.3.4")->resource, study.resource);
}

}  // namespace
}  // namespace qiao::imaging
