#pragma once

#include "record/definitions/definitions.hpp"
#include "record/extract/extract.hpp"
#include "record/store/keys.hpp"
#include "record/store/row_batch.hpp"
#include "storage/writer.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The index rows of a resource as values: computed on any thread, compared with those of the version before, and only the
/// difference is written (on the writer thread).
namespace qiao::record {

struct Target {
    TypeId type = TypeId::none;
    std::string id;
    auto operator<=>(const Target&) const = default;
};

struct TokenRow {
    std::uint16_t param;
    std::int64_t h;
    std::int64_t whole = 0;  ///< not 0: no row of `tok`; `h` is the system or the code of this hash of both, as `index_part` says
    auto operator<=>(const TokenRow&) const = default;
};
struct ReferenceRow {
    std::uint16_t param;
    Target target;
    auto operator<=>(const ReferenceRow&) const = default;
};
struct DateRow {
    std::uint16_t param;
    std::int64_t lo, hi;
    auto operator<=>(const DateRow&) const = default;
};
struct StringRow {
    std::uint16_t param;
    std::string norm;
    std::string exact;  ///< empty for pinyin and for texts of tokens
    auto operator<=>(const StringRow&) const = default;
};
struct QuantityRow {
    std::uint16_t param;
    std::string unit;
    double lo, hi;
    std::string whole = {};  ///< not empty: no row of `qty`; `unit` is a part of this one, as `index_part` says
    auto operator<=>(const QuantityRow&) const = default;
};
struct NumberRow {
    std::uint16_t param;
    double lo, hi;
    auto operator<=>(const NumberRow&) const = default;
};
struct UriRow {
    std::uint16_t param;
    std::string value;
    auto operator<=>(const UriRow&) const = default;
};

/// A value of one component of a composite on its `n`-th element. What is compared for equality is in `h` (0 = nothing: a number,
/// a quantity in any unit), the rest is a range.
struct CompositeRow {
    std::uint16_t param;
    std::uint16_t part;
    std::int64_t n;
    std::int64_t h;
    double lo, hi;
    auto operator<=>(const CompositeRow&) const = default;
};
/// A place on the unit sphere: distances are chords, without a special case at the poles or the date line.
struct PlaceRow {
    std::uint16_t param;
    double x, y, z;
    auto operator<=>(const PlaceRow&) const = default;
};

struct Rows {
    std::vector<TokenRow> tokens;
    std::vector<ReferenceRow> references;
    std::vector<DateRow> dates;
    std::vector<StringRow> strings;
    std::vector<QuantityRow> quantities;
    std::vector<NumberRow> numbers;
    std::vector<UriRow> uris;
    std::vector<CompositeRow> composites;
    std::vector<PlaceRow> places;
    std::vector<std::int64_t> compartment;  ///< `h` of `pat`; 0 first
};

/// What the store derives from one version of a resource.
struct Indexed {
    Rows rows;
    std::int64_t date = kNoDate;    ///< `d`
    std::int64_t date_span_ms = 0;  ///< how long the value of sort_date_param() lasts; the maximum when it has an open side
    std::optional<Target> patient;  ///< whose record it belongs to; a Patient's own is itself
    std::vector<Target> follows;    ///< without that: it belongs to the patient of the first of these (a Provenance's targets)
    std::int64_t labels = 0;        ///< of meta.security; bits as label_bit() says
    std::int64_t local_version = 0;  ///< of the local parameters whose rows are among these
};

/// Index texts are cut here, on both sides.
inline constexpr std::size_t kIndexText_bytes = 512;
std::string_view index_text(std::string_view text);

/// Degrees as a place.
PlaceRow place_row(ParamId param, double latitude, double longitude);

/// How a unit of a quantity is written in `sys`.
std::string unit_key(std::string_view system, std::string_view code);

/// A row of `index_part`.
struct IndexPart {
    std::int64_t type, param, part, whole;
    auto operator<=>(const IndexPart&) const = default;
};

class LocalParameters;
/// @param local  nullptr = the parameters of R4 alone
Indexed index_resource(simdjson::dom::element resource, TypeId type, std::string_view id, const ExtractOptions& options, const TokenHash& hash,
                       const LocalParameters* local = nullptr);

/// Whether values of the parameter, being codes of code systems, have one row of `tok` each, and are found by their system or their
/// code alone by way of `index_part`. Numbers of people and telephones are too many different ones for that.
bool has_token_parts(const TypeParameter& how);

/// The rows of these parameters alone, none of `compartment`.
void keep_parameters(Rows& rows, const std::function<bool(ParamId)>& kept);

/// Types of the public directory, seen by every signed-in caller.
bool is_directory(TypeId type);
/// Those, and the types that define or list and are about nobody: seen by every signed-in caller whoever wrote them.
bool is_open(TypeId type);

/// Where a version's rows stand: what is part of their keys besides the values.
struct Place {
    TypeId type = TypeId::none;
    std::int64_t rid = 0;
    std::int64_t date = kNoDate;
    std::int64_t acl = 0;
    std::int64_t patient_rid = 0;
};

struct Core;

/// Writes rows through the write connection: what is added together, by flush(). Writer thread.
class RowWriter {
public:
    using RidOf = std::function<std::int64_t(const Target&)>;
    RowWriter(Core& core, storage::Group& group, RidOf rid_of) : core_(core), group_(group), connection_(group.connection()), rid_of_(std::move(rid_of)) {}

    void insert(const Place& place, const Rows& rows);
    void remove(const Place& place, const Rows& rows);
    /// Only the difference; everything with `date` or `acl` in it when those changed.
    void replace(const Place& old_place, const Rows& old_rows, const Place& place, const Rows& rows);
    void add_outbox(std::initializer_list<storage::Value> values) { batch_.add(connection_, IndexTable::outbox, values); }
    void flush() { batch_.flush(connection_); }

private:
    std::int64_t unit_id(const std::string& unit);
    void add_token(const Place& place, const TokenRow& row);
    void add_quantity(const Place& place, const QuantityRow& row);
    void add_part(const IndexPart& part);

    Core& core_;
    storage::Group& group_;
    storage::Connection& connection_;
    RidOf rid_of_;
    RowBatch batch_;
};

}  // namespace qiao::record
