#pragma once

#include "record/definitions/definitions.hpp"
#include "record/definitions/elements.hpp"
#include "record/definitions/rules.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// The generated tables as the code of this folder, extract/ and validate/ reads them; nobody else includes this. Constants; any
/// thread.
namespace qiao::record::tables {

/// The hash of all name tables here; tools/definitions/emit_tables.py has the same. Little-endian machines only.
inline std::uint32_t table_hash(std::string_view text) {
    const std::size_t size = text.size();
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (size >= 8) {
        std::memcpy(&first, text.data(), 8);
        std::memcpy(&last, text.data() + size - 8, 8);
    } else if (size >= 4) {
        std::memcpy(&first, text.data(), 4);
        std::memcpy(&last, text.data() + size - 4, 4);
    } else if (size > 0) {
        const auto byte = [&](std::size_t at) { return static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])); };
        first = byte(0) | byte(size / 2) << 8U | byte(size - 1) << 16U;
    }
    std::uint64_t value = (first + size) * 0x9E3779B97F4A7C15ULL;
    value ^= last * 0xC2B2AE3D27D4EB4FULL;
    value ^= value >> 29U;
    value *= 0x9FB21C651E98DF25ULL;
    return static_cast<std::uint32_t>(value >> 32U);
}

struct Slice {
    std::uint16_t first, count;
};

// ---- types and parameters -------------------------------------------------------------------------------------------
extern const std::size_t kTypeNumbers;  ///< rows of the tables that a type number indexes
extern const std::string_view kTypeNames[];
extern const TypeId kTypesByName[];
extern const std::size_t kTypeCount;
extern const Parameter kParameters[];
extern const std::size_t kParameterNumbers;
extern const TypeParameter kTypeParameters[];
extern const Slice kParametersOfType[];
extern const ParamId kCompartmentParameters[];
extern const Slice kCompartmentOfType[];
extern const ParamId kParam_id, kParam_last_updated, kParam_tag, kParam_profile, kParam_security, kParam_source;

// ---- elements -------------------------------------------------------------------------------------------------------
struct ValueSetCode {
    std::string_view code;
    std::uint16_t system;
};
/// Codes sorted by (code, system).
struct ValueSet {
    std::string_view url;
    std::uint16_t first, count;
};
inline constexpr std::size_t kTargetWords = 3;
extern const Shape kShapes[];
extern const std::size_t kShapeCount;
extern const ShapeId kShapeOfType[];
extern const std::string_view kSystems[];
extern const ValueSetCode kValueSetCodes[];
extern const ValueSet kValueSets[];
extern const std::size_t kValueSetCount;
extern const std::uint64_t kTargetSets[][kTargetWords];

// ---- rules ----------------------------------------------------------------------------------------------------------
struct ProfileText {
    std::string_view url, text;
};
extern const Invariant kInvariants[];
extern const std::size_t kInvariantCount;
extern const InvariantUse kInvariantUses[];
extern const Slice kInvariantsOfShape[];
extern const ProfileText kProfiles[];  ///< sorted by url
extern const std::size_t kProfileCount;

// ---- extraction trees -----------------------------------------------------------------------------------------------
struct Filter {
    enum class Kind : std::uint8_t { none, equals, index };
    Kind kind = Kind::none;
    std::string_view member, literal;
    std::uint16_t index = 0;
};
struct Edge {
    std::string_view name;
    std::uint16_t node;
    std::uint8_t filter;
    bool more;  ///< the next edge has the same name under another filter
};
enum class ActionKind : std::uint8_t { token, reference, string, date, composite, uri, quantity, number, special, sort_date };
enum class Leaf : std::uint8_t {
    text,
    boolean,
    present,
    integer,
    codeable_concept,
    coding,
    identifier,
    contact_point,
    reference,
    canonical,
    resource,
    human_name,
    address,
    annotation,
    date,
    period,
    timing,
    number,
    range,
    quantity,
    money,
    sampled_data,
    position,
};
struct Action {
    ParamId param;
    ActionKind kind;
    Leaf leaf;
    TypeId target;       ///< of `where(resolve() is T)`
    std::uint8_t extra;  ///< string: 0 = no pinyin, 1 = pinyin, 2 = starts with a surname; sort_date: rank, the lowest wins
};
struct Component {
    std::uint16_t node;
    bool from_root;  ///< starts at the resource (%resource) and not at the element
};
struct Composite {
    ParamId param;
    std::uint16_t first_component;
    std::uint8_t component_count;
};
struct Node {
    std::uint16_t first_edge, first_slot, first_action, first_composite;
    std::uint8_t edge_count, slot_mask, action_count, composite_count;
};
extern const std::uint8_t kNodeSlots[];
extern const Filter kFilters[];
extern const Edge kEdges[];
extern const Action kActions[];
extern const Component kNodeComponents[];
extern const Composite kComposites[];
extern const Node kNodes[];
extern const std::uint16_t kRootOfType[];
extern const ParamId kFalseByDefault[];  ///< token parameters that are "false" when the walk found nothing
extern const Slice kFalseByDefaultOfType[];

}  // namespace qiao::record::tables
