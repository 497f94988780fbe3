#include "record/validate/validate.hpp"

#include "base/id.hpp"
#include "record/definitions/elements.hpp"
#include "record/extract/extract.hpp"
#include "record/validate/primitives.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <limits>

namespace qiao::record {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

namespace {

constexpr std::size_t kIssues = 100;
constexpr std::size_t kShownName_bytes = 64;

/// Where the check stands: a chain on the stack that is written out only for an issue.
struct Place {
    const Place* parent = nullptr;
    std::string_view name;
    int index = -1;

    void write(std::string& out) const {
        if (parent != nullptr) {
            parent->write(out);
            out.push_back('.');
        }
        out.append(name.substr(0, kShownName_bytes));
        if (index >= 0) out.append("[").append(std::to_string(index)).append("]");
    }
};

bool is_primitive(ValueType type) { return type != ValueType::object && type != ValueType::resource; }
bool has_sidecar(ValueType type) { return is_primitive(type) && type != ValueType::xhtml && type != ValueType::system_string; }

/// The shapes that have rules of their own.
struct KnownShapes {
    ShapeId element = find_shape("Element");
    ShapeId extension = find_shape("Extension");
    ShapeId codeable_concept = find_shape("CodeableConcept");
    ShapeId coding = find_shape("Coding");
    std::uint8_t extension_value = shape(extension).find("valueString")->element;
    std::uint8_t extension_nested = shape(extension).find("extension")->element;
};

const KnownShapes& known() {
    static const KnownShapes shapes;
    return shapes;
}

/// What is known of an object while its members are read.
struct Seen {
    std::uint64_t values = 0;                 ///< bit per element: member `x`
    std::uint64_t sidecars = 0;               ///< member `_x`
    std::array<const Property*, 64> variant;  ///< valid where a bit is set
    std::size_t members = 0;
};

class StructureCheck {
public:
    std::vector<Issue> take() { return std::move(issues_); }

    void resource(const element& value, const Place& place, TypeId expected, bool contained) {
        object fields;
        if (value.get(fields) != simdjson::SUCCESS) return report("structure", place, "a resource is an object");
        element type_value;
        std::string_view name;
        if (fields["resourceType"].get(type_value) != simdjson::SUCCESS) return report("required", place, "resourceType is missing");
        if (type_value.get(name) != simdjson::SUCCESS) return report("structure", place, "resourceType is no string");
        const TypeId type = find_type(name);
        if (type == TypeId::none) return report("structure", place, "resourceType is no type of FHIR R4");
        if (expected != TypeId::none && type != expected) return report("structure", place, "resourceType is not " + std::string(type_name(expected)));
        const Place named{place.parent, place.name.empty() ? type_name(type) : place.name, place.index};
        check_object(fields, shape_of(type), named, nullptr, true, contained);
    }

private:
    void report(const char* code, const Place& place, std::string diagnostics) {
        if (issues_.size() >= kIssues) return;
        std::string expression;
        place.write(expression);
        issues_.push_back({code, std::move(expression), std::move(diagnostics)});
    }
    [[nodiscard]] bool full() const { return issues_.size() >= kIssues; }

    void check_object(const object& fields, ShapeId shape_id, const Place& place, const Property* from, bool is_resource, bool contained) {
        const Shape& shape_row = shape(shape_id);
        Seen seen;
        for (const auto [key, value] : fields) {
            if (full()) return;
            ++seen.members;
            if (is_resource && key == "resourceType") {
                --seen.members;
                if (has_two(fields, key)) report("structure", place, "duplicate key resourceType");
                continue;
            }
            member(fields, shape_row, key, value, place, seen, contained);
        }
        if (const std::uint64_t missing = shape_row.required & ~(seen.values | seen.sidecars); missing != 0) report_missing(shape_row, missing, place);
        if (!is_resource) check_content(shape_id, place, seen);
        if (shape_row.is_reference && from != nullptr && from->targets != 0) check_target(fields, *from, place);
        if (from != nullptr && from->binding != 0) check_binding(fields, shape_id, *from, place);
    }

    /// In FHIRPath a choice is `value` whatever its type.
    static std::string_view path_name(const Shape& shape_row, const Property& property) {
        const std::string_view name = shape_row.element_names[property.element];
        return property.choice ? name.substr(0, name.size() - 3) : name;
    }

