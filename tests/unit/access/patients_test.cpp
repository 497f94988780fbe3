#include "access/patients.hpp"
#include "access/identity_papers.hpp"
#include "clinical/national_id.hpp"
#include "house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::House;

/// A right number of the unassigned region 990000.
std::string national_id(const std::string& birth_digits, int sequence) {
    const std::string digits = std::to_string(1000 + sequence).substr(1);
    const std::string first17 = "990000" + birth_digits + digits;
    return first17 + *clinical::national_id_check_character(first17);
}

struct Form {
    std::string name = "王伟";
    std::string sex = "male";
    std::string born = "1980-05-06";
    std::string number = national_id("19800506", 1);
    std::string system = std::string(kNationalIdSystem);
    std::string phone = "";

    [[nodiscard]] json::Value patient() const {
        json::Value value = json::Value::object({{"resourceType", "Patient"}, {"gender", sex}, {"birthDate", born}});
        value.member("name").push(json::Value::object({{"use", "official"}, {"text", name}}));
        if (!number.empty()) value.member("identifier").push(json::Value::object({{"system", system}, {"value", number}}));
        if (!phone.empty()) value.member("telecom").push(json::Value::object({{"system", "phone"}, {"value", phone}}));
        return value;
    }
};

struct Desk : House {
    Organisation clinic = place("clinic", "C"), stranger = place("clinic", "S");
    Person doctor = person("doctor", clinic.id, role::kDoctor), other = person("other", stranger.id, role::kDoctor);
    Person admin = person("admin", clinic.id, role::kSecurityAdmin), expert = person("expert", clinic.id, role::kExpert);
    std::map<std::string, std::string> cookies;
    Desk() {
        for (const char* login : {"doctor", "other", "admin", "expert"}) cookies[login] = cookie_of(login);
    }
    http::Response post(const Form& form, const std::string& query = "", const std::string& login = "doctor") {
        return send(http::Method::post, "/fhir/Patient/$register" + query, form.patient().dump(), {{"cookie", cookies[login]}});
    }
    static std::string error_of(const http::Response& response) {
        const auto body = json::parse(response.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "no JSON";
    }
    std::size_t patients_of(const std::string& login) { return record->read(caller(cookies[login]).filter)->search("Patient", "").matches.size(); }
};

TEST(Register, makes_a_patient_whom_the_own_institution_sees) {
    Desk house;
    const auto response = house.post({});
    ASSERT_EQ(response.status, 201) << response.body;
    const auto patient = *json::parse(response.body);
    EXPECT_EQ(patient["name"].at(0)["text"].text(), "王伟");
    EXPECT_EQ(patient["managingOrganization"]["reference"].text(), house.clinic.resource);
    EXPECT_TRUE(House::header(response, "Location").starts_with("/fhir/Patient/" + patient["id"].text()));
    EXPECT_EQ(house.patients_of("doctor"), 1U);
    EXPECT_EQ(house.patients_of("other"), 0U);
    EXPECT_EQ(house.patients_of("admin"), 0U);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'create' AND type = 'Patient' AND patient = rid AND person = " +
                           std::to_string(house.doctor.id)),
              1);
}

TEST(Register, wrong_papers_are_named) {
    Desk house;
    Form form;
    const auto refused = [&](const Form& one, const std::string& query = "") {
        const auto response = house.post(one, query);
        EXPECT_EQ(response.status, 400) << response.body;
        return Desk::error_of(response);
    };
    form.number.back() = form.number.back() == '1' ? '2' : '1';
    EXPECT_EQ(refused(form), "patient.national_id_wrong");
    EXPECT_EQ(refused({.born = "1980-05-07"}), "patient.national_id_birth_date");
    EXPECT_EQ(refused({.sex = "female"}), "patient.national_id_sex");
    EXPECT_EQ(refused({.name = "  "}), "patient.name_missing");
    EXPECT_EQ(refused({.sex = "man"}), "patient.sex_missing");
    EXPECT_EQ(refused({.sex = ""}), "patient.sex_missing");
    EXPECT_EQ(refused({.born = "1980-05"}), "patient.birth_date_missing");
    EXPECT_EQ(refused({.born = "1980-02-30"}), "patient.birth_date_missing");
    EXPECT_EQ(refused({.born = "2980-05-06"}), "patient.birth_date_missing");
    EXPECT_EQ(refused({.number = ""}), "patient.no_identity");
    EXPECT_EQ(refused({.number = ""}, "?noIdReason=lazy"), "patient.no_identity");
    EXPECT_EQ(refused({.number = "T20260101-0000AAAA", .system = std::string(kTemporarySystem)}), "patient.bad_identifier");
    EXPECT_EQ(refused({.number = "x", .system = ""}), "patient.bad_identifier");
    EXPECT_EQ(house.patients_of("doctor"), 0U);
}

