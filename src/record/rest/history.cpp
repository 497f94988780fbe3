#include "base/error.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"
#include "record/search/clause.hpp"
#include "record/store/core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qiao::record {
namespace {

/// The route's place: "Patient/1", "Patient" or nothing.
std::string place_of(const HistoryAsk& ask) { return ask.id.empty() ? ask.type : ask.type + "/" + ask.id; }

int count_of(std::string_view value) {
    int count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    if (error != std::errc() || end != value.data() + value.size() || count < 1) throw_bad_value("_count", "is no positive number");
    return std::min(count, limits::kSearchCountMax);
}

/// @param applied  gets what was really used, for `self`
HistoryAsk ask_of(const http::Request& request, std::string& applied) {
    HistoryAsk ask;
    ask.type = request.param("type");
    ask.id = request.param("id");
    for (const auto& [name, value] : request.query_values()) {
        if (name == "_format" || name == "_pretty") continue;
        if (name == "_cursor") {
            ask.cursor = value;
            continue;
        }
        if (name == "_count") {
            ask.count = count_of(value);
        } else if (name == "_since") {
            ask.since = value;
        } else if (name == "_at") {
            ask.at = value;
        } else {
            throw Error(ErrorKind::invalid, "record.unknown_parameter", "unknown history parameter",
                        {{"invalid", parameter_place(name), fmt::format("\"{}\" is not supported here", name)}});
        }
        applied += fmt::format("{}{}={}", applied.empty() ? "?" : "&", name, percent_encode(value));
    }
    return ask;
}

void write_version(JsonWriter& json, const std::string& base, const Stored& version) {
    const bool first = version.version == 1;
    json.object([&] {
        json.field("fullUrl", fmt::format("{}/{}", base, version.reference()));
        if (!version.deleted) json.raw_field("resource", version.json);
        json.object("request", [&] {
            json.field("method", version.deleted ? "DELETE" : first ? "POST" : "PUT");
            json.field("url", version.deleted || !first ? version.reference() : version.type);
        });
        json.object("response", [&] {
            json.field("status", version.deleted ? "204" : first ? "201" : "200");
            json.field("etag", etag_of(version.version));
            json.field("lastModified", format_instant(version.updated));
        });
    });
}

}  // namespace

http::Response read_history(const Api& api, const http::Request& request, const Caller& caller) {
    check_acceptable(request);
    if (!request.param("type").empty()) known_type(request.param("type"));
    std::string applied;
    const HistoryAsk ask = ask_of(request, applied);
    HistoryPage page;
    {
        const auto reader = api.record.read(caller.filter);
        if (!ask.id.empty() && !reader->rid_of(ask.type, ask.id)) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        page = reader->history(ask);
    }
    std::vector<const Stored*> shown;
    for (const Stored& version : page.versions) shown.push_back(&version);
    tell_shown(api, caller, "history", ask.type, shown);
    const std::string base = base_of(request);
    const std::string place = place_of(ask);
    const std::string self = fmt::format("{}{}{}/_history{}", base, place.empty() ? "" : "/", place, applied);
    std::string next;
    if (!page.next_cursor.empty()) next = self + (applied.empty() ? "?" : "&") + "_cursor=" + page.next_cursor;
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", "history");
        // Counting all versions of a page that goes on would cost more than the page.
        if (next.empty() && ask.cursor.empty()) json.field("total", static_cast<std::int64_t>(page.versions.size()));
        write_links(json, self, next);
        if (page.versions.empty()) return;
        json.array("entry", [&] {
            for (const Stored& version : page.versions) write_version(json, base, version);
        });
    });
    return document(request, json.take());
}

}  // namespace qiao::record
