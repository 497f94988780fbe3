#include "access/duplicates_routes.hpp"
#include "house.hpp"

namespace qiao::access {
namespace {

using json::Value;
using testing::House;

std::string patient(const std::string& name, const std::string& born = "1980-05-06", const std::string& id = "") {
    return R"({"resourceType":"Patient",)" + (id.empty() ? "" : R"("id":")" + id + R"(",)") + R"("gender":"male","birthDate":")" + born +
           R"(","name":[{"text":")" + name + R"("}]})";
}

/// Two clinics that are strangers to each other, each with a doctor.
struct Desk : House {
    Organisation clinic = place("clinic", "C"), stranger = place("clinic", "S");
    Person doctor = person("doctor", clinic.id, role::kDoctor), other = person("other", stranger.id, role::kDoctor);
    Person expert = person("expert", clinic.id, role::kExpert);
    std::map<std::string, std::string> cookies;
    Duplicates duplicates{*database, *writer, *record, *directory, clock};
    Desk() {
        for (const char* login : {"doctor", "other", "expert"}) cookies[login] = cookie_of(login);
        add_duplicates_routes(*router, *sessions, duplicates);
    }
    std::string registered(const std::string& name, const std::string& login = "doctor", const std::string& born = "1980-05-06") {
        const auto response =
            send(http::Method::post, "/fhir/Patient/$register?confirmed=true&noIdReason=not_at_hand", patient(name, born), {{"cookie", cookies[login]}});
        EXPECT_EQ(response.status, 201) << response.body;
        return (*json::parse(response.body))["id"].text();
    }
    Value pairs(const std::string& state = "open", const std::string& login = "doctor") {
        const auto response = send(http::Method::get, "/access/duplicates?state=" + state, "", {{"cookie", cookies[login]}});
        EXPECT_EQ(response.status, 200) << response.body;
        return (*json::parse(response.body))["pairs"];
    }
    http::Response decide(const std::string& id, const std::string& verdict, const std::string& login = "doctor") {
        return send(http::Method::post, "/access/duplicates/" + id, R"({"verdict":")" + verdict + "\"}", {{"cookie", cookies[login]}});
    }
    void rest_and_tick() {
        clock.advance(Duplicates::kRest);
        duplicates.tick();
    }
    void look() {
        rest_and_tick();
        rest_and_tick();
    }
    Value stored(const std::string& id) { return record->read(record::ReadFilter::system("test"))->get("Patient/" + id).value(); }
};

TEST(Duplicates, who_is_being_changed_is_looked_at_when_it_rests) {
    Desk house;
    house.registered("王伟");
    house.look();
    const std::string second = house.registered("汪伟");
    house.rest_and_tick();
    for (const char* name : {"汪维", "汪微"}) {
        Value changed = house.stored(second);
        changed.set("name", *json::parse(std::string(R"([{"text":")") + name + R"("}])"));
        auto work = house.record->begin(record::ReadFilter::system("test"), House::system());
        work->update(std::move(changed));
        work->commit();
        house.rest_and_tick();
        EXPECT_EQ(house.pairs().size(), 0U);
    }
    house.rest_and_tick();
    EXPECT_EQ(house.pairs().size(), 1U);
}

TEST(Duplicates, a_clock_that_is_set_back_does_not_hold_the_looks_up) {
    Desk house;
    house.registered("王伟");
    house.registered("汪伟");
    house.look();
    ASSERT_EQ(house.pairs().size(), 1U);
    house.registered("汪维");
    house.clock.advance(-std::chrono::hours(1));
    house.duplicates.tick();
    house.rest_and_tick();
    house.clock.advance(std::chrono::hours(1));  // the doctor's role did not hold yet
    EXPECT_GT(house.pairs().size(), 1U);
}

TEST(Duplicates, a_pair_is_linked_and_taken_back_and_no_content_moves) {
    Desk house;
    const std::string first = house.registered("王伟"), second = house.registered("汪伟");
    house.registered("李娜");
    house.look();
    const Value open = house.pairs();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open.at(0)["grade"].text(), "probable");
    EXPECT_EQ(open.at(0)["fields"].at(1)["agreement"].text(), "near");
    const std::string id = open.at(0)["id"].text();
    EXPECT_EQ(house.decide(id, "undo").status, 409);
    EXPECT_EQ(house.decide(id, "perhaps").status, 400);
    EXPECT_EQ(house.decide(id, "same").status, 204);
    EXPECT_EQ(house.stored(first)["link"].at(0)["other"]["reference"].text(), "Patient/" + second);
    EXPECT_EQ(house.stored(second)["link"].at(0)["type"].text(), "seealso");
    EXPECT_EQ(house.stored(second)["name"].at(0)["text"].text(), "汪伟");
    EXPECT_EQ(house.pairs().size(), 0U);
    EXPECT_EQ(house.pairs("linked").at(0)["decidedBy"]["name"].text(), "Name doctor");
    EXPECT_EQ(house.decide(id, "same").status, 409) << "once";
    house.look();
    EXPECT_EQ(house.pairs().size(), 0U) << "a linked pair is not asked again";
    EXPECT_EQ(house.decide(id, "undo").status, 204);
    EXPECT_TRUE(house.stored(first)["link"].is_null());
    EXPECT_TRUE(house.stored(second)["link"].is_null());
    EXPECT_EQ(house.pairs().size(), 1U);
}

