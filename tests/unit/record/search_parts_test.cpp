#include "harness.hpp"

/// What has one index row and is found by a part of it: codes without their system, contacts without their kind, quantities without
/// a part of their unit.
namespace qiao::record::testing {
namespace {

struct Shelf : Store {
    Shelf() { put(R"({"resourceType":"Patient","id":"wang"})"); }
};

std::string coded(const std::string& id, const std::string& system, const std::string& code, const std::string& day = "01") {
    return R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","subject":{"reference":"Patient/wang"},"effectiveDateTime":"2020-01-)" + day +
           R"(","code":{"coding":[{)" + (system.empty() ? "" : R"("system":")" + system + R"(",)") + R"("code":")" + code + R"("}]}})";
}

TEST(SearchByParts, a_code_or_a_system_alone_finds_what_has_both) {
    Shelf shelf;
    {
        auto work = shelf.begin();
        work->create_text(coded("a", "urn:a", "K", "04"));
        work->create_text(coded("b", "urn:b", "K", "03"));
        work->create_text(coded("bare", "", "K", "02"));
        work->create_text(coded("other", "urn:a", "L", "01"));
        work->commit();
    }
    EXPECT_EQ(shelf.find("Observation", "code=K"), "a b bare");
    EXPECT_EQ(shelf.find("Observation", "code=K&subject=Patient/wang"), "a b bare");
    EXPECT_EQ(shelf.find("Observation", "code=K&_count=2"), "a b");
    EXPECT_EQ(shelf.find("Observation", "code=urn:a|"), "a other");
    EXPECT_EQ(shelf.find("Observation", "code=urn:a|&subject=Patient/wang"), "a other");
    EXPECT_EQ(shelf.find("Observation", "code=|K"), "bare");
    EXPECT_EQ(shelf.find("Observation", "code=urn:b|K,L"), "b other");
    EXPECT_EQ(shelf.find("Observation", "code=urn:b|,L"), "b other");
    EXPECT_EQ(shelf.find("Observation", "code:not=K&date=2020-01"), "other");
    EXPECT_EQ(shelf.find("Observation", "code:not=urn:a|&date=2020-01"), "b bare");
    EXPECT_EQ(shelf.find("Observation", "code=M"), "");
    EXPECT_EQ(shelf.find("Observation", "code=urn:c|"), "");
    {
        auto work = shelf.begin();
        work->update_text("Observation", "a", coded("a", "urn:a", "M", "04"));
        work->update_text("Observation", "b", coded("b", "urn:b", "K", "05"));
        work->remove("Observation", "bare");
        work->commit();
    }
    EXPECT_EQ(shelf.find("Observation", "code=K"), "b");
    EXPECT_EQ(shelf.find("Observation", "code=M"), "a");
    EXPECT_EQ(shelf.find("Observation", "code=urn:a|"), "a other");
    EXPECT_EQ(shelf.read()->search("Observation", "code=urn:a|&_summary=count").total, 2);
}

TEST(SearchByParts, what_has_a_code_twice_is_found_once) {
    Shelf shelf;
    {
        auto work = shelf.begin();
        work->create_text(
            R"({"resourceType":"Observation","id":"twice","status":"final","subject":{"reference":"Patient/wang"},"code":{"coding":[{"system":"urn:a","code":"K"},{"system":"urn:b","code":"K"},{"system":"urn:a","code":"L"}]}})");
        work->commit();
    }
    for (const char* query : {"code=K", "code=urn:a|", "code=K&subject=Patient/wang", "code=K,urn:a|,urn:b|K"}) {
        EXPECT_EQ(shelf.find("Observation", query), "twice") << query;
        EXPECT_EQ(shelf.read()->search("Observation", std::string(query) + "&_summary=count").total, 1) << query;
    }
}

std::string reached(const std::string& id, const std::string& points) {
    return R"({"resourceType":"Patient","id":")" + id + R"(","telecom":[)" + points + "]}";
}

std::string dose(const std::string& id, const std::string& quantity) {
    return R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","code":{"text":"dose"},"effectiveDateTime":"2026-03-01","valueQuantity":)" +
           quantity + "}";
}

