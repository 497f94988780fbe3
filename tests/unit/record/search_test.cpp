#include "harness.hpp"
#include "record/validate/parse.hpp"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace qiao::record::testing {
namespace {

/// A small ward: three patients, their encounters and observations.
struct Ward : Store {
    Ward() {
        auto work = begin();
        work->create_text(R"({"resourceType":"Organization","id":"org","name":"Example Hospital"})");
        work->create_text(
            R"({"resourceType":"Patient","id":"wang","identifier":[{"system":"urn:mrn","value":"A1","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]}}],"name":[{"text":"王伟","family":"王","given":["伟"]}],"gender":"male","birthDate":"1980-05-17","active":true,"managingOrganization":{"reference":"Organization/org"}})");
        work->create_text(
            R"({"resourceType":"Patient","id":"li","identifier":[{"system":"urn:mrn","value":"A2"},{"value":"bare"}],"name":[{"text":"李娜","family":"李","given":["娜"]}],"gender":"female","birthDate":"1990-01"})");
        work->create_text(R"({"resourceType":"Patient","id":"mueller","name":[{"family":"Müller","given":["Jürgen"]}],"gender":"male"})");
        work->create_text(
            R"({"resourceType":"Encounter","id":"e1","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/wang"},"period":{"start":"2026-01-10T08:00:00Z","end":"2026-01-12T08:00:00Z"}})");
        for (int i = 1; i <= 5; ++i) {
            const std::string n = std::to_string(i);
            work->create_text(
                R"({"resourceType":"Observation","id":"hr)" + n +
                R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},"subject":{"reference":"Patient/wang"},"encounter":{"reference":"Encounter/e1"},"effectiveDateTime":"2026-01-1)" +
                n + R"(T10:00:00Z","valueQuantity":{"value":)" + std::to_string(60 + 10 * i) +
                R"(,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}})");
        }
        work->create_text(
            R"({"resourceType":"Observation","id":"temp","status":"preliminary","code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}],"text":"Body temperature"},"subject":{"reference":"Patient/li"},"effectiveDateTime":"2026-02-01","valueQuantity":{"value":38.5,"system":"http://unitsofmeasure.org","code":"Cel"}})");
        work->commit();
    }
};

TEST(Search, tokens) {
    Ward ward;
    EXPECT_EQ(ward.find("Patient", "identifier=urn:mrn|A1"), "wang");
    EXPECT_EQ(ward.find("Patient", "identifier=A2"), "li");
    EXPECT_EQ(ward.find("Patient", "identifier=|bare"), "li");
    EXPECT_EQ(ward.find("Patient", "identifier=|A1"), "");
    EXPECT_EQ(ward.find("Patient", "identifier=urn:mrn|"), "li wang");
    EXPECT_EQ(ward.find("Patient", "identifier=urn:mrn|A1,urn:mrn|A2&gender=male"), "wang");
    EXPECT_EQ(ward.find("Patient", "gender:not=male"), "li");
    EXPECT_EQ(ward.find("Patient", "identifier:missing=true"), "mueller");
    EXPECT_EQ(ward.find("Patient", "identifier:missing=false&gender=male"), "wang");
    EXPECT_EQ(ward.find("Patient", "active=true"), "wang");
    EXPECT_EQ(ward.find("Patient", "gender=http://hl7.org/fhir/administrative-gender|female"), "li");
    EXPECT_EQ(ward.find("Patient", "gender=urn:other|female"), "");
    EXPECT_EQ(ward.find("Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A1"), "wang");
    EXPECT_EQ(ward.find("Observation", "code:text=heart"), "hr5 hr4 hr3 hr2 hr1");
    EXPECT_EQ(ward.find("Observation", "status=preliminary"), "temp");
}

TEST(Search, strings_in_chinese_pinyin_and_with_accents) {
    Ward ward;
    EXPECT_EQ(ward.find("Patient", "name=王"), "wang");
    EXPECT_EQ(ward.find("Patient", "name=%E7%8E%8B%E4%BC%9F"), "wang");
    EXPECT_EQ(ward.find("Patient", "name=wangwei"), "wang");
    EXPECT_EQ(ward.find("Patient", "name=wang+wei"), "wang");
    EXPECT_EQ(ward.find("Patient", "name=ww"), "wang");
    EXPECT_EQ(ward.find("Patient", "name=MULLER"), "mueller");
    EXPECT_EQ(ward.find("Patient", "family:exact=M%C3%BCller"), "mueller");
    EXPECT_EQ(ward.find("Patient", "family:exact=muller"), "");
    EXPECT_EQ(ward.find("Patient", "name:contains=rge"), "mueller");
    EXPECT_EQ(ward.find("Patient", "name=ull"), "");
    EXPECT_EQ(ward.find("Patient", "name=li,muller"), "mueller li");
    EXPECT_EQ(ward.find("Patient", "name=li&gender=female"), "li");
}

