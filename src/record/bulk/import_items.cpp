#include "record/bulk/import_items.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record::bulk {
namespace {

Error bad_bundle(std::size_t index, std::string_view why) {
    return {ErrorKind::invalid, "record.bad_bundle", "the bundle cannot be carried out", {{"invalid", fmt::format("Bundle.entry[{}]", index), std::string(why)}}};
}

/// A UUID (version 8 of RFC 9562) that is the same when the line is read again after a restart.
std::string made_id(std::string_view job, std::int64_t line, std::size_t entry) {
    std::string hex = to_hex(sha256(fmt::format("{}/{}/{}", job, line, entry)).substr(0, 16));
    hex[12] = '8';
    hex[16] = 'a';
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20, 12));
}

/// Writes `resource` under its id; without one, under `id`.
Entry put(std::string_view resource, std::string id) {
    Entry entry;
    entry.type = text_member(resource, "resourceType");
    entry.resource = resource;
    entry.id = text_member(resource, "id");
    entry.verb = entry.id.empty() ? Verb::post : Verb::put;
    if (entry.id.empty()) entry.id = std::move(id);
    return entry;
}

/// Whether it looks for what may be in the line before: by a condition, a reference that is a search, or a patch.
bool stands_alone(const Entry& entry) {
    const bool searches = entry.resource.find('?') != std::string_view::npos && entry.resource.find("\"reference\"") != std::string_view::npos;
    return !entry.query.empty() || searches || entry.verb == Verb::patch;
}

/// The entries of a collection or of what a search found: they say what there is and not what to do. What the searched server said of its
/// search is no part of that.
std::vector<Entry> collected(const ParsedResource& bundle, std::string_view job, std::int64_t line) {
    std::vector<Entry> entries;
    const auto list = raw_member(bundle.text(), "entry");
    if (!list || !list->starts_with('[')) return entries;
    const auto parts = raw_items(*list);
    if (parts.size() > limits::kBundleEntries) throw Error(ErrorKind::too_large, "record.too_many_entries", "a bundle has at most 5,000 entries");
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (const auto search = raw_member(parts[i], "search"); search && text_member(*search, "mode") == "outcome") {
            entries.emplace_back();  // passed over as a GET is
            continue;
        }
        const auto resource = raw_member(parts[i], "resource");
        if (!resource || !resource->starts_with('{')) throw bad_bundle(i, "resource is missing");
        Entry entry = put(*resource, made_id(job, line, i));
        if (find_type(entry.type) == TypeId::none) throw bad_bundle(i, "resource has no known type");
        entry.full_url = text_member(parts[i], "fullUrl");
        entries.push_back(std::move(entry));
    }
    return entries;
}

Item refused(std::int64_t number, const Place& after, Error error) {
    Item item{.line = number, .after = after};
    item.refused = std::move(error);
    return item;
}

/// Each entry by itself; `names` is what they call each other.
void divide(std::vector<Entry> entries, const Renamed& names, std::int64_t done, const Item& whole, const Place& begin, std::vector<Item>& items) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (static_cast<std::int64_t>(i) < done || entries[i].verb == Verb::get) continue;
        Item item = whole;
        item.entry = static_cast<std::int64_t>(i);
        item.alone = stands_alone(entries[i]);
        item.entries = {std::move(entries[i])};
        item.names = names;
        item.after = begin;
        item.after.entry = item.entry + 1;
        items.push_back(std::move(item));
    }
    if (!items.empty()) items.back().after = whole.after;
}

std::vector<Item> items_of_bundle(const Item& whole, const Place& begin, std::string_view type, std::int64_t done, std::string_view job) {
    std::vector<Item> items;
    if (type == "transaction") {
        Item item = whole;
        item.entries = entries_of(*whole.text);
        std::erase_if(item.entries, [](const Entry& entry) { return entry.verb == Verb::get; });
        item.alone = std::any_of(item.entries.begin(), item.entries.end(), stands_alone);
        items.push_back(std::move(item));
        return items;
    }
    std::vector<Entry> entries = type == "batch" ? entries_of(*whole.text) : collected(*whole.text, job, whole.line);
    const Renamed names = type == "batch" ? Renamed() : renamed_by(entries);
    divide(std::move(entries), names, done, whole, begin, items);
    return items;
}

}  // namespace

std::vector<Item> items_of(Line line, std::int64_t number, std::int64_t done, std::string_view job) {
    Place begin;
    begin.offset = line.start;
    begin.line = number - 1;
    Place after;
    after.offset = line.next;
    after.line = number;
    std::vector<Item> items;
    if (line.too_long) {
        items.push_back(refused(number, after, {ErrorKind::too_large, "record.too_large", "the line is longer than 64 MiB"}));
        return items;
    }
    if (trim(line.text).empty()) return items;
    auto parsed = parse_resource(line.text, limits::kBundleBody_bytes);
    if (!parsed) {
        const std::string why = fmt::format("{} (at byte {})", parsed.error().message, parsed.error().offset);
        items.push_back(refused(number, after, {ErrorKind::invalid, "record.bad_json", parsed.error().message, {{"structure", "", why}}}));
        return items;
    }
    Item whole{.line = number, .after = after};
    whole.text = std::make_shared<const ParsedResource>(std::move(parsed).operator*());
    const std::string type = whole.text->type() == TypeId::Bundle ? text_member(whole.text->text(), "type") : std::string();
    if (type == "transaction" || type == "batch" || type == "collection" || type == "searchset") return items_of_bundle(whole, begin, type, done, job);
    whole.entries = {put(whole.text->text(), {})};
    whole.alone = stands_alone(whole.entries.front());
    if (find_type(whole.entries.front().type) == TypeId::none) {
        whole.refused = Error(ErrorKind::invalid, "record.invalid", "resourceType names no resource type", {{"structure", "resourceType", "resourceType names no resource type"}});
    }
    items.push_back(std::move(whole));
    return items;
}

}  // namespace qiao::record::bulk