TEST(SearchByParts, a_quantity_by_any_part_of_its_unit) {
    Shelf shelf;
    {
        auto work = shelf.begin();
        work->create_text(dose("full", R"({"value":5,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"})"));
        work->create_text(dose("coded", R"({"value":5,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"})"));
        work->create_text(dose("other", R"({"value":5,"system":"urn:units","code":"mg"})"));
        work->create_text(dose("worded", R"({"value":5,"unit":"mg"})"));
        work->create_text(dose("bare", R"({"value":5})"));
        work->commit();
    }
    const auto found = [&](const std::string& value) { return shelf.find("Observation", "value-quantity=" + value + "&date=2026-03"); };
    EXPECT_EQ(found("5"), "bare worded other coded full");
    EXPECT_EQ(found("gt4,lt1"), "bare worded other coded full");
    EXPECT_EQ(found("5||mg"), "worded other coded full");
    EXPECT_EQ(found("5||milligram"), "full");
    EXPECT_EQ(found("5|http://unitsofmeasure.org|mg"), "coded full");
    EXPECT_EQ(found("5|urn:units|mg"), "other");
    EXPECT_EQ(found("5|urn:units|g"), "");
    EXPECT_EQ(found("6||mg"), "");
    EXPECT_EQ(shelf.find("Observation", "value-quantity=5||milligram"), "full") << "it finds the rows itself";
    EXPECT_EQ(shelf.find("Observation", "value-quantity=lt6&value-quantity=gt4||mg&_sort=-value-quantity,_id"), "coded full other worded");
    EXPECT_EQ(shelf.rows("SELECT count(*) FROM qty WHERE lo < 6"), 5);
    {
        auto work = shelf.begin();
        work->update_text("Observation", "full", dose("full", R"({"value":7,"unit":"gram","system":"http://unitsofmeasure.org","code":"g"})"));
        work->remove("Observation", "worded");
        work->commit();
    }
    EXPECT_EQ(found("5||mg"), "other coded");
    EXPECT_EQ(found("gt6||gram"), "full");
    EXPECT_EQ(shelf.find("Observation", "value-quantity:missing=true&date=2026-03"), "");
}

TEST(SearchByParts, contacts_by_their_number_alone_and_by_its_kind) {
    Shelf shelf;
    {
        auto work = shelf.begin();
        work->create_text(reached("a", R"({"system":"phone","value":"111"},{"system":"email","value":"a@example.org"})"));
        work->create_text(reached("b", R"({"system":"phone","value":"222"},{"system":"fax","value":"111"})"));
        work->create_text(reached("bare", R"({"value":"111"})"));
        work->create_text(R"({"resourceType":"Practitioner","id":"doctor","telecom":[{"system":"phone","value":"111"}]})");
        work->create_text(
            R"({"resourceType":"Observation","id":"of-a","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"performer":[{"reference":"Practitioner/doctor"}]})");
        work->commit();
    }
    EXPECT_EQ(shelf.find("Patient", "telecom=111"), "bare b a");
    EXPECT_EQ(shelf.find("Patient", "telecom=phone|111"), "a");
    EXPECT_EQ(shelf.find("Patient", "telecom=phone|"), "b a");
    EXPECT_EQ(shelf.find("Patient", "phone=111"), "a");
    EXPECT_EQ(shelf.find("Patient", "phone=phone|111,222"), "b a");
    EXPECT_EQ(shelf.find("Patient", "phone=fax|111"), "");
    EXPECT_EQ(shelf.find("Patient", "phone=|111"), "");
    EXPECT_EQ(shelf.find("Patient", "phone=phone|"), "b a");
    EXPECT_EQ(shelf.find("Patient", "phone=fax|"), "");
    EXPECT_EQ(shelf.find("Patient", "email=a@example.org"), "a");
    EXPECT_EQ(shelf.find("Patient", "email=111"), "");
    EXPECT_EQ(shelf.find("Patient", "phone:not=111&telecom=111"), "bare b");
    EXPECT_EQ(shelf.find("Patient", "phone:missing=false"), "b a");
    EXPECT_EQ(shelf.find("Patient", "phone:missing=true&telecom:missing=false"), "bare");
    EXPECT_EQ(shelf.find("Patient", "phone:missing=true&email:missing=true&_id=a,b,bare"), "bare");
    EXPECT_EQ(shelf.find("Observation", "subject:Patient.phone=111"), "of-a");
    EXPECT_EQ(shelf.find("Practitioner", "_has:Observation:performer:subject=Patient/a&phone=111"), "doctor");
    EXPECT_EQ(shelf.refused("Patient", "phone:text=111"), "record.unsupported_modifier");
    EXPECT_EQ(shelf.refused("Patient", "phone=|"), "record.bad_search_value");
    EXPECT_EQ(shelf.refused("Patient", "phone=a|b|c"), "record.bad_search_value");
    EXPECT_EQ(shelf.refused("Patient", "phone:missing=perhaps"), "record.bad_search_value");
    {
        auto work = shelf.begin();
        work->update_text("Patient", "a", reached("a", R"({"system":"fax","value":"111"})"));
        work->commit();
    }
    EXPECT_EQ(shelf.find("Patient", "phone=111"), "");
    EXPECT_EQ(shelf.find("Patient", "email:missing=false"), "");
    EXPECT_EQ(shelf.find("Patient", "telecom=fax|111"), "b a");
}

TEST(SearchByParts, a_system_of_many_codes) {
    Shelf shelf;
    {
        auto work = shelf.begin();
        for (int i = 0; i < 250; ++i) work->create_text(coded("n" + std::to_string(i), "urn:many", "c" + std::to_string(i)));
        work->create_text(coded("apart", "urn:apart", "c7"));
        work->create_text(coded("bare", "", "lone"));
        work->commit();
    }
    EXPECT_EQ(shelf.read()->search("Observation", "code=urn:many|&_summary=count").total, 250);
    EXPECT_EQ(shelf.read()->search("Observation", "code=urn:many|,lone,urn:apart|c7&_summary=count").total, 252);
    EXPECT_EQ(shelf.read()->search("Observation", "code=urn:many|&subject=Patient/wang&_summary=count").total, 250);
    EXPECT_EQ(shelf.find("Observation", "code:not=urn:many|&date=2020-01"), "bare apart");
    EXPECT_EQ(shelf.find("Observation", "code=urn:many|&_id=n3,apart"), "n3");
    EXPECT_EQ(shelf.rows("SELECT count(*) FROM index_part WHERE part IN (SELECT part FROM index_part GROUP BY type, param, part HAVING count(*) = 250)"), 250);
}

}  // namespace
}  // namespace qiao::record::testing
