#include "harness.hpp"
#include "record/definitions/definitions.hpp"

#include <future>
#include <thread>

/// Composites, places, and the index jobs that a newer extractor brings.
namespace qiao::record::testing {
namespace {

std::string component(const std::string& code, const std::string& value) {
    return R"({"code":{"coding":[{"system":"http://loinc.org","code":")" + code + R"("}]},"valueQuantity":{"value":)" + value +
           R"(,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}})";
}

std::string pressure(const std::string& id, const std::string& systolic, const std::string& diastolic) {
    return R"({"resourceType":"Observation","id":")" + id +
           R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p"},"component":[)" +
           component("8480-6", systolic) + "," + component("8462-4", diastolic) + "]}";
}

struct Ward : Store {
    Ward() {
        auto work = begin();
        work->create_text(R"({"resourceType":"Patient","id":"p"})");
        work->create_text(pressure("high", "160", "95"));
        work->create_text(pressure("normal", "120", "80"));
        work->create_text(
            R"({"resourceType":"Observation","id":"glucose","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}]},"subject":{"reference":"Patient/p"},"valueQuantity":{"value":6.3,"system":"http://unitsofmeasure.org","code":"mmol/L"}})");
        work->create_text(
            R"({"resourceType":"Observation","id":"blood","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"883-9"}]},"subject":{"reference":"Patient/p"},"valueCodeableConcept":{"coding":[{"system":"urn:abo","code":"A"}]}})");
        work->create_text(
            R"({"resourceType":"Observation","id":"note","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"48767-8"}]},"valueString":"Patient was Asleep"})");
        work->create_text(
            R"({"resourceType":"Observation","id":"day","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8665-2"}]},"valueDateTime":"2026-03-04"})");
        work->commit();
    }
};

TEST(Composite, both_sides_are_on_the_same_component) {
    Ward ward;
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt140"), "high");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8462-4$lt90"), "normal");
    // 160 is there and 8462-4 is there, but not on one component.
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8462-4$gt140"), "");
    EXPECT_EQ(ward.find("Observation", "component-code=8462-4&component-value-quantity=gt140"), "high");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=http://loinc.org|8480-6$120|http://unitsofmeasure.org|mm[Hg]"), "normal");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$120||kPa"), "");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt140,8462-4$80"), "normal high");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt100&component-code-value-quantity=8462-4$lt90"), "normal");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity:missing=false"), "normal high");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity:missing=true&code=2339-0"), "glucose");
    EXPECT_EQ(ward.find("Patient", "_has:Observation:subject:component-code-value-quantity=8480-6$gt140"), "p");
    EXPECT_EQ(ward.find("Patient", "_has:Observation:subject:component-code-value-quantity=8480-6$gt200"), "");
}

