#include "record/rest/answer.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qiao::record {
namespace {

bool is_host(std::string_view host) {
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
    });
}

bool accepts_json(std::string_view accept) {
    for (const std::string_view one : split(accept, ',')) {
        const std::string name = lower(trim(split(one, ';').front()));
        if (name == "*/*" || name == "application/*" || is_fhir_json(one)) return true;
    }
    return false;
}

std::string query_value(const http::Request& request, std::string_view name) {
    if (request.query.find(name) == std::string::npos) return {};
    for (auto& [key, value] : request.query_values()) {
        if (key == name) return value;
    }
    return {};
}

/// If-None-Match decides alone where both are sent (RFC 9110 section 13.1.3). A date has no fractions of a second.
bool has_already(const http::Request& request, const Stored& found) {
    if (const std::string_view known = request.header("if-none-match"); !known.empty()) {
        const std::string now = etag_of(found.version);
        const auto same = [&](std::string_view one) { return trim(one) == "*" || trim(one) == now || trim(one) == std::string_view(now).substr(2); };
        const auto list = split(known, ',');
        return std::any_of(list.begin(), list.end(), same);
    }
    const auto since = parse_http_date(request.header("if-modified-since"));
    return since && to_ms(found.updated) / 1000 <= to_ms(*since) / 1000;
}

http::Response with_version(http::Response response, const Stored& stored) {
    response.with("ETag", etag_of(stored.version)).with("Last-Modified", format_http_date(stored.updated));
    return response;
}

std::string version_path(const http::Request& request, const Stored& stored) {
    return fmt::format("{}/{}/{}/_history/{}", base_of(request), stored.type, stored.id, stored.version);
}

}  // namespace

bool is_fhir_json(std::string_view type) {
    const auto pieces = split(type, ';');
    const std::string name = lower(trim(pieces.front()));
    if (name != "application/fhir+json" && name != "application/json" && name != "application/json+fhir" && name != "text/json") return false;
    for (std::size_t i = 1; i < pieces.size(); ++i) {
        const std::string parameter = lower(trim(pieces[i]));
        if (parameter.starts_with("fhirversion=") && parameter != "fhirversion=4.0") return false;
    }
    return true;
}

std::string base_of(const http::Request& request) {
    const std::string_view host = request.header("host");
    if (!is_host(host)) return "/fhir";
    return fmt::format("{}://{}/fhir", request.tls ? "https" : "http", host);
}

void check_acceptable(const http::Request& request) {
    const std::string format = query_value(request, "_format");
    if (!format.empty()) {
        if (format == "json" || is_fhir_json(format)) return;
        throw Error(ErrorKind::invalid, "http.not_acceptable", "only application/fhir+json is served");
    }
    const std::string_view accept = request.header("accept");
    if (!accept.empty() && !accepts_json(accept)) throw Error(ErrorKind::invalid, "http.not_acceptable", "only application/fhir+json is served");
}

void check_json_body(const http::Request& request) {
    if (!is_fhir_json(request.header("content-type"))) {
        throw Error(ErrorKind::invalid, "http.media_type", "the body must be application/fhir+json");
    }
}

Preferences preferences_of(const http::Request& request) {
    Preferences out;
    for (const std::string_view header : split(request.header("prefer"), ',')) {
        for (std::string_view one : split(header, ';')) {
            one = trim(one);
            if (one == "return=minimal") out.what = Return::minimal;
            if (one == "return=OperationOutcome") out.what = Return::outcome;
            if (one == "handling=lenient") out.lenient = true;
        }
    }
    return out;
}

std::optional<std::int64_t> version_of(std::string_view header, std::string_view name) {
    if (header.empty()) return std::nullopt;
    std::string_view text = header;
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || end != text.data() + text.size() || version < 1) {
        throw Error(ErrorKind::invalid, "record.bad_version", fmt::format("{} wants W/\"versionId\"", name));
    }
    return version;
}

std::string etag_of(std::int64_t version) { return fmt::format("W/\"{}\"", version); }

http::Response document(const http::Request& request, std::string json) {
    http::Response response;
    response.body = query_value(request, "_pretty") == "true" ? indented(json) : std::move(json);
    return response;
}

http::Response show(const http::Request& request, Stored found) {
    if (found.deleted) {
        throw Error(ErrorKind::not_found, "record.deleted", "the resource was deleted");
    }
    if (has_already(request, found)) {
        http::Response unchanged;
        unchanged.status = 304;
        return with_version(std::move(unchanged), found);
    }
    http::Response response = document(request, std::move(found.json));
    response.with("Content-Location", version_path(request, found));
    return with_version(std::move(response), found);
}

http::Response wrote(const http::Request& request, int status, Stored stored) {
    const Preferences preferences = preferences_of(request);
    http::Response response;
    response.status = status;
    response.with("Location", version_path(request, stored));
    if (preferences.what == Return::representation) {
        const auto shown = document(request, std::move(stored.json));
        response.body = shown.body;
        response.with("Content-Location", version_path(request, stored));
    } else if (preferences.what == Return::outcome) {
        response.body = outcome_text("information", "informational", status == 201 ? "created" : "stored");
    }
    return with_version(std::move(response), stored);
}

std::string outcome_text(std::string_view severity, std::string_view code, std::string_view diagnostics) {
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "OperationOutcome");
        json.array("issue", [&] {
            json.object([&] {
                json.field("severity", severity);
                json.field("code", code);
                json.field("diagnostics", diagnostics);
            });
        });
    });
    return json.take();
}

std::string indented(std::string_view json) {
    std::string out;
    out.reserve(json.size() * 3 / 2);
    std::size_t depth = 0;
    bool in_string = false;
    const auto new_line = [&] {
        out += '\n';
        out.append(depth * 2, ' ');
    };
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            out += c;
            if (c == '\\') out += json[++i];
            if (c == '"') in_string = false;
            continue;
        }
        switch (c) {
            case '"':
                in_string = true;
                out += c;
                break;
            case '{':
            case '[':
                out += c;
                ++depth;
                new_line();
                break;
            case '}':
            case ']':
                --depth;
                new_line();
                out += c;
                break;
            case ',':
                out += c;
                new_line();
                break;
            case ':': out += ": "; break;
            default: out += c;
        }
    }
    out += '\n';
    return out;
}

}  // namespace qiao::record
