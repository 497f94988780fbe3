#pragma once

#include "record/extract/dates.hpp"
#include "record/search/sql.hpp"
#include "record/search/values.hpp"
#include "record/store/core.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One condition of a search, in the two forms that the planner needs: as the rows that it finds by itself (the driver) and
/// as a probe of a row that another clause found. Made and used on the reader's thread.
namespace qiao::record {

/// What clauses need while they are made.
struct SearchContext {
    StoreReader& reader;
    int depth = 0;  ///< of chains
    [[nodiscard]] TokenHash hash() const { return reader.core().hash(); }
};

class Clause {
public:
    virtual ~Clause() = default;
    /// "SELECT rid …" of one type's resources; with `d` and `acl` when carries(). May yield a rid twice unless unique().
    virtual void source(Sql& sql) const = 0;
    /// A condition on the row `alias` (columns rid, d; t when needs_time()).
    virtual void probe(Sql& sql, std::string_view alias) const = 0;
    [[nodiscard]] virtual bool can_drive() const { return true; }
    /// Whether an index has its rows side by side, so that it costs what it finds. Else it looks at each row of the parameter or of the type.
    [[nodiscard]] virtual bool narrows() const { return can_drive(); }
    [[nodiscard]] virtual bool carries() const { return false; }  ///< source has d and acl, in the order (d, rid), each rid once
    /// Bounds of `d` that every row of this clause keeps.
    [[nodiscard]] virtual std::optional<TimeRange> window() const { return std::nullopt; }
    /// Whether every row with a `d` in there matches, so that none needs a probe.
    [[nodiscard]] virtual bool is_sure_within(TimeRange /*window*/) const { return false; }
    /// The patient in whose compartment all rows are; 0 = not of this kind. Only for parameters by which `pat` is made.
    [[nodiscard]] virtual std::int64_t patient() const { return 0; }
    /// The key of these rows in `pat`; 0 = not of this kind.
    [[nodiscard]] virtual std::int64_t compartment_key() const { return 0; }
    [[nodiscard]] virtual bool needs_resource() const { return false; }  ///< probe or source needs the row of `res`
};
using ClausePtr = std::unique_ptr<Clause>;

/// `name` is "code", "subject:Patient.name", "_has:Observation:patient:code"; `value` still escaped.
/// Throws Error(invalid) that names the parameter.
ClausePtr make_clause(const SearchContext& context, TypeId type, std::string_view name, std::string_view value);
/// Error(unavailable, "record.reindexing") while the index of a parameter of R4 is being made; `place` is the parameter of the request that
/// names it. Of those of the centre StoreReader::parameter() says so.
void require_indexed(const StoreReader& reader, TypeId type, ParamId param, std::string_view name, std::string_view place);
/// Whether `name` is a parameter of `type` that make_clause knows (its value and modifier may still be wrong).
bool is_search_parameter(StoreReader& reader, TypeId type, std::string_view name);
/// The same among the parameters of R4 and those of `local`.
bool is_search_parameter(const LocalParameters& local, TypeId type, std::string_view name);

// ---- leaves, for make_clause ----------------------------------------------------------------------------------------

struct Named {
    TypeId type;
    const TypeParameter& how;
    const Parameter& definition;
    std::string_view modifier;             ///< without ':'
    std::vector<std::string_view> values;  ///< OR; still escaped
};

ClausePtr make_token_clause(const SearchContext& context, const Named& named);
ClausePtr make_string_clause(const SearchContext& context, const Named& named);
ClausePtr make_uri_clause(const SearchContext& context, const Named& named);
ClausePtr make_reference_clause(const SearchContext& context, const Named& named);
ClausePtr make_date_clause(const SearchContext& context, const Named& named);
ClausePtr make_number_clause(const SearchContext& context, const Named& named);
ClausePtr make_quantity_clause(const SearchContext& context, const Named& named);
ClausePtr make_composite_clause(const SearchContext& context, const Named& named);
ClausePtr make_near_clause(const Named& named);
ClausePtr make_missing_clause(const SearchContext& context, const Named& named);
ClausePtr make_id_clause(const SearchContext& context, TypeId type, const std::vector<std::string_view>& values);
ClausePtr make_list_clause(const SearchContext& context, const std::vector<std::string_view>& values);
ClausePtr make_updated_clause(const SearchContext& context, TypeId type, const std::vector<std::string_view>& values);
ClausePtr make_chain_clause(const SearchContext& context, const Named& named, std::string_view rest, std::string_view value);
ClausePtr make_has_clause(const SearchContext& context, TypeId type, std::string_view name, std::string_view value);

/// Both a patient() and a compartment_key(), answered by one range of `pat`.
ClausePtr make_compartment_clause(TypeId type, std::int64_t patient_rid, std::int64_t key);

/// What belongs to the patient by the definition of the Patient compartment; nothing of a type outside it.
ClausePtr make_in_patient_clause(TypeId type, std::int64_t patient_rid);

/// The hashes under which a token is found: `code`, `system|code`, `|code`, `system|`.
/// @return whether it is a part of codes: a code or a system alone
bool append_hashes(const Named& named, const TokenHash& hash, std::string_view text, std::vector<std::int64_t>& hashes);
/// Those of a system and a code.
void append_coded(const Named& named, const TokenHash& hash, std::string_view system, std::string_view code, std::vector<std::int64_t>& hashes);
/// The types among which a bare id is looked for.
std::span<const TypeId> targets_of(const Parameter& definition);
/// :missing wants true or false.
void check_missing_value(const Named& named);
/// rids of "Type/id"s that exist in any state; unknown ones are left out.
void append_rid(const SearchContext& context, TypeId type, std::string_view id, std::vector<std::int64_t>& rids);
/// Smallest text behind every text that starts with `prefix`, for a range on an index.
std::string after_prefix(std::string_view prefix);

}  // namespace qiao::record
