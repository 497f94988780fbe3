#include "record/terminology/record_shelf.hpp"

#include "base/error.hpp"
#include "record/search/plan.hpp"
#include "record/search/values.hpp"
#include "record/store/core.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/structure_definition.hpp"
#include "record/validate/validate.hpp"

#include <fmt/format.h>

namespace qiao::record {
namespace {

constexpr int kMaps = 20;
constexpr int kBases = 8;

std::size_t bytes_of(const DefinitionCache::Definition& definition) {
    return std::visit([](const auto& one) { return one->bytes(); }, definition);
}

DefinitionCache::Definition read_definition(TypeId type, simdjson::dom::element resource) {
    if (type == TypeId::CodeSystem) return terminology::CodeSystem::from_resource(resource);
    if (type == TypeId::ValueSet) return terminology::ValueSet::from_resource(resource);
    return terminology::ConceptMap::from_resource(resource);
}

Profile::Ptr without(const Profile& own, std::string why) {
    auto profile = std::make_shared<Profile>(own);
    profile->root = {};
    profile->fault = std::move(why);
    return profile;
}

DefinitionCache::Definition sent(TypeId type, std::string_view json) {
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorKind::invalid, "record.bad_parameters", "a definition in the parameters is no right resource", {{"structure", "Parameters", why}});
    };
    const auto parsed = parse_resource(json);
    if (!parsed) refuse(parsed.error().message);
    const auto issues = validate_structure(parsed->root(), type);
    if (!issues.empty()) {
        throw Error(ErrorKind::invalid, "record.bad_parameters", "a definition in the parameters is no right resource",
                    {issues.begin(), issues.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(issues.size(), 10))});
    }
    return read_definition(type, parsed->root());
}

}  // namespace

terminology::ValueSet::Ptr value_set_from(std::string_view json) { return std::get<terminology::ValueSet::Ptr>(sent(TypeId::ValueSet, json)); }
terminology::CodeSystem::Ptr code_system_from(std::string_view json) { return std::get<terminology::CodeSystem::Ptr>(sent(TypeId::CodeSystem, json)); }
terminology::ConceptMap::Ptr concept_map_from(std::string_view json) { return std::get<terminology::ConceptMap::Ptr>(sent(TypeId::ConceptMap, json)); }

DefinitionCache::Definition DefinitionCache::get(Rid rid, std::int64_t version, const std::function<Definition()>& read) {
    const Key key{rid, version};
    {
        const std::scoped_lock lock(mutex_);
        if (const auto found = by_key_.find(key); found != by_key_.end()) {
            newest_first_.splice(newest_first_.begin(), newest_first_, found->second);
            return found->second->definition;
        }
    }
    Definition made = read();
    const std::size_t size = bytes_of(made);
    const std::scoped_lock lock(mutex_);
    if (size > kMost_bytes || by_key_.contains(key)) return made;
    newest_first_.push_front({key, made, size});
    by_key_.emplace(key, newest_first_.begin());
    bytes_ += size;
    while (bytes_ > kMost_bytes) {
        bytes_ -= newest_first_.back().bytes;
        by_key_.erase(newest_first_.back().key);
        newest_first_.pop_back();
    }
    return made;
}

std::size_t DefinitionCache::bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
}

/// The newest first.
std::vector<Rid> RecordShelf::found(TypeId type, const std::vector<std::pair<std::string, std::string>>& conditions, int limit) const {
    const SearchContext context{reader_, 0};
    std::vector<ClausePtr> clauses;
    for (const auto& [name, value] : conditions) clauses.push_back(make_clause(context, type, name, value));
    Plan plan(reader_, type, std::move(clauses));
    plan.order_by(sort_expressions(reader_, type, {{"_lastUpdated", true}}));
    std::vector<Rid> out;
    for (const Plan::Row& row : plan.page(std::nullopt, limit)) out.push_back(row.rid);
    return out;
}

std::vector<Rid> RecordShelf::found(TypeId type, std::string_view url, std::string_view version) const {
    if (url.empty() || url.size() > limits::kSearchValue_bytes || version.size() > limits::kSearchValue_bytes) return {};
    std::vector<std::pair<std::string, std::string>> conditions{{"url", escape(url)}};
    if (!version.empty()) conditions.emplace_back("version", escape(version));
    return found(type, conditions, 1);
}

DefinitionCache::Definition RecordShelf::definition(TypeId type, Rid rid) const {
    auto rows = reader_.connection().query("SELECT ver FROM res WHERE rid = ?", {rid});
    const std::int64_t version = rows.next() ? rows.integer(0) : 0;
    return reader_.core().definitions.get(rid, version, [&] {
        const Stored stored = reader_.fetch(rid);
        if (type == TypeId::StructureDefinition) {
            const auto tree = json::parse(stored.json);
            if (!tree) throw Error(ErrorKind::internal, "record.body_damaged", "a stored body is no JSON");
            return DefinitionCache::Definition(read_structure_definition(*tree));
        }
        const auto parsed = parse_resource(stored.json, limits::kBundleBody_bytes);
        if (!parsed) throw Error(ErrorKind::internal, "record.body_damaged", "a stored body is no JSON");
        return read_definition(type, parsed->root());
    });
}

