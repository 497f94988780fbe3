#include "record/terminology/expand.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace qiao::record::terminology {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::invalid, "terminology.cannot_expand", "the value set cannot be expanded: " + why, {{"not-found", "", why}});
}

[[noreturn]] void too_costly(const std::string& why) { throw Error(ErrorKind::invalid, "record.too_costly", why, {{"too-costly", "", why}}); }

class Expander {
public:
    explicit Expander(const Shelf& shelf) : shelf_(shelf) {}

    Expansion run(const ValueSet::Ptr& set) {
        Trail trail;
        const SetTest test(shelf_, set, trail);
        trail.sets.push_back(set.get());
        out_.codes = codes_of(set, test, trail);
        return std::move(out_);
    }

private:
    using Codes = std::vector<ExpandedCode>;

    /// Keeps each code of a list once.
    struct List {
        Codes codes;
        std::vector<TextIndex> seen;
        void add(const ExpandedCode& one) {
            if (seen.size() <= one.system) seen.resize(one.system + 1);
            if (seen[one.system].add(one.code, 0)) codes.push_back(one);
        }
    };

    std::uint32_t system_number(std::string_view url, const CodeSystem::Ptr& definition, std::string_view version) {
        for (std::size_t i = 0; i < out_.systems.size(); ++i) {
            if (out_.systems[i].url == url) return static_cast<std::uint32_t>(i);
        }
        out_.systems.push_back({std::string(url), std::string(definition ? std::string_view(definition->version()) : version), definition});
        if (definition && (definition->content() == Content::fragment || definition->content() == Content::example)) out_.is_partial = true;
        return static_cast<std::uint32_t>(out_.systems.size() - 1);
    }

    void look(std::size_t so_far) const {
        if (so_far > kMostCodes) too_costly(fmt::format("the value set has more than {} codes", kMostCodes));
        if ((so_far & 0xFFU) == 0 && std::chrono::steady_clock::now() > until_) too_costly("the value set takes too long to be expanded");
    }

    Codes codes_of(const ValueSet::Ptr& set, const SetTest& test, Trail& trail) {
        out_.used_sets.push_back(set);
        List list;
        for (const PartTest& part : test.includes()) add_part(part, list, trail);
        std::size_t seen = 0;
        const auto is_out = [&](const ExpandedCode& one) {
            look(++seen);
            if (set->leaves_inactive_out() && one.known != nullptr && one.known->is_inactive) return true;
            const Membership out = test.is_excluded(out_.systems[one.system].url, one.code);
            if (out == Membership::unknown) refuse(test.why());
            return out == Membership::yes;
        };
        std::erase_if(list.codes, is_out);
        return std::move(list.codes);
    }

    void add_part(const PartTest& part, List& list, Trail& trail) {
        const Include& include = part.part();
        if (!part.why().empty()) refuse(part.why());
        if (include.system.empty()) return add_sets(part, list, trail);
        const std::uint32_t number = system_number(include.system, part.code_system(), include.version);
        const auto add = [&](std::string_view code, std::string_view display, const Concept* known) {
            look(list.codes.size());
            const Membership in = part.in_sets(include.system, code);
            if (in == Membership::unknown) refuse("a value set within it cannot be decided");
            if (in == Membership::yes) list.add({number, code, display, known});
        };
        if (include.lists_codes) {
            for (const NamedCode& one : include.codes) {
                const Concept* known = part.code_system() ? part.code_system()->find(one.code) : nullptr;
                if (part.code_system() && part.code_system()->has(one.code) == false) continue;  // no code at all
                add(one.code, one.display.empty() && known != nullptr ? known->display : one.display, known);
            }
            return;
        }
        if (part.code_system()->is_grammar()) too_costly(fmt::format("{} has no end: its codes follow a grammar", include.system));
        std::size_t seen = 0;
        for (const Concept& one : part.code_system()->concepts()) {
            look(++seen);
            if (part.passes(one)) add(one.code, one.display, &one);
        }
    }

    /// What all of some value sets have: the first is gone through, the others are asked.
    void add_sets(const PartTest& part, List& list, Trail& trail) {
        if (part.sets().empty()) return;
        const ValueSet::Ptr& first = part.sets().front();
        const SetTest test(shelf_, first, trail);
        trail.sets.push_back(first.get());
        const Codes codes = codes_of(first, test, trail);
        trail.sets.pop_back();
        for (const ExpandedCode& one : codes) {
            look(list.codes.size());
            const Membership in = part.in_sets(out_.systems[one.system].url, one.code, 1);
            if (in == Membership::unknown) refuse("a value set within it cannot be decided");
            if (in == Membership::yes) list.add(one);
        }
    }

    const Shelf& shelf_;
    Expansion out_;
    std::chrono::steady_clock::time_point until_ = std::chrono::steady_clock::now() + limits::kQueryTime;
};

}  // namespace

Expansion expand(const Shelf& shelf, const ValueSet::Ptr& set) { return Expander(shelf).run(set); }

}  // namespace qiao::record::terminology
