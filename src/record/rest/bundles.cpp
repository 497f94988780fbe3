#include "base/error.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/bundle_entries.hpp"
#include "record/rest/handlers.hpp"
#include "record/rest/patches.hpp"
#include "record/rest/writes.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::record {
namespace {

struct EntryAnswer {
    std::string status;
    std::string location;
    std::string etag;
    std::string updated;
    std::string resource;
    std::string outcome;  ///< of an entry that was refused
};

void write_answer(JsonWriter& json, const std::vector<EntryAnswer>& answers, std::string_view type) {
    json.object([&] {
        json.field("resourceType", "Bundle");
        json.field("type", type);
        if (answers.empty()) return;
        json.array("entry", [&] {
            for (const EntryAnswer& answer : answers) {
                json.object([&] {
                    if (!answer.resource.empty()) json.raw_field("resource", answer.resource);
                    json.object("response", [&] {
                        json.field("status", answer.status);
                        if (!answer.location.empty()) json.field("location", answer.location);
                        if (!answer.etag.empty()) json.field("etag", answer.etag);
                        if (!answer.updated.empty()) json.field("lastModified", answer.updated);
                        if (!answer.outcome.empty()) json.raw_field("outcome", answer.outcome);
                    });
                });
            }
        });
    });
}

std::string status_line(int status) {
    switch (status) {
        case 200: return "200 OK";
        case 201: return "201 Created";
        case 204: return "204 No Content";
        default: return std::to_string(status);
    }
}

std::string location_of(const std::string& base, std::string_view reference, std::int64_t version) {
    return fmt::format("{}/{}/_history/{}", base, reference, version);
}

/// A part of the bundle as a request of its own: a GET of a transaction, any entry of a batch.
http::Request part_of(const http::Request& whole, const Entry& entry) {
    static constexpr std::array kMethods = {http::Method::del, http::Method::post, http::Method::put, http::Method::patch, http::Method::get};
    http::Request part;
    part.method = kMethods[static_cast<std::size_t>(entry.verb)];
    std::string url = entry.url;
    while (url.starts_with('/')) url.erase(0, 1);
    const std::size_t mark = url.find('?');
    part.path = fmt::format("/fhir/{}", std::string_view(url).substr(0, mark));
    part.target = fmt::format("/fhir/{}", url);
    if (mark != std::string::npos) part.query = url.substr(mark + 1);
    for (const auto& [name, value] : whole.headers) {
        if (name == "host" || name == "cookie" || name == "authorization" || name == "prefer" || name == "origin") part.headers.emplace_back(name, value);
    }
    part.peer_address = whole.peer_address;
    part.tls = whole.tls;
    Patch body{"application/fhir+json", std::string(entry.resource)};
    if (entry.verb == Verb::patch) body = patch_in(entry.resource);
    part.headers.emplace_back("accept", "application/fhir+json");
    part.headers.emplace_back("content-type", body.media_type);
    if (!entry.if_match.empty()) part.headers.emplace_back("if-match", entry.if_match);
    if (!entry.if_none_match.empty()) part.headers.emplace_back("if-none-match", entry.if_none_match);
    if (entry.verb == Verb::post && !entry.query.empty()) part.headers.emplace_back("if-none-exist", entry.query);
    part.body = std::move(body.body);
    return part;
}

EntryAnswer answer_of(const http::Response& response, bool with_resource) {
    EntryAnswer answer;
    answer.status = status_line(response.status);
    for (const auto& [name, value] : response.headers) {
        if (name == "Location") answer.location = value;
        if (name == "ETag") answer.etag = value;
    }
    if (response.status >= 400) {
        answer.outcome = response.body;
    } else if (with_resource) {
        answer.resource = response.body;
    }
    return answer;
}

http::Response again(const http::Request& request, const std::vector<Outcome>& outcomes) {
    std::vector<EntryAnswer> answers;
    for (const Outcome& outcome : outcomes) {
        EntryAnswer answer{.status = status_line(outcome.status)};
        if (outcome.status != 204 && !outcome.reference.ends_with('/')) {
            answer.location = location_of(base_of(request), outcome.reference, outcome.version);
            answer.etag = etag_of(outcome.version);
        }
        answers.push_back(std::move(answer));
    }
    JsonWriter json;
    write_answer(json, answers, "transaction-response");
    return document(request, json.take());
}

EntryAnswer written_answer(const http::Request& request, const Work& work, const Commit& commit, const Entry& entry) {
    const auto change =
        std::find_if(commit.changes.begin(), commit.changes.end(), [&](const Change& one) { return one.type == entry.type && one.id == entry.id; });
    EntryAnswer answer;
    if (entry.verb == Verb::del || change == commit.changes.end()) {
        answer.status = status_line(entry.matched ? 200 : 204);
        if (entry.matched) {
            answer.location = location_of(base_of(request), entry.reference(), entry.existing->version);
            answer.etag = etag_of(entry.existing->version);
        }
        return answer;
    }
    answer.status = status_line(change->operation == 'C' ? 201 : 200);
    answer.location = location_of(base_of(request), entry.reference(), change->version);
    answer.etag = etag_of(change->version);
    answer.updated = format_instant(commit.now);
    if (request.header("prefer").find("return=representation") != std::string_view::npos) answer.resource = work.written(entry.reference()).json;
    return answer;
}

std::optional<http::Response> try_transaction(const Api& api, const http::Request& request, const Caller& caller, const ParsedResource& bundle,
                                              const Dispatch& dispatch) {
    std::vector<Entry> entries = entries_of(bundle);
    check_may_write(api, caller, entries);
    Repeatable repeatable(api.record, caller, request);
    if (const auto before = repeatable.before()) return again(request, *before);
    auto work = plain_work(api.record, caller);
    resolve(api, caller, *work, entries);
    gather(api, caller, *work, entries, renamed_by(entries));
    std::vector<Outcome> outcomes;
    for (const Entry& entry : entries) {
        const bool reads = entry.verb == Verb::get;  // its URL may be anything
        outcomes.push_back({reads ? std::string(kNothingWritten) : entry.reference(), reads || entry.matched ? 200 : 0, 0});
    }
    const bool writes = std::any_of(entries.begin(), entries.end(), [](const Entry& entry) { return entry.verb != Verb::get && !entry.matched; });
    Commit commit;
    if (writes) {
        repeatable.keep(*work, std::move(outcomes));
        commit = work->commit();
        if (commit.skipped) return std::nullopt;
    }
    std::vector<EntryAnswer> answers;
    for (const Entry& entry : entries) {
        if (entry.verb != Verb::get) {
            answers.push_back(written_answer(request, *work, commit, entry));
            continue;
        }
        http::Request part = part_of(request, entry);
        answers.push_back(answer_of(dispatch(part), true));
    }
    JsonWriter json;
    write_answer(json, answers, "transaction-response");
    return document(request, json.take());
}

http::Response run_batch(const http::Request& request, const ParsedResource& bundle, const Dispatch& dispatch) {
    std::vector<EntryAnswer> answers;
    for (const Entry& entry : entries_of(bundle)) {
        http::Request part = part_of(request, entry);
        const bool shows = entry.verb == Verb::get || request.header("prefer").find("return=representation") != std::string_view::npos;
        answers.push_back(answer_of(dispatch(part), shows));
    }
    JsonWriter json;
    write_answer(json, answers, "batch-response");
    return document(request, json.take());
}

}  // namespace

http::Response run_bundle(const Api& api, const http::Request& request, const Caller& caller, const Dispatch& dispatch) {
    check_acceptable(request);
    check_json_body(request);
    const auto bundle = parse_resource(request.body, limits::kBundleBody_bytes);
    if (!bundle) {
        throw Error(ErrorKind::invalid, "record.bad_json", bundle.error().message,
                    {{"structure", "", fmt::format("{} (at byte {})", bundle.error().message, bundle.error().offset)}});
    }
    if (bundle->type() != TypeId::Bundle) throw Error(ErrorKind::invalid, "record.bad_bundle", "only a Bundle can be posted here");
    const std::string type = text_member(bundle->text(), "type");
    if (type == "batch") return run_batch(request, *bundle, dispatch);
    if (type != "transaction") throw Error(ErrorKind::invalid, "record.bad_bundle", "Bundle.type must be transaction or batch", {{"value", "Bundle.type", ""}});
    return until_settled(request, [&] { return try_transaction(api, request, caller, *bundle, dispatch); });
}

}  // namespace qiao::record
