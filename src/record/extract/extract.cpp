#include "record/extract/extract.hpp"

#include "base/id.hpp"
#include "record/extract/collector.hpp"

#include <algorithm>

namespace qiao::record {

using namespace tables;
using simdjson::dom::element;

namespace {

/// Walks a resource along the tree of its type: each member is looked at once for all parameters.
class Walker {
public:
    Walker(const element& root, IndexValues& out, const ExtractOptions& options) : root_(root), out_(out), collector_(out, options) {}

    void walk(const element& value, std::uint16_t node_number) {
        const Node& node = kNodes[node_number];
        for (std::size_t i = 0; i < node.action_count; ++i) collector_.act(kActions[node.first_action + i], value);
        if (!value.is_object()) return;
        for (std::size_t i = 0; i < node.composite_count; ++i) composite(value, kComposites[node.first_composite + i]);
        if (node.edge_count == 0) return;
        for (const auto [key, member] : simdjson::dom::object(value)) {
            const Edge* edge = find(node, key);
            for (; edge != nullptr; edge = edge->more ? edge + 1 : nullptr) follow(*edge, member);
        }
    }

    void add_defaults(TypeId type) {
        const Slice slice = kFalseByDefaultOfType[number_of(type)];
        for (std::size_t i = 0; i < slice.count; ++i) {
            const ParamId param = kFalseByDefault[slice.first + i];
            if (std::ranges::find(out_.tokens, param, &TokenValue::param) == out_.tokens.end()) collector_.token(param, {}, "false");
        }
    }

private:
    static const Edge* find(const Node& node, std::string_view name) {
        const std::uint8_t* slots = kNodeSlots + node.first_slot;
        for (std::uint32_t place = table_hash(name) & node.slot_mask; slots[place] != 0; place = (place + 1) & node.slot_mask) {
            const Edge& edge = kEdges[node.first_edge + slots[place] - 1U];
            if (edge.name == name) return &edge;
        }
        return nullptr;
    }

    void follow(const Edge& edge, const element& member) {
        const Filter& filter = kFilters[edge.filter];
        if (!member.is_array()) {
            if (passes(filter, member, 0)) walk(member, edge.node);
            return;
        }
        std::size_t index = 0;
        for (const element item : simdjson::dom::array(member)) {
            if (passes(filter, item, index)) walk(item, edge.node);
            if (collector_.full()) return;
            ++index;
        }
    }

    static bool passes(const Filter& filter, const element& value, std::size_t index) {
        switch (filter.kind) {
            case Filter::Kind::none: return true;
            case Filter::Kind::equals: return value.is_object() && text_member(value, filter.member) == filter.literal;
            case Filter::Kind::index: return index == filter.index;
        }
        return false;
    }

    void composite(const element& value, const Composite& composite) {
        CompositeValue made{composite.param, std::vector<std::vector<ComponentValue>>(composite.component_count)};
        for (std::size_t i = 0; i < made.components.size(); ++i) {
            const Component& component = kNodeComponents[composite.first_component + i];
            collector_.capture(made.components[i]);
            walk(component.from_root ? root_ : value, component.node);
            collector_.release();
            if (made.components[i].empty()) return;
        }
        out_.composites.push_back(std::move(made));
    }

    const element root_;
    IndexValues& out_;
    Collector collector_;
};

}  // namespace

IndexValues extract(element resource, TypeId type, const ExtractOptions& options) {
    IndexValues out;
    if (type_name(type).empty() || !resource.is_object()) return out;
    out.tokens.reserve(16);
    out.references.reserve(8);
    Walker walker(resource, out, options);
    walker.walk(resource, kRootOfType[number_of(type)]);
    walker.add_defaults(type);
    return out;
}

ReferenceValue parse_reference(std::string_view text, std::string_view base_url) {
    ReferenceValue found{ParamId::none, ReferenceValue::Form::logical};
    if (text.empty() || text.front() == '#') return found;
    const std::string_view whole = text;
    const bool own = !base_url.empty() && text.size() > base_url.size() && text.starts_with(base_url) && text[base_url.size()] == '/';
    if (own) text.remove_prefix(base_url.size() + 1);
    found.form = ReferenceValue::Form::absolute;
    found.url = whole;
    const bool has_scheme = text.find(':') < text.find_first_of("/?");
    std::string_view local = text;
    if (has_scheme) {  // the type still shows in ".../Patient/1"
        const auto last = text.rfind('/');
        const auto before = last == std::string_view::npos || last == 0 ? std::string_view::npos : text.rfind('/', last - 1);
        if (before != std::string_view::npos) found.target = find_type(text.substr(before + 1, last - before - 1));
        return found;
    }
    const auto question = local.find('?');
    if (question != std::string_view::npos) {
        found.target = find_type(local.substr(0, question));
        if (found.target != TypeId::none) found.form = ReferenceValue::Form::conditional;
        return found;
    }
    const auto slash = local.find('/');
    if (slash == std::string_view::npos) return found;
    const TypeId type = find_type(local.substr(0, slash));
    std::string_view id = local.substr(slash + 1);
    constexpr std::string_view kHistory = "/_history/";
    const auto history = id.find(kHistory);
    std::string_view version;
    if (history != std::string_view::npos) {
        version = id.substr(history + kHistory.size());
        id = id.substr(0, history);
    }
    if (type == TypeId::none || !is_fhir_id(id)) return found;
    return ReferenceValue{ParamId::none, ReferenceValue::Form::literal, type, id, version, {}, {}, {}};
}

}  // namespace qiao::record
