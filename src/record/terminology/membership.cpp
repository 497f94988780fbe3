#include "record/terminology/membership.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record::terminology {
namespace {

constexpr std::size_t kNesting = 20;      ///< of value sets in value sets
constexpr std::size_t kMostSets = 5'000;  ///< one that is named twice counts twice
constexpr std::size_t kShown_bytes = 200;

Membership both(Membership a, Membership b) {
    if (a == Membership::no || b == Membership::no) return Membership::no;
    return a == Membership::unknown || b == Membership::unknown ? Membership::unknown : Membership::yes;
}

Membership any_of(const std::vector<PartTest>& parts, std::string_view system, std::string_view code) {
    Membership out = Membership::no;
    for (const PartTest& part : parts) {
        const Membership one = part.test(system, code);
        if (one == Membership::yes) return one;
        if (one == Membership::unknown) out = one;
    }
    return out;
}

}  // namespace

PartTest::PartTest(const Shelf& shelf, const Include& part, Trail& trail) : part_(&part) {
    if (!part.system.empty()) system_ = shelf.code_system(part.system, part.version);
    const bool needs_system = !part.system.empty() && !part.lists_codes;
    if (needs_system && (!system_ || system_->content() == Content::not_present || system_->content() == Content::supplement)) {
        why_ = fmt::format("the codes of {}{}{} are not known here", part.system, part.version.empty() ? "" : "|", part.version);
        system_ = nullptr;
    } else if (needs_system) {
        for (const ConceptFilter& filter : part.filters) {
            filters_.emplace_back(*system_, filter);
            if (!filters_.back().problem().empty()) why_ = filters_.back().problem();
        }
        if (system_->is_grammar() && !part.filters.empty()) why_ = fmt::format("filters on {} are not supported", part.system);
    }
    for (const std::string& canonical : part.value_sets) {
        const auto [url, version] = canonical_parts(canonical);
        ValueSet::Ptr set = shelf.value_set(url, version);
        const bool circular = set && std::find(trail.sets.begin(), trail.sets.end(), set.get()) != trail.sets.end();
        if (!set) why_ = fmt::format("the value set {} is not known here", canonical.substr(0, kShown_bytes));
        if (circular) why_ = fmt::format("the value set {} contains itself", canonical.substr(0, kShown_bytes));
        const bool too_many = trail.sets.size() > kNesting || trail.made >= kMostSets;
        if (set && too_many)
            why_ = fmt::format("with {} there are more value sets in one another than {} levels or {} in all", canonical.substr(0, kShown_bytes), kNesting,
                               kMostSets);
        if (circular || too_many) set = nullptr;
        sets_.push_back(set);
        tests_.push_back(set ? std::make_unique<SetTest>(shelf, set, trail) : nullptr);
    }
}

PartTest::~PartTest() = default;
PartTest::PartTest(PartTest&&) noexcept = default;

bool PartTest::passes(const Concept& one) const {
    return std::ranges::all_of(filters_, [&](const PreparedFilter& filter) { return filter.passes(one); });
}

Membership PartTest::own(std::string_view code) const {
    if (part_->lists_codes) return part_->index.find(code) >= 0 ? Membership::yes : Membership::no;
    if (!system_) return Membership::unknown;
    const auto has = system_->has(code);
    if (!has) return Membership::unknown;
    if (!*has) return Membership::no;
    if (part_->filters.empty()) return Membership::yes;
    if (!why_.empty() || system_->is_grammar()) return Membership::unknown;
    return passes(*system_->find(code)) ? Membership::yes : Membership::no;
}

Membership PartTest::in_sets(std::string_view system, std::string_view code, std::size_t from) const {
    Membership out = Membership::yes;
    for (std::size_t i = from; i < tests_.size(); ++i) out = both(out, tests_[i] ? tests_[i]->test(system, code) : Membership::unknown);
    return out;
}

Membership PartTest::test(std::string_view system, std::string_view code) const {
    if (part_->system.empty()) return part_->value_sets.empty() ? Membership::no : in_sets(system, code);
    if (!system.empty() && system != part_->system) return Membership::no;
    return both(own(code), in_sets(part_->system, code));
}

SetTest::SetTest(const Shelf& shelf, ValueSet::Ptr set, Trail& trail) : set_(std::move(set)) {
    trail.sets.push_back(set_.get());
    ++trail.made;
    for (const Include& part : set_->includes()) includes_.emplace_back(shelf, part, trail);
    for (const Include& part : set_->excludes()) excludes_.emplace_back(shelf, part, trail);
    trail.sets.pop_back();
}

Membership SetTest::is_excluded(std::string_view system, std::string_view code) const { return any_of(excludes_, system, code); }

Membership SetTest::test(std::string_view system, std::string_view code) const {
    const Membership in = any_of(includes_, system, code);
    if (in == Membership::no) return in;
    if (set_->leaves_inactive_out()) {
        for (const PartTest& part : includes_) {
            const Concept* one = part.code_system() && (system.empty() || part.part().system == system) ? part.code_system()->find(code) : nullptr;
            if (one != nullptr && one->is_inactive) return Membership::no;
        }
    }
    const Membership out = is_excluded(system, code);
    if (out == Membership::yes) return Membership::no;
    return out == Membership::unknown ? out : in;
}

std::string SetTest::why() const {
    for (const auto* parts : {&includes_, &excludes_}) {
        for (const PartTest& part : *parts) {
            if (!part.why().empty()) return part.why();
        }
    }
    // The nested ones.
    for (const PartTest& part : includes_) {
        if (part.code_system() && part.code_system()->content() != Content::complete)
            return fmt::format("not all codes of {} are known here", part.part().system);
    }
    return "a value set or code system within it is not known here";
}

std::string display_in(const Shelf& shelf, const ValueSet& set, std::string_view system, std::string_view code) {
    for (const Include& part : set.includes()) {
        if (part.system != system) continue;
        const std::int64_t at = part.index.find(code);
        if (at >= 0 && !part.codes[static_cast<std::size_t>(at)].display.empty()) return std::string(part.codes[static_cast<std::size_t>(at)].display);
    }
    const CodeSystem::Ptr found = shelf.code_system(system, {});
    const Concept* one = found ? found->find(code) : nullptr;
    return one == nullptr ? std::string() : std::string(one->display);
}

}  // namespace qiao::record::terminology
