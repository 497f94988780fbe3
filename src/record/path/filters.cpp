#include "record/path/evaluator.hpp"

#include <algorithm>

/// Functions that evaluate an expression for each item (N1, sections 5.1, 5.2, 7), types, sort() and the utilities.
namespace qiao::record::path {

namespace {

/// Calls `use(item, result of argument 0 for it)` for each input item until it says false.
template <class Use>
void for_each(Call& call, Use use) {
    std::int64_t position = 0;
    for (const Item& item : call.input.items) {
        const Collection self(item);
        if (!use(item, call.argument_for(0, self, position++))) return;
    }
}

Collection run_where(Call& call) {
    Collection result;
    result.ordered = call.input.ordered;
    result.declared = call.input.declared;
    for_each(call, [&](const Item& item, const Collection& criterion) {
        if (truth(criterion) == true) result.items.push_back(item);
        return true;
    });
    return result;
}

Collection run_exists(Call& call) {
    if (call.count() == 0) return Item(!call.input.empty());
    bool found = false;
    for_each(call, [&](const Item&, const Collection& criterion) { return !(found = truth(criterion) == true); });
    return Item(found);
}

Collection run_all(Call& call) {
    bool every = true;
    for_each(call, [&](const Item&, const Collection& criterion) { return every = truth(criterion) == true; });
    return Item(every);
}

Collection run_select(Call& call) {
    Collection result;
    result.ordered = call.input.ordered;
    for_each(call, [&](const Item&, Collection projected) {
        result.ordered = result.ordered && projected.ordered;
        std::ranges::move(projected.items, std::back_inserter(result.items));
        return true;
    });
    return result;
}

/// Items that are new are looked at once more, so a cycle ends.
Collection run_repeat(Call& call) {
    Collection result;
    result.ordered = false;
    std::vector<Item> waiting = call.input.items;
    for (std::size_t at = 0; at < waiting.size(); ++at) {
        const Collection self(waiting[at]);
        for (Item& item : call.argument_for(0, self, static_cast<std::int64_t>(at)).items) {
            call.evaluator.step(1 + result.size() / 64);
            const auto* element = std::get_if<Element>(&item);
            // Elements are told apart by place: two that are alike are two.
            const bool known = element != nullptr
                                   ? std::ranges::any_of(result.items,
                                                         [&](const Item& other) {
                                                             const auto* seen = std::get_if<Element>(&other);
                                                             return seen != nullptr && seen->value == element->value && seen->sidecar == element->sidecar;
                                                         })
                                   : holds_equal(result, item);
            if (known) continue;
            result.items.push_back(item);
            waiting.push_back(std::move(item));
        }
    }
    return result;
}

Collection run_aggregate(Call& call) {
    Collection total;
    if (call.count() == 2) total = call.argument(1);
    std::int64_t position = 0;
    for (const Item& item : call.input.items) {
        const Collection self(item);
        total = call.evaluator.run(call.argument_node(0), {&self, position++, &total});
    }
    return total;
}

Collection run_iif(Call& call) {
    if (call.input.size() > 1) several_error();
    // Called on a value, the branches are about that value; else about what the whole expression is about.
    const auto branch = [&](std::size_t number) { return call.argument_for(number, call.input, call.frame.position); };
    const auto criterion = only(branch(0));
    if (criterion && !std::holds_alternative<bool>(*criterion)) type_error("iif() wants a Boolean criterion and not " + shown_type(*criterion));
    if (criterion && std::get<bool>(*criterion)) return branch(1);
    return call.count() == 3 ? branch(2) : Collection();
}

TypeSpecifier type_argument(const Call& call) {
    const std::string& name = call.evaluator.expression().name(call.node);
    const TypeSpecifier type = specifier(name);
    if (!type_exists(type)) throw Error(ErrorKind::invalid, "fhirpath.unknown_type", "no type " + name);
    return type;
}

Collection run_of_type(Call& call) {
    const TypeSpecifier type = type_argument(call);
    std::erase_if(call.input.items, [&](const Item& item) { return !is_exactly_of(item, type); });
    call.input.declared = find_shape(type.name);
    return std::move(call.input);
}

Collection run_is(Call& call) {
    const TypeSpecifier type = type_argument(call);
    const Item* item = call.single();
    return item == nullptr ? Collection() : Collection(Item(is_of(*item, type)));
}

Collection run_as(Call& call) {
    const TypeSpecifier type = type_argument(call);
    if (call.input.size() > 1 && call.evaluator.strict()) several_error();
    std::erase_if(call.input.items, [&](const Item& item) { return !is_of(item, type); });
    call.input.declared = find_shape(type.name);
    return std::move(call.input);
}

Collection run_type(Call& call) {
    Collection result;
    for (const Item& item : call.input.items) result.items.emplace_back(type_of(item));
    return result;
}

/// One key of sort(): "-key" sorts downwards.
struct SortKey {
    NodeId node;
    bool down;
};

/// The values of all keys of one item.
struct SortRow {
    Item item;
    std::vector<std::optional<Item>> keys;
};

bool before(const SortRow& left, const SortRow& right, const std::vector<SortKey>& keys) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& a = left.keys[i];
        const auto& b = right.keys[i];
        if (!a && !b) continue;
        // Nothing comes first, upwards and downwards.
        if (!a || !b) return !a;
        const int order = ordered(*a, *b).value_or(0);
        if (order != 0) return keys[i].down ? order > 0 : order < 0;
    }
    return false;
}