TEST(Search, dates) {
    Ward ward;
    EXPECT_EQ(ward.find("Patient", "birthdate=1980-05-17"), "wang");
    EXPECT_EQ(ward.find("Patient", "birthdate=1980"), "wang");
    EXPECT_EQ(ward.find("Patient", "birthdate=1990-01-15"), "");
    EXPECT_EQ(ward.find("Patient", "birthdate=gt1985"), "li");
    EXPECT_EQ(ward.find("Patient", "birthdate=le1980-05-17"), "wang");
    EXPECT_EQ(ward.find("Patient", "birthdate=ne1980"), "li");
    EXPECT_EQ(ward.find("Observation", "date=ge2026-01-13T00:00:00Z&date=lt2026-01-15T00:00:00Z"), "hr4 hr3");
    EXPECT_EQ(ward.find("Observation", "date=sa2026-01-31"), "temp");
    EXPECT_EQ(ward.find("Observation", "date=eb2026-01-12T00:00:00Z"), "hr1");
    EXPECT_EQ(ward.find("Encounter", "date=2026-01"), "e1");
    EXPECT_EQ(ward.find("Encounter", "date=ap2026-01-11"), "e1");
    EXPECT_EQ(ward.find("Observation", "code=http://loinc.org|8867-4&date=ge2026-01-14T00:00:00Z"), "hr5 hr4");
}

TEST(Search, a_long_period_is_found_by_any_day_in_it) {
    Ward ward;
    ward.put(
        R"({"resourceType":"Observation","id":"long","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/wang"},"effectivePeriod":{"start":"2025-06-01","end":"2026-01-14"}})");
    EXPECT_EQ(ward.find("Observation", "code=8867-4&date=ge2026-01-13T23:00:00Z"), "hr5 hr4 long");
    EXPECT_EQ(ward.find("Observation", "code=8867-4&date=ge2026-01-13&date=lt2026-01-14"), "hr3 long");
    EXPECT_EQ(ward.find("Observation", "patient=wang&code=8867-4&date=gt2026-01-12T23:00:00Z&date=lt2026-01-14"), "hr3 long");
    EXPECT_EQ(ward.find("Observation", "date=ge2026-01-13&date=lt2026-01-14"), "hr3 long");
    EXPECT_EQ(ward.find("Observation", "date=2026-01-13"), "hr3");
    EXPECT_EQ(ward.find("Observation", "date=2025"), "");
    ward.put(
        R"({"resourceType":"Observation","id":"open","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/wang"},"effectivePeriod":{"start":"2020-01-01"}})");
    EXPECT_EQ(ward.find("Observation", "code=8867-4&date=ge2026-01-15"), "hr5 open");
    EXPECT_EQ(ward.find("Observation", "status=final&date=ge2026-01-15&date=lt2026-01-16"), "hr5 open");
    ward.put(
        R"({"resourceType":"Observation","id":"no-start","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/wang"},"effectivePeriod":{"end":"2026-06-01"}})");
    EXPECT_EQ(ward.find("Observation", "code=8867-4&date=lt2025-01-01"), "no-start open");
    EXPECT_EQ(ward.find("Observation", "code=8867-4&date=eb2026-06-02&date=gt2026-05-01"), "no-start");
}

TEST(Search, references_chains_and_has) {
    Ward ward;
    EXPECT_EQ(ward.find("Observation", "subject=Patient/li"), "temp");
    EXPECT_EQ(ward.find("Observation", "patient=li"), "temp");
    EXPECT_EQ(ward.find("Observation", "subject:Patient=li"), "temp");
    EXPECT_EQ(ward.find("Observation", "patient=nobody"), "");
    EXPECT_EQ(ward.find("Observation", "patient=wang&code=8867-4&_count=2"), "hr5 hr4");
    EXPECT_EQ(ward.find("Observation", "patient.identifier=urn:mrn|A2"), "temp");
    EXPECT_EQ(ward.find("Observation", "subject:Patient.name=李"), "temp");
    EXPECT_EQ(ward.find("Observation", "subject.name=wang&code=8867-4&date=lt2026-01-12T00:00:00Z"), "hr1");
    EXPECT_EQ(ward.find("Observation", "encounter.subject:Patient.identifier=urn:mrn|A1&_sort=date&_count=2"), "hr1 hr2");
    EXPECT_EQ(ward.find("Patient", "_has:Observation:patient:code=8310-5"), "li");
    EXPECT_EQ(ward.find("Patient", "_has:Observation:patient:code=8867-4&gender=male"), "wang");
    EXPECT_EQ(ward.find("Patient", "organization.name=example"), "wang");
    EXPECT_EQ(ward.find("Patient", "organization:missing=true"), "mueller li");
}

