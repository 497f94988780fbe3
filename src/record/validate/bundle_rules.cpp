#include "record/validate/rule_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

/// What R4 says in words of Bundles (bundle.html, documents.html, messaging.html, search.html).
namespace qiao::record {
namespace {

/// Elements of a Composition whose targets a document has to hold.
constexpr std::array<std::string_view, 9> kOfDocument = {"subject",      "encounter",      "author",        "attester.party", "custodian",
                                                         "event.detail", "section.author", "section.focus", "section.entry"};

void check_full_url(const Spot& entry, std::vector<Finding>& out) {
    const std::string& url = entry.value()["fullUrl"].text();
    if (url.empty()) return;
    if (url.find(':') == std::string::npos) return add(out, "error", "value", entry.place + ".fullUrl", "an absolute URL is wanted");
    const json::Value& resource = entry.value()["resource"];
    const std::string& id = resource["id"].text();
    const std::size_t last = url.rfind('/');
    if (id.empty() || last == std::string::npos || !url.starts_with("http")) return;
    const std::size_t before = url.rfind('/', last - 1);
    if (before == std::string::npos) return;
    const std::string_view type = std::string_view(url).substr(before + 1, last - before - 1);
    if (find_type(type) == TypeId::none) return;
    if (type != resource["resourceType"].text() || std::string_view(url).substr(last + 1) != id)
        add(out, "error", "value", entry.place + ".fullUrl", "type and id at its end are not those of the resource");
}

void check_search_entry(const Spot& entry, std::vector<Finding>& out) {
    const json::Value& resource = entry.value()["resource"];
    if (!resource.is_object()) return;
    const bool is_outcome = resource["resourceType"].text() == "OperationOutcome";
    if (!is_outcome && resource["id"].text().empty()) add(out, "error", "required", entry.place + ".resource.id", "what a search found has an id");
    const std::string& mode = entry.value()["search"]["mode"].text();
    if (!mode.empty() && (mode == "outcome") != is_outcome)
        add(out, "error", "value", entry.place + ".search.mode", is_outcome ? "an OperationOutcome is an outcome" : "only an OperationOutcome is an outcome");
}

void check_links(const Spot& bundle, std::vector<Finding>& out) {
    std::set<std::string> seen;
    for (const Spot& link : children(bundle, "link")) {
        const std::string& relation = link.value()["relation"].text();
        if (!relation.empty() && !seen.insert(relation).second) add(out, "error", "duplicate", link.place, "there is another link of this relation");
    }
}

/// How many entries a reference without a version may mean.
std::size_t count_entries(const json::Value& bundle, std::string_view reference) {
    const json::Value* first = find_entry(bundle, reference);
    if (first == nullptr) return 0;
    std::string url;
    for (const json::Value& entry : bundle["entry"].items()) {
        if (&entry["resource"] == first) url = entry["fullUrl"].text();
    }
    const auto same = [&](const json::Value& entry) { return entry["fullUrl"].text() == url; };
    return static_cast<std::size_t>(std::ranges::count_if(bundle["entry"].items(), same));
}

void check_reference(const Scope& scope, const Spot& spot, std::vector<Finding>& out) {
    const std::string& reference = spot.value()["reference"].text();
    if (reference.empty() || reference.starts_with('#') || scope.is_spent()) return;
    const std::size_t found = count_entries(*scope.bundle, reference);
    if (found == 0) {
        const bool elsewhere = reference.starts_with("http:") || reference.starts_with("https:");
        return add(out, elsewhere ? "warning" : "error", "not-found", spot.place, "the resource is not in the Bundle");
    }
    if (found > 1 && reference.find("/_history/") == std::string::npos)
        add(out, "error", "multiple-matches", spot.place, "the Bundle has several versions of it: the reference has to name one");
}

void follow(const Scope& scope, const Spot& from, std::string_view path, std::vector<Finding>& out) {
    const std::size_t point = path.find('.');
    for (const Spot& spot : children(from, path.substr(0, point))) {
        if (point == std::string_view::npos)
            check_reference(scope, spot, out);
        else
            follow(scope, spot, path.substr(point + 1), out);
    }
}

void follow_sections(const Scope& scope, const Spot& section, std::vector<Finding>& out) {
    for (const Spot& inner : children(section, "section")) {
        for (const std::string_view path : {"author", "focus", "entry"}) follow(scope, inner, path, out);
        follow_sections(scope, inner, out);
    }
}

}  // namespace

void check_bundle(const Spot& bundle, const Scope& scope, std::vector<Finding>& out) {
    const std::string& type = bundle.value()["type"].text();
    check_links(bundle, out);
    const std::vector<Spot> entries = children(bundle, "entry");
    for (const Spot& entry : entries) {
        check_full_url(entry, out);
        if (type == "searchset") check_search_entry(entry, out);
    }
    if (entries.empty()) return;
    const json::Value& resource = entries.front().value()["resource"];
    const auto first = resource_spot(resource, entries.front().place + ".resource");
    if (!first) return;
    if (type == "document" && first->type() == "Composition") {
        for (const std::string_view path : kOfDocument) follow(scope, *first, path, out);
        for (const Spot& section : children(*first, "section")) follow_sections(scope, section, out);
    }
    if (type == "message" && first->type() == "MessageHeader") follow(scope, *first, "focus", out);
}

}  // namespace qiao::record
