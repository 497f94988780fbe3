#include "record/path/item.hpp"

#include <algorithm>
#include <array>

namespace qiao::record::path {

namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";

struct Primitive {
    ValueType type;
    std::string_view name, base;
};
constexpr std::array kPrimitives = std::to_array<Primitive>({
    {ValueType::boolean, "boolean", "Element"},
    {ValueType::integer, "integer", "Element"},
    {ValueType::unsigned_int, "unsignedInt", "integer"},
    {ValueType::positive_int, "positiveInt", "integer"},
    {ValueType::decimal, "decimal", "Element"},
    {ValueType::string, "string", "Element"},
    {ValueType::code, "code", "string"},
    {ValueType::id, "id", "string"},
    {ValueType::markdown, "markdown", "string"},
    {ValueType::uri, "uri", "Element"},
    {ValueType::url, "url", "uri"},
    {ValueType::canonical, "canonical", "uri"},
    {ValueType::oid, "oid", "uri"},
    {ValueType::uuid, "uuid", "uri"},
    {ValueType::base64_binary, "base64Binary", "Element"},
    {ValueType::date, "date", "Element"},
    {ValueType::date_time, "dateTime", "Element"},
    {ValueType::instant, "instant", "Element"},
    {ValueType::time, "time", "Element"},
    {ValueType::xhtml, "xhtml", "Element"},
    {ValueType::system_string, "string", "Element"},
});

struct Derived {
    std::string_view name, base;
};
/// Data types whose base is not Element (R4, datatypes.html and types.html).
constexpr std::array kDerived = std::to_array<Derived>({
    {"Age", "Quantity"},
    {"Count", "Quantity"},
    {"Distance", "Quantity"},
    {"Duration", "Quantity"},
    {"Dosage", "BackboneElement"},
    {"ElementDefinition", "BackboneElement"},
    {"Timing", "BackboneElement"},
    {"MarketingStatus", "BackboneElement"},
    {"Population", "BackboneElement"},
    {"ProdCharacteristic", "BackboneElement"},
    {"ProductShelfLife", "BackboneElement"},
    {"SubstanceAmount", "BackboneElement"},
    {"Bundle", "Resource"},
    {"Binary", "Resource"},
    {"Parameters", "Resource"},
    {"DomainResource", "Resource"},
    {"SimpleQuantity", "Quantity"},
    {"MoneyQuantity", "Quantity"},
});
constexpr std::array<std::string_view, 8> kSystemTypes{"Boolean", "Integer", "Decimal", "String", "Date", "DateTime", "Time", "Quantity"};

const Primitive* primitive(ValueType type) {
    const auto* found = std::ranges::find(kPrimitives, type, &Primitive::type);
    return found == kPrimitives.end() ? nullptr : found;
}

bool is_backbone(std::string_view shape_name) { return shape_name.find('.') != std::string_view::npos; }

std::string_view fhir_name(const Element& element) {
    if (const Primitive* row = primitive(element.type)) return row->name;
    if (element.shape == kNoShape) return "Element";
    const std::string_view name = shape(element.shape).name;
    return is_backbone(name) ? std::string_view("BackboneElement") : name;
}

/// Empty for Element and Resource.
std::string_view base_of(std::string_view name) {
    if (name == "Element" || name == "Resource") return {};
    const auto* derived = std::ranges::find(kDerived, name, &Derived::name);
    if (derived != kDerived.end()) return derived->base;
    const auto* row = std::ranges::find(kPrimitives, name, &Primitive::name);
    if (row != kPrimitives.end()) return row->base;
    return find_type(name) != TypeId::none ? "DomainResource" : "Element";
}

std::string_view system_name(const Item& item) {
    if (std::holds_alternative<bool>(item)) return "Boolean";
    if (std::holds_alternative<std::int64_t>(item)) return "Integer";
    if (std::holds_alternative<Decimal>(item)) return "Decimal";
    if (std::holds_alternative<std::string>(item)) return "String";
    if (std::holds_alternative<Quantity>(item)) return "Quantity";
    if (const auto* temporal = std::get_if<Temporal>(&item)) {
        constexpr std::array<std::string_view, 3> kNames{"Date", "DateTime", "Time"};
        return kNames[static_cast<std::size_t>(temporal->kind)];
    }
    return "TypeInfo";
}

bool derives_from(std::string_view name, std::string_view base) {
    for (; !name.empty(); name = base_of(name)) {
        if (name == base) return true;
    }
    return false;
}

Item element_item(const json::Value* value, const json::Value* sidecar, const Property& property) {
    Element element{value, sidecar, property.type, property.shape};
    if (property.type == ValueType::resource && value != nullptr) element.shape = shape_of(find_type((*value)["resourceType"].text()));
    return element;
}

const json::Value* member_of(const json::Value* object, std::string_view name) {
    if (object == nullptr || !object->is_object()) return nullptr;
    const json::Value& value = (*object)[name];
    return value.is_null() ? nullptr : &value;
}

void append_property(const json::Value* value, const json::Value* sidecar, const Property& property, std::vector<Item>& out) {
    const bool many = (value != nullptr && value->is_array()) || (sidecar != nullptr && sidecar->is_array());
    if (!many) {
        if (value != nullptr || sidecar != nullptr) out.push_back(element_item(value, sidecar, property));
        return;
    }
    const auto items = [](const json::Value* list) { return list != nullptr && list->is_array() ? list->items().size() : 0; };
    const auto item = [&](const json::Value* list, std::size_t i) { return i < items(list) && !list->at(i).is_null() ? &list->at(i) : nullptr; };
    for (std::size_t i = 0; i < std::max(items(value), items(sidecar)); ++i) {
        const json::Value* one = item(value, i);
        const json::Value* beside = item(sidecar, i);
        if (one != nullptr || beside != nullptr) out.push_back(element_item(one, beside, property));
    }
}

void append_named(const json::Value* object, const Property& property, std::vector<Item>& out) {
    const json::Value* value = member_of(object, property.name);
    const json::Value* sidecar =
        property.type == ValueType::object || property.type == ValueType::resource ? nullptr : member_of(object, '_' + std::string(property.name));
    append_property(value, sidecar, property, out);
}

const Shape& element_shape() {
    static const Shape& kShape = shape(find_shape("Element"));
    return kShape;
}

bool append_primitive_children(const Element& element, std::string_view name, std::vector<Item>& out) {
    if (name == "value") {
        Item value = system_value(element);
        if (!std::holds_alternative<Element>(value)) out.push_back(std::move(value));
        return true;
    }
    if (element.type == ValueType::system_string) return false;
    const Property* property = element_shape().find(name);
    if (property == nullptr) return false;
    append_named(element.sidecar, *property, out);
    return true;
}

Item quantity_value(const Element& element) {
    const json::Value& json = *element.value;
    const auto value = Decimal::parse(json["value"].text());
    // A comparator makes it no number: <5 is neither 4 nor 5.
    if (!value || !json["comparator"].is_null()) return element;
    std::string unit = json["system"].text() == kUcum || json["system"].is_null() ? json["code"].text() : std::string();
    if (unit.empty()) unit = json["unit"].text();
    if (unit.empty()) unit = "1";
    return Quantity{*value, std::move(unit), false};
}

}  // namespace

