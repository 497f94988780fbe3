#include "base/text.hpp"
#include "house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::House;

struct Ward : House {
    Organisation clinic = place("clinic", "C"), far = place("clinic", "F");
    Person officer = person("officer", clinic.id, role::kPrivacyOfficer), far_officer = person("far.officer", far.id, role::kPrivacyOfficer);
    Person wang = named("wang", "王建国"), ouyang = named("ouyang", "欧阳敏"), li = named("li", "李静");
    std::map<std::string, record::Actor> actors;

    Ward() {
        for (const char* login : {"wang", "ouyang", "li"}) actors[login] = caller(cookie_of(login)).actor;
    }
    Person named(const std::string& login, const std::string& name) {
        const auto made = directory->create_person(system(), {.login = login, .name = name, .password_hash = sessions->passwords().hash(testing::kPassword)});
        directory->add_membership(system(), {.person = made.id, .organisation = clinic.id, .role = std::string(role::kDoctor)});
        return made;
    }
    record::Rid patient(const std::string& name, const std::string& by = "li") {
        const auto reference =
            patients->register_patient(caller(cookie_of(by)), {json::Value::object({{"resourceType", "Patient"},
                                                                                    {"name", json::Value::array({json::Value::object({{"text", name}})})},
                                                                                    {"gender", "male"},
                                                                                    {"birthDate", "1980-05-06"}}),
                                                               "not_at_hand", true});
        return *record->read(record::ReadFilter::system("test"))->rid_of("Patient", reference.substr(8));
    }
    void read(const record::Actor& actor, record::Rid whom) {
        const record::Rid list[] = {whom};
        record->ports().on_read(actor, "read", "Observation", list, list);
    }
    std::vector<OddLook> lines(std::int64_t organisation = 0) {
        odd_looks->gather();
        return odd_looks->of_week(OddLooks::week_of(clock.now()), {organisation == 0 ? clinic.id : organisation});
    }
    /// "kind:login:count" of each line.
    std::set<std::string> said(std::int64_t organisation = 0) {
        std::set<std::string> words;
        for (const OddLook& one : lines(organisation)) words.insert(one.kind + ":" + directory->person(one.person)->login + ":" + std::to_string(one.count));
        return words;
    }
};

TEST(OddLooks, own_family_name_and_colleagues_are_asked_about) {
    Ward ward;
    const auto wang = ward.patient("王小明"), ouyang = ward.patient("欧阳小明"), sima = ward.patient("欧某"), colleague = ward.patient("李静", "wang");
    ward.read(ward.actors["wang"], wang);
    ward.read(ward.actors["wang"], wang);
    ward.read(ward.actors["wang"], ouyang);
    ward.read(ward.actors["ouyang"], ouyang);
    ward.read(ward.actors["ouyang"], sima);
    ward.read(ward.actors["ouyang"], colleague);
    ward.read(ward.actors["li"].in_case("case-1"), colleague);
    EXPECT_EQ(ward.said(), (std::set<std::string>{"own_name:wang:2", "own_name:ouyang:1", "colleague:ouyang:1"})) << "in a case nobody is asked";
    EXPECT_TRUE(ward.said(ward.far.id).empty());
}

TEST(OddLooks, who_looks_and_does_nothing_is_asked_a_day_later) {
    Ward ward;
    // A day that is followed by two more of its week.
    ward.clock.advance(OddLooks::week_of(ward.clock.now()) + 7 * 24h + 1h - ward.clock.now());
    for (const char* login : {"wang", "ouyang"}) ward.actors[login] = ward.caller(ward.cookie_of(login)).actor;
    const auto idle = ward.patient("赵一"), busy = ward.patient("钱二");
    ward.read(ward.actors["wang"], idle);
    ward.read(ward.actors["ouyang"], busy);
    auto work = ward.record->begin(record::ReadFilter::system("test"), ward.actors["ouyang"]);
    const auto reference = ward.record->read(record::ReadFilter::system("test"))->reference_of(busy);
    work->create(json::Value::object({{"resourceType", "Observation"},
                                      {"status", "final"},
                                      {"code", json::Value::object({{"text", "pulse"}})},
                                      {"subject", json::Value::object({{"reference", reference}})}}));
    work->commit();
    EXPECT_TRUE(ward.said().empty()) << "the day is not over";
    ward.clock.advance(26h);
    EXPECT_EQ(ward.said(), (std::set<std::string>{"no_act:wang:1"}));
}

TEST(OddLooks, many_patients_in_an_hour_are_one_line) {
    Ward ward;
    for (int i = 0; i <= kMany_patients; ++i) ward.read(ward.actors["li"].in_case("case-1"), 5000 + i);
    ward.read(ward.actors["li"].in_case("case-1"), 5000);
    const auto lines = ward.lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].kind, odd::kMany);
    EXPECT_EQ(lines[0].count, kMany_patients + 1);
    EXPECT_EQ(lines[0].patient, 0);
}

TEST(OddLooks, an_explanation_stays_and_only_the_own_officer_gives_it) {
    Ward ward;
    ward.read(ward.actors["wang"], ward.patient("王小明"));
    const auto id = std::to_string(ward.lines().at(0).id);
    const auto send = [&](http::Method method, const std::string& path, const std::string& as, const std::string& body = "") {
        return ward.send(method, path, body, {{"cookie", ward.cookie_of(as)}});
    };
    const std::string path = "/access/odd-looks/" + id + "/explain";
    EXPECT_EQ(send(http::Method::get, "/access/odd-looks", "wang").status, 403);
    EXPECT_EQ(send(http::Method::post, path, "wang", R"({"text":"his brother, seen in the emergency"})").status, 403);
    EXPECT_EQ(send(http::Method::post, path, "far.officer", R"({"text":"his brother, seen in the emergency"})").status, 404);
    EXPECT_EQ(send(http::Method::post, path, "officer", R"({"text":"x"})").status, 400);
    EXPECT_EQ(send(http::Method::post, path, "officer", R"({"text":"his brother, seen in the emergency"})").status, 204);
    ward.read(ward.actors["wang"], ward.lines().at(0).patient);
    const auto after = ward.lines().at(0);
    EXPECT_EQ(after.count, 2);
    EXPECT_EQ(after.explanation, "his brother, seen in the emergency");
    const auto page = *json::parse(send(http::Method::get, "/access/odd-looks", "officer").body);
    EXPECT_EQ(page["lines"].at(0)["explained"]["by"]["name"].text(), "Name officer");
    EXPECT_EQ(page["weeks"].size(), 1U);
    EXPECT_EQ((*json::parse(send(http::Method::get, "/access/odd-looks", "far.officer").body))["lines"].size(), 0U);
    EXPECT_EQ(ward.number("SELECT COUNT(*) FROM access_audit WHERE action = 'explain'"), 1);
}

TEST(OddLooks, family_names_and_weeks) {
    EXPECT_EQ(family_of("王小明"), "王");
    EXPECT_EQ(family_of("欧阳一"), "欧阳");
    EXPECT_EQ(family_of(" John Smith "), "smith");
    EXPECT_EQ(family_of(""), "");
    const Instant monday = *parse_instant("2026-11-23T00:00:00Z");
    EXPECT_EQ(OddLooks::week_of(monday), monday);
    EXPECT_EQ(OddLooks::week_of(monday - 1s), monday - 7 * 24h);
    EXPECT_EQ(OddLooks::week_of(monday + 7 * 24h - 1s), monday);
}

}  // namespace
}  // namespace qiao::access
