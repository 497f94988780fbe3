#pragma once

#include "record/terminology/code_system.hpp"
#include "record/terminology/concept_map.hpp"
#include "record/terminology/value_set.hpp"

#include <string_view>
#include <utility>

/// Where definitions are looked up by canonical URL.
namespace qiao::record::terminology {

/// What the program itself has. An upper one adds what its caller may see of the record. Any thread unless said otherwise.
class Shelf {
public:
    virtual ~Shelf() = default;
    /// nullptr when nothing is known of it. `version` empty = the current one.
    [[nodiscard]] virtual CodeSystem::Ptr code_system(std::string_view url, std::string_view version) const { return builtin_code_system(url, version); }
    [[nodiscard]] virtual ValueSet::Ptr value_set(std::string_view url, std::string_view version) const { return builtin_value_set(url, version); }
    [[nodiscard]] virtual ConceptMap::Ptr concept_map(std::string_view /*url*/, std::string_view /*version*/) const { return nullptr; }
};

/// What is built in, and no more.
inline const Shelf& builtin_shelf() {
    static const Shelf shelf;
    return shelf;
}

/// "url|version" in its two parts.
inline std::pair<std::string_view, std::string_view> canonical_parts(std::string_view canonical) {
    const std::size_t bar = canonical.find('|');
    return {canonical.substr(0, bar), bar == std::string_view::npos ? std::string_view() : canonical.substr(bar + 1)};
}

}  // namespace qiao::record::terminology
