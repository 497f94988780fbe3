#include "record/bulk/bulk_routes.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "record/bulk/bulk_limits.hpp"
#include "record/bulk/export_slice.hpp"
#include "record/bulk/files.hpp"
#include "record/feed/subscription.hpp"
#include "record/operations/input.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

namespace qiao::record::bulk {
namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr std::int64_t kCheckedAtOnce = 5'000;  // resources of a download
constexpr std::string_view kRetryAfter_s = "2";

/// "https://host" of this request.
std::string root_of(const Request& request) {
    std::string base = base_of(request);
    base.resize(base.size() - std::string_view("/fhir").size());
    return base;
}

std::string url_of(const Request& request, const Job& job) { return fmt::format("{}/bulk/{}", root_of(request), job.id); }

void require_async(const Request& request) {
    if (lower(std::string(request.header("prefer"))).find("respond-async") == std::string::npos)
        throw Error(ErrorKind::invalid, "record.async_required", "this takes long: ask with Prefer: respond-async");
}

bool is_known(std::string_view name) {
    const auto known = export_parameters();
    return std::find(known.begin(), known.end(), name) != known.end() || name == "_format" || name == "_pretty";
}

/// Under handling=lenient: takes what is not known out of the query. @return its names
std::vector<std::string> leave_out_unknown(Request& request) {
    std::vector<std::string> left;
    std::string query;
    for (const auto& [name, value] : request.query_values()) {
        if (is_known(name))
            query += fmt::format("{}{}={}", query.empty() ? "" : "&", percent_encode(name), percent_encode(value));
        else
            left.push_back(name);
    }
    request.query = std::move(query);
    return left;
}

Response accepted(const Request& request, const std::string& id, std::string_view what) {
    Response response{.status = 202, .body = outcome_text("information", "informational", what)};
    response.with("Content-Location", fmt::format("{}/bulk/{}", root_of(request), id));
    return response;
}

Response order(Bulk& bulk, const Request& request, const Caller& caller, ExportAsk::Level level, std::string_view group) {
    check_acceptable(request);
    require_async(request);
    if (request.body_file) throw Error(ErrorKind::too_large, "http.body_too_large", "the parameters of an export are few");
    Request strict = request;
    const auto ignored = preferences_of(request).lenient ? leave_out_unknown(strict) : std::vector<std::string>();
    const Input input(strict, export_parameters());
    Parameters parameters;
    for (const auto& [name, value] : input.values()) {
        if (name != "_format" && name != "_pretty") parameters.emplace_back(name, value);
    }
    const ExportAsk ask = parse_export(bulk.ground().record.core(), level, group, parameters);
    const std::string id =
        bulk.order_export(caller, owner_of(caller.actor), ask, written_ask(level, group, parameters, ignored), root_of(request) + request.target);
    return accepted(request, id, "the export was ordered");
}

bool is_ndjson(std::string_view media_type) {
    const std::string name = lower(trim(split(media_type, ';').front()));
    return name == "application/fhir+ndjson" || name == "application/ndjson" || name == "application/x-ndjson";
}

Response take_in(Bulk& bulk, const Request& request, const Caller& caller) {
    check_acceptable(request);
    require_async(request);
    const std::string_view media_type = request.header("content-type");
    if (!is_ndjson(media_type) && !is_fhir_json(media_type))
        throw Error(ErrorKind::invalid, "http.media_type", "resources come as application/fhir+ndjson, a Bundle also as application/fhir+json");
    if (!caller.may_write_plain) throw Error(ErrorKind::forbidden, "record.no_plain_write", "plain FHIR writes are not open to this role");
    const Bulk::Source source{.whole = !is_ndjson(media_type), .body = request.body, .spilled = request.body_file};
    const std::string id = bulk.order_import(owner_of(caller.actor), source, root_of(request) + request.target);
    return accepted(request, id, "the import was ordered");
}

/// One that is there for this caller.
Job found(const Bulk& bulk, const Request& request, const Caller& caller) {
    auto job = bulk.find(request.param("job"));
    if (!job || job->owner != owner_of(caller.actor)) throw Error(ErrorKind::not_found, "record.not_found", "no such job");
    return *std::move(job);
}

void write_files(JsonWriter& json, std::string_view member, std::string_view kind, const std::vector<File>& files, const std::string& url) {
    json.array(member, [&] {
        for (const File& file : files) {
            if (file.kind != kind || file.lines == 0) continue;
            json.object([&] {
                json.field("type", file.type);
                json.field("url", fmt::format("{}/files/{}", url, file.name));
                json.field("count", file.lines);
            });
        }
    });
}

/// When the state was that an export shows: the next one begins there.
Instant time_of(const Bulk& bulk, const Job& job) {
    auto snapshot = bulk.ground().database.read();
    auto rows = snapshot->connection().query("SELECT ts_ms FROM tx WHERE t = ?", {job.t});
    return from_us((rows.next() ? rows.integer(0) : job.created_ms) * 1000);
}

/// What an import came to, as an extension of the guide's manifest.
void write_import(JsonWriter& json, const Job& job) {
    json.object("extension", [&] {
        json.object("urn:qiao:import", [&] {
            json.field("state", job.state);
            json.field("lines", job.place.line);
            json.field("written", job.written);
            json.field("failed", job.failed);
        });
    });
}

Response manifest(const Bulk& bulk, const Request& request, const Job& job) {
    const auto files = bulk.files_of(job.id);
    const std::string url = url_of(request, job);
    JsonWriter json;
    json.object([&] {
        json.field("transactionTime", format_instant(time_of(bulk, job)));
        json.field("request", job.request);
        json.field("requiresAccessToken", true);
        write_files(json, "output", "output", files, url);
        write_files(json, "deleted", "deleted", files, url);
        write_files(json, "error", "error", files, url);
        if (job.kind == Kind::imports) write_import(json, job);
    });
    Response response{.content_type = "application/json", .body = json.take()};
    response.with("Expires", format_http_date(from_us(job.expires_ms * 1000)));
    return response;
}

Response show_job(const Bulk& bulk, const Request& request, const Caller& caller) {
    const Job job = found(bulk, request, caller);
    if (job.is_running()) {
        Response response{.status = 202, .content_type = "application/json", .body = {}};
        response.with("X-Progress", job.done == 0 ? "waiting" : fmt::format("{}%", job.percent())).with("Retry-After", std::string(kRetryAfter_s));
        return response;
    }
    if (job.state == state::kFailed) throw Error(ErrorKind::conflict, "record.bulk_failed", "the job failed", {{"processing", "", job.error}});
    return manifest(bulk, request, job);
}

/// What the owner may not see any more is not given out, though a file holds it.
void require_still_visible(const Bulk& bulk, const Caller& caller, const Job& job, const File& file) {
    if (job.kind == Kind::imports) return;
    const auto refuse = [] {
        throw Error(ErrorKind::conflict, "record.bulk_rights", "not all that the file holds is open to you any more: order a new export");
    };
    if (digest_of(caller.filter) != job.filter_digest) refuse();
    if (caller.filter.scope == ReadFilter::Scope::everything && caller.filter.labels == kEveryLabel) return;
    const std::string companion = companion_of(bulk.path_of(job, file.name));
    for (std::int64_t from = 0; from < file.resources; from += kCheckedAtOnce) {
        const auto rids = read_rids(companion, from, std::min(kCheckedAtOnce, file.resources - from));
        if (!sees_all(bulk.ground().record.core(), caller.filter, rids)) refuse();
    }
}

Response download(const Bulk& bulk, const Request& request, const Caller& caller) {
    const Job job = found(bulk, request, caller);
    const auto files = bulk.files_of(job.id);
    const auto file = std::find_if(files.begin(), files.end(), [&](const File& one) { return one.name == request.param("file"); });
    const bool whole = job.kind == Kind::imports || job.state == state::kComplete;
    if (file == files.end() || !whole) throw Error(ErrorKind::not_found, "record.not_found", "no such file");
    if (job.node != bulk.node()) throw Error(ErrorKind::unavailable, "record.bulk_elsewhere", "the file is on another node of the centre");
    require_still_visible(bulk, caller, job, *file);
    const auto open = std::make_shared<http::OpenFile>(::open(bulk.path_of(job, file->name).c_str(), O_RDONLY | O_CLOEXEC));
    if (open->descriptor() < 0) throw Error(ErrorKind::not_found, "record.not_found", "no such file");
    if (const auto& on_read = bulk.ground().record.ports().on_read) on_read(caller.actor, "export", file->type, {}, {});
    Response response{.content_type = "application/fhir+ndjson"};
    if (file->bytes > 0)
        response.parts.emplace_back(http::FileRange{open, 0, static_cast<std::uint64_t>(file->bytes)});
    response.with("Content-Disposition", fmt::format("attachment; filename=\"{}\"", file->name));
    return response;
}

void write_time(JsonWriter& json, std::string_view name, std::int64_t ms) {
    if (ms != 0) json.field(name, format_instant(from_us(ms * 1000)));
}

void write_job(JsonWriter& json, const Bulk& bulk, const Job& job) {
    json.object([&] {
        json.field("id", job.id);
        json.field("kind", code_of(job.kind));
        json.field("state", job.state);
        json.field("request", job.request);
        json.field("percent", job.percent());
        json.field("waiting", job.is_running() && job.done == 0);
        json.field("written", job.written);
        json.field("failed", job.failed);
        json.field("lines", job.place.line);
        json.field("error", job.error);
        write_time(json, "created", job.created_ms);
        write_time(json, "ended", job.ended_ms);
        write_time(json, "expires", job.expires_ms);
        json.array("files", [&] {
            if (job.kind == Kind::exports && job.state != state::kComplete) return;
            for (const File& file : bulk.files_of(job.id)) {
                json.object([&] {
                    json.field("name", file.name);
                    json.field("kind", file.kind);
                    json.field("type", file.type);
                    json.field("count", file.lines);
                    json.field("bytes", file.bytes);
                });
            }
        });
    });
}

Response list(const Bulk& bulk, const Request&, const Caller& caller) {
    JsonWriter json;
    json.object([&] {
        json.field("mayImport", caller.may_write_plain);
        json.array("jobs", [&] {
            for (const Job& job : bulk.jobs_of(owner_of(caller.actor))) write_job(json, bulk, job);
        });
    });
    return {.content_type = "application/json", .body = json.take()};
}

Response end(Bulk& bulk, const Request& request, const Caller& caller) {
    bulk.end(found(bulk, request, caller));
    return {.status = 202, .content_type = "application/json", .body = {}};
}

}  // namespace

