#include "base/error.hpp"
#include "record/patch/patch.hpp"
#include "record/path/evaluate.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace qiao::record {

namespace {

[[noreturn]] void fail(std::string_view code, std::size_t number, const std::string& what) {
    throw Error(ErrorKind::invalid, code, "operation " + std::to_string(number) + ": " + what);
}

/// A value of an operation: the element, its sidecar, and for value[x] its type ("Quantity").
struct NewValue {
    json::Value value, sidecar;
    std::string type;
};

/// Where an element stands: member `name` of `parent`, at `index` where that is an array.
struct Place {
    json::Value* parent = nullptr;
    std::string name;
    std::optional<std::size_t> index;
};

/// Finds by its address what an expression has found.
bool find_place(json::Value& parent, const json::Value* wanted, Place& place) {
    std::vector<std::string> names;
    for (const auto& member : parent.members()) names.push_back(member.first);
    for (const std::string& name : names) {
        json::Value& value = parent.member(name);
        place = {&parent, name, std::nullopt};
        if (&value == wanted) return true;
        if (value.is_object() && find_place(value, wanted, place)) return true;
        if (!value.is_array()) continue;
        for (std::size_t i = 0; i < value.size(); ++i) {
            json::Value& item = value.mutable_items()[i];
            place = {&parent, name, i};
            if (&item == wanted) return true;
            if (item.is_object() && find_place(item, wanted, place)) return true;
        }
    }
    return false;
}

/// Takes away what nothing is left in, upwards; whether that is all of `value`. The array of a sidecar keeps its places.
bool prune(json::Value& value, bool sidecar = false) {
    if (value.is_object()) {
        std::vector<std::string> names;
        for (const auto& member : value.members()) names.push_back(member.first);
        for (const std::string& name : names) {
            if (prune(value.member(name), name.starts_with('_'))) value.remove(name);
        }
        return value.size() == 0;
    }
    if (!value.is_array()) return false;
    auto& items = value.mutable_items();
    for (std::size_t i = 0; i < items.size();) {
        const bool gone = prune(items[i]);
        if (gone && sidecar) items[i] = {};
        if (gone && !sidecar) {
            items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            ++i;
        }
    }
    return std::ranges::all_of(value.items(), [](const json::Value& item) { return item.is_null(); });
}

class FhirPathPatch {
public:
    FhirPathPatch(json::Value resource, Instant now) : resource_(std::move(resource)), now_(now) {}

    void apply(const json::Value& operation, std::size_t number) {
        number_ = number;
        const std::string type = text_part(operation, "type");
        const std::string path = text_part(operation, "path");
        if (type == "add") return add(path, text_part(operation, "name"), operation);
        if (type == "insert") return insert(path, index_part(operation, "index"), operation);
        if (type == "delete") return remove(path);
        if (type == "replace") return replace(path, operation);
        if (type == "move") return move(path, index_part(operation, "source"), index_part(operation, "destination"));
        fail("patch.malformed", number_, "type is none of add, insert, delete, replace and move");
    }

    [[nodiscard]] const json::Value& resource() const { return resource_; }
    json::Value finish() {
        prune(resource_);
        return std::move(resource_);
    }

private:
    // ---- reading the operation ----
    static const json::Value& part(const json::Value& operation, std::string_view name) {
        static const json::Value kNone;
        const auto& parts = operation["part"].items();
        const auto found = std::ranges::find_if(parts, [&](const json::Value& row) { return row["name"].text() == name; });
        return found == parts.end() ? kNone : *found;
    }
    std::string text_part(const json::Value& operation, std::string_view name) const {
        for (const auto& [member, value] : part(operation, name).members()) {
            if (member.starts_with("value") && value.is_string()) return value.text();
        }
        fail("patch.malformed", number_, std::string(name) + " is missing");
    }
    std::size_t index_part(const json::Value& operation, std::string_view name) const {
        for (const auto& [member, value] : part(operation, name).members()) {
            const auto index = member.starts_with("value") ? value.integer() : std::nullopt;
            if (index && *index >= 0) return static_cast<std::size_t>(*index);
        }
        fail("patch.malformed", number_, std::string(name) + " is no index");
    }

    /// What `row` (a part) says, for an element of `shape_id` where it has parts of its own.
    NewValue value_of(const json::Value& row, ShapeId shape_id) const {
        NewValue result;
        for (const auto& [member, value] : row.members()) {
            if (member.starts_with("value")) {
                result.value = value;
                result.type = member.substr(5);
            } else if (member.starts_with("_value")) {
                result.sidecar = value;
                result.type = member.substr(6);
            } else if (member == "resource") {
                result.value = value;
            } else if (member == "part") {
                if (shape_id == kNoShape) fail("patch.malformed", number_, "parts where a value is wanted");
                result.value = json::Value::object();
                for (const json::Value& inner : value.items()) set_part(result.value, shape_id, inner);
            }
        }
        if (result.value.is_null() && result.sidecar.is_null()) fail("patch.malformed", number_, "value is missing");
        return result;
    }

