#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"
#include "record/rest/patches.hpp"
#include "record/rest/writes.hpp"
#include "record/transact/rewrite.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <set>

namespace qiao::record {
namespace {

constexpr std::size_t kConditionalReferences = 1'000;
constexpr std::chrono::seconds kConditionsTime{10};  // of one transaction: what its conditions may take

enum class Verb : std::uint8_t { del, post, put, patch, get };

/// One entry of the request, and what became of it.
struct Entry {
    Verb verb = Verb::get;
    std::string full_url;
    std::string url;
    std::string type;   ///< of the URL
    std::string id;     ///< of the URL, or made for a POST
    std::string query;  ///< behind '?', or If-None-Exist of a POST
    std::string if_match;
    std::string if_none_match;
    std::string_view resource;
    bool matched = false;  ///< a conditional create that found its resource: nothing is written
    std::optional<Stored> existing;

    [[nodiscard]] std::string reference() const { return type + "/" + id; }
};

[[noreturn]] void throw_entry(std::size_t index, std::string_view why) {
    throw Error(ErrorKind::invalid, "record.bad_bundle", "the bundle cannot be carried out",
                {{"invalid", fmt::format("Bundle.entry[{}]", index), std::string(why)}});
}

/// The plain text of a JSON string member; empty when there is none.
std::string text_member(std::string_view json, std::string_view key) {
    const auto raw = raw_member(json, key);
    if (!raw) return {};
    const auto value = json::parse(fmt::format("[{}]", *raw));
    return value && value->at(0).is_string() ? value->at(0).text() : std::string();
}

Verb verb_of(std::string_view method, std::size_t index) {
    if (method == "DELETE") return Verb::del;
    if (method == "POST") return Verb::post;
    if (method == "PUT") return Verb::put;
    if (method == "PATCH") return Verb::patch;
    if (method == "GET" || method == "HEAD") return Verb::get;
    throw_entry(index, method.empty() ? "request.method is missing" : "this method is not supported in a bundle");
}

void split_url(Entry& entry, std::size_t index) {
    std::string_view url = entry.url;
    while (url.starts_with('/')) url.remove_prefix(1);
    const std::size_t mark = url.find('?');
    if (mark != std::string_view::npos) {
        entry.query = std::string(url.substr(mark + 1));
        url = url.substr(0, mark);
    }
    const std::size_t slash = url.find('/');
    entry.type = std::string(url.substr(0, slash));
    if (slash != std::string_view::npos) entry.id = std::string(url.substr(slash + 1));
    if (entry.verb == Verb::get) return;
    if (find_type(entry.type) == TypeId::none) throw_entry(index, "request.url names no resource type");
    const bool conditional = !entry.query.empty();
    if (entry.verb == Verb::post) {
        if (!entry.id.empty() || conditional) throw_entry(index, "request.url of a POST is a resource type");
        return;
    }
    if (conditional == !entry.id.empty() || (!conditional && !is_fhir_id(entry.id))) throw_entry(index, "request.url is Type/id or Type?criteria");
}

Entry entry_of(std::string_view json, std::size_t index) {
    const auto request = raw_member(json, "request");
    if (!request || request->empty() || request->front() != '{') throw_entry(index, "request is missing");
    Entry entry;
    entry.verb = verb_of(text_member(*request, "method"), index);
    entry.url = text_member(*request, "url");
    entry.full_url = text_member(json, "fullUrl");
    entry.if_match = text_member(*request, "ifMatch");
    entry.if_none_match = text_member(*request, "ifNoneMatch");
    if (const auto resource = raw_member(json, "resource")) entry.resource = *resource;
    split_url(entry, index);
    if (entry.verb == Verb::post) entry.query = text_member(*request, "ifNoneExist");
    if (const std::size_t mark = entry.query.find('?'); entry.verb == Verb::post && mark != std::string::npos) entry.query.erase(0, mark + 1);
    const bool brings = entry.verb == Verb::post || entry.verb == Verb::put || entry.verb == Verb::patch;
    if (brings && (entry.resource.empty() || entry.resource.front() != '{')) throw_entry(index, "resource is missing");
    return entry;
}

std::vector<Entry> entries_of(const ParsedResource& bundle) {
    std::vector<Entry> entries;
    const auto list = raw_member(bundle.text(), "entry");
    if (!list || list->empty() || list->front() != '[') return entries;
    const auto items = raw_items(*list);
    if (items.size() > limits::kBundleEntries) throw Error(ErrorKind::too_large, "record.too_many_entries", "a bundle has at most 5,000 entries");
    for (std::size_t i = 0; i < items.size(); ++i) entries.push_back(entry_of(items[i], i));
    return entries;
}

/// Finds out, before anything is written, which resource each entry is about.
void resolve(const Api& api, const Caller& caller, Work& work, std::vector<Entry>& entries) {
    std::set<std::string> conditions;
    std::set<std::string> identities;
    const auto until = std::chrono::steady_clock::now() + kConditionsTime;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        Entry& entry = entries[i];
        if (entry.verb == Verb::get) continue;
        if (std::chrono::steady_clock::now() > until) throw Error(ErrorKind::unavailable, "record.budget", "the conditions of the bundle take too long");
        if (!entry.query.empty()) {
            if (!conditions.insert(entry.type + "?" + entry.query).second) {
                throw Error(ErrorKind::conflict, "record.overlapping_entries", "two entries of the bundle have the same condition",
                            {{"conflict", fmt::format("Bundle.entry[{}]", i), ""}});
            }
            entry.existing = single_match(work.reader(), entry.type, entry.query);
            entry.id = entry.existing ? entry.existing->id : new_uuid(api.clock.now());
            entry.matched = entry.existing && entry.verb == Verb::post;
            still_matches(api.record, work, caller, entry.type, entry.query, entry.existing ? entry.id : "");
        } else if (entry.verb == Verb::post) {
            entry.id = new_uuid(api.clock.now());
        } else {
            entry.existing = work.reader().read(entry.type, entry.id);
        }
        if (entry.verb == Verb::patch) {
            if (!caller.may_write_plain) check_may_write(api.record, caller, nullptr, entry.type);
            if (!entry.existing || entry.existing->deleted) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
            still_version(api.record, work, caller, *entry.existing);
        }
        if (!entry.matched) check_may_write(api.record, caller, entry.existing ? &*entry.existing : nullptr, entry.type);
        if (!identities.insert(entry.reference()).second) {
            throw Error(ErrorKind::conflict, "record.overlapping_entries", "two entries of the bundle are about one resource",
                        {{"conflict", fmt::format("Bundle.entry[{}]", i), entry.reference()}});
        }
    }
}

Renamed renamed_by(const std::vector<Entry>& entries) {
    Renamed names;
    for (const Entry& entry : entries) {
        if (entry.verb == Verb::get || entry.verb == Verb::del || entry.full_url.empty()) continue;
        names.emplace(entry.full_url, entry.reference());
    }
    return names;
}

void gather(const Api& api, const Caller& caller, Work& work, const std::vector<Entry>& entries, const Renamed& names) {
    std::map<std::string, std::string, std::less<>> known;  // many entries refer to one patient
    const auto conditional = [&](std::string_view reference) {
        if (const auto before = known.find(reference); before != known.end()) return before->second;
        if (known.size() >= kConditionalReferences) {
            throw Error(ErrorKind::too_large, "record.too_many_conditions", "a transaction has at most 1,000 different conditional references");
        }
        const std::size_t mark = reference.find('?');
        const std::string type(reference.substr(0, mark));
        const auto found = single_match(*api.record.read(caller.filter), type, reference.substr(mark + 1));
        if (!found) throw Error(ErrorKind::conflict, "record.multiple_matches", "a conditional reference finds nothing");
        return known.emplace(std::string(reference), found->reference()).first->second;
    };
    for (const Verb verb : {Verb::del, Verb::post, Verb::put, Verb::patch}) {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const Entry& entry = entries[i];
            if (entry.verb != verb || entry.matched) continue;
            work.at(fmt::format("Bundle.entry[{}].resource", i));
            const std::int64_t expected = version_of(entry.if_match, "ifMatch").value_or(0);
            if (verb == Verb::del) {
                const bool unknown = !entry.existing && caller.filter.scope != ReadFilter::Scope::everything;
                if (unknown) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
                if (entry.existing && !entry.existing->deleted) work.remove(entry.type, entry.id, expected);
            } else if (verb == Verb::patch) {
                work.update_text(entry.type, entry.id, rewrite_links(patched(patch_in(entry.resource), *entry.existing, api.clock.now()), names), expected);
            } else {
                const bool says = verb == Verb::put && (entry.query.empty() || (entry.existing && raw_member(entry.resource, "id")));
                if (says) check_body_id(entry.resource, entry.id, fmt::format("Bundle.entry[{}].resource", i));
                work.update_text(entry.type, entry.id, resolve_conditional_references(rewrite_links(entry.resource, names), conditional), expected);
            }
        }
    }
}

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
    Repeatable repeatable(api.record, caller, request);
    if (const auto before = repeatable.before()) return again(request, *before);
    std::vector<Entry> entries = entries_of(bundle);
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