TEST(Search, quantities_ids_and_times) {
    Ward ward;
    EXPECT_EQ(ward.find("Observation", "value-quantity=gt80"), "hr5 hr4 hr3");
    EXPECT_EQ(ward.find("Observation", "value-quantity=ge80|http://unitsofmeasure.org|/min"), "hr5 hr4 hr3 hr2");
    EXPECT_EQ(ward.find("Observation", "value-quantity=38.5||Cel"), "temp");
    EXPECT_EQ(ward.find("Observation", "value-quantity=40"), "");
    EXPECT_EQ(ward.find("Observation", "value-quantity=4e1|http://unitsofmeasure.org|Cel"), "temp");
    EXPECT_EQ(ward.find("Observation", "value-quantity=le38.5"), "temp");
    EXPECT_EQ(ward.find("Observation", "value-quantity=38.5||mg"), "");
    EXPECT_EQ(ward.find("Patient", "_id=li,wang,nobody"), "li wang");
    EXPECT_EQ(ward.find("Patient", "_id=nobody"), "");
    EXPECT_EQ(ward.find("Patient", "_lastUpdated=ge2020-01-01&gender=female"), "li");
    EXPECT_EQ(ward.find("Patient", "_lastUpdated=lt2020-01-01"), "");
    EXPECT_EQ(ward.find("Observation", "_lastUpdated=gt2020&_count=1"), "temp");
}

TEST(Search, sorts_counts_and_pages) {
    Ward ward;
    EXPECT_EQ(ward.find("Patient", "_sort=birthdate"), "wang li mueller");
    EXPECT_EQ(ward.find("Patient", "_sort=-birthdate"), "li wang mueller");
    EXPECT_EQ(ward.find("Observation", "_sort=-date&code=8867-4"), "hr5 hr4 hr3 hr2 hr1");
    EXPECT_EQ(ward.find("Observation", "_sort=date&code=8867-4"), "hr1 hr2 hr3 hr4 hr5");
    EXPECT_EQ(ward.find("Observation", "_sort=-value-quantity,date"), "hr5 hr4 hr3 hr2 hr1 temp");
    EXPECT_EQ(ward.find("Patient", "_sort=_id"), "li mueller wang");
    EXPECT_EQ(ward.find("Patient", "_sort=family"), "mueller li wang");
    auto reader = ward.read();
    EXPECT_EQ(reader->search("Observation", "_count=0").total, 6);
    EXPECT_EQ(reader->search("Observation", "_summary=count&code=8867-4").total, 5);
    EXPECT_EQ(reader->search("Observation", "_count=2&_total=accurate").total, 6);
    EXPECT_EQ(reader->search("Observation", "_count=2").total, std::nullopt);
    for (const std::string query : {"code=8867-4", "", "_sort=date", "_sort=-value-quantity", "_sort=-date", "_sort=_id", "_sort=-_lastUpdated",
                                    "subject.name=w,li", "_sort=value-quantity,-date"}) {
        const std::string all = joined(reader->search("Observation", query));
        std::string paged;
        std::string next;
        for (int pages = 0; pages < 10; ++pages) {
            const SearchResult page = reader->search("Observation", query + "&_count=2" + (next.empty() ? "" : "&_cursor=" + next));
            paged += (paged.empty() ? "" : " ") + joined(page);
            next = page.next_cursor;
            if (next.empty()) break;
        }
        EXPECT_EQ(paged, all) << query;
    }
}

TEST(Search, a_page_walk_leaves_out_what_came_later) {
    Ward ward;
    const SearchResult first = ward.read()->search("Patient", "_count=1");
    ward.put(R"({"resourceType":"Patient","id":"late"})");
    const SearchResult second = ward.read()->search("Patient", "_count=5&_cursor=" + first.next_cursor);
    EXPECT_EQ(joined(first) + " " + joined(second), "mueller li wang");
}

