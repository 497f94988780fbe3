#pragma once

#include "record/terminology/builtin.hpp"
#include "record/terminology/texts.hpp"

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A code system in memory: codes by hash, texts and the hierarchy, some 60 bytes a concept beside its texts. Immutable once
/// made; any thread.
namespace qiao::record::terminology {

/// CodeSystem.content (R4: codesystem-content-mode). Of what is not complete, a code that is not there may still be one.
enum class Content : std::uint8_t { complete, fragment, example, not_present, supplement };

struct Concept {
    std::string_view code, display;
    std::string_view extra;  ///< JSON object of its definition, designation and property; empty = none
    std::uint32_t first_parent = 0;
    std::uint16_t parent_count = 0;
    bool is_abstract = false;  ///< not to be chosen itself
    bool is_inactive = false;
};

class CodeSystem {
public:
    using Ptr = std::shared_ptr<const CodeSystem>;
    static constexpr std::size_t kNesting = 30;  ///< of concepts in concepts

    static Ptr from_builtin(const BuiltinCodeSystem& text);
    /// From a CodeSystem resource, which the structure check has passed. The parents are those of the nesting and of the properties
    /// `parent`, `subsumedBy` and `child`, unless hierarchyMeaning is `grouped-by` or `part-of`: then none subsumes another.
    static Ptr from_resource(simdjson::dom::element resource);
    /// UCUM: no list but a grammar.
    static Ptr ucum();

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Content content() const { return content_; }
    [[nodiscard]] bool is_grammar() const { return is_grammar_; }
    [[nodiscard]] const std::vector<Concept>& concepts() const { return concepts_; }

    /// nullptr when it is not listed; a grammar lists nothing.
    [[nodiscard]] const Concept* find(std::string_view code) const;
    /// Whether `code` is a code of it; nothing when that cannot be said (a fragment, a unit that the grammar takes but nobody here knows).
    [[nodiscard]] std::optional<bool> has(std::string_view code) const;
    /// Whether `ancestor` stands above `concept` or is it. Both from this system.
    [[nodiscard]] bool subsumes(const Concept& ancestor, const Concept& one) const;
    /// All that stand above or below it, itself included, by their place in concepts(): one walk through the system at most.
    [[nodiscard]] std::vector<bool> all_above(const Concept& one) const;
    [[nodiscard]] std::vector<bool> all_below(const Concept& one) const;
    [[nodiscard]] bool is_child(const Concept& one, const Concept& parent) const;
    [[nodiscard]] std::vector<const Concept*> parents_of(const Concept& one) const;
    /// Of `property`, declared or used.
    [[nodiscard]] bool declares(std::string_view property) const;
    [[nodiscard]] std::size_t bytes() const;

private:
    class Reader;
    CodeSystem() = default;
    Concept& add(std::string_view code, std::string_view display);
    [[nodiscard]] std::string folded(std::string_view code) const;

    std::string url_, version_, name_;
    Content content_ = Content::complete;
    bool is_grammar_ = false;
    bool is_case_sensitive_ = true;
    std::vector<Concept> concepts_;
    std::vector<std::uint32_t> parents_;
    std::vector<std::string> properties_;
    TextIndex index_;
    TextArena texts_;
};

/// nullptr when FHIR R4 has none of this URL (`version` empty = any). Made when it is first asked for; lives as long as the program.
CodeSystem::Ptr builtin_code_system(std::string_view url, std::string_view version = {});
inline constexpr std::string_view kUcum = "http://unitsofmeasure.org";

}  // namespace qiao::record::terminology
