#pragma once

#include "base/error.hpp"
#include "base/time.hpp"
#include "record/path/evaluate.hpp"
#include "record/validate/profile.hpp"
#include "record/validate/spot.hpp"
#include "record/validate/verdict.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// The pieces of level `full`: each adds what it finds. Pure but for the time limit; any
/// thread.
namespace qiao::record {

/// In what a value stands.
struct Scope {
    const json::Value* resource = nullptr;   ///< %resource
    const json::Value* container = nullptr;  ///< %rootResource: what contains it, or itself
    const json::Value* bundle = nullptr;     ///< the Bundle around it, or nullptr
    Instant now;
    std::chrono::steady_clock::time_point until;  ///< no rule is begun later
    const DefinitionShelf* shelf = &builtin_definitions();
    [[nodiscard]] bool is_spent() const { return std::chrono::steady_clock::now() > until; }
};

/// What FHIRPath may ask: references within the Bundle, value sets of the shelf, the profiles that FHIR defines.
class Known : public path::Outside {
public:
    explicit Known(const Scope& scope) : scope_(scope) {}
    [[nodiscard]] const json::Value* resolve(std::string_view reference) const override;
    [[nodiscard]] std::optional<bool> member_of(const path::Item& coded, std::string_view value_set_url) const override;
    [[nodiscard]] std::optional<bool> conforms_to(const path::Item& item, std::string_view profile_url) const override;

private:
    const Scope& scope_;
};

/// The entry of a Bundle that a reference from it means; nullptr when there is none. A version in the reference must fit.
const json::Value* find_entry(const json::Value& bundle, std::string_view reference);

void add(std::vector<Finding>& out, std::string_view severity, const char* code, std::string place, std::string text);

/// One rule in FHIRPath on one value.
void check_rule(const path::Expression& expression, std::string_view key, bool is_error, std::string_view human, const Spot& spot, const Scope& scope,
                std::vector<Finding>& out);
/// The expressions of `invariants()`, in their order.
const path::Expression& invariant_expression(std::size_t number);

/// All that `profile` asks of `spot`.
void check_profile(const Profile& profile, const Spot& spot, const Scope& scope, std::vector<Finding>& out);
/// A profile by its URL: also the base types; one that is not known is a warning.
void check_named_profile(std::string_view url, const Spot& spot, const Scope& scope, std::vector<Finding>& out);
/// An extension: where it may stand, and what it holds. `holder` is what it stands in.
void check_extension(const Spot& extension, const Spot& holder, const Scope& scope, std::vector<Finding>& out);

// What the specification says in words: content of data types, Bundles, definitions.
void check_data_type(const Spot& spot, const Scope& scope, std::vector<Finding>& out);
void check_bundle(const Spot& bundle, const Scope& scope, std::vector<Finding>& out);
void check_definition(const Spot& resource, std::vector<Finding>& out);

}  // namespace qiao::record
