#include "service.hpp"

namespace qiao::record::testing {
namespace {

std::string found(const json::Value& bundle) {
    std::string out;
    for (const json::Value& entry : bundle["entry"].items()) {
        const std::string mark = entry["search"]["mode"].text() == "include" ? "+" : entry["search"]["mode"].text() == "outcome" ? "!" : "";
        out += (out.empty() ? "" : " ") + mark + (mark == "!" ? "" : entry["resource"]["id"].text());
    }
    return out;
}

std::string members(const json::Value& resource) {
    std::string out;
    for (const auto& [name, value] : resource.members()) out += (out.empty() ? "" : " ") + name;
    return out;
}

struct House : Service {
    House() {
        put(R"({"resourceType":"Organization","id":"top","name":"Top"})");
        put(R"({"resourceType":"Organization","id":"mid","name":"Mid","partOf":{"reference":"Organization/top"}})");
        put(R"({"resourceType":"Organization","id":"low","name":"Low","partOf":{"reference":"Organization/mid"}})");
        put(R"({"resourceType":"Patient","id":"p","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"},"gender":"male","birthDate":"1980-01-01","contact":[{"gender":"female"}],"managingOrganization":{"reference":"Organization/low"}})");
        put(R"({"resourceType":"Patient","id":"q"})");
        put(R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-01","valueString":"v","component":[{"code":{"text":"y"}}]})");
        put(R"({"resourceType":"Observation","id":"of","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/q"},"performer":[{"reference":"Patient/p"}],"effectiveDateTime":"2026-01-02"})");
        put(R"({"resourceType":"Observation","id":"oq","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/q"},"effectiveDateTime":"2026-01-03"})");
        put(R"({"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"recordedDate":"2026-01-04"})");
    }
};

TEST(Views, summary_and_elements) {
    House house;
    const auto read = [&](const std::string& query) { return house.get_json("/fhir/Patient/p?" + query); };
    EXPECT_EQ(members(read("_summary=text")), "resourceType id meta text");
    EXPECT_EQ(members(read("_summary=data")), "resourceType id meta gender birthDate contact managingOrganization");
    EXPECT_EQ(members(read("_summary=true")), "resourceType id meta gender birthDate managingOrganization");
    EXPECT_EQ(members(read("_summary=false")), members(house.get_json("/fhir/Patient/p")));
    EXPECT_EQ(members(read("_elements=gender,contact")), "resourceType id meta gender contact");
    EXPECT_EQ(read("_elements=gender")["meta"]["tag"].at(0)["code"].text(), "SUBSETTED");
    EXPECT_TRUE(house.get_json("/fhir/Patient/p")["meta"]["tag"].is_null());
    const auto searched = house.get_json("/fhir/Observation?_id=o&_elements=value&_include=Observation:subject");
    EXPECT_EQ(members(searched["entry"].at(0)["resource"]), "resourceType id meta status code valueString") << "mandatory elements stay";
    EXPECT_EQ(searched["entry"].at(1)["resource"]["gender"].text(), "male");
    EXPECT_NE(searched["link"].at(0)["url"].text().find("_elements=value"), std::string::npos);
    EXPECT_EQ(members(house.get_json("/fhir/Observation?_id=o&_summary=true")["entry"].at(0)["resource"]),
              "resourceType id meta status code subject effectiveDateTime valueString component");
    for (const char* bad : {"/fhir/Patient?_elements=nothing", "/fhir/Patient?_summary=some", "/fhir/Patient/p?_summary=some",
                            "/fhir/Patient?_elements=gender&_summary=true", "/fhir/Patient?_contained=true"}) {
        EXPECT_EQ(house.get(bad).status, 400) << bad;
    }
    EXPECT_TRUE(house.get_json("/fhir/Patient?_total=none")["total"].is_null());
    EXPECT_EQ(house.get_json("/fhir/Patient?_total=estimate&_count=1")["total"].text(), "2");
}

TEST(Views, everywhere_and_in_a_compartment) {
    House house;
    EXPECT_EQ(found(house.get_json("/fhir?_type=Observation,Condition")), "c oq of o");
    EXPECT_EQ(found(house.get_json("/fhir?_type=Patient,Organization&_sort=_id")), "low mid p q top");
    EXPECT_EQ(house.get_json("/fhir?_count=0")["total"].text(), "9");
    EXPECT_EQ(found(house.get_json("/fhir?_id=p")), "p");
    EXPECT_EQ(found(*json::parse(house.send(Method::post, "/fhir/_search", "_type=Condition", {{"content-type", "application/x-www-form-urlencoded"}}).body)),
              "c");
    EXPECT_EQ(found(house.get_json("/fhir/Patient/p/Observation")), "of o") << "as subject and as performer";
    EXPECT_EQ(found(house.get_json("/fhir/Patient/p/Observation?date=2026-01-01")), "o");
    EXPECT_EQ(found(house.get_json("/fhir/Patient/p/*?_type=Observation,Condition")), "c of o");
    EXPECT_EQ(house.get_json("/fhir/Patient/p/*?_summary=count")["total"].text(), "4") << "and the patient";
    EXPECT_EQ(found(house.get_json("/fhir/Patient/p/Organization")), "");
    std::string pages;
    std::string url = "/fhir/Patient/p/*?_count=1";
    for (int i = 0; i < 10 && !url.empty(); ++i) {
        const auto page = house.get_json(url);
        pages += found(page) + " ";
        const std::string next = page["link"].at(1)["url"].text();
        url = next.empty() ? "" : next.substr(std::string("http://fhir.example:8080").size());
    }
    EXPECT_EQ(pages, "c of o p ");
    for (const char* bad : {"/fhir?name=x", "/fhir?_type=Nothing", "/fhir/Patient?_type=Patient", "/fhir/Patient/p/*?code=x"})
        EXPECT_EQ(house.get(bad).status, 400) << bad;
    for (const char* unknown : {"/fhir/Patient/none/Observation", "/fhir/Patient/p/Nothing", "/fhir/Encounter/e/Observation"})
        EXPECT_EQ(house.get(unknown).status, 404) << unknown;
    EXPECT_EQ(house.get("/fhir/Patient/p/Observation", "two").body, house.get("/fhir/Patient/none/Observation", "two").body);
    EXPECT_EQ(house.get("/fhir/Patient/p/*", "two").status, 404);
    EXPECT_EQ(found(house.get_json("/fhir?_type=Patient,Observation,Condition", "two")), "");
    EXPECT_EQ(house.get_json("/fhir?_type=Patient,Observation,Condition&_count=0", "two")["total"].text(), "0");
}

TEST(Views, includes_go_on_and_end) {
    House house;
    EXPECT_EQ(found(house.get_json("/fhir/Patient?_id=p&_include=*")), "p +low");
    EXPECT_EQ(found(house.get_json("/fhir/Patient?_id=p&_include=Patient:organization&_include=Organization:partof")), "p +low");
    EXPECT_EQ(found(house.get_json("/fhir/Patient?_id=p&_include=Patient:organization&_include:iterate=Organization:partof")), "p +low +mid +top");
    EXPECT_EQ(found(house.get_json("/fhir/Organization?_id=top&_revinclude:iterate=Organization:partof")), "top +mid +low");
    house.send(Method::put, "/fhir/Organization/top", R"({"resourceType":"Organization","id":"top","name":"Top","partOf":{"reference":"Organization/low"}})");
    EXPECT_EQ(found(house.get_json("/fhir/Organization?_id=top&_include:iterate=Organization:partof")), "top +low +mid") << "a circle ends";
    EXPECT_EQ(house.get("/fhir/Patient?_revinclude=*").status, 400);
    auto work = house.begin();
    for (int i = 0; i < 1001; ++i) work->create_text(R"({"resourceType":"Basic","code":{"text":"x"},"subject":{"reference":"Patient/q"}})");
    work->commit();
    const auto cut = house.get_json("/fhir/Patient?_id=q&_revinclude=Basic:subject");
    EXPECT_EQ(cut["entry"].size(), 1002U);
    EXPECT_EQ(cut["entry"].at(1001)["search"]["mode"].text(), "outcome");
}

}  // namespace
}  // namespace qiao::record::testing
