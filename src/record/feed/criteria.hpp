#pragma once

#include "record/store/core.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Subscription.criteria as conditions on the index rows of one resource: matched in memory, without SQL. Values after
/// compile(); any thread.
namespace qiao::record {

class Criteria {
public:
    /// @param text  "Observation?code=http://loinc.org|8867-4&subject=Patient/1": parameters of the type with the prefixes, modifiers and
    ///              OR values of a search. Error(invalid, "record.bad_criteria", 422) says what cannot be matched: chains, `_has`, `_list`,
    ///              `_lastUpdated`, composites, `near`, `:in`, `:above` and the like, result parameters, unknown names
    static Criteria compile(const Core& core, std::string_view text);

    [[nodiscard]] TypeId type() const { return type_; }
    /// @param indexed  of the version in question, whose type is type()
    [[nodiscard]] bool matches(const Indexed& indexed, std::string_view id) const;

private:
    using Test = std::function<bool(const Indexed&, std::string_view id)>;
    TypeId type_ = TypeId::none;
    std::vector<Test> tests_;  ///< all must hold

    friend class CriteriaCompiler;
};

}  // namespace qiao::record