std::optional<Element> resource_element(const json::Value& resource) {
    const TypeId type = find_type(resource["resourceType"].text());
    if (type == TypeId::none) return std::nullopt;
    return Element{&resource, nullptr, ValueType::resource, shape_of(type)};
}

Item system_value(const Item& item) {
    const auto* element = std::get_if<Element>(&item);
    if (element == nullptr || element->value == nullptr) return item;
    const json::Value& value = *element->value;
    const std::string& text = value.text();
    const auto or_element = [&](const auto& read) { return read ? Item(*read) : item; };
    switch (element->type) {
        case ValueType::boolean: return value.kind() == json::Value::Kind::boolean ? Item(value.truth()) : item;
        case ValueType::integer:
        case ValueType::unsigned_int:
        case ValueType::positive_int: return or_element(value.integer());
        case ValueType::decimal: return or_element(value.kind() == json::Value::Kind::number ? Decimal::parse(text) : std::nullopt);
        case ValueType::date: return or_element(Temporal::parse_date(text));
        case ValueType::date_time:
        case ValueType::instant: return or_element(Temporal::parse_date_time(text));
        case ValueType::time: return or_element(Temporal::parse_time(text));
        case ValueType::resource: return item;
        case ValueType::object:
            if (element->shape != kNoShape && value.is_object() && derives_from(fhir_name(*element), "Quantity")) return quantity_value(*element);
            return item;
        default: return value.is_string() ? Item(text) : item;
    }
}

const std::string* text_of(const Item& item) {
    if (const auto* text = std::get_if<std::string>(&item)) return text;
    const auto* element = std::get_if<Element>(&item);
    if (element == nullptr || element->value == nullptr || !element->value->is_string()) return nullptr;
    switch (element->type) {
        case ValueType::object:
        case ValueType::resource:
        case ValueType::date:
        case ValueType::date_time:
        case ValueType::instant:
        case ValueType::time: return nullptr;
        default: return &element->value->text();
    }
}