TEST(Search, cursors_belong_to_one_search_and_one_caller) {
    Ward ward;
    const std::string cursor = ward.read()->search("Observation", "_count=2").next_cursor;
    EXPECT_EQ(ward.refused("Observation", "code=8867-4&_cursor=" + cursor), "record.bad_cursor");
    EXPECT_EQ(ward.refused("Patient", "_cursor=" + cursor), "record.bad_cursor");
    EXPECT_EQ(ward.refused("Observation", "_cursor=" + cursor.substr(1)), "record.bad_cursor");
    EXPECT_EQ(ward.refused("Observation", "_cursor=!!!"), "record.bad_cursor");
    for (std::size_t i = 0; i + 1 < cursor.size(); i += 4) {
        std::string changed = cursor;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(ward.refused("Observation", "_cursor=" + changed), "record.bad_cursor") << i;
    }
    EXPECT_EQ(code_of([&] { ward.record->read(standing({5}, {1}))->search("Observation", "_cursor=" + cursor); }), "record.foreign_cursor");
}

TEST(Search, includes) {
    Ward ward;
    EXPECT_EQ(ward.find("Observation", "code=8310-5&_include=Observation:patient"), "temp +li");
    EXPECT_EQ(ward.find("Observation", "_id=hr1,hr2&_include=Observation:patient&_include=Observation:encounter"), "hr2 hr1 +wang +e1");
    EXPECT_EQ(ward.find("Patient", "_id=li&_revinclude=Observation:patient"), "li +temp");
    EXPECT_EQ(ward.find("Patient", "_id=wang&_revinclude=Encounter:*"), "wang +e1");
}

TEST(Search, refuses_what_it_does_not_know) {
    Ward ward;
    EXPECT_EQ(ward.refused("Patient", "nmae=x"), "record.unknown_parameter");
    EXPECT_EQ(ward.refused("Patient", "_query=x"), "record.unknown_parameter");
    EXPECT_EQ(ward.refused("Patient", "name:above=x"), "record.unsupported_modifier");
    EXPECT_EQ(ward.refused("Patient", "gender:in=x"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "birthdate:not=1980"), "record.unsupported_modifier");
    EXPECT_EQ(ward.refused("Patient", "birthdate=yesterday"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "birthdate=2024-02-30"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "name="), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "_count=many"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "_sort=gender"), "record.unsupported_sort");
    EXPECT_EQ(ward.refused("Patient", "_sort=nothing"), "record.unknown_parameter");
    EXPECT_EQ(ward.refused("Observation", "subject:Practitioner.name=x"), "record.unsupported_modifier");
    EXPECT_EQ(ward.refused("Observation", "subject.nothing=x"), "record.unknown_parameter");
    EXPECT_EQ(ward.refused("Observation", "code.name=x"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Observation", "value-quantity=1|2"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Observation", "value-quantity=ten"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "identifier:missing=maybe"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "_include=Observation"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "_include=Observation:code"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "_has:Observation:code:code=x"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "name=%zz"), "http.bad_query");
    EXPECT_EQ(ward.refused("Nothing", ""), "record.unknown_type");
    std::string many = "name=a";
    for (int i = 0; i < 70; ++i) many += "&name=a";
    EXPECT_EQ(ward.refused("Patient", many), "record.too_many_parameters");
    std::string ors = "name=a";
    for (int i = 0; i < 501; ++i) ors += ",a";
    EXPECT_EQ(ward.refused("Patient", ors), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "name=" + std::string(3000, 'a')), "record.bad_search_value");
    EXPECT_EQ(ward.find("Patient", "name=') OR 1=1 --"), "");
}