    void set_part(json::Value& object, ShapeId shape_id, const json::Value& row) const {
        const std::string& name = row["name"].text();
        const Property* property = shape(shape_id).find(name);
        const NewValue value = value_of(row, property != nullptr ? property->shape : kNoShape);
        put(object, property_for(shape_id, name, value.type), value);
    }

    const Property& property_for(ShapeId shape_id, const std::string& name, const std::string& type) const {
        const Shape& fields = shape(shape_id);
        if (const Property* property = fields.find(name)) return *property;
        const Property* choice = fields.find(name + type);
        if (choice != nullptr && choice->choice) return *choice;
        fail("patch.unknown_element", number_, std::string(fields.name) + " has no " + name);
    }

    /// Adds to a list; sets a single element that is not there.
    void put(json::Value& object, const Property& property, const NewValue& value) const {
        const std::string name(property.name);
        const std::string beside = '_' + name;
        if (!property.repeats) {
            if (!object[name].is_null() || !object[beside].is_null()) fail("patch.exists", number_, name + " is there already");
            if (!value.value.is_null()) object.set(name, value.value);
            if (!value.sidecar.is_null()) object.set(beside, value.sidecar);
            return;
        }
        const std::size_t size = std::max(object[name].items().size(), object[beside].items().size());
        place_in(object, name, size, value.value, size);
        place_in(object, beside, size, value.sidecar, size);
    }

    /// Inserts into the array `name`; one that does not exist yet is only made for a value that is there.
    static void place_in(json::Value& object, const std::string& name, std::size_t index, const json::Value& value, std::size_t size) {
        if (object[name].is_null() && value.is_null()) return;
        json::Value& array = object.member(name);
        if (array.is_null()) array = json::Value::array();
        auto& items = array.mutable_items();
        items.resize(std::max(size, items.size()));
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(index), value);
    }

    // ---- finding the place ----
    std::vector<path::Element> found(const std::string& text) const {
        const auto expression = path::Expression::parse(text);
        if (!expression) fail("fhirpath.syntax", number_, "the path is wrong at byte " + std::to_string(expression.error().offset));
        path::Context context;
        context.now = now_;
        std::vector<path::Element> elements;
        for (const path::Item& item : path::evaluate(*expression, resource_, context).items) {
            const auto* element = std::get_if<path::Element>(&item);
            if (element == nullptr) fail("patch.no_target", number_, "the path finds no element");
            elements.push_back(*element);
        }
        return elements;
    }
    path::Element only(const std::string& text) const {
        const auto elements = found(text);
        if (elements.empty()) fail("patch.no_target", number_, "the path finds nothing");
        if (elements.size() > 1) fail("patch.several", number_, "the path finds several elements");
        return elements.front();
    }
    Place place_of(const path::Element& element) {
        Place place;
        if (!find_place(resource_, element.value != nullptr ? element.value : element.sidecar, place))
            fail("patch.no_target", number_, "the path leaves the resource");
        if (element.value == nullptr) place.name.erase(0, 1);  // found by its sidecar
        return place;
    }
    /// The list that a path means: all that it finds are items of one array.
    Place list_of(const std::string& text, std::size_t& size) {
        const auto elements = found(text);
        if (elements.empty()) fail("patch.no_target", number_, "the path finds nothing");
        const Place first = place_of(elements.front());
        const Place last = place_of(elements.back());
        size = std::max((*first.parent)[first.name].items().size(), (*first.parent)['_' + first.name].items().size());
        if (!first.index || first.parent != last.parent || first.name != last.name || elements.size() != size)
            fail("patch.several", number_, "the path is no whole list");
        return first;
    }

    // ---- operations ----
    void add(const std::string& path, const std::string& name, const json::Value& operation) {
        const path::Element target = only(path);
        if (target.value == nullptr || target.shape == kNoShape) fail("patch.no_target", number_, "only objects have elements");
        const Property* property = shape(target.shape).find(name);
        const NewValue value = value_of(part(operation, "value"), property != nullptr ? property->shape : kNoShape);
        const Property& element = property_for(target.shape, name, value.type);
        json::Value* object = &resource_;
        if (target.value != &resource_) {
            const Place place = place_of(target);
            json::Value& member = place.parent->member(place.name);
            object = place.index ? &member.mutable_items()[*place.index] : &member;
        }
        put(*object, element, value);
    }

    void insert(const std::string& path, std::size_t index, const json::Value& operation) {
        std::size_t size = 0;
        const Place list = list_of(path, size);
        if (index > size) fail("patch.no_target", number_, "there is no such index");
        const NewValue value = value_of(part(operation, "value"), found(path).front().shape);
        place_in(*list.parent, list.name, index, value.value, size);
        place_in(*list.parent, '_' + list.name, index, value.sidecar, size);
    }