TEST(Composite, of_the_resource_itself_and_of_both) {
    Ward ward;
    EXPECT_EQ(ward.find("Observation", "code-value-quantity=2339-0$gt6"), "glucose");
    EXPECT_EQ(ward.find("Observation", "code-value-quantity=http://loinc.org|2339-0$gt7"), "");
    EXPECT_EQ(ward.find("Observation", "code-value-quantity=8480-6$gt6"), "");
    EXPECT_EQ(ward.find("Observation", "code-value-concept=883-9$urn:abo|A"), "blood");
    EXPECT_EQ(ward.find("Observation", "code-value-concept=883-9$urn:abo|B"), "");
    EXPECT_EQ(ward.find("Observation", "code-value-string=48767-8$patient"), "note");
    EXPECT_EQ(ward.find("Observation", "code-value-date=8665-2$ge2026-03"), "day");
    EXPECT_EQ(ward.find("Observation", "code-value-date=8665-2$gt2026-03"), "");
    EXPECT_EQ(ward.find("Observation", "combo-code-value-quantity=2339-0$gt6,8480-6$gt140"), "glucose high");
    EXPECT_EQ(ward.find("Observation", "combo-code-value-quantity:missing=true"), "day note blood");
    EXPECT_EQ(ward.find("Observation", "subject=Patient/p&combo-code-value-concept=883-9$A"), "blood");
    EXPECT_EQ(ward.refused("Observation", "code-value-quantity=2339-0"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Observation", "code-value-quantity=2339-0$gt6$7"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Observation", "code-value-quantity=2339-0$high"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Observation", "code-value-quantity:exact=2339-0$6"), "record.unsupported_modifier");
    EXPECT_EQ(ward.refused("Observation", "code-value-quantity:missing=maybe"), "record.bad_search_value");
}

TEST(Combined, of_the_resource_or_of_its_components) {
    Ward ward;
    EXPECT_EQ(ward.find("Observation", "combo-code=8480-6"), "normal high");
    EXPECT_EQ(ward.find("Observation", "combo-code=http://loinc.org|2339-0,8462-4"), "glucose normal high");
    EXPECT_EQ(ward.find("Observation", "combo-code=http://loinc.org|&status=final&combo-value-quantity=gt100"), "normal high");
    EXPECT_EQ(ward.find("Observation", "combo-code:not=8480-6,2339-0"), "day note blood");
    EXPECT_EQ(ward.find("Observation", "subject=p&combo-code:not=8480-6"), "blood glucose");
    EXPECT_EQ(ward.find("Observation", "combo-value-quantity=6.3"), "glucose");
    EXPECT_EQ(ward.find("Observation", "combo-value-quantity=160|http://unitsofmeasure.org|mm[Hg]"), "high");
    EXPECT_EQ(ward.find("Observation", "code=85354-9&combo-value-quantity=160|http://unitsofmeasure.org|mm[Hg]"), "high");
    EXPECT_EQ(ward.find("Observation", "code=85354-9&combo-value-quantity=160||kPa"), "");
    EXPECT_EQ(ward.find("Observation", "combo-value-quantity:missing=true"), "day note blood");
    EXPECT_EQ(ward.find("Observation", "combo-value-quantity:missing=false&_sort=combo-value-quantity"), "glucose normal high");
    EXPECT_EQ(ward.find("Observation", "combo-value-concept=A"), "blood");
    EXPECT_EQ(ward.find("Patient", "_has:Observation:subject:combo-code=8480-6"), "p");
    EXPECT_EQ(ward.refused("Observation", "combo-value-quantity=high"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Observation", "combo-code:exact=x"), "record.unsupported_modifier");
    EXPECT_EQ(ward.rows("SELECT count(*) FROM qty WHERE rid IN (SELECT rid FROM res WHERE id = CAST('glucose' AS BLOB))"), 1);
}

TEST(Composite, references_numbers_and_three_components) {
    Ward ward;
    ward.put(
        R"({"resourceType":"DocumentReference","id":"d2","status":"current","relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/d1"}},{"code":"signs","target":{"reference":"DocumentReference/d0"}}],"content":[{"attachment":{"url":"http://example.org/x"}}]})");
    EXPECT_EQ(ward.find("DocumentReference", "relationship=DocumentReference/d1$replaces"), "d2");
    EXPECT_EQ(ward.find("DocumentReference", "relationship=d0$signs"), "d2");
    EXPECT_EQ(ward.find("DocumentReference", "relationship=DocumentReference/d1$signs"), "");
    ward.put(
        R"({"resourceType":"MolecularSequence","id":"m","coordinateSystem":0,"referenceSeq":{"chromosome":{"coding":[{"code":"1"}]},"windowStart":1,"windowEnd":50},"variant":[{"start":5,"end":6},{"start":20,"end":30}]})");
    EXPECT_EQ(ward.find("MolecularSequence", "chromosome-variant-coordinate=1$ge5$le6"), "m");
    EXPECT_EQ(ward.find("MolecularSequence", "chromosome-variant-coordinate=1$20$6"), "");
    EXPECT_EQ(ward.find("MolecularSequence", "chromosome-window-coordinate=1$1$50"), "m");
}

TEST(Composite, follows_updates_and_deletes) {
    Ward ward;
    auto work = ward.begin();
    work->update_text("Observation", "high", pressure("high", "130", "95"));
    work->remove("Observation", "normal");
    work->commit();
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt140"), "");
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt100"), "high");
    EXPECT_EQ(ward.rows("SELECT count(DISTINCT rid) FROM cmp"), 1);
}

TEST(Near, finds_by_distance_over_the_date_line_and_the_pole) {
    Store store;
    const auto put = [&](const std::string& id, const std::string& latitude, const std::string& longitude) {
        store.put(R"({"resourceType":"Location","id":")" + id + R"(","position":{"longitude":)" + longitude + R"(,"latitude":)" + latitude + "}}");
    };
    put("kunming", "25.0389", "102.7183");
    put("dali", "25.6065", "100.2676");
    put("fiji", "-17.8", "179.9");
    put("fiji-east", "-17.8", "-179.9");
    put("pole", "89.99", "0");
    const auto find = [&](std::string_view query) { return joined(store.read()->search("Location", query)); };
    EXPECT_EQ(find("near=25.04|102.72"), "kunming");
    // Kunming and Dali are 254 km apart on the sphere.
    EXPECT_EQ(find("near=25.0389|102.7183|250|km"), "kunming");
    EXPECT_EQ(find("near=25.0389|102.7183|260|km"), "dali kunming");
    EXPECT_EQ(find("near=25.0389|102.7183|260000|m"), "dali kunming");
    EXPECT_EQ(find("near=25.0389|102.7183|162|[mi_i]"), "dali kunming");
    EXPECT_EQ(find("near=-17.8|180|12|km"), "fiji-east fiji");
    EXPECT_EQ(find("near=89.99|180|3|km"), "pole");
    EXPECT_EQ(find("near=0|0|30000|km"), "pole fiji-east fiji dali kunming");
    EXPECT_EQ(find("near=25.04|102.72|5|km,-17.8|179.9|1|km"), "fiji kunming");
    EXPECT_EQ(find("near:missing=true"), "");
    for (const char* bad : {"near=25", "near=91|0", "near=1|2|far", "near=1|2|3|furlong", "near=1|2|-3"})
        EXPECT_EQ(code_of([&] { store.read()->search("Location", bad); }), "record.bad_search_value") << bad;
}

TEST(Lists, of_a_list_and_above_a_uri) {
    Ward ward;
    ward.put(
        R"({"resourceType":"List","id":"l1","status":"current","mode":"working","entry":[{"item":{"reference":"Observation/high"}},{"item":{"reference":"Patient/p"}},{"item":{"reference":"Observation/blood"}}]})");
    EXPECT_EQ(ward.find("Observation", "_list=l1"), "blood high");
    EXPECT_EQ(ward.find("Observation", "_list=l1&code=883-9"), "blood");
    EXPECT_EQ(ward.find("Patient", "_list=l1,none"), "p");
    EXPECT_EQ(ward.find("Observation", "_list=none"), "");
    // Whoever does not see the List does not learn what is in it.
    EXPECT_EQ(joined(ward.record->read(standing({7}, {7}))->search("Observation", "_list=l1")), "");
    for (const char* url : {"http://example.org/a", "http://example.org/a/b", "http://example.org/ab"})
        ward.put(R"({"resourceType":"ValueSet","status":"draft","id":")" + std::string(url).substr(19, 1) + std::to_string(std::string(url).size()) +
                 R"(","url":")" + url + "\"}");
    EXPECT_EQ(ward.find("ValueSet", "url:above=http://example.org/a/b/c&_sort=_id"), "a20 a22");
    EXPECT_EQ(ward.find("ValueSet", "url:below=http://example.org/a&_sort=_id"), "a20 a22");
    EXPECT_EQ(ward.find("ValueSet", "url:above=http://example.org/x"), "");
}

/// What is built to cost much ends, with an answer or a clear refusal.
TEST(Bounds, searches_that_are_made_to_cost_much_end) {
    Ward ward;
    {
        auto work = ward.begin();
        for (int i = 0; i < 3000; ++i) {
            const std::string n = std::to_string(i);
            work->create_text(R"({"resourceType":"Patient","id":"x)" + n + R"(","name":[{"family":"abba )" + n +
                              R"("}],"link":[{"type":"seealso","other":{"reference":"Patient/x)" + std::to_string((i + 1) % 3000) + R"("}}]})");
        }
        work->commit();
    }
    std::string five_hundred = "name=n0";
    for (int i = 1; i < 500; ++i) five_hundred += ",n" + std::to_string(i);
    EXPECT_EQ(ward.find("Patient", five_hundred), "");
    EXPECT_EQ(ward.refused("Patient", five_hundred + ",more"), "record.bad_search_value");
    std::string codes = "code=a0";
    for (int i = 1; i < 499; ++i) codes += ",a" + std::to_string(i);
    EXPECT_EQ(ward.find("Observation", codes + ",883-9"), "blood");
    EXPECT_EQ(ward.find("Observation", "subject:Patient." + codes.replace(0, 4, "identifier")), "");
    const std::vector<std::string> heavy = {"name:contains=a&_sort=name,birthdate,_id&_count=1000",
                                            "link:Patient.link:Patient.link:Patient.link:Patient.name=abba 7",
                                            "_has:Observation:subject:code:not=x",
                                            "_has:Patient:link:_has:Patient:link:_has:Patient:link:name=abba",
                                            "gender:not=male&name:contains=b&_total=accurate",
                                            "_include:iterate=Patient:link&_revinclude:iterate=Patient:link&_count=100"};
    for (const std::string& query : heavy) {
        const std::string code = ward.refused("Patient", query);
        EXPECT_TRUE(code.empty() || code == "record.budget") << query << " " << code;
    }
    EXPECT_EQ(ward.refused("Patient", "link:Patient.link:Patient.link:Patient.link:Patient.link:Patient.name=abba"), "record.bad_search_value");
    EXPECT_EQ(ward.refused("Patient", "_cursor=" + std::string(5000, 'A')), "record.bad_cursor");
    EXPECT_EQ(ward.refused("Patient", "_cursor=%00%FF"), "http.bad_query");
    std::string many;
    for (int i = 0; i < 65; ++i) many += "&name=a";
    EXPECT_EQ(ward.refused("Patient", many), "record.too_many_parameters");
    EXPECT_EQ(ward.refused("Patient", "name=" + std::string(3000, 'a')), "record.bad_search_value");
}