TypeName type_of(const Item& item) {
    const auto* element = std::get_if<Element>(&item);
    if (element == nullptr) return {"System", std::string(system_name(item)), "System.Any"};
    const std::string_view name = fhir_name(*element);
    const std::string_view base = base_of(name);
    return {"FHIR", std::string(name), base.empty() ? "System.Any" : "FHIR." + std::string(base)};
}

TypeSpecifier specifier(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos) return {{}, text};
    return {text.substr(0, point), text.substr(point + 1)};
}

bool type_exists(const TypeSpecifier& type) {
    if (type.space == "System") return true;  // a type that System does not have is a type that nothing is of
    if (!type.space.empty() && type.space != "FHIR") return false;
    if (type.space.empty() && std::ranges::find(kSystemTypes, type.name) != kSystemTypes.end()) return true;
    if (is_backbone(type.name)) return false;
    return find_shape(type.name) != kNoShape || std::ranges::find(kPrimitives, type.name, &Primitive::name) != kPrimitives.end() ||
           std::ranges::find(kDerived, type.name, &Derived::name) != kDerived.end();
}

bool is_of(const Item& item, const TypeSpecifier& type) {
    if (const auto* element = std::get_if<Element>(&item)) return type.space != "System" && derives_from(fhir_name(*element), type.name);
    return type.space != "FHIR" && (system_name(item) == type.name || type.name == "Any");
}

bool is_exactly_of(const Item& item, const TypeSpecifier& type) {
    const auto* element = std::get_if<Element>(&item);
    if (element != nullptr && primitive(element->type) != nullptr && type.name != "Element") return type.space != "System" && fhir_name(*element) == type.name;
    return is_of(item, type);
}

bool append_children(const Element& element, std::string_view name, std::vector<Item>& out) {
    if (primitive(element.type) != nullptr) return append_primitive_children(element, name, out);
    if (element.shape == kNoShape) return false;
    const Shape& fields = shape(element.shape);
    if (const Property* property = fields.find(name); property != nullptr && !property->choice) {
        append_named(element.value, *property, out);
        return true;
    }
    // value[x]: one property a type, side by side in the table.
    bool known = false;
    for (const Property& property : fields.properties) {
        const std::string_view choice = fields.element_names[property.element];
        if (!property.choice || choice.size() != name.size() + 3 || !choice.starts_with(name)) continue;
        known = true;
        append_named(element.value, property, out);
    }
    return known;
}

std::optional<ShapeId> child_shape(ShapeId parent, std::string_view name) {
    const Shape& fields = shape(parent);
    if (const Property* property = fields.find(name); property != nullptr && !property->choice)
        return property->type == ValueType::object ? property->shape : kNoShape;
    const bool choice = std::ranges::any_of(fields.element_names, [&](std::string_view element) {
        return element.size() == name.size() + 3 && element.starts_with(name) && element.ends_with("[x]");
    });
    return choice ? std::optional(kNoShape) : std::nullopt;
}

void append_children(const Element& element, std::vector<Item>& out) {
    if (primitive(element.type) != nullptr) {
        if (element.type == ValueType::system_string) return;
        for (const Property& property : element_shape().properties) append_named(element.sidecar, property, out);
        return;
    }
    if (element.shape == kNoShape || element.value == nullptr) return;
    const Shape& fields = shape(element.shape);
    for (const auto& [key, value] : element.value->members()) {
        const bool sidecar = key.starts_with('_');
        const std::string_view name = sidecar ? std::string_view(key).substr(1) : std::string_view(key);
        if (sidecar && member_of(element.value, name) != nullptr) continue;
        const Property* property = fields.find(name);
        if (property != nullptr) append_named(element.value, *property, out);
    }
}

std::string shown_type(const Item& item) {
    std::string name = type_of(item).name;
    if (!std::holds_alternative<Element>(item) && name != "Quantity" && name != "TypeInfo") name[0] = static_cast<char>(name[0] - 'A' + 'a');
    return name;
}

std::string shown_text(const Item& item) {
    const Item value = system_value(item);
    if (const auto* element = std::get_if<Element>(&value))
        return element->value == nullptr ? std::string() : (element->value->text().empty() ? element->value->dump() : element->value->text());
    if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* decimal = std::get_if<Decimal>(&value)) return decimal->text();
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    if (const auto* temporal = std::get_if<Temporal>(&value)) return (temporal->kind == Temporal::Kind::time ? "@T" : "@") + temporal->text();
    if (const auto* type = std::get_if<TypeName>(&value)) return type->space + '.' + type->name;
    if (const auto* element = std::get_if<Element>(&item)) return element->value->dump();
    const auto& quantity = std::get<Quantity>(value);
    return quantity.value.text() + (quantity.calendar ? ' ' + quantity.unit : " '" + quantity.unit + '\'');
}

}  // namespace qiao::record::path
