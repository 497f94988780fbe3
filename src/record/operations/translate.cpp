#include "base/error.hpp"
#include "record/operations/operations.hpp"
#include "record/operations/terminology_input.hpp"
#include "record/rest/answer.hpp"

#include <algorithm>
#include <array>

/// `ConceptMap/$translate` (R4: conceptmap-operation-translate.html), also in reverse.
namespace qiao::record {
namespace {

using terminology::Translation;

constexpr std::array<std::string_view, 10> kParameters = {"url",     "conceptMap", "conceptMapVersion", "code",         "system",
                                                          "version", "coding",     "codeableConcept",   "targetsystem", "reverse"};
constexpr int kOtherMaps = 5;  ///< of unmapped.url, one after the other

/// The map that is named, or all that lead from the code's system.
std::vector<terminology::ConceptMap::Ptr> asked_maps(const RecordShelf& shelf, const Input& input, std::string_view id, const Coded& coded, bool reverse) {
    if (!id.empty()) {
        auto found = shelf.concept_map_of(id);
        if (!found) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        return {std::move(found)};
    }
    if (const auto raw = input.raw("conceptMap", "resource")) return {concept_map_from(*raw)};
    if (!input.text("url").empty()) {
        const auto [url, version] = terminology::canonical_parts(input.text("url"));
        auto found = shelf.concept_map(url, version.empty() ? input.text("conceptMapVersion") : version);
        if (!found) throw Error(ErrorKind::not_found, "terminology.unknown_concept_map", "the concept map is not known here");
        return {std::move(found)};
    }
    if (coded.system.empty()) throw_bad_parameter("system", "or \"url\" is needed");
    const std::string_view target = input.text("targetsystem");
    return reverse ? shelf.concept_maps(target, coded.system) : shelf.concept_maps(coded.system, target);
}

void add_match(Answer& answer, const Translation& one) {
    json::Value coding = json::Value::object();
    if (!one.system.empty()) coding.set("system", one.system);
    coding.set("code", one.code);
    if (!one.display.empty()) coding.set("display", one.display);
    std::vector<json::Value> parts{part_of("equivalence", "valueCode", one.equivalence)};
    if (!one.code.empty()) parts.push_back(part_of("concept", "valueCoding", std::move(coding)));
    if (!one.map.empty()) parts.push_back(part_of("source", "valueUri", one.map));
    answer.parts("match", std::move(parts));
}

http::Response translate_code(Record& record, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kParameters);
    const auto codes = codes_from(input);
    const bool reverse = flag_from(input, "reverse", false);
    const std::string_view target = input.text("targetsystem");
    const auto reader = record.read(caller.filter);
    const RecordShelf& shelf = reader->definitions();
    std::vector<Translation> found;
    for (const Coded& coded : codes) {
        for (auto map : asked_maps(shelf, input, id, coded, reverse)) {
            for (int i = 0; map && i < kOtherMaps; ++i) {
                std::string other;
                auto some = terminology::translate(*map, coded.system, coded.code, reverse, other);
                std::erase_if(some, [&](const Translation& one) { return !target.empty() && one.system != target; });
                std::ranges::move(some, std::back_inserter(found));
                const auto [url, version] = terminology::canonical_parts(other);
                map = other.empty() ? nullptr : shelf.concept_map(url, version);
            }
        }
    }
    // A target that says that there is none, or that the two have nothing in common, is no translation.
    const bool result =
        std::ranges::any_of(found, [](const Translation& one) { return !one.code.empty() && one.equivalence != "unmatched" && one.equivalence != "disjoint"; });
    Answer answer;
    answer.boolean("result", result);
    if (!result) answer.text("message", "no translation is known here");
    for (const Translation& one : found) add_match(answer, one);
    return document(request, answer.take());
}

}  // namespace

void add_translate(Rest& rest, Record& record) {
    for (const http::Method method : {http::Method::get, http::Method::post}) {
        for (const bool instance : {false, true}) {
            rest.add_operation(
                method, "ConceptMap", "$translate", instance,
                [&record](const http::Request& request, const Caller& caller, std::string_view id) { return translate_code(record, request, caller, id); });
        }
    }
}

}  // namespace qiao::record
