#include "access/identity_papers.hpp"

#include "access/patients.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "clinical/national_id.hpp"
#include "record/extract/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace qiao::access {
namespace {

constexpr std::size_t kName_bytes = 200;
constexpr std::size_t kIdentifier_bytes = 64;
constexpr std::size_t kIdentifiers = 10;
constexpr std::array<std::string_view, 5> kNoIdReasons = {"not_at_hand", "newborn", "unconscious", "refused", "none_issued"};
constexpr std::array<std::string_view, 4> kSexes = {"male", "female", "other", "unknown"};

template <class List>
bool has(const List& list, std::string_view code) {
    return std::find(list.begin(), list.end(), code) != list.end();
}

[[noreturn]] void refuse(std::string_view code, const std::string& message, std::string_view place) {
    throw Error(ErrorKind::invalid, code, message, {{"value", std::string(place), message}});
}

std::string date_text(Instant instant) {
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(instant)};
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

bool is_full_date(std::string_view text) { return text.size() == 10 && parse_instant(std::string(text) + "T00:00:00Z").has_value(); }

void check_national_number(json::Value& identifier, const json::Value& patient) {
    std::string number = identifier["value"].text();
    if (!number.empty() && number.back() == 'x') number.back() = 'X';
    const auto stated = clinical::parse_national_id(number);
    if (!stated) refuse("patient.national_id_wrong", "this is no identity number: its digits contradict its check character", "Patient.identifier");
    if (stated->birth_date != patient["birthDate"].text()) {
        refuse("patient.national_id_birth_date", "the identity number states another birth date", "Patient.birthDate");
    }
    const std::string& sex = patient["gender"].text();
    if ((sex == "male" || sex == "female") && (sex == "male") != stated->male) {
        refuse("patient.national_id_sex", "the identity number states another sex", "Patient.gender");
    }
    identifier.set("value", number);
}

}  // namespace

std::string name_of(const json::Value& patient) {
    const json::Value& name = patient["name"].at(0);
    if (!trim(name["text"].text()).empty()) return std::string(trim(name["text"].text()));
    std::string text = name["family"].text();
    for (const auto& given : name["given"].items()) text += (text.empty() || record::has_han(text) ? "" : " ") + given.text();
    return std::string(trim(text));
}

std::string comparable_name(std::string_view name) {
    if (record::has_han(name)) return record::to_pinyin(name, true).full;
    return record::compact(record::fold_text(name));
}

json::Value temporary_identifier(std::string_view reason, Instant now) {
    std::string day = date_text(now);
    std::erase(day, '-');
    std::string number = "T" + day + "-" + to_hex(random_bytes(4));
    std::transform(number.begin(), number.end(), number.begin(), [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
    json::Value identifier = json::Value::object();
    identifier.member("extension").push(json::Value::object({{"url", "urn:qiao:no-id-reason"}, {"valueCode", reason}}));
    identifier.set("use", "temp");
    identifier.set("system", kTemporarySystem);
    identifier.set("value", number);
    return identifier;
}

void check_identity(json::Value& patient, std::string_view no_id_reason, Instant now) {
    if (patient["resourceType"].text() != "Patient") refuse("patient.not_a_patient", "a Patient is needed", "patient");
    const std::string name = name_of(patient);
    if (name.empty() || name.size() > kName_bytes) refuse("patient.name_missing", "a name of at most 200 bytes is needed", "Patient.name");
    const std::string& born = patient["birthDate"].text();
    // A day more: where the patient stands it may be tomorrow already.
    if (!is_full_date(born) || born > date_text(now + std::chrono::hours(24)) || born < "1850") {
        refuse("patient.birth_date_missing", "a full birth date that is not in the future is needed", "Patient.birthDate");
    }
    if (!has(kSexes, patient["gender"].text())) refuse("patient.sex_missing", "the sex is needed: male, female, other or unknown", "Patient.gender");
    if (patient["identifier"].size() > kIdentifiers) refuse("patient.bad_identifier", "at most 10 identifiers", "Patient.identifier");
    bool has_paper = false;
    for (std::size_t i = 0; i < patient["identifier"].size(); ++i) {
        json::Value& identifier = patient.member("identifier").mutable_items()[i];
        const std::string system = identifier["system"].text();
        const std::string value(trim(identifier["value"].text()));
        if (system.empty() || system == kTemporarySystem || value.empty() || value.size() > kIdentifier_bytes) {
            refuse("patient.bad_identifier", "an identifier needs a system and a number of at most 64 bytes", "Patient.identifier");
        }
        identifier.set("value", value);
        if (system == kNationalIdSystem) check_national_number(identifier, patient);
        has_paper = true;
    }
    if (!has_paper && !has(kNoIdReasons, no_id_reason)) {
        refuse("patient.no_identity", "an identity paper, or the reason why there is none, is needed", "Patient.identifier");
    }
}

}  // namespace qiao::access
