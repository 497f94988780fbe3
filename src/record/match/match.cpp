#include "record/match/match.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/operations/input.hpp"
#include "record/rest/answer.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

namespace qiao::record {
namespace {

constexpr int kBlock = 500;
constexpr int kUsual = 10;
constexpr int kMost = 100;
constexpr std::array<std::string_view, 3> kParameters = {"resource", "onlyCertainMatches", "count"};
constexpr std::string_view kGradeUrl = "http://hl7.org/fhir/StructureDefinition/match-grade";

/// The searches of the blocks. A number is looked for as it was written and as it is compared.
std::vector<std::string> blocks_of(const json::Value& patient, const Person& person) {
    std::vector<std::string> queries;
    const auto add = [&](std::string_view parameter, const std::string& value, std::string_view more = {}) {
        if (value.size() > limits::kSearchValue_bytes) return;  // no search takes it
        std::string query = fmt::format("{}={}{}", parameter, percent_encode(value), more);
        if (std::find(queries.begin(), queries.end(), query) == queries.end()) queries.push_back(std::move(query));
    };
    std::size_t numbers = 0;
    for (const auto& identifier : patient["identifier"].items()) {
        if (!is_compared_number(identifier)) continue;
        if (++numbers > kComparedNumbers) break;
        const std::string& system = identifier["system"].text();
        for (const std::string& value : {std::string(trim(identifier["value"].text())), comparable_number(system, identifier["value"].text())}) {
            add("identifier", escape(system) + "|" + escape(value));
        }
    }
    std::size_t phones = 0;
    for (const auto& telecom : patient["telecom"].items()) {
        if (!is_compared_phone(telecom)) continue;
        if (++phones > kComparedPhones) break;
        const std::string& value = telecom["value"].text();
        add("phone", escape(value));
        std::string digits = comparable_phone(value);
        if (digits.size() == 13 && digits.starts_with("86")) digits.erase(0, 2);
        for (const char* country : {"", "+86", "86", "+86 "}) add("phone", country + digits);
    }
    if (person.birth_date.size() == 10) add("birthdate", person.birth_date);
    if (person.birth_date.size() >= 4) {
        const std::string born = "&birthdate=" + percent_encode(person.birth_date.substr(0, 4));
        for (const PersonName& name : person.names) {
            for (const std::string& sound : name.sound) add("name", escape(sound), born);
        }
    }
    return queries;
}

std::string answer_text(std::string_view base, const std::vector<Candidate>& candidates) {
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "searchset");
        json.field("total", static_cast<std::int64_t>(candidates.size()));
        if (candidates.empty()) return;
        json.array("entry", [&] {
            for (const Candidate& candidate : candidates) {
                json.object([&] {
                    json.field("fullUrl", fmt::format("{}/{}", base, candidate.patient.reference()));
                    json.raw_field("resource", candidate.patient.json);
                    json.object("search", [&] {
                        json.array("extension", [&] {
                            json.object([&] {
                                json.field("url", kGradeUrl);
                                json.field("valueCode", grade_code(candidate.score.grade));
                            });
                        });
                        json.field("mode", "match");
                        json.raw_field("score", fmt::format("{:.4f}", candidate.score.probability));
                    });
                });
            }
        });
    });
    return json.take();
}

http::Response answer(Record& record, const http::Request& request, const Caller& caller) {
    check_acceptable(request);
    const Input input(request, kParameters);
    const auto text = input.raw("resource", "resource");
    const auto patient = text ? json::parse(*text) : json::parse("{}");
    if (!text || !patient || (*patient)["resourceType"].text() != "Patient") throw_bad_parameter("resource", "is a Patient in a Parameters body");
    const bool only_certain = input.text("onlyCertainMatches") == "true";
    const auto most = static_cast<std::size_t>(input.count("count", kUsual, kMost));
    const auto candidates = find_candidates(*record.read(caller.filter), *patient, only_certain ? Grade::certain : Grade::possible, most);
    std::vector<Match> shown;
    shown.reserve(candidates.size());
    for (const Candidate& one : candidates) shown.push_back({one.patient, false});
    tell_shown(record, caller, shown);
    return document(request, answer_text(base_of(request), candidates));
}

}  // namespace

std::vector<Candidate> find_candidates(Reader& reader, const json::Value& patient, Grade least, std::size_t most) {
    const Person person = person_of(patient);
    std::unordered_set<Rid> seen;
    std::vector<Candidate> found;
    for (const std::string& query : blocks_of(patient, person)) {
        for (Match& match : reader.search("Patient", query + "&_count=" + std::to_string(kBlock)).matches) {
            if (!seen.insert(match.resource.rid).second) continue;
            Score score = compare(person, person_of(match.resource.value()));
            if (score.grade >= least) found.push_back({std::move(match.resource), std::move(score)});
        }
    }
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
        if (a.score.bits != b.score.bits) return a.score.bits > b.score.bits;
        return a.patient.rid < b.patient.rid;
    });
    if (found.size() > most) found.resize(most);
    return found;
}

void add_match(Rest& rest, Record& record) {
    rest.add_operation(http::Method::post, "Patient", "$match", false,
                       [&record](const http::Request& request, const Caller& caller, std::string_view) { return answer(record, request, caller); });
}

}  // namespace qiao::record