/// As a database that the first extractor filled: no rows of composites.
void make_old(Ward& ward) {
    ward.writer->submit({{}, [](storage::Group& group) {
                             group.connection().execute("DELETE FROM cmp");
                             group.connection().execute("UPDATE setting SET value = '1' WHERE name = 'extractor_version'");
                         }});
}

TEST(IndexJob, a_newer_extractor_makes_its_rows_in_the_background) {
    Ward ward;
    {
        auto work = ward.begin();
        for (int i = 0; i < 1200; ++i) work->create_text(pressure("n" + std::to_string(i), std::to_string(100 + i % 100), "70"));
        work->commit();
    }
    const auto all = ward.rows("SELECT count(*) FROM cmp");
    make_old(ward);
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt140"), "");
    ward.reopen();
    // Until it is done, the parameter is refused and others work; a write in between is found afterwards.
    const std::string meanwhile = ward.refused("Observation", "component-code-value-quantity=8480-6$gt140");
    EXPECT_TRUE(meanwhile == "record.reindexing" || meanwhile.empty()) << meanwhile;
    EXPECT_EQ(ward.find("Observation", "value-date=2026-03-04"), "day");
    {
        auto work = ward.begin();
        work->update_text("Observation", "high", pressure("high", "300", "95"));
        work->update_text("Observation", "n1199", pressure("n1199", "301", "95"));
        work->remove("Observation", "n7");
        work->create_text(pressure("new", "302", "95"));
        work->commit();
    }
    ward.wait_for_index();
    EXPECT_EQ(ward.find("Observation", "component-code-value-quantity=8480-6$gt290"), "new n1199 high");
    EXPECT_EQ(ward.rows("SELECT count(*) FROM cmp"), all);
}