Collection run_sort(Call& call) {
    const Expression& expression = call.evaluator.expression();
    std::vector<SortKey> keys;
    for (std::size_t i = 0; i < call.count(); ++i) {
        const Node& node = expression.node(call.argument_node(i));
        const bool down = node.op == Op::negate;
        keys.push_back({down ? expression.child(node, 0) : call.argument_node(i), down});
    }
    std::vector<SortRow> rows;
    std::int64_t position = 0;
    for (const Item& item : call.input.items) {
        const Collection self(item);
        SortRow row{item, {}};
        for (const SortKey& key : keys) row.keys.push_back(only(call.evaluator.run(key.node, {&self, position, call.frame.total})));
        if (keys.empty()) row.keys.push_back(system_value(item));
        rows.push_back(std::move(row));
        ++position;
    }
    if (keys.empty()) keys.push_back({kNoNode, false});
    std::ranges::stable_sort(rows, [&](const SortRow& left, const SortRow& right) { return before(left, right, keys); });
    Collection result;
    for (SortRow& row : rows) result.items.push_back(std::move(row.item));
    return result;
}

/// Evaluates its arguments, as the standard says, and writes nothing: values of a record stay out of logs.
Collection run_trace(Call& call) {
    if (!call.text_argument(0)) throw Error(ErrorKind::invalid, "fhirpath.argument", "trace() wants a name");
    if (call.count() == 2) {
        std::int64_t position = 0;
        for (const Item& item : call.input.items) call.argument_for(1, Collection(item), position++);
    }
    return std::move(call.input);
}

Collection run_now(Call& call) { return Item(Temporal::of(call.evaluator.context().now)); }

Collection run_today(Call& call) {
    Temporal day = Temporal::of(call.evaluator.context().now);
    day.kind = Temporal::Kind::date;
    day.precision = Temporal::Precision::day;
    day.hour = day.minute = day.second = 0;
    day.millisecond = 0;
    day.zone_minutes.reset();
    return Item(day);
}

Collection run_time_of_day(Call& call) {
    Temporal time = Temporal::of(call.evaluator.context().now);
    time.kind = Temporal::Kind::time;
    time.year = time.month = time.day = 1;
    time.zone_minutes.reset();
    return Item(time);
}

constexpr Function kFunctions[] = {
    {"aggregate", 1, 2, false, run_aggregate},
    {"all", 1, 1, false, run_all},
    {"as", 1, 1, true, run_as},
    {"exists", 0, 1, false, run_exists},
    {"iif", 2, 3, false, run_iif},
    {"is", 1, 1, true, run_is},
    {"now", 0, 0, false, run_now},
    {"ofType", 1, 1, true, run_of_type},
    {"repeat", 1, 1, false, run_repeat},
    {"select", 1, 1, false, run_select},
    {"sort", 0, 16, false, run_sort},
    {"timeOfDay", 0, 0, false, run_time_of_day},
    {"today", 0, 0, false, run_today},
    {"trace", 1, 2, false, run_trace},
    {"type", 0, 0, false, run_type},
    {"where", 1, 1, false, run_where},
};

}  // namespace

std::span<const Function> filter_functions() { return kFunctions; }

}  // namespace qiao::record::path
