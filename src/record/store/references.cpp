#include "record/store/references.hpp"

#include "base/id.hpp"
#include "record/definitions/definitions.hpp"
#include "record/store/rows.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace qiao::record {
namespace {

/// "https://centre/fhir/Composition/1/_history/2" is "Composition/1"; empty for what names no resource.
std::string target_of(std::string_view url) {
    if (const std::size_t mark = url.find_first_of("?#"); mark != std::string_view::npos) url = url.substr(0, mark);
    if (const std::size_t version = url.find("/_history"); version != std::string_view::npos) url = url.substr(0, version);
    while (url.ends_with('/')) url.remove_suffix(1);
    const std::size_t slash = url.rfind('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view id = url.substr(slash + 1);
    std::string_view type = url.substr(0, slash);
    if (const std::size_t before = type.rfind('/'); before != std::string_view::npos) type = type.substr(before + 1);
    const TypeId known = find_type(type);
    if (known == TypeId::none || known == TypeId::Patient || is_directory(known) || !is_fhir_id(id)) return {};
    return std::string(type) + "/" + std::string(id);
}

/// Not deeper than parse_resource lets a document be.
void walk(simdjson::dom::element element, std::set<std::string>& found) {
    simdjson::dom::array list;
    simdjson::dom::object object;
    if (element.get(list) == simdjson::SUCCESS) {
        for (const auto item : list) walk(item, found);
    } else if (element.get(object) == simdjson::SUCCESS) {
        for (const auto member : object) {
            std::string_view url;
            if (member.key == "reference" && member.value.get(url) == simdjson::SUCCESS) {
                if (std::string target = target_of(url); !target.empty()) found.insert(std::move(target));
            } else {
                walk(member.value, found);
            }
        }
    }
}

}  // namespace

std::vector<std::string> references_of(simdjson::dom::element resource) {
    std::set<std::string> found;
    walk(resource, found);
    return {found.begin(), found.end()};
}

}  // namespace qiao::record