/// Institution 2 sees nothing of institution 1's patient, whichever way it asks.
TEST(Search, every_path_follows_the_filter) {
    Ward ward;
    const ReadFilter foreign = standing({102}, {2});
    const auto find = [&](std::string_view type, std::string_view query) { return joined(ward.record->read(foreign)->search(type, query)); };
    EXPECT_EQ(find("Patient", ""), "");
    EXPECT_EQ(find("Patient", "identifier=urn:mrn|A1"), "");
    EXPECT_EQ(find("Patient", "_id=wang"), "");
    EXPECT_EQ(find("Observation", "patient=wang"), "");
    EXPECT_EQ(find("Observation", "patient.identifier=urn:mrn|A1"), "");
    EXPECT_EQ(find("Organization", "_has:Patient:organization:name=wang"), "");
    EXPECT_EQ(find("Organization", "name=example"), "org");
    EXPECT_EQ(find("Organization", "name=example&_revinclude=Patient:organization"), "org");
    EXPECT_EQ(ward.record->read(foreign)->search("Patient", "_count=0").total, 0);
    EXPECT_EQ(ward.record->read(foreign)->search("Observation", "_summary=count&code=8867-4").total, 0);
    // A grant on one observation opens neither its patient nor the way to them.
    auto grant = ward.begin();
    grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
        ward.record->reach_item(group, rid_of("Observation/hr1"), 102, "case", ward.clock.now() - std::chrono::hours(1),
                                ward.clock.now() + std::chrono::hours(1));
    });
    grant->commit();
    EXPECT_EQ(find("Observation", "code=8867-4"), "hr1");
    EXPECT_EQ(find("Observation", "_include=Observation:patient"), "hr1");
    EXPECT_EQ(find("Observation", "patient.name=wang"), "");
    EXPECT_EQ(find("Observation", "patient.name=wang&code=8867-4"), "");
    EXPECT_EQ(ward.record->read(foreign)->search("Observation", "_count=0").total, 1);
}

TEST(Search, a_query_over_its_budget_ends_as_unavailable) {
    Store store;
    auto snapshot = store.database->read();
    snapshot->connection().set_time_limit(20);
    EXPECT_EQ(code_of([&] {
                  auto rows = snapshot->connection().query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
                  rows.next();
              }),
              "record.budget");
}

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

TEST(Corpus, synthetic_patients_are_found_again) {
    const auto lines = lines_of("../shared/testdata/fhir/synthetic-20-patients.ndjson");
    if (lines.empty()) GTEST_SKIP() << "no test data beside the project";
    Store store;
    auto work = store.begin();
    std::map<std::string, std::int64_t> per_type;
    std::map<std::string, std::set<std::string>> per_patient_code;
    std::string identifier;
    std::string owner;
    for (const std::string& line : lines) {
        auto value = json::parse(line);
        ASSERT_TRUE(value);
        const std::string type = (*value)["resourceType"].text();
        ++per_type[type];
        if (type == "Patient" && identifier.empty()) {
            identifier = (*value)["identifier"].at(1)["system"].text() + "|" + (*value)["identifier"].at(1)["value"].text();
            owner = (*value)["id"].text();
        }
        if (type == "Observation") {
            const auto& coding = (*value)["code"]["coding"].at(0);
            per_patient_code[(*value)["subject"]["reference"].text() + " " + coding["system"].text() + "|" + coding["code"].text()].insert(
                (*value)["id"].text());
        }
        work->create_text(line);
    }
    work->commit();
    auto reader = store.read();
    for (const auto& [type, count] : per_type) EXPECT_EQ(reader->search(type, "_count=0").total, count) << type;
    EXPECT_EQ(joined(reader->search("Patient", "identifier=" + identifier)), owner);
    for (const auto& [key, ids] : per_patient_code) {
        const std::size_t space = key.find(' ');
        const auto found = reader->search("Observation", "subject=" + key.substr(0, space) + "&code=" + key.substr(space + 1) + "&_count=1000");
        std::set<std::string> found_ids;
        for (const Match& match : found.matches) found_ids.insert(match.resource.id);
        EXPECT_EQ(found_ids, ids) << key;
    }
}

TEST(Corpus, examples_come_back_as_the_same_text) {
    const std::string folder = "../shared/testdata/fhir/examples";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no test data beside the project";
    Store store;
    int stored = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream file(entry.path());
        std::stringstream text;
        text << file.rdbuf();
        auto work = store.begin();
        // Published with defects of their own: a missing linkId, references to types that R4 does not allow there.
        static const std::set<std::string> kDefective = {"bundle-questionnaire.json", "devicemetric-example.json", "deviceusestatement-example.json",
                                                         "medicationrequest0301.json"};
        if (kDefective.contains(entry.path().filename())) {
            EXPECT_EQ(code_of([&] { work->create_text(text.str()); }), "record.invalid");
            continue;
        }
        std::string reference;
        ASSERT_NO_THROW(reference = work->create_text(text.str())) << entry.path();
        ASSERT_NO_THROW(work->commit()) << entry.path();
        const auto found = store.read()->get(reference);
        EXPECT_EQ(stored_body(found.json), stored_body(text.str())) << entry.path();
        EXPECT_EQ(found.value()["meta"]["versionId"].text(), "1");
        ++stored;
    }
    EXPECT_GT(stored, 40);
}

}  // namespace
}  // namespace qiao::record::testing