    static bool has_two(const object& fields, std::string_view wanted) {
        int count = 0;
        for (const auto field : fields) count += field.key == wanted ? 1 : 0;
        return count > 1;
    }

    void member(const object& fields, const Shape& shape_row, std::string_view key, const element& value, const Place& place, Seen& seen, bool contained) {
        const bool sidecar = key.starts_with('_');
        const Property* property = shape_row.find(sidecar ? key.substr(1) : key);
        if (property == nullptr || (sidecar && !has_sidecar(property->type))) return report("structure", Place{&place, key, -1}, "unknown element");
        const Place here{&place, path_name(shape_row, *property), -1};
        const std::uint64_t bit = 1ULL << property->element;
        std::uint64_t& mine = sidecar ? seen.sidecars : seen.values;
        if (((seen.values | seen.sidecars) & bit) != 0 && seen.variant[property->element] != property) {
            return report("structure", here, "only one type of a choice may be used");
        }
        if ((mine & bit) != 0) return report("structure", here, "duplicate key");
        mine |= bit;
        seen.variant[property->element] = property;
        if (value.is_null()) return report("structure", here, "null is no value: leave the element out");
        if (!property->repeats) {
            if (value.is_array()) return report("structure", here, "this element does not repeat: no array");
            return sidecar ? check_sidecar(value, here) : check_value(*property, value, here, contained);
        }
        check_array(fields, *property, value, here, sidecar, contained);
    }

    void check_array(const object& fields, const Property& property, const element& value, const Place& here, bool sidecar, bool contained) {
        array items;
        if (value.get(items) != simdjson::SUCCESS) return report("structure", here, "this element repeats: an array is wanted");
        int index = 0;
        for (const element item : items) {
            if (full()) return;
            const Place at{here.parent, here.name, index};
            if (item.is_null()) {
                if (!has_sidecar(property.type) || !has_partner(fields, property, sidecar, static_cast<std::size_t>(index))) {
                    report("structure", at, "null without a value or extension at the same place beside it");
                }
            } else if (sidecar) {
                check_sidecar(item, at);
            } else {
                check_value(property, item, at, contained);
            }
            ++index;
        }
        if (index == 0) report("structure", here, "an array is not empty: leave the element out");
    }

    /// Whether the other one of `x` and `_x` has something at `index`.
    static bool has_partner(const object& fields, const Property& property, bool sidecar, std::size_t index) {
        std::string name;
        if (!sidecar) name.push_back('_');
        name.append(property.name);
        element item;
        return fields[name].at(index).get(item) == simdjson::SUCCESS && !item.is_null();
    }

    void check_sidecar(const element& value, const Place& place) {
        object fields;
        if (value.get(fields) != simdjson::SUCCESS) return report("structure", place, "beside a primitive stands an object with id or extension");
        check_object(fields, known().element, place, nullptr, false, false);
    }

    void check_value(const Property& property, const element& value, const Place& place, bool contained) {
        switch (property.type) {
            case ValueType::object: {
                object fields;
                if (value.get(fields) != simdjson::SUCCESS) return report("structure", place, "an object is wanted");
                return check_object(fields, property.shape, place, &property, false, contained);
            }
            case ValueType::resource: {
                const bool is_contained = property.name == "contained";
                if (is_contained && contained) return report("invariant", place, "dom-2: a contained resource does not contain others");
                return resource(value, place, TypeId::none, is_contained || contained);
            }
            case ValueType::boolean:
                if (!value.is_bool()) report("structure", place, "true or false is wanted, without quotes");
                return;
            case ValueType::integer: return check_integer(value, place, std::numeric_limits<std::int32_t>::min());
            case ValueType::unsigned_int: return check_integer(value, place, 0);
            case ValueType::positive_int: return check_integer(value, place, 1);
            case ValueType::decimal:
                if (!value.is_number()) report("structure", place, "a number is wanted, without quotes");
                return;
            default: return check_text(property, value, place);
        }
    }

    void check_integer(const element& value, const Place& place, std::int64_t lowest) {
        if (!value.is_number()) return report("structure", place, "a number is wanted, without quotes");
        std::int64_t number = 0;
        if (value.get(number) != simdjson::SUCCESS || number < lowest || number > std::numeric_limits<std::int32_t>::max()) {
            report("value", place, "no whole number from " + std::to_string(lowest) + " to 2147483647");
        }
    }