void add_bulk_operations(Rest& rest, Bulk& bulk) {
    using Level = ExportAsk::Level;
    const auto operation = [&bulk](Level level) {
        return [&bulk, level](const Request& request, const Caller& caller, std::string_view id) { return order(bulk, request, caller, level, id); };
    };
    for (const Method method : {Method::get, Method::post}) {
        rest.add_operation(method, kWholeRecord, "$export", false, operation(Level::system));
        rest.add_operation(method, "Patient", "$export", false, operation(Level::patient));
        rest.add_operation(method, "Group", "$export", true, operation(Level::group));
    }
    rest.add_operation(Method::post, kWholeRecord, "$import", false,
                       [&bulk](const Request& request, const Caller& caller, std::string_view) { return take_in(bulk, request, caller); });
}

void add_bulk_routes(http::Router& router, Bulk& bulk, const CallerOf& caller_of) {
    router.add(Method::get, "/bulk", {}, [&bulk, caller_of](const Request& request) { return list(bulk, request, caller_of(request)); });
    router.add(Method::get, "/bulk/{job}", {}, [&bulk, caller_of](const Request& request) { return show_job(bulk, request, caller_of(request)); });
    router.add(Method::del, "/bulk/{job}", {}, [&bulk, caller_of](const Request& request) { return end(bulk, request, caller_of(request)); });
    router.add(Method::get, "/bulk/{job}/files/{file}", {},
               [&bulk, caller_of](const Request& request) { return download(bulk, request, caller_of(request)); });
}

}  // namespace qiao::record::bulk
