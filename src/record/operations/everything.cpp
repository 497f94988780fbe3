#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/operations/input.hpp"
#include "record/operations/operations.hpp"
#include "record/rest/answer.hpp"

#include <fmt/format.h>

#include <array>

/// `Patient|Encounter/{id}/$everything` (R4: operation-patient-everything.html, operation-encounter-everything.html).
namespace qiao::record {
namespace {

constexpr int kPage = 100;
constexpr std::array<std::string_view, 6> kParameters = {"start", "end", "_since", "_type", "_count", "_cursor"};

std::string link_of(std::string_view base, const Compartment& what, const Input& input) {
    std::string url = fmt::format("{}/{}/{}/$everything", base, what.type, what.id);
    char separator = '?';
    for (const auto& [name, value] : input.values()) {
        if (name == "_cursor" || name == "_format" || name == "_pretty") continue;
        url += fmt::format("{}{}={}", separator, name, percent_encode(value));
        separator = '&';
    }
    return url;
}

http::Response answer(Record& record, const http::Request& request, const Caller& caller, std::string_view id) {
    check_acceptable(request);
    const Input input(request, kParameters);
    Compartment what{.type = std::string(request.param("type")), .id = std::string(id)};
    what.start = input.text("start");
    what.end = input.text("end");
    what.since = input.text("_since");
    what.types = input.list("_type");
    what.count = input.count("_count", kPage, limits::kSearchCountMax);
    what.cursor = input.text("_cursor");
    const SearchResult result = record.read(caller.filter)->everything(what);
    tell_shown(record, caller, result.matches);
    const std::string base = base_of(request);
    const std::string self = link_of(base, what, input);
    std::string next;
    if (!result.next_cursor.empty()) next = fmt::format("{}{}_cursor={}", self, self.find('?') == std::string::npos ? '?' : '&', result.next_cursor);
    return document(request, searchset(base, self, next, result.matches));
}

}  // namespace

void add_everything(Rest& rest, Record& record) {
    for (const std::string_view type : {"Patient", "Encounter"}) {
        for (const http::Method method : {http::Method::get, http::Method::post}) {
            rest.add_operation(method, type, "$everything", true, [&record](const http::Request& request, const Caller& caller, std::string_view id) {
                return answer(record, request, caller, id);
            });
        }
    }
}

}  // namespace qiao::record
