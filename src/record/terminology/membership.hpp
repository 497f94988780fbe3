#pragma once

#include "record/terminology/filters.hpp"
#include "record/terminology/shelf.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Whether a code is in a value set, without expanding it. One thread; what the shelf gave is kept alive.
namespace qiao::record::terminology {

/// `unknown`: something that decides is not here (a code system, a filter); then why() says what.
enum class Membership : std::uint8_t { no, yes, unknown };

class SetTest;

/// The value sets that lead to where one is, so that none leads to itself, and how many were made ready so far.
struct Trail {
    std::vector<const ValueSet*> sets;
    std::size_t made = 0;
};

/// One include or exclude, made ready.
class PartTest {
public:
    PartTest(const Shelf& shelf, const Include& part, Trail& trail);
    ~PartTest();
    PartTest(PartTest&&) noexcept;
    PartTest& operator=(PartTest&&) = delete;

    [[nodiscard]] Membership test(std::string_view system, std::string_view code) const;
    /// Whether a concept of this part's own code system passes its filters.
    [[nodiscard]] bool passes(const Concept& one) const;
    /// Whether the value sets that are named beside the system all have it.
    [[nodiscard]] Membership in_sets(std::string_view system, std::string_view code, std::size_t from = 0) const;
    [[nodiscard]] const Include& part() const { return *part_; }
    [[nodiscard]] const CodeSystem::Ptr& code_system() const { return system_; }
    /// Why something of it is unknown; empty when all is known.
    [[nodiscard]] const std::string& why() const { return why_; }
    [[nodiscard]] const std::vector<ValueSet::Ptr>& sets() const { return sets_; }

private:
    [[nodiscard]] Membership own(std::string_view code) const;

    const Include* part_;
    CodeSystem::Ptr system_;
    std::vector<PreparedFilter> filters_;
    std::vector<ValueSet::Ptr> sets_;  ///< nullptr = not known
    std::vector<std::unique_ptr<SetTest>> tests_;
    std::string why_;
};

class SetTest {
public:
    /// A value set that leads to itself is unknown, as are those beyond 20 levels and 5,000 in all.
    SetTest(const Shelf& shelf, ValueSet::Ptr set, Trail& trail);

    /// `system` empty = of any system.
    [[nodiscard]] Membership test(std::string_view system, std::string_view code) const;
    /// Whether an exclude takes it out again.
    [[nodiscard]] Membership is_excluded(std::string_view system, std::string_view code) const;
    [[nodiscard]] const std::vector<PartTest>& includes() const { return includes_; }
    [[nodiscard]] const ValueSet& set() const { return *set_; }
    [[nodiscard]] std::string why() const;

private:
    ValueSet::Ptr set_;
    std::vector<PartTest> includes_, excludes_;
};

/// The text that the value set gives the code, else that of its code system; empty when nobody has one.
std::string display_in(const Shelf& shelf, const ValueSet& set, std::string_view system, std::string_view code);

}  // namespace qiao::record::terminology
