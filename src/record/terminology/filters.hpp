#pragma once

#include "record/terminology/code_system.hpp"
#include "record/terminology/value_set.hpp"

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A filter of ValueSet.compose made ready for many concepts of one code system (R4: filter-operator). One thread; the code
/// system must outlive it.
namespace qiao::record::terminology {

class PreparedFilter {
public:
    PreparedFilter(const CodeSystem& system, const ConceptFilter& filter);
    ~PreparedFilter();
    PreparedFilter(PreparedFilter&&) noexcept;
    PreparedFilter& operator=(PreparedFilter&&) = delete;

    /// Why it cannot be tried; empty when it can.
    [[nodiscard]] const std::string& problem() const { return problem_; }
    [[nodiscard]] bool passes(const Concept& one) const;

private:
    enum class Op { is_a, descendent_of, is_not_a, generalizes, equal, in, not_in, regex, exists };
    void prepare_hierarchy(std::string_view value);
    [[nodiscard]] bool is_related(const Concept& one) const;
    /// The values of the filter's property.
    [[nodiscard]] std::vector<std::string> values_of(const Concept& one) const;

    const CodeSystem* system_;
    Op op_ = Op::equal;
    std::string property_;
    std::vector<std::string> wanted_;
    bool wants_existing_ = true;
    const Concept* concept_ = nullptr;
    mutable std::size_t asked_ = 0;
    mutable std::vector<bool> related_;  ///< of a filter by hierarchy that is asked often: the answers for all concepts
    std::unique_ptr<re2::RE2> regex_;
    std::string problem_;
};

}  // namespace qiao::record::terminology
