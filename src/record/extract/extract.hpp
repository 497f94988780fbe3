#pragma once

#include "record/definitions/definitions.hpp"
#include "record/extract/zone.hpp"

#include <simdjson.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

/// The index values of a resource: one walk yields what all official search parameters of its type find in it. Pure
/// functions of (text, options, tables), so old rows are recomputed from an old body and not listed. Any thread; an
/// IndexValues belongs to one.
namespace qiao::record {

/// Times are milliseconds since 1970-01-01T00:00Z; an open side of a range is one of these.
inline constexpr std::int64_t kDistantPast_ms = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kDistantFuture_ms = std::numeric_limits<std::int64_t>::max();

// All text views below point into the document or into IndexValues itself.

/// A code, boolean, string, identifier or contact value. `system` is empty where the value has none.
struct TokenValue {
    ParamId param;
    std::string_view system;
    std::string_view code;
};

/// A text of a token (CodeableConcept.text, Coding.display, Identifier.type.text), folded like strings: for `:text`.
struct TokenText {
    ParamId param;
    std::string_view folded;
};

/// An Identifier with a type: for `:of-type`.
struct IdentifierType {
    ParamId param;
    std::string_view type_system, type_code, value;
};

struct ReferenceValue {
    enum class Form : std::uint8_t {
        literal,      ///< "Type/id" of this server: target, id (and version when it was given)
        absolute,     ///< a URL elsewhere, urn:uuid:…, urn:oid:…: `url`
        canonical,    ///< canonical or uri element: `url` without "|version", and `version`
        logical,      ///< only an identifier
        conditional,  ///< "Patient?identifier=…": `url`; a transaction resolves it before anything is stored
    };
    ParamId param;
    Form form;
    TypeId target = TypeId::none;
    std::string_view id;
    std::string_view version;
    std::string_view url;
    std::string_view identifier_system, identifier_value;  ///< Reference.identifier, in any form
};

struct StringValue {
    enum class Form : std::uint8_t {
        literal,   ///< the text itself, folded
        pinyin,    ///< a Chinese text as toneless pinyin without blanks: "wangwei"
        initials,  ///< first letters of the pinyin: "ww"
    };
    ParamId param;
    Form form;
    std::string_view folded;
    std::string_view exact;  ///< as written; empty for pinyin and initials
};

/// Half-open: [lo_ms, hi_ms).
struct DateValue {
    ParamId param;
    std::int64_t lo_ms, hi_ms;
};

/// A Quantity, Money, Range, SampledData… : lo == hi but for ranges and comparators (`<` has lo = -infinity).
struct QuantityValue {
    ParamId param;
    double lo, hi;
    std::string_view system, code;  ///< the coded unit
    std::string_view unit;          ///< as shown to people
    struct Canonical {
        double lo, hi;
        std::string_view unit;
    };
    std::optional<Canonical> canonical;  ///< in the UCUM base units; filled by the store's unit converter, not here
};

struct NumberValue {
    ParamId param;
    double lo, hi;  ///< equal but for ranges
};

struct UriValue {
    ParamId param;
    std::string_view value;
};

/// Location.position: for `near`.
struct PositionValue {
    ParamId param;
    double latitude, longitude;
};

using ComponentValue = std::variant<TokenValue, ReferenceValue, StringValue, DateValue, QuantityValue, NumberValue, UriValue>;

/// What the components of a composite parameter have on one and the same element, in the parameter's order; none is without a
/// value. `param` of each value is that of the component's own parameter. Composites of the resource itself (Observation's
/// code-value-…) have none of these: their components are parameters of it.
struct CompositeValue {
    ParamId param;
    std::vector<std::vector<ComponentValue>> components;
};

struct IndexValues {
    std::vector<TokenValue> tokens;
    std::vector<TokenText> texts;
    std::vector<IdentifierType> identifier_types;
    std::vector<ReferenceValue> references;
    std::vector<StringValue> strings;
    std::vector<DateValue> dates;
    std::vector<QuantityValue> quantities;
    std::vector<NumberValue> numbers;
    std::vector<UriValue> uris;
    std::vector<PositionValue> positions;
    std::vector<CompositeValue> composites;
    /// `d` of the index: the type's own date (effective, period.start, authoredOn …); nothing = use lastUpdated.
    std::optional<std::int64_t> sort_date_ms;
    /// Some values were left out because a limit was met (20,000 values a resource).
    bool truncated = false;

    /// Where folded texts live.
    std::unique_ptr<std::pmr::monotonic_buffer_resource> arena;
};

struct ExtractOptions {
    const Zone* zone = nullptr;  ///< for dates and times without one; nullptr = UTC
    std::string_view base_url;   ///< own FHIR base without a slash at the end: "BASE/Patient/1" is a literal reference
};

/// @param resource  an object of type `type` that passed `validate_structure` (anything else is safe too: what does not
///                  fit is left out)
/// The document must outlive the result.
IndexValues extract(simdjson::dom::element resource, TypeId type, const ExtractOptions& options = {});

/// Splits the text of Reference.reference. Form, target, id, version and url are set.
ReferenceValue parse_reference(std::string_view text, std::string_view base_url = {});

}  // namespace qiao::record
