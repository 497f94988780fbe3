#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"
#include "record/search/clause.hpp"
#include "record/search/query.hpp"

#include <fmt/format.h>

#include <charconv>

namespace qiao::record {
namespace {

constexpr int kHistoryDefault = 100;

[[noreturn]] void throw_not_found() { throw Error(ErrorKind::not_found, "record.not_found", "no such resource"); }

void known(std::string_view type) {
    if (find_type(type) == TypeId::none) throw Error(ErrorKind::not_found, "record.unknown_type", "no such resource type");
}

void tell(const Api& api, const Caller& caller, std::string_view what, std::string_view type, const std::vector<Rid>& rids, const std::vector<Rid>& patients) {
    if (const auto& on_read = api.record.ports().on_read) on_read(caller.actor, what, type, rids, patients);
}

void tell(const Api& api, const Caller& caller, std::string_view what, const Stored& found) {
    if (!api.record.ports().on_read) return;
    tell(api, caller, what, found.type, {found.rid}, found.patient == 0 ? std::vector<Rid>{} : std::vector<Rid>{found.patient});
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

}  // namespace

http::Response read_resource(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known(type);
    check_acceptable(request);
    auto found = api.record.read(caller.filter)->read(type, request.param("id"));
    if (!found) throw_not_found();
    tell(api, caller, "read", *found);
    return show(request, std::move(*found));
}

http::Response read_version(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known(type);
    check_acceptable(request);
    const std::string_view text = request.param("version");
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || end != text.data() + text.size()) throw_not_found();
    auto found = api.record.read(caller.filter)->read_version(type, request.param("id"), version);
    if (!found) throw_not_found();
    tell(api, caller, "vread", *found);
    return show(request, std::move(*found));
}

http::Response read_history(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known(type);
    check_acceptable(request);
    int count = kHistoryDefault;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "_format" || name == "_pretty") continue;
        if (name != "_count")
            throw Error(ErrorKind::invalid, "record.unknown_parameter", "unknown history parameter",
                        {{"invalid", "", fmt::format("\"{}\" is not supported here", name)}});
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
        if (error != std::errc() || end != value.data() + value.size() || count < 1) throw_bad_value("_count", "is no positive number");
        count = std::min(count, limits::kSearchCountMax);
    }
    const auto versions = api.record.read(caller.filter)->history(type, request.param("id"), count);
    if (versions.empty()) throw_not_found();
    tell(api, caller, "history", versions.front());
    const std::string base = base_of(request);
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "history");
        json.field("total", static_cast<std::int64_t>(versions.size()));
        write_links(json, fmt::format("{}/{}/_history", base, versions.front().reference()), "");
        json.array("entry", [&] {
            for (const Stored& version : versions) {
                json.object([&] {
                    json.field("fullUrl", fmt::format("{}/{}", base, version.reference()));
                    if (!version.deleted) json.raw_field("resource", version.json);
                    json.object("request", [&] {
                        json.field("method", version.deleted ? "DELETE" : version.version == 1 ? "POST" : "PUT");
                        json.field("url", version.deleted || version.version > 1 ? version.reference() : version.type);
                    });
                    json.object("response", [&] {
                        json.field("status", version.deleted ? "204" : version.version == 1 ? "201" : "200");
                        json.field("etag", etag_of(version.version));
                        json.field("lastModified", format_instant(version.updated));
                    });
                });
            }
        });
    });
    return document(request, json.take());
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
std::vector<std::string> drop_unknown(TypeId type, std::string& query) {
    std::vector<std::string> dropped;
    std::string kept;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto name = percent_decode(pair.substr(0, pair.find('=')), true);
        if (name && !is_result_parameter(*name) && !is_search_parameter(type, *name)) {
            dropped.push_back(*name);
            continue;
        }
        if (!kept.empty()) kept += '&';
        kept += pair;
    }
    query = std::move(kept);
    return dropped;
}

std::string search_url(std::string_view base, std::string_view type, const SearchResult& result) {
    std::string url = fmt::format("{}/{}", base, type);
    char separator = '?';
    for (const auto& [name, value] : result.applied) {
        url += fmt::format("{}{}={}", separator, percent_encode(name), percent_encode(value));
        separator = '&';
    }
    return url;
}

void write_entries(JsonWriter& json, const std::string& base, const SearchResult& result, const std::vector<std::string>& dropped) {
    json.array("entry", [&] {
        for (const Match& match : result.matches) {
            json.object([&] {
                json.field("fullUrl", fmt::format("{}/{}", base, match.resource.reference()));
                json.raw_field("resource", match.resource.json);
                json.object("search", [&] { json.field("mode", match.included ? "include" : "match"); });
            });
        }
        if (dropped.empty()) return;
        std::string names;
        for (const std::string& name : dropped) names += (names.empty() ? "" : ", ") + name;
        json.object([&] {
            json.raw_field("resource", outcome_text("warning", "not-supported", "ignored search parameters: " + names));
            json.object("search", [&] { json.field("mode", "outcome"); });
        });
    });
}

}  // namespace

http::Response search_resources(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known(type);
    check_acceptable(request);
    std::string query = whole_query(request);
    std::vector<std::string> dropped;
    if (preferences_of(request).lenient) dropped = drop_unknown(find_type(type), query);
    const SearchResult result = api.record.read(caller.filter)->search(type, query);
    if (api.record.ports().on_read) {
        std::vector<Rid> rids;
        std::vector<Rid> patients;
        for (const Match& match : result.matches) {
            rids.push_back(match.resource.rid);
            if (match.resource.patient != 0) patients.push_back(match.resource.patient);
        }
        std::sort(patients.begin(), patients.end());
        patients.erase(std::unique(patients.begin(), patients.end()), patients.end());
        tell(api, caller, "search", type, rids, patients);
    }
    const std::string base = base_of(request);
    const std::string self = search_url(base, type, result);
    std::string next;
    if (!result.next_cursor.empty()) next = self + (result.applied.empty() ? "?" : "&") + "_cursor=" + result.next_cursor;
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "searchset");
        if (result.total) json.field("total", *result.total);
        write_links(json, self, next);
        if (!result.matches.empty() || !dropped.empty()) write_entries(json, base, result, dropped);
    });
    return document(request, json.take());
}

}  // namespace qiao::record
