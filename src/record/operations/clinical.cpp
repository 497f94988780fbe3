#include "base/error.hpp"
#include "base/id.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/operations/input.hpp"
#include "record/operations/operations.hpp"
#include "record/rest/answer.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <set>

/// `Observation/$lastn` (R4: observation-operation-lastn.html) and `Composition/{id}/$document` (composition-operation-document.html).
namespace qiao::record {
namespace {

constexpr std::array<std::string_view, 5> kLastN = {"patient", "subject", "category", "code", "max"};
constexpr std::array<std::string_view, 1> kDocumentParameters = {"persist"};
constexpr int kMostOfACode = 100;
constexpr std::size_t kLooked = 50'000;  ///< observations of one patient that $lastn goes through
constexpr std::size_t kDocument = 1'000;

/// What makes two observations "of the same code": any coding in common; without codings the text.
std::vector<std::string> codes_of_observation(const json::Value& observation) {
    std::vector<std::string> codes;
    for (const json::Value& coding : observation["code"]["coding"].items()) codes.push_back(coding["system"].text() + "|" + coding["code"].text());
    if (codes.empty()) codes.push_back("text " + observation["code"]["text"].text());
    return codes;
}

http::Response last_n(Record& record, const http::Request& request, const Caller& caller) {
    check_acceptable(request);
    const Input input(request, kLastN);
    const int most = input.count("max", 1, kMostOfACode);
    std::string query = "_sort=-date&_count=" + std::to_string(limits::kSearchCountMax);
    std::string self = base_of(request) + "/Observation/$lastn?";
    for (const auto& [name, value] : input.values()) {
        if (name == "_format" || name == "_pretty") continue;
        self += fmt::format("{}{}={}", self.ends_with('?') ? "" : "&", name, percent_encode(value));
        if (name != "max") query += fmt::format("&{}={}", name, percent_encode(value));
    }
    if (input.text("patient").empty() && input.text("subject").empty()) throw_bad_parameter("patient", "or \"subject\" is needed");
    const auto reader = record.read(caller.filter);
    const auto until = std::chrono::steady_clock::now() + limits::kQueryTime;
    std::map<std::string, int, std::less<>> seen;
    std::vector<Match> matches;
    std::size_t looked = 0;
    std::string cursor;
    do {
        SearchResult page = reader->search("Observation", cursor.empty() ? query : query + "&_cursor=" + cursor);
        looked += page.matches.size();
        for (Match& match : page.matches) {
            const auto codes = codes_of_observation(match.resource.value());
            int before = 0;
            for (const std::string& code : codes) before = std::max(before, seen[code]);
            for (const std::string& code : codes) seen[code] = before + 1;
            if (before < most) matches.push_back(std::move(match));
        }
        cursor = page.next_cursor;
        if (looked > kLooked || matches.size() > limits::kBundleEntries || std::chrono::steady_clock::now() > until) {
            throw Error(ErrorKind::unavailable, "record.budget", "too many observations: name a category or codes");
        }
    } while (!cursor.empty());
    tell_shown(record, caller, matches);
    return document(request, searchset(base_of(request), self, "", matches));
}

/// Every literal "Type/id" that stands in a `reference` of the resource, in order.
void collect_references(const json::Value& value, std::vector<std::string>& out) {
    for (const auto& [name, member] : value.members()) {
        if (name == "reference" && member.is_string())
            out.push_back(member.text());
        else
            collect_references(member, out);
    }
    for (const json::Value& item : value.items()) collect_references(item, out);
}

/// The composition, what it refers to and what its sections' entries refer to. Those that the caller may not see are not in it.
std::vector<Match> document_of(Reader& reader, const Stored& composition) {
    std::vector<Match> parts{{composition, false}};
    std::set<std::string, std::less<>> known{composition.reference()};
    for (std::size_t at = 0; at < parts.size(); ++at) {
        std::vector<std::string> references;
        collect_references(parts[at].resource.value(), references);
        for (const std::string& reference : references) {
            const std::size_t slash = reference.find('/');
            if (slash == std::string::npos || !known.insert(reference).second) continue;
            auto found = reader.read(std::string_view(reference).substr(0, slash), std::string_view(reference).substr(slash + 1));
            if (!found || found->deleted) continue;
            // Another patient's resource has no place in this document, whoever asks.
            if (found->patient != 0 && found->patient != composition.patient) continue;
            if (parts.size() >= kDocument) throw Error(ErrorKind::invalid, "record.too_costly", "the document would have more than 1,000 resources");
            parts.push_back({std::move(*found), false});
        }
    }
    return parts;
}

http::Response make_document(Record& record, const Clock& clock, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kDocumentParameters);
    if (input.text("persist") == "true") throw Error(ErrorKind::invalid, "record.not_supported", "a document is made and sent, not kept");
    const auto reader = record.read(caller.filter);
    const auto parts = document_of(*reader, reader->get("Composition/" + std::string(id)));
    tell_shown(record, caller, parts);
    const Instant now = clock.now();
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.object("identifier", [&] {
            json.field("system", "urn:ietf:rfc:3986");
            json.field("value", "urn:uuid:" + new_uuid(now));
        });
        json.field("type", "document");
        json.field("timestamp", format_instant(now));
        json.array("entry", [&] {
            for (const Match& part : parts) {
                json.object([&] {
                    json.field("fullUrl", fmt::format("{}/{}", base_of(request), part.resource.reference()));
                    json.raw_field("resource", part.resource.json);
                });
            }
        });
    });
    return document(request, json.take());
}

}  // namespace

void add_clinical(Rest& rest, Record& record, const Clock& clock) {
    for (const http::Method method : {http::Method::get, http::Method::post}) {
        rest.add_operation(method, "Observation", "$lastn", false,
                           [&record](const http::Request& request, const Caller& caller, std::string_view) { return last_n(record, request, caller); });
        rest.add_operation(method, "Composition", "$document", true,
                           [&record, &clock](const http::Request& request, const Caller& caller, std::string_view id) {
                               return make_document(record, clock, request, caller, id);
                           });
    }
}

}  // namespace qiao::record