    void remove(const std::string& path) {
        const auto elements = found(path);
        if (elements.empty()) return;
        if (elements.size() > 1) fail("patch.several", number_, "the path finds several elements");
        if (elements.front().value == &resource_) fail("patch.malformed", number_, "the resource itself cannot be deleted");
        const Place place = place_of(elements.front());
        for (const std::string& name : {place.name, '_' + place.name}) {
            if ((*place.parent)[name].is_null()) continue;
            if (!place.index) {
                place.parent->remove(name);
                continue;
            }
            auto& items = place.parent->member(name).mutable_items();
            if (*place.index < items.size()) items.erase(items.begin() + static_cast<std::ptrdiff_t>(*place.index));
            if (items.empty()) place.parent->remove(name);
        }
    }

    void replace(const std::string& path, const json::Value& operation) {
        const path::Element target = only(path);
        if (target.value == &resource_) fail("patch.malformed", number_, "the resource itself cannot be replaced");
        const NewValue value = value_of(part(operation, "value"), target.shape);
        const Place place = place_of(target);
        if (place.index) {
            set_item(*place.parent, place.name, *place.index, value.value);
            set_item(*place.parent, '_' + place.name, *place.index, value.sidecar);
            return;
        }
        // Another type of a choice takes another name: valueString gives way to valueQuantity.
        const std::string name = renamed(place, value.type);
        for (const std::string& old : {place.name, '_' + place.name}) {
            if (old != name && old != '_' + name) place.parent->remove(old);
        }
        set_member(*place.parent, name, value.value);
        set_member(*place.parent, '_' + name, value.sidecar);
    }

    /// The member for a value of `type` where `place` is one variant of a choice; else its own.
    std::string renamed(const Place& place, const std::string& type) const {
        const std::optional<ShapeId> parent = shape_at(place.parent);
        const Property* old = parent ? shape(*parent).find(place.name) : nullptr;
        if (old == nullptr || !old->choice || type.empty()) return place.name;
        const std::string_view element = shape(*parent).element_names[old->element];
        return std::string(property_for(*parent, std::string(element.substr(0, element.size() - 3)), type).name);
    }
    /// The shape of an object inside the resource.
    [[nodiscard]] std::optional<ShapeId> shape_at(const json::Value* object) const {
        const auto root = path::resource_element(resource_);
        std::vector<path::Item> waiting{*root};
        while (!waiting.empty()) {
            const auto element = std::get<path::Element>(waiting.back());
            waiting.pop_back();
            if (element.value == object) return element.shape;
            path::append_children(element, waiting);
        }
        return std::nullopt;
    }
    static void set_member(json::Value& object, const std::string& name, const json::Value& value) {
        if (value.is_null()) {
            object.remove(name);
        } else {
            object.set(name, value);
        }
    }
    static void set_item(json::Value& object, const std::string& name, std::size_t index, const json::Value& value) {
        if (object[name].is_null() && value.is_null()) return;
        if (object[name].is_null()) object.set(name, json::Value::array());
        auto& items = object.member(name).mutable_items();
        items.resize(std::max(index + 1, items.size()));
        items[index] = value;
    }

    void move(const std::string& path, std::size_t source, std::size_t destination) {
        std::size_t size = 0;
        const Place list = list_of(path, size);
        if (source >= size || destination >= size) fail("patch.no_target", number_, "there is no such index");
        for (const std::string& name : {list.name, '_' + list.name}) {
            if ((*list.parent)[name].is_null()) continue;
            auto& items = list.parent->member(name).mutable_items();
            items.resize(size);
            json::Value item = std::move(items[source]);
            items.erase(items.begin() + static_cast<std::ptrdiff_t>(source));
            items.insert(items.begin() + static_cast<std::ptrdiff_t>(destination), std::move(item));
        }
    }

    json::Value resource_;
    Instant now_;
    std::size_t number_ = 0;
};

}  // namespace

json::Value apply_fhirpath_patch(const json::Value& resource, const json::Value& parameters, Instant now) {
    if (parameters["resourceType"].text() != "Parameters") throw Error(ErrorKind::invalid, "patch.malformed", "a FHIRPath Patch is a Parameters resource");
    const auto& operations = parameters["parameter"].items();
    if (operations.size() > kPatchOperations) throw Error(ErrorKind::too_large, "patch.too_long", "a patch may have 1,000 operations");
    FhirPathPatch work(resource, now);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (operations[i]["name"].text() != "operation") fail("patch.malformed", i + 1, "its name is not operation");
        work.apply(operations[i], i + 1);
        if (work.resource().depth() > kPatchedDepth) throw Error(ErrorKind::too_large, "patch.too_long", "the patched resource is nested too deeply");
    }
    return work.finish();
}

}  // namespace qiao::record