TEST(Register, an_unclear_sex_does_not_contradict_the_number) {
    Desk house;
    EXPECT_EQ(house.post({.sex = "unknown"}).status, 201);
}

TEST(Register, a_small_x_becomes_a_large_one) {
    Desk house;
    Form form;
    for (int sequence = 1; form.number.back() != 'X'; sequence += 2) form.number = national_id("19800506", sequence);
    form.number.back() = 'x';
    const auto response = house.post(form);
    ASSERT_EQ(response.status, 201) << response.body;
    EXPECT_EQ((*json::parse(response.body))["identifier"].at(0)["value"].text().back(), 'X');
}

TEST(Register, somebody_without_papers_gets_a_temporary_identity) {
    Desk house;
    const auto response = house.post({.number = ""}, "?noIdReason=unconscious");
    ASSERT_EQ(response.status, 201) << response.body;
    const auto identifier = (*json::parse(response.body))["identifier"].at(0);
    EXPECT_EQ(identifier["system"].text(), kTemporarySystem);
    EXPECT_EQ(identifier["use"].text(), "temp");
    EXPECT_EQ(identifier["extension"].at(0)["valueCode"].text(), "unconscious");
    EXPECT_EQ(identifier["value"].text().size(), 18U);
}

TEST(Register, another_paper_will_do) {
    Desk house;
    EXPECT_EQ(house.post({.number = "E12345678", .system = std::string(kOtherDocumentSystem) + "passport"}).status, 201);
}

TEST(Register, the_same_number_is_shown_before_a_second_record) {
    Desk house;
    ASSERT_EQ(house.post({}).status, 201);
    const auto again = house.post({.name = "赵敏"});
    ASSERT_EQ(again.status, 409) << again.body;
    EXPECT_EQ(Desk::error_of(again), "patient.likely_duplicate");
    const auto contained = (*json::parse(again.body))["contained"];
    ASSERT_EQ(contained.size(), 1U);
    EXPECT_EQ(contained.at(0)["name"].at(0)["text"].text(), "王伟");
    EXPECT_EQ(house.patients_of("doctor"), 1U);
    EXPECT_EQ(house.post({.name = "赵敏"}, "?confirmed=true").status, 201);
    EXPECT_EQ(house.patients_of("doctor"), 2U);
}

TEST(Register, the_same_request_again_is_the_first_answer_again) {
    Desk house;
    const auto post = [&](const Form& form, const std::string& id, const std::string& login = "doctor") {
        return house.send(http::Method::post, "/fhir/Patient/$register", form.patient().dump(), {{"cookie", house.cookies[login]}, {"x-request-id", id}});
    };
    const auto first = post({}, "a-1");
    ASSERT_EQ(first.status, 201) << first.body;
    const auto again = post({}, "a-1");
    EXPECT_EQ(again.status, 201) << again.body;
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(Desk::header(again, "Location"), Desk::header(first, "Location"));
    EXPECT_EQ(house.patients_of("doctor"), 1U);
    EXPECT_EQ(Desk::error_of(post({.name = "赵敏"}, "a-1")), "record.request_id_reused") << "another person under the same id is no repetition";
    EXPECT_EQ(Desk::error_of(post({}, "a-2")), "patient.likely_duplicate") << "another request is asked whom it means";
    EXPECT_EQ(post({}, "a-1", "other").status, 201) << "the id of another person means nothing here";
    EXPECT_EQ(house.patients_of("doctor"), 1U);
    EXPECT_EQ(house.patients_of("other"), 1U);
}

TEST(Register, a_refused_request_may_come_again_with_its_id) {
    Desk house;
    ASSERT_EQ(house.post({}).status, 201);
    const auto send = [&](const std::string& query) {
        return house.send(http::Method::post, "/fhir/Patient/$register" + query, Form{.name = "赵敏"}.patient().dump(),
                          {{"cookie", house.cookies["doctor"]}, {"x-request-id", "b-1"}});
    };
    EXPECT_EQ(send("").status, 409);
    EXPECT_EQ(send("?confirmed=true").status, 201);
    EXPECT_EQ(send("?confirmed=true").status, 201);
    EXPECT_EQ(house.patients_of("doctor"), 2U);
}