template <class Ptr>
Ptr RecordShelf::named(TypeId type, std::string_view url, std::string_view version) const {
    const std::tuple key(type, std::string(url), std::string(version));
    if (const auto known = named_.find(key); known != named_.end()) return std::get<Ptr>(known->second);
    const auto rids = found(type, url, version);
    const Ptr one = rids.empty() ? nullptr : std::get<Ptr>(definition(type, rids.front()));
    if (named_.size() >= kRemembered) named_.clear();
    named_.emplace(key, one);
    return one;
}

terminology::CodeSystem::Ptr RecordShelf::code_system(std::string_view url, std::string_view version) const {
    auto own = terminology::builtin_code_system(url, version);
    if (own && own->content() != terminology::Content::not_present) return own;
    auto one = named<terminology::CodeSystem::Ptr>(TypeId::CodeSystem, url, version);
    return one ? one : own;
}

terminology::ValueSet::Ptr RecordShelf::value_set(std::string_view url, std::string_view version) const {
    if (auto own = terminology::builtin_value_set(url, version)) return own;
    return named<terminology::ValueSet::Ptr>(TypeId::ValueSet, url, version);
}

terminology::ConceptMap::Ptr RecordShelf::concept_map(std::string_view url, std::string_view version) const {
    return named<terminology::ConceptMap::Ptr>(TypeId::ConceptMap, url, version);
}

Profile::Ptr RecordShelf::whole_profile(const Profile::Ptr& own, int depth) const {
    if (own == nullptr || own->base.empty() || !own->fault.empty()) return own;
    if (depth >= kBases) return without(*own, "its bases are too many, or go in a circle");
    const auto [url, version] = terminology::canonical_parts(own->base);
    const Profile::Ptr base = any_profile(url, version, depth + 1);
    if (base == nullptr) return without(*own, "its base is not known: " + own->base);
    return base->fault.empty() ? laid_over(*base, *own) : without(*own, "its base: " + base->fault);
}

Profile::Ptr RecordShelf::any_profile(std::string_view url, std::string_view version, int depth) const {
    const Profile::Ptr own = builtin_profile(url);
    if (own != nullptr && (version.empty() || version == "4.0.1")) return own;
    const Profile::Ptr one = whole_profile(named<Profile::Ptr>(TypeId::StructureDefinition, url, version), depth);
    return one != nullptr ? one : own;
}

Profile::Ptr RecordShelf::profile(std::string_view url, std::string_view version) const {
    const std::string key = std::string(url) + '|' + std::string(version);
    if (const auto known = profiles_.find(key); known != profiles_.end()) return known->second;
    if (profiles_.size() >= kRemembered) profiles_.clear();
    return profiles_.emplace(key, any_profile(url, version, 0)).first->second;
}

terminology::CodeSystem::Ptr RecordShelf::code_system_of(std::string_view id) const {
    const auto stored = reader_.read("CodeSystem", id);
    return !stored || stored->deleted ? nullptr : std::get<terminology::CodeSystem::Ptr>(definition(TypeId::CodeSystem, stored->rid));
}

terminology::ValueSet::Ptr RecordShelf::value_set_of(std::string_view id) const {
    const auto stored = reader_.read("ValueSet", id);
    return !stored || stored->deleted ? nullptr : std::get<terminology::ValueSet::Ptr>(definition(TypeId::ValueSet, stored->rid));
}

terminology::ConceptMap::Ptr RecordShelf::concept_map_of(std::string_view id) const {
    const auto stored = reader_.read("ConceptMap", id);
    return !stored || stored->deleted ? nullptr : std::get<terminology::ConceptMap::Ptr>(definition(TypeId::ConceptMap, stored->rid));
}

std::vector<terminology::ConceptMap::Ptr> RecordShelf::concept_maps(std::string_view source, std::string_view target) const {
    std::vector<std::pair<std::string, std::string>> conditions;
    if (!source.empty()) conditions.emplace_back("source-system", escape(source));
    if (!target.empty()) conditions.emplace_back("target-system", escape(target));
    std::vector<terminology::ConceptMap::Ptr> out;
    for (const Rid rid : found(TypeId::ConceptMap, conditions, kMaps))
        out.push_back(std::get<terminology::ConceptMap::Ptr>(definition(TypeId::ConceptMap, rid)));
    return out;
}

}  // namespace qiao::record
