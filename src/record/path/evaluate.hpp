#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"
#include "record/path/expression.hpp"
#include "record/path/item.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Evaluates FHIRPath (N1 with the functions of FHIR R4) over a resource. Pure but for the port; any thread.
namespace qiao::record::path {

/// What an expression may ask about other resources and terminology. Every answer may be "not known".
class Outside {
public:
    virtual ~Outside() = default;
    /// The resource that an absolute or relative reference names; it must live until the evaluation ends. References into
    /// the resource itself ("#id") and its Bundle never come here.
    [[nodiscard]] virtual const json::Value* resolve(std::string_view reference) const = 0;
    /// Whether a code, Coding or CodeableConcept is in a value set.
    [[nodiscard]] virtual std::optional<bool> member_of(const Item& coded, std::string_view value_set_url) const = 0;
    /// Whether an element follows a profile that FHIR itself does not define.
    [[nodiscard]] virtual std::optional<bool> conforms_to(const Item& item, std::string_view profile_url) const = 0;
};

enum class Strictness : std::uint8_t {
    /// What people and clients write: an unknown element, `as` on several items and an order that is not there are errors.
    strict,
    /// As the invariants of FHIR R4 are written: unknown elements are empty, `as` on several items filters.
    lenient,
};

inline constexpr std::size_t kSteps = 100'000;  ///< of one evaluation; a step is a node visited, an item made or 1 KiB of text handled

struct Context {
    const json::Value* resource = nullptr;       ///< %resource
    const json::Value* root_resource = nullptr;  ///< %rootResource: what contains `resource`; nullptr = the same
    Instant now;                                 ///< now(), today()
    const Outside* outside = nullptr;            ///< nullptr: nothing outside is known
    Strictness strictness = Strictness::strict;
    std::size_t steps = kSteps;  ///< at most so many
};

/// The result for `input`, which is also %context. Its elements point into the resources.
/// Throws qiao::Error(invalid): fhirpath.unknown_element, unknown_type, unknown_constant, type, several, argument, order,
/// profile; and too_large, fhirpath.too_costly.
Collection evaluate(const Expression& expression, const Collection& input, const Context& context);
/// The part of it below `node` alone.
Collection evaluate_part(const Expression& expression, NodeId node, const Collection& input, const Context& context);
/// The same for a whole resource, which becomes %resource. A resource of no R4 type: fhirpath.unknown_type.
Collection evaluate(const Expression& expression, const json::Value& resource, Context context);

/// An invariant's answer (singleton evaluation): a single item that is no Boolean is true; nothing for an empty result.
/// Throws fhirpath.several.
std::optional<bool> truth(const Collection& collection);

}  // namespace qiao::record::path