TEST(Duplicates, two_people_stay_put_away_and_a_corrected_record_leaves_the_list) {
    Desk house;
    house.registered("王伟");
    const std::string second = house.registered("王伟");
    house.look();
    const std::string id = house.pairs().at(0)["id"].text();
    EXPECT_EQ(house.decide(id, "different").status, 204);
    house.look();
    EXPECT_EQ(house.pairs().size(), 0U);
    EXPECT_EQ(house.decide(id, "undo").status, 204);
    EXPECT_EQ(house.pairs().size(), 1U);
    auto work = house.record->begin(record::ReadFilter::system("test"), House::system());
    work->update_text("Patient", second, patient("赵敏", "1990-01-02", second));
    work->commit();
    house.look();
    EXPECT_EQ(house.pairs().size(), 0U) << "they are not alike any more";
}

TEST(Duplicates, a_pair_is_shown_only_to_who_has_both_in_care) {
    Desk house;
    house.registered("王伟");
    house.registered("王伟", "other");
    house.look();
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_duplicate"), 1);
    EXPECT_EQ(house.pairs("open", "doctor").size(), 0U);
    EXPECT_EQ(house.pairs("open", "other").size(), 0U);
    const std::string id = std::to_string(house.number("SELECT id FROM access_duplicate"));
    for (const char* login : {"doctor", "other"}) {
        const auto hidden = house.decide(id, "same", login);
        EXPECT_EQ(hidden.status, 404);
        EXPECT_EQ(hidden.body, house.decide("99", "same", login).body) << "the same as for one that does not exist";
    }
    EXPECT_EQ(house.decide(id, "same", "expert").status, 403);
    EXPECT_EQ(house.send(http::Method::get, "/access/duplicates", "", {{"cookie", house.cookies["expert"]}}).status, 403);
    EXPECT_EQ(house.send(http::Method::get, "/access/duplicates?state=x", "", {{"cookie", house.cookies["doctor"]}}).status, 400);
}

TEST(Duplicates, a_labelled_record_is_in_no_pair_that_is_shown) {
    Desk house;
    house.registered("王伟");
    const std::string second = house.registered("王伟");
    house.look();
    ASSERT_EQ(house.pairs().size(), 1U);
    Value labelled = house.stored(second);
    labelled.member("meta").member("security").push(Value::object({{"system", record::kSensitivitySystem}, {"code", "PSY"}}));
    auto work = house.record->begin(record::ReadFilter::system("test"), House::system());
    work->update(std::move(labelled));
    work->commit();
    EXPECT_EQ(house.pairs().size(), 0U);
}

}  // namespace
}  // namespace qiao::access
