#include "record/path/evaluator.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/validate.hpp"

#include <algorithm>
#include <array>

/// What FHIR R4 adds to FHIRPath (fhirpath.html, "Additional functions"), and the table of all functions.
namespace qiao::record::path {

namespace {

constexpr std::string_view kDefinitions = "http://hl7.org/fhir/StructureDefinition/";

Collection run_extension(Call& call) {
    const auto url = call.text_argument(0);
    Collection result;
    result.ordered = call.input.ordered;
    if (!url) return result;
    for (const Item& item : call.input.items) {
        const auto* element = std::get_if<Element>(&item);
        if (element == nullptr) continue;
        std::vector<Item> extensions;
        append_children(*element, "extension", extensions);
        std::ranges::copy_if(extensions, std::back_inserter(result.items), [&](const Item& extension) {
            const auto& row = std::get<Element>(extension);
            return row.value != nullptr && (*row.value)["url"].text() == *url;
        });
    }
    return result;
}

bool is_primitive_value(const Item& item) {
    const auto* element = std::get_if<Element>(&item);
    return element == nullptr || (element->value != nullptr && element->type != ValueType::object && element->type != ValueType::resource);
}

Collection run_has_value(Call& call) { return Item(call.input.size() == 1 && is_primitive_value(call.input.items.front())); }

Collection run_get_value(Call& call) {
    if (call.input.size() != 1 || !is_primitive_value(call.input.items.front())) return {};
    return system_value(call.input.items.front());
}

/// "#id" in the containing resource; "#" is that resource itself.
const json::Value* contained(const json::Value* root, std::string_view id) {
    if (root == nullptr || id.empty()) return root;
    for (const json::Value& resource : (*root)["contained"].items()) {
        if (resource["id"].text() == id) return &resource;
    }
    return nullptr;
}

/// The entry of a Bundle that a reference means: by its fullUrl, or by type and id at the end of it.
const json::Value* in_bundle(const json::Value* root, const std::string& reference) {
    if (root == nullptr || (*root)["resourceType"].text() != "Bundle") return nullptr;
    for (const json::Value& entry : (*root)["entry"].items()) {
        const std::string& url = entry["fullUrl"].text();
        if (url == reference || (reference.find(':') == std::string::npos && url.ends_with('/' + reference))) {
            return entry["resource"].is_object() ? &entry["resource"] : nullptr;
        }
    }
    return nullptr;
}

const json::Value* resolved(const Call& call, const std::string& reference) {
    const json::Value* root = call.evaluator.root();
    if (reference.starts_with('#')) {
        const json::Value* inside = contained(call.evaluator.context().resource, std::string_view(reference).substr(1));
        return inside != nullptr ? inside : contained(root, std::string_view(reference).substr(1));
    }
    if (const json::Value* entry = in_bundle(root, reference)) return entry;
    const Outside* outside = call.evaluator.context().outside;
    return outside == nullptr ? nullptr : outside->resolve(reference);
}

/// A Reference or the text of one; what cannot be found is left out.
Collection run_resolve(Call& call) {
    Collection result;
    result.ordered = call.input.ordered;
    for (const Item& item : call.input.items) {
        const std::string* text = text_of(item);
        const auto* element = std::get_if<Element>(&item);
        if (text == nullptr && element != nullptr && element->value != nullptr) text = &(*element->value)["reference"].text();
        if (text == nullptr || text->empty()) continue;
        const json::Value* resource = resolved(call, *text);
        const auto found = resource == nullptr ? std::nullopt : resource_element(*resource);
        if (found) result.items.emplace_back(*found);
    }
    return result;
}

Collection run_member_of(Call& call) {
    const Item* item = call.single();
    const auto url = call.text_argument(0);
    const Outside* outside = call.evaluator.context().outside;
    if (item == nullptr || !url || outside == nullptr) return {};
    const auto answer = outside->member_of(*item, *url);
    return answer ? Collection(Item(*answer)) : Collection();
}

/// A type that FHIR defines: is it of that type and well formed? Anything else is the port's.
Collection run_conforms_to(Call& call) {
    const Item* item = call.single();
    const auto url = call.text_argument(0);
    if (item == nullptr || !url) return {};
    const Outside* outside = call.evaluator.context().outside;
    if (const auto answer = outside == nullptr ? std::nullopt : outside->conforms_to(*item, *url)) return Item(*answer);
    const std::string_view name = url->starts_with(kDefinitions) ? std::string_view(*url).substr(kDefinitions.size()) : std::string_view();
    if (name.empty() || !type_exists({"FHIR", name})) throw Error(ErrorKind::invalid, "fhirpath.profile", "an unknown profile: " + *url);
    if (!is_of(*item, {"FHIR", name})) return Item(false);
    const auto* element = std::get_if<Element>(&*item);
    if (element == nullptr || element->value == nullptr || element->type != ValueType::resource) return Item(true);
    const auto parsed = parse_resource(element->value->dump(), limits::kBundleBody_bytes);
    return Item(parsed && validate_structure(parsed->root()).empty());
}

Collection run_html_checks(Call& call) {
    const auto text = call.text();
    return text ? Collection(Item(check_narrative(*text).empty())) : Collection();
}

constexpr Function kFunctions[] = {
    {"conformsTo", 1, 1, false, run_conforms_to}, {"extension", 1, 1, false, run_extension},    {"getValue", 0, 0, false, run_get_value},
    {"hasValue", 0, 0, false, run_has_value},     {"htmlChecks", 0, 0, false, run_html_checks}, {"memberOf", 1, 1, false, run_member_of},
    {"resolve", 0, 0, false, run_resolve},
};

}  // namespace

std::span<const Function> fhir_functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
    for (const auto& part :
         {collection_functions(), filter_functions(), text_functions(), coding_functions(), conversion_functions(), number_functions(), fhir_functions()}) {
        const auto found = std::ranges::find(part, name, &Function::name);
        if (found != part.end()) return &*found;
    }
    return nullptr;
}

}  // namespace qiao::record::path