TEST(IndexJob, codes_and_quantities_of_before_get_one_row_each) {
    Ward ward;
    const auto rows = ward.rows("SELECT count(*) FROM tok"), values = ward.rows("SELECT count(*) FROM qty"),
               parts = ward.rows("SELECT count(*) FROM index_part");
    ASSERT_GT(parts, 0);
    ward.writer->submit({{}, [](storage::Group& group) {
                             storage::Connection& connection = group.connection();
                             connection.execute(
                                 "INSERT INTO tok(type, param, h, d, rid, acl) SELECT DISTINCT p.type, p.param, p.part, k.d, k.rid, k.acl"
                                 " FROM index_part p JOIN tok k ON k.type = p.type AND k.param = p.param AND k.h = p.whole");
                             connection.execute(
                                 "INSERT INTO qty(type, param, unit_id, lo, hi, rid) SELECT DISTINCT p.type, p.param, p.part, q.lo, q.hi, q.rid"
                                 " FROM index_part p JOIN qty q ON q.type = p.type AND q.param = p.param AND q.unit_id = p.whole");
                             connection.execute("DELETE FROM index_part");
                             connection.execute("UPDATE setting SET value = '3' WHERE name = 'extractor_version'");
                         }});
    ASSERT_GT(ward.rows("SELECT count(*) FROM tok"), rows);
    ASSERT_GT(ward.rows("SELECT count(*) FROM qty"), values);
    ward.reopen();
    ward.wait_for_index();
    EXPECT_EQ(ward.rows("SELECT count(*) FROM tok"), rows);
    EXPECT_EQ(ward.rows("SELECT count(*) FROM qty"), values);
    EXPECT_EQ(ward.rows("SELECT count(*) FROM index_part"), parts);
    EXPECT_EQ(ward.find("Observation", "code=2339-0"), "glucose");
    EXPECT_EQ(ward.find("Observation", "value-concept=urn:abo|"), "blood");
}