TEST(Register, the_same_sound_and_birth_date_is_shown) {
    Desk house;
    ASSERT_EQ(house.post({}).status, 201);
    EXPECT_EQ(house.post({.name = "汪伟", .number = ""}, "?noIdReason=not_at_hand").status, 409);
    EXPECT_EQ(house.post({.name = "Wang Wei", .number = ""}, "?noIdReason=not_at_hand").status, 409);
    EXPECT_EQ(house.post({.name = "王芳", .number = ""}, "?noIdReason=not_at_hand").status, 201);
    EXPECT_EQ(house.post({.name = "王伟", .born = "1980-05-07", .number = ""}, "?noIdReason=not_at_hand").status, 201);
}

TEST(Register, the_same_telephone_and_name_is_shown) {
    Desk house;
    ASSERT_EQ(house.post({.phone = "00013000001"}).status, 201);
    EXPECT_EQ(house.post({.born = "1981-05-06", .number = "", .phone = "00013000001"}, "?noIdReason=not_at_hand").status, 409);
    EXPECT_EQ(house.post({.name = "李娜", .born = "1981-05-06", .number = "", .phone = "00013000001"}, "?noIdReason=not_at_hand").status, 201)
        << "a family shares it";
}

TEST(Register, nothing_tells_whether_a_stranger_is_known_elsewhere) {
    Desk house;
    ASSERT_EQ(house.post({}, "", "other").status, 201);
    const auto unknown = house.post({.number = national_id("19800506", 77)}, "", "doctor");
    Desk fresh;
    const auto known_elsewhere = house.post({.name = "王伟甲"}, "", "doctor");
    EXPECT_EQ(unknown.status, 201);
    EXPECT_EQ(known_elsewhere.status, 201);
    EXPECT_EQ(house.patients_of("doctor"), 2U);
    EXPECT_EQ(house.patients_of("other"), 1U);
}

TEST(Register, a_patient_known_by_a_case_alone_is_no_duplicate) {
    Desk house;
    ASSERT_EQ(house.post({}, "", "other").status, 201);
    const auto rid = house.number("SELECT rid FROM res ORDER BY rid DESC LIMIT 1");
    house.run([&](storage::Group& group) { house.grants->give(group, {.grantee = person_key(house.doctor.id), .patient = rid, .case_id = "case-1"}); });
    EXPECT_EQ(house.patients_of("doctor"), 1U);
    EXPECT_EQ(house.post({}).status, 201);
}

TEST(Register, is_for_those_who_register) {
    Desk house;
    for (const char* login : {"admin", "expert"}) EXPECT_EQ(Desk::error_of(house.post({}, "", login)), "patient.may_not_register") << login;
    EXPECT_EQ(house.post({}, "?organisation=" + house.stranger.resource).status, 403);
    EXPECT_EQ(house.post({}, "?organisation=Organization/none").status, 400);
    EXPECT_EQ(house.send(http::Method::post, "/fhir/Patient/$register", Form().patient().dump()).status, 401);
}

TEST(Register, takes_parameters) {
    Desk house;
    json::Value parameters = json::Value::object({{"resourceType", "Parameters"}});
    parameters.member("parameter").push(json::Value::object({{"name", "patient"}, {"resource", Form{.number = ""}.patient()}}));
    parameters.member("parameter").push(json::Value::object({{"name", "noIdReason"}, {"valueCode", "newborn"}}));
    const auto send = [&] { return house.send(http::Method::post, "/fhir/Patient/$register", parameters.dump(), {{"cookie", house.cookies["doctor"]}}); };
    EXPECT_EQ(send().status, 201);
    EXPECT_EQ(send().status, 409);
    parameters.member("parameter").push(json::Value::object({{"name", "confirmed"}, {"valueBoolean", true}}));
    EXPECT_EQ(send().status, 201);
    EXPECT_EQ(house.send(http::Method::post, "/fhir/Patient/$register", "[1", {{"cookie", house.cookies["doctor"]}}).status, 400);
    EXPECT_EQ(house.send(http::Method::post, "/fhir/Patient/$register", R"({"resourceType":"Parameters"})", {{"cookie", house.cookies["doctor"]}}).status, 400);
}

