#pragma once

#include "base/json_value.hpp"
#include "record/definitions/elements.hpp"
#include "record/path/decimal.hpp"
#include "record/path/temporal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What FHIRPath expressions are about: elements of a resource and System values, in collections. An element points into
/// the resource, which must outlive it. Any thread; a value belongs to one.
namespace qiao::record::path {

/// A value inside a FHIR resource: its JSON, the JSON of its "_name" sidecar, and what FHIR says it is.
struct Element {
    const json::Value* value = nullptr;    ///< null or nullptr when the element has only extensions
    const json::Value* sidecar = nullptr;  ///< id and extensions of a primitive
    ValueType type = ValueType::object;
    ShapeId shape = kNoShape;  ///< of an object or a resource
};

struct Quantity {
    Decimal value;
    std::string unit;       ///< UCUM code, "1" for none; or a word such as "days"
    bool calendar = false;  ///< `unit` is a calendar word
};

/// What type() tells.
struct TypeName {
    std::string space, name, base;
};

/// std::int64_t is System.Integer (32 bits), bool System.Boolean, std::string System.String, Temporal Date, DateTime or Time.
using Item = std::variant<Element, bool, std::int64_t, Decimal, std::string, Temporal, Quantity, TypeName>;

struct Collection {
    std::vector<Item> items;
    bool ordered = true;  ///< false after children() and descendants()
    /// What the items would be if there were any, where that is one kind of object: finds a wrong name behind an absent element.
    ShapeId declared = kNoShape;

    Collection() = default;
    Collection(Item item) { items.push_back(std::move(item)); }  // NOLINT(google-explicit-constructor)
    [[nodiscard]] bool empty() const { return items.empty(); }
    [[nodiscard]] std::size_t size() const { return items.size(); }
};

/// An element for a whole resource; nothing when its resourceType is missing or no type of FHIR R4.
std::optional<Element> resource_element(const json::Value& resource);

/// FHIR primitives and Quantity as the System value they hold (FHIR R4, fhirpath.html "Using FHIR types in expressions");
/// other elements, and primitives without a value, stay what they are.
Item system_value(const Item& item);
/// The text of a primitive of string form, a System.String; nullptr for anything else.
const std::string* text_of(const Item& item);

// ---- types ----------------------------------------------------------------------------------------------------------

/// {"FHIR", "Patient", "FHIR.DomainResource"} …
TypeName type_of(const Item& item);
struct TypeSpecifier {
    std::string_view space;  ///< "FHIR", "System" or empty for either
    std::string_view name;
};
/// "FHIR.Patient" and "Patient".
TypeSpecifier specifier(std::string_view text);
bool type_exists(const TypeSpecifier& type);
/// Whether `item` is of `type` or of a type derived from it.
bool is_of(const Item& item, const TypeSpecifier& type);
/// The same for ofType(): a primitive must be of exactly this type (a code is no string), as the official cases want.
bool is_exactly_of(const Item& item, const TypeSpecifier& type);

// ---- walking --------------------------------------------------------------------------------------------------------

/// Appends the children of `element` called `name` ("value" for any of value[x]); whether its type has such a child.
bool append_children(const Element& element, std::string_view name, std::vector<Item>& out);
/// What the children called `name` of an object are: the shape of an object, kNoShape for others; nothing when there is no such child.
std::optional<ShapeId> child_shape(ShapeId parent, std::string_view name);
/// Appends all children.
void append_children(const Element& element, std::vector<Item>& out);

/// How `item` is shown: the type without System ("integer", "dateTime", "HumanName") and the text: dates with "@", times
/// with "@T", objects as JSON.
std::string shown_type(const Item& item);
std::string shown_text(const Item& item);

}  // namespace qiao::record::path