TEST(IndexJob, a_sort_by_what_is_being_indexed_is_refused) {
    Ward ward;
    ward.writer->submit({{}, [](storage::Group& group) { group.connection().execute("UPDATE setting SET value = '3' WHERE name = 'extractor_version'"); }});
    ward.reopen();
    // The index cannot go on while the writer is held: each of its hundreds of steps is a commit.
    std::promise<void> held, let;
    std::thread holder([&] {
        ward.writer->submit({{}, [&](storage::Group&) {
                                 held.set_value();
                                 let.get_future().wait();
                             }});
    });
    held.get_future().wait();
    EXPECT_EQ(ward.refused("Observation", "_sort=value-quantity"), "record.reindexing");
    EXPECT_EQ(ward.refused("Observation", "_sort=-date,combo-value-quantity"), "record.reindexing");
    EXPECT_EQ(ward.refused("Observation", "value-quantity=gt5"), "record.reindexing");
    EXPECT_EQ(ward.refused("Observation", "_sort=date"), "");
    let.set_value();
    holder.join();
    ward.wait_for_index();
    EXPECT_EQ(ward.refused("Observation", "_sort=value-quantity"), "");
}

TEST(IndexJob, goes_on_where_it_was) {
    Ward ward;
    const auto all = ward.rows("SELECT count(*) FROM cmp");
    make_old(ward);
    const auto rid = ward.rows("SELECT rid FROM res WHERE id = CAST('high' AS BLOB)");
    ward.writer->submit({{}, [&](storage::Group& group) {
                             // Halfway: everything up to this resource is done.
                             group.connection().execute("UPDATE setting SET value = '2' WHERE name = 'extractor_version'");
                             for (const TypeParameter& how : parameters_of(TypeId::Observation)) {
                                 if (find_parameter(how.id)->kind != ParamKind::composite) continue;
                                 group.connection().execute("INSERT INTO index_job(type, param, position) VALUES(?, ?, ?)",
                                                            {std::int64_t{number_of(TypeId::Observation)}, std::int64_t{number_of(how.id)}, rid});
                             }
                         }});
    ward.reopen();
    ward.wait_for_index();
    EXPECT_EQ(ward.rows("SELECT count(*) FROM cmp"), all / 2);  // those of the first of two stay away, which shows that it was not begun anew
}

TEST(IndexJob, an_older_program_does_not_go_on_with_a_newer_index) {
    Ward ward;
    ward.writer->submit({{}, [](storage::Group& group) { group.connection().execute("UPDATE setting SET value = '999' WHERE name = 'extractor_version'"); }});
    EXPECT_EQ(code_of([&] { ward.reopen(); }), "record.index_newer");
}

}  // namespace
}  // namespace qiao::record::testing