struct Later : Desk {
    std::string temporary(const std::string& name = "无名氏") {
        const auto made = post({.name = name, .number = ""}, "?noIdReason=unconscious");
        return (*json::parse(made.body))["id"].text();
    }
    http::Response operation(const std::string& id, const std::string& name, const std::string& body, const std::string& login = "doctor") {
        return send(http::Method::post, "/fhir/Patient/" + id + "/" + name, body, {{"cookie", cookies[login]}});
    }
    static std::string join_body(const std::string& other) {
        return R"({"resourceType":"Parameters","parameter":[{"name":"other","valueReference":{"reference":"Patient/)" + other + R"("}}]})";
    }
    json::Value kept(const std::string& id) { return record->read(record::ReadFilter::system("test"))->get("Patient/" + id).value(); }
};

TEST(Identify, papers_that_come_later_replace_the_temporary_number) {
    Later house;
    const std::string id = house.temporary();
    EXPECT_EQ(Desk::error_of(house.operation(id, "$identify", Form{.number = "990000198005060001"}.patient().dump())), "patient.national_id_wrong");
    EXPECT_EQ(house.operation(id, "$identify", Form().patient().dump(), "other").status, 404) << "a stranger's patient is not there";
    ASSERT_EQ(house.operation(id, "$identify", Form().patient().dump()).status, 204);
    const json::Value patient = house.kept(id);
    EXPECT_EQ(patient["name"].at(0)["text"].text(), "王伟");
    EXPECT_EQ(patient["identifier"].at(0)["system"].text(), kNationalIdSystem);
    EXPECT_EQ(patient["identifier"].at(1)["system"].text(), kTemporarySystem);
    EXPECT_EQ(patient["identifier"].at(1)["use"].text(), "old");
    EXPECT_EQ(Desk::error_of(house.operation(id, "$identify", Form().patient().dump())), "patient.not_temporary");
}

TEST(Identify, a_patient_who_is_known_is_joined_and_can_be_parted_again) {
    Later house;
    const std::string known = (*json::parse(house.post({}).body))["id"].text();
    const std::string id = house.temporary();
    const auto shown = house.operation(id, "$identify", Form().patient().dump());
    ASSERT_EQ(shown.status, 409);
    EXPECT_EQ((*json::parse(shown.body))["contained"].at(0)["id"].text(), known);
    EXPECT_EQ(house.operation(id, "$join", Later::join_body(known), "other").status, 404);
    EXPECT_EQ(Desk::error_of(house.operation(id, "$join", Later::join_body(id))), "patient.cannot_join");
    EXPECT_EQ(Desk::error_of(house.operation(known, "$join", Later::join_body(id))), "patient.not_temporary") << "only a temporary record gives way";
    ASSERT_EQ(house.operation(id, "$join", Later::join_body(known)).status, 204);
    EXPECT_EQ(house.kept(id)["link"].at(0)["type"].text(), "replaced-by");
    EXPECT_FALSE(house.kept(id)["active"].truth());
    EXPECT_EQ(house.kept(known)["link"].at(0)["other"]["reference"].text(), "Patient/" + id);
    EXPECT_EQ(Desk::error_of(house.operation(id, "$join", Later::join_body(known))), "patient.not_temporary");
    ASSERT_EQ(house.operation(id, "$part", "").status, 204);
    EXPECT_TRUE(house.kept(id)["link"].is_null());
    EXPECT_TRUE(house.kept(known)["link"].is_null());
    EXPECT_TRUE(house.kept(id)["active"].truth());
    EXPECT_EQ(Desk::error_of(house.operation(id, "$part", "")), "patient.not_joined");
}

TEST(Names, compare_by_sound) {
    EXPECT_EQ(comparable_name("王伟"), comparable_name("汪伟"));
    EXPECT_EQ(comparable_name("王伟"), comparable_name("WANG  Wei"));
    EXPECT_NE(comparable_name("王伟"), comparable_name("王芳"));
    EXPECT_EQ(name_of(*json::parse(R"({"name":[{"family":"王","given":["伟"]}]})")), "王伟");
    EXPECT_EQ(name_of(*json::parse(R"({"name":[{"family":"Smith","given":["Ann"]}]})")), "Smith Ann");
}

}  // namespace
}  // namespace qiao::access