    void check_text(const Property& property, const element& value, const Place& place) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return report("structure", place, "a string is wanted");
        if (property.type == ValueType::xhtml) {
            if (std::string problem = check_narrative(text); !problem.empty()) report("invariant", place, std::move(problem));
            return;
        }
        if (const char* problem = text_problem(property.type, text)) return report("value", place, problem);
        if (property.binding != 0 && !value_set_has(property.binding, {}, text)) {
            report("code-invalid", place, "no code of the required value set " + std::string(value_set_url(property.binding)));
        }
    }

    void report_missing(const Shape& shape_row, std::uint64_t missing, const Place& place) {
        for (; missing != 0; missing &= missing - 1) {
            std::string_view name = shape_row.element_names[static_cast<std::size_t>(std::countr_zero(missing))];
            if (name.ends_with("[x]")) name.remove_suffix(3);
            report("required", Place{&place, name, -1}, "this element is required");
        }
    }

    void check_content(ShapeId shape_id, const Place& place, const Seen& seen) {
        if (seen.members == 0) return report("structure", place, "an object is not empty: leave the element out");
        // `id` is element 0 of every data type and backbone element; beside a primitive it may stand alone.
        if (shape_id != known().element && seen.members == 1 && (seen.values & 1U) != 0)
            report("invariant", place, "ele-1: an element has a value or children besides its id");
        if (shape_id != known().extension) return;
        const std::uint64_t all = seen.values | seen.sidecars;
        const bool has_value = (all >> known().extension_value & 1U) != 0;
        const bool has_nested = (all >> known().extension_nested & 1U) != 0;
        if (has_value == has_nested) report("invariant", place, "ext-1: an extension has either a value or extensions");
    }

    void check_target(const object& fields, const Property& from, const Place& place) {
        std::string_view text;
        TypeId type = TypeId::none;
        if (fields["reference"].get(text) == simdjson::SUCCESS) {
            const ReferenceValue found = parse_reference(text);
            if (found.form == ReferenceValue::Form::literal || found.form == ReferenceValue::Form::conditional) type = found.target;
        }
        if (type == TypeId::none && fields["type"].get(text) == simdjson::SUCCESS) type = find_type(text);
        if (type != TypeId::none && !targets_allow(from.targets, type))
            report("structure", place, "a reference to " + std::string(type_name(type)) + " is not allowed here");
    }

    void check_binding(const object& fields, ShapeId shape_id, const Property& from, const Place& place) {
        const auto in_set = [&](const object& coding) {
            std::string_view system;
            std::string_view code;
            if (coding["system"].get(system) != simdjson::SUCCESS || coding["code"].get(code) != simdjson::SUCCESS) return false;
            return !system.empty() && value_set_has(from.binding, system, code);
        };
        bool found = false;
        if (shape_id == known().coding) {
            found = in_set(fields);
        } else if (shape_id == known().codeable_concept) {
            array codings;
            if (fields["coding"].get(codings) == simdjson::SUCCESS) {
                for (const element item : codings) {
                    object coding;
                    found = found || (item.get(coding) == simdjson::SUCCESS && in_set(coding));
                }
            } else if (element ignored; fields["extension"].get(ignored) == simdjson::SUCCESS && fields["text"].get(ignored) != simdjson::SUCCESS) {
                return;  // e.g. a data-absent-reason in its place
            }
        } else {
            return;
        }
        if (!found) report("code-invalid", place, "no coding of the required value set " + std::string(value_set_url(from.binding)));
    }

    std::vector<Issue> issues_;
};

}  // namespace

bool is_subsetted(element resource) {
    array tags;
    if (resource["meta"]["tag"].get(tags) != simdjson::SUCCESS) return false;
    for (const element tag : tags) {
        std::string_view code;
        if (tag["code"].get(code) == simdjson::SUCCESS && code == "SUBSETTED") return true;
    }
    return false;
}

std::vector<Issue> validate_structure(element resource, TypeId expected) {
    StructureCheck check;
    check.resource(resource, Place{}, expected, false);
    return check.take();
}

}  // namespace qiao::record
