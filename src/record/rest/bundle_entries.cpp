#include "record/rest/bundle_entries.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/patches.hpp"
#include "record/store/core.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>

namespace qiao::record {
namespace {

constexpr std::size_t kConditionalReferences = 1'000;
constexpr std::chrono::seconds kConditionsTime{10};  // of one transaction: what its conditions may take

}  // namespace

std::string text_member(std::string_view json, std::string_view key) {
    const auto raw = raw_member(json, key);
    if (!raw) return {};
    const auto value = json::parse(fmt::format("[{}]", *raw));
    return value && value->at(0).is_string() ? value->at(0).text() : std::string();
}

namespace {

[[noreturn]] void throw_entry(std::size_t index, std::string_view why) {
    throw Error(ErrorKind::invalid, "record.bad_bundle", "the bundle cannot be carried out",
                {{"invalid", fmt::format("Bundle.entry[{}]", index), std::string(why)}});
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

}  // namespace

std::vector<Entry> entries_of(const ParsedResource& bundle) {
    std::vector<Entry> entries;
    const auto list = raw_member(bundle.text(), "entry");
    if (!list || list->empty() || list->front() != '[') return entries;
    const auto items = raw_items(*list);
    if (items.size() > limits::kBundleEntries) throw Error(ErrorKind::too_large, "record.too_many_entries", "a bundle has at most 5,000 entries");
    for (std::size_t i = 0; i < items.size(); ++i) entries.push_back(entry_of(items[i], i));
    return entries;
}

void check_may_write(const Api& api, const Caller& caller, const std::vector<Entry>& entries) {
    std::set<std::string_view> asked;
    for (const Entry& entry : entries) {
        if (entry.verb != Verb::get && asked.insert(entry.type).second) check_may_write(api.record, caller, entry.type);
    }
}

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
            entry.is_fresh = !entry.existing && entry.verb == Verb::post;
            still_matches(api.record, work, caller, entry.type, entry.query, entry.existing ? entry.id : "");
        } else if (entry.verb == Verb::post) {
            entry.is_fresh = entry.id.empty();
            if (entry.is_fresh) entry.id = new_uuid(api.clock.now());
        } else {
            entry.existing = work.reader().read(entry.type, entry.id);
        }
        if (entry.verb == Verb::patch) {
            if (!entry.existing || entry.existing->deleted) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
            still_version(api.record, work, caller, *entry.existing);
        }
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
                const std::string text = resolve_conditional_references(rewrite_links(entry.resource, names), conditional);
                if (entry.is_fresh)
                    create_fresh(work, entry.type, entry.id, text);
                else
                    work.update_text(entry.type, entry.id, text, expected);
            }
        }
    }
}

}  // namespace qiao::record
