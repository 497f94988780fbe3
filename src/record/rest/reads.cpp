#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/binary.hpp"
#include "record/rest/handlers.hpp"
#include "record/rest/view.hpp"
#include "record/search/clause.hpp"
#include "record/search/query.hpp"
#include "record/store/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qiao::record {

void tell_shown(const Api& api, const Caller& caller, std::string_view what, std::string_view type, const std::vector<const Stored*>& shown) {
    const auto& on_read = api.record.ports().on_read;
    if (!on_read) return;
    std::vector<Rid> rids;
    std::vector<Rid> patients;
    for (const Stored* one : shown) {
        rids.push_back(one->rid);
        if (one->patient != 0) patients.push_back(one->patient);
    }
    for (std::vector<Rid>* list : {&rids, &patients}) {
        std::sort(list->begin(), list->end());
        list->erase(std::unique(list->begin(), list->end()), list->end());
    }
    on_read(caller.actor, what, type, rids, patients);
}

void write_links(JsonWriter& json, const std::string& self, const std::string& next) {
    json.array("link", [&] {
        json.object([&] {
            json.field("relation", "self");
            json.field("url", self);
        });
        if (next.empty()) return;
        json.object([&] {
            json.field("relation", "next");
            json.field("url", next);
        });
    });
}

namespace {

[[noreturn]] void throw_not_found() { throw Error(ErrorKind::not_found, "record.not_found", "no such resource"); }

void tell(const Api& api, const Caller& caller, std::string_view what, const Stored& found) { tell_shown(api, caller, what, found.type, {&found}); }

/// The resource, or the part of it that is asked for.
http::Response answer_with(const http::Request& request, Stored found) {
    if (wants_content(request, found.type)) return content_of(request, std::move(found));
    const auto parameters = request.query_values();
    const TypeId type = find_type(found.type);
    const View view = view_of(parameters, {&type, 1});
    if (!found.deleted) found.json = part_shown(found.json, type, view);
    return show(request, std::move(found));
}

}  // namespace

http::Response read_resource(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known_type(type);
    if (!wants_content(request, type)) check_acceptable(request);
    auto found = api.record.read(caller.filter)->read(type, request.param("id"));
    if (!found) throw_not_found();
    tell(api, caller, "read", *found);
    return answer_with(request, std::move(*found));
}

http::Response read_version(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known_type(type);
    if (!wants_content(request, type)) check_acceptable(request);
    const std::string_view text = request.param("version");
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || end != text.data() + text.size()) throw_not_found();
    auto found = api.record.read(caller.filter)->read_version(type, request.param("id"), version);
    if (!found) throw_not_found();
    tell(api, caller, "vread", *found);
    return answer_with(request, std::move(*found));
}

namespace {

/// The parameters of a search by GET or POST, as one query.
std::string whole_query(const http::Request& request) {
    std::string query = request.query;
    if (request.method != http::Method::post || request.body.empty()) return query;
    const std::string_view type = trim(split(request.header("content-type"), ';').front());
    if (lower(type) != "application/x-www-form-urlencoded")
        throw Error(ErrorKind::invalid, "http.media_type", "a search body is application/x-www-form-urlencoded");
    if (!query.empty()) query += '&';
    return query + request.body;
}

/// handling=lenient: takes out the parameters that this type does not have. @return their names
std::vector<std::string> drop_unknown(const LocalParameters& local, std::span<const TypeId> types, std::string& query) {
    std::vector<std::string> dropped;
    std::string kept;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto name = percent_decode(pair.substr(0, pair.find('=')), true);
        const auto unknown = [&](TypeId type) { return !is_search_parameter(local, type, *name); };
        const bool chooses = name && *name == "_type" && types.size() > 1;
        if (name && !chooses && !is_result_parameter(*name) && std::any_of(types.begin(), types.end(), unknown)) {
            dropped.push_back(*name);
            continue;
        }
        if (!kept.empty()) kept += '&';
        kept += pair;
    }
    query = std::move(kept);
    return dropped;
}

std::string search_url(const std::string& place, const SearchResult& result) {
    std::string url = place;
    char separator = '?';
    for (const auto& [name, value] : result.applied) {
        url += fmt::format("{}{}={}", separator, percent_encode(name), percent_encode(value));
        separator = '&';
    }
    return url;
}

void write_outcome(JsonWriter& json, std::string_view code, const std::string& text) {
    json.object([&] {
        json.raw_field("resource", outcome_text("warning", code, text));
        json.object("search", [&] { json.field("mode", "outcome"); });
    });
}

void write_entries(JsonWriter& json, const std::string& base, const SearchResult& result, const View& view, const std::vector<std::string>& dropped) {
    json.array("entry", [&] {
        for (const Match& match : result.matches) {
            const Stored& resource = match.resource;
            json.object([&] {
                json.field("fullUrl", fmt::format("{}/{}", base, resource.reference()));
                // Elements are chosen for what was searched; what is included comes whole.
                const bool whole = view.is_whole() || (match.included && !view.elements.empty());
                json.raw_field("resource", whole ? resource.json : part_shown(resource.json, find_type(resource.type), view));
                json.object("search", [&] { json.field("mode", match.included ? "include" : "match"); });
            });
        }
        std::string names;
        for (const std::string& name : dropped) names += (names.empty() ? "" : ", ") + name;
        if (!names.empty()) write_outcome(json, "not-supported", "ignored search parameters: " + names);
        if (result.includes_cut) write_outcome(json, "too-costly", "more than 1,000 resources would be included; the rest is left out");
    });
}

http::Response search_at(const Api& api, const http::Request& request, const Caller& caller, const SearchPlace& place) {
    check_acceptable(request);
    std::vector<TypeId> types;
    if (place.type.empty()) {
        types.assign(all_types().begin(), all_types().end());
    } else {
        types.push_back(known_type(place.type));
    }
    std::string query = whole_query(request);
    std::vector<std::string> dropped;
    if (preferences_of(request).lenient) dropped = drop_unknown(*api.record.core().local_parameters.open(), types, query);
    const SearchResult result = api.record.read(caller.filter)->search_in(place, query);
    const View view = view_of(result.applied, types);
    std::vector<const Stored*> shown;
    for (const Match& match : result.matches) shown.push_back(&match.resource);
    tell_shown(api, caller, "search", place.type, shown);
    const std::string base = base_of(request);
    std::string where = base;
    if (!place.patient.empty()) where += "/Patient/" + place.patient + (place.type.empty() ? "/*" : "");
    if (!place.type.empty()) where += "/" + place.type;
    const std::string self = search_url(where, result);
    std::string next;
    if (!result.next_cursor.empty()) next = self + (result.applied.empty() ? "?" : "&") + "_cursor=" + result.next_cursor;
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "searchset");
        if (result.total) json.field("total", *result.total);
        write_links(json, self, next);
        if (!result.matches.empty() || !dropped.empty()) write_entries(json, base, result, view, dropped);
    });
    return document(request, json.take());
}

}  // namespace

http::Response search_resources(const Api& api, const http::Request& request, const Caller& caller) {
    return search_at(api, request, caller, {std::string(request.param("type")), {}});
}

http::Response search_compartment(const Api& api, const http::Request& request, const Caller& caller) {
    if (request.param("type") != "Patient") throw Error(ErrorKind::not_found, "record.unknown_compartment", "only the compartment of a Patient is served");
    const std::string_view wanted = request.param("operation");
    return search_at(api, request, caller, {wanted == "*" ? std::string() : std::string(wanted), std::string(request.param("id"))});
}

}  // namespace qiao::record
