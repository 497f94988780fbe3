#pragma once

#include "record/terminology/builtin.hpp"
#include "record/terminology/texts.hpp"

#include <simdjson.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// The definition of a value set (ValueSet.compose) in memory. Immutable once made; any thread.
namespace qiao::record::terminology {

struct ConceptFilter {
    std::string property, op, value;
};
struct NamedCode {
    std::string_view code, display;  ///< display empty = that of the code system
};

/// One include or exclude: all of `value_sets`, and of `system` the codes listed, those that pass the filters, or all.
struct Include {
    std::string system, version;
    std::vector<std::string> value_sets;  ///< canonical URLs
    std::vector<ConceptFilter> filters;
    std::vector<NamedCode> codes;
    TextIndex index;  ///< of `codes`
    bool lists_codes = false;
};

class ValueSet {
public:
    using Ptr = std::shared_ptr<const ValueSet>;

    static Ptr from_builtin(const BuiltinValueSet& text);
    /// From a ValueSet resource, which the structure check has passed. One without `compose` is what its complete expansion says.
    static Ptr from_resource(simdjson::dom::element resource);
    /// All of a code system: what CodeSystem.valueSet and `…?fhir_vs` name.
    static Ptr of_system(std::string_view url, std::string_view system);

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::string& status() const { return status_; }
    [[nodiscard]] const std::vector<Include>& includes() const { return includes_; }
    [[nodiscard]] const std::vector<Include>& excludes() const { return excludes_; }
    [[nodiscard]] bool leaves_inactive_out() const { return leaves_inactive_out_; }  ///< compose.inactive = false
    [[nodiscard]] std::size_t bytes() const;

private:
    ValueSet() = default;
    void add_code(Include& to, std::string_view code, std::string_view display);
    void add_parts(simdjson::dom::element compose, std::string_view name, std::vector<Include>& out);
    void add_expansion(simdjson::dom::element holder, std::size_t depth);
    Include& include_of(std::string_view system, std::string_view version);

    std::string url_, version_, name_, status_;
    std::vector<Include> includes_, excludes_;
    bool leaves_inactive_out_ = false;
    TextArena texts_;
};

/// nullptr when FHIR R4 has none of this URL (`version` empty = any). Made when it is first asked for; lives as long as the program.
ValueSet::Ptr builtin_value_set(std::string_view url, std::string_view version = {});

}  // namespace qiao::record::terminology
