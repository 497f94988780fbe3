#include "app/demo/patients.hpp"

#include "app/demo/health.hpp"
#include "base/error.hpp"
#include "clinical/national_id.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <map>

namespace qiao::app::demo {
namespace {

using namespace std::chrono;

std::vector<std::string> names_of(const toml::table& file, std::string_view key) {
    std::vector<std::string> names;
    if (const auto* list = file[key].as_array()) {
        for (const auto& item : *list) names.push_back(item.value_or(std::string()));
    }
    if (names.empty()) throw Error(ErrorKind::invalid, "demo.bad_file", fmt::format("{} is missing", key));
    return names;
}

/// One in seven a child, one in four over 65.
int draw_age(Dice& dice) {
    const int kind = dice.below(100);
    if (kind < 14) return dice.below(18);
    if (kind < 75) return 18 + dice.below(47);
    return 65 + dice.below(28);
}

std::string draw_birth_date(Dice& dice, int age, Instant now) {
    const sys_days today = floor<days>(now);
    const year_month_day date{today - days(age * 365 + age / 4 + 1 + dice.below(364))};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string national_id(const std::string& region, const std::string& birth_date, int sequence, bool male) {
    std::string first17 = region + birth_date.substr(0, 4) + birth_date.substr(5, 2) + birth_date.substr(8, 2);
    first17 += fmt::format("{:03}", (sequence * 2 + (male ? 1 : 0)) % 1000);
    return first17 + clinical::national_id_check_character(first17).value();
}

json::Value patient_resource(const Patient& patient, const std::string& family, const std::string& given, int number) {
    json::Value resource = json::Value::object({{"resourceType", "Patient"}});
    json::Value& identifier = resource.member("identifier").push(json::Value::object());
    identifier.set("system", "urn:oid:2.16.156.10011.1.3");
    identifier.set("value", patient.national_id);
    json::Value& name = resource.member("name").push(json::Value::object());
    name.set("use", "official");
    name.set("text", patient.name);
    name.set("family", family);
    name.member("given").push(given);
    json::Value& phone = resource.member("telecom").push(json::Value::object());
    phone.set("system", "phone");
    phone.set("value", fmt::format("000{:08}", 13000000 + number * 977));
    resource.set("gender", patient.male ? "male" : "female");
    resource.set("birthDate", patient.birth_date);
    return resource;
}

}  // namespace

std::vector<Patient> make_patients(http::Router& router, access::Sessions& sessions, record::Record& record, const Network& network, const std::string& file,
                                   Instant now) {
    const toml::table data = toml::parse_file(file);
    const auto surnames = names_of(data, "surnames");
    const auto male_names = names_of(data, "male_names");
    const auto female_names = names_of(data, "female_names");
    const std::string region = data["region"].value_or(std::string("990000"));
    const int count = data["count"].value_or(0);
    const HealthTables tables = read_health_tables(file);
    Dice dice(static_cast<std::uint64_t>(data["seed"].value_or(std::int64_t{1})));

    std::vector<std::string> places;
    std::map<std::string, Client> doctors;
    for (const auto& [organisation, login] : network.doctor_of) {
        places.push_back(organisation);
        doctors.emplace(organisation, Client(router, sessions, login));
    }
    std::vector<Patient> patients;
    for (int number = 0; number < count; ++number) {
        Patient patient;
        patient.male = dice.below(2) == 0;
        patient.age_years = draw_age(dice);
        patient.birth_date = draw_birth_date(dice, patient.age_years, now);
        patient.national_id = national_id(region, patient.birth_date, number, patient.male);
        const std::string& family = dice.pick(surnames);
        const std::string& given = dice.pick(patient.male ? male_names : female_names);
        patient.name = family + given;
        patient.organisation = dice.pick(places);
        Client& doctor = doctors.at(patient.organisation);
        const json::Value made = doctor.send(http::Method::post, "/fhir/Patient/$register?confirmed=true", patient_resource(patient, family, given, number));
        patient.reference = "Patient/" + made["id"].text();
        write_health(record, doctor.caller(), patient, tables, dice, now);
        patients.push_back(std::move(patient));
    }
    return patients;
}

}  // namespace qiao::app::demo
