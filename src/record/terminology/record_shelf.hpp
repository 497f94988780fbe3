#pragma once

#include "record/definitions/definitions.hpp"
#include "record/record.hpp"
#include "record/terminology/shelf.hpp"
#include "record/validate/profile.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

/// The definitions of the record beside the built-in ones: found anew for each question under the caller's filter, but
/// read from their JSON only once a version.
namespace qiao::record {

/// What was read of definitions, by resource and version; the least recently used go when there is more than kMost_bytes.
/// Any thread.
class DefinitionCache {
public:
    static constexpr std::size_t kMost_bytes = 64U << 20U;
    using Definition = std::variant<terminology::CodeSystem::Ptr, terminology::ValueSet::Ptr, terminology::ConceptMap::Ptr, Profile::Ptr>;
    /// What is kept, else what `read` makes (without holding up others).
    Definition get(Rid rid, std::int64_t version, const std::function<Definition()>& read);
    [[nodiscard]] std::size_t bytes() const;

private:
    using Key = std::pair<Rid, std::int64_t>;
    struct Kept {
        Key key;
        Definition definition;
        std::size_t bytes;
    };
    mutable std::mutex mutex_;
    std::list<Kept> newest_first_;
    std::map<Key, std::list<Kept>::iterator> by_key_;
    std::size_t bytes_ = 0;
};

class StoreReader;

/// Built-in definitions first: what FHIR defines is not redefined by who may write a resource, unless another version of it is
/// asked for by name. The thread of the reader, which must outlive it.
class RecordShelf : public DefinitionShelf {
public:
    explicit RecordShelf(StoreReader& reader) : reader_(reader) {}
    [[nodiscard]] terminology::CodeSystem::Ptr code_system(std::string_view url, std::string_view version) const override;
    [[nodiscard]] terminology::ValueSet::Ptr value_set(std::string_view url, std::string_view version) const override;
    [[nodiscard]] terminology::ConceptMap::Ptr concept_map(std::string_view url, std::string_view version) const override;
    /// A differential is laid over its base, at most 8 deep; without it the profile says so (Profile::fault).
    [[nodiscard]] Profile::Ptr profile(std::string_view url, std::string_view version) const override;

    /// By its id; nullptr when it is not visible or no such thing.
    [[nodiscard]] terminology::CodeSystem::Ptr code_system_of(std::string_view id) const;
    [[nodiscard]] terminology::ValueSet::Ptr value_set_of(std::string_view id) const;
    [[nodiscard]] terminology::ConceptMap::Ptr concept_map_of(std::string_view id) const;
    /// Those from `source` to `target` (systems or value sets; empty = any), at most 20.
    [[nodiscard]] std::vector<terminology::ConceptMap::Ptr> concept_maps(std::string_view source, std::string_view target) const;

private:
    [[nodiscard]] std::vector<Rid> found(TypeId type, const std::vector<std::pair<std::string, std::string>>& conditions, int limit) const;
    [[nodiscard]] std::vector<Rid> found(TypeId type, std::string_view url, std::string_view version) const;
    [[nodiscard]] DefinitionCache::Definition definition(TypeId type, Rid rid) const;
    /// The one of this URL, looked for once by a reader; nullptr when there is none.
    template <class Ptr>
    [[nodiscard]] Ptr named(TypeId type, std::string_view url, std::string_view version) const;

    [[nodiscard]] Profile::Ptr whole_profile(const Profile::Ptr& own, int depth) const;
    [[nodiscard]] Profile::Ptr any_profile(std::string_view url, std::string_view version, int depth) const;

    static constexpr std::size_t kRemembered = 1'000;
    StoreReader& reader_;
    mutable std::map<std::tuple<TypeId, std::string, std::string>, DefinitionCache::Definition> named_;
    mutable std::map<std::string, Profile::Ptr> profiles_;  ///< by "url|version", differentials laid over their bases
};

/// A definition from a resource that a request brings. Error(invalid, "record.bad_parameters") when it is none of that type.
terminology::ValueSet::Ptr value_set_from(std::string_view json);
terminology::CodeSystem::Ptr code_system_from(std::string_view json);
terminology::ConceptMap::Ptr concept_map_from(std::string_view json);

}  // namespace qiao::record
