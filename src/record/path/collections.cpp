#include "record/path/evaluator.hpp"

#include <algorithm>

/// Functions on whole collections: existence, sets, subsetting, combining (N1, sections 5.1, 5.3, 5.4), tree navigation.
namespace qiao::record::path {

namespace {

Collection truth_of(bool value) { return Item(value); }

Collection run_empty(Call& call) { return truth_of(call.input.empty()); }
Collection run_count(Call& call) { return Item(static_cast<std::int64_t>(call.input.size())); }

Collection run_not(Call& call) {
    const auto value = truth(call.input);
    return value ? truth_of(!*value) : Collection();
}

/// allTrue and its kin: every item is a Boolean.
bool any_is(const Call& call, bool wanted) {
    return std::ranges::any_of(call.input.items, [&](const Item& item) {
        const Item value = system_value(item);
        const auto* boolean = std::get_if<bool>(&value);
        if (boolean == nullptr) type_error(std::string(call.node.function->name) + "() wants Booleans and not " + shown_type(value));
        return *boolean == wanted;
    });
}

void charge(Call& call, const Collection& other) { call.evaluator.step(call.input.size() * other.size() / 64); }

bool is_subset(const Collection& part, const Collection& whole) {
    return std::ranges::all_of(part.items, [&](const Item& item) { return holds_equal(whole, item); });
}

Collection distinct(Call& call, const Collection& items) {
    Collection result;
    result.ordered = items.ordered;
    for (const Item& item : items.items) {
        call.evaluator.step(result.size() / 64);
        if (!holds_equal(result, item)) result.items.push_back(item);
    }
    return result;
}

Collection run_subset(Call& call) {
    const Collection other = call.argument(0);
    charge(call, other);
    return truth_of(is_subset(call.input, other));
}
Collection run_superset(Call& call) {
    const Collection other = call.argument(0);
    charge(call, other);
    return truth_of(is_subset(other, call.input));
}

/// `count` items from `first` on.
Collection slice(Call& call, std::size_t first, std::size_t count) {
    call.evaluator.require_order(call.input);
    auto& items = call.input.items;
    first = std::min(first, items.size());
    const std::size_t end = first + std::min(count, items.size() - first);
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
    items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(first));
    return std::move(call.input);
}

std::size_t length_argument(Call& call, bool& known) {
    const auto value = call.integer_argument(0);
    known = value.has_value();
    return value && *value > 0 ? static_cast<std::size_t>(*value) : 0;
}

Collection run_skip(Call& call) {
    bool known = false;
    const std::size_t count = length_argument(call, known);
    return known ? slice(call, count, call.input.size()) : Collection();
}
Collection run_take(Call& call) {
    bool known = false;
    const std::size_t count = length_argument(call, known);
    return known ? slice(call, 0, count) : Collection();
}
Collection run_last(Call& call) { return slice(call, call.input.empty() ? 0 : call.input.size() - 1, 1); }

Collection run_single(Call& call) {
    if (call.input.size() > 1) several_error();
    return std::move(call.input);
}

Collection run_intersect(Call& call) {
    const Collection other = call.argument(0);
    charge(call, other);
    std::erase_if(call.input.items, [&](const Item& item) { return !holds_equal(other, item); });
    return distinct(call, call.input);
}
Collection run_exclude(Call& call) {
    const Collection other = call.argument(0);
    charge(call, other);
    std::erase_if(call.input.items, [&](const Item& item) { return holds_equal(other, item); });
    return std::move(call.input);
}
Collection run_combine(Call& call) {
    Collection other = call.argument(0);
    call.input.ordered = call.input.ordered && other.ordered;
    std::ranges::move(other.items, std::back_inserter(call.input.items));
    return std::move(call.input);
}
Collection run_union(Call& call) {
    Collection both = run_combine(call);
    return distinct(call, both);
}

Collection run_children(Call& call) {
    Collection result;
    result.ordered = false;
    for (const Item& item : call.input.items) {
        if (const auto* element = std::get_if<Element>(&item)) append_children(*element, result.items);
    }
    return result;
}

/// Depth first, parents before their children.
void append_descendants(Call& call, const Element& element, std::vector<Item>& out, int depth) {
    if (depth > 128) return;  // deeper than any resource may be
    std::vector<Item> children;
    append_children(element, children);
    call.evaluator.step(children.size());
    for (Item& child : children) {
        const Element inner = std::get<Element>(child);
        out.push_back(std::move(child));
        append_descendants(call, inner, out, depth + 1);
    }
}

Collection run_descendants(Call& call) {
    Collection result;
    result.ordered = false;
    for (const Item& item : call.input.items) {
        if (const auto* element = std::get_if<Element>(&item)) append_descendants(call, *element, result.items, 0);
    }
    return result;
}

constexpr std::size_t kAll = static_cast<std::size_t>(-1);

constexpr Function kFunctions[] = {
    {"allFalse", 0, 0, false, [](Call& call) { return truth_of(!any_is(call, true)); }},
    {"allTrue", 0, 0, false, [](Call& call) { return truth_of(!any_is(call, false)); }},
    {"anyFalse", 0, 0, false, [](Call& call) { return truth_of(any_is(call, false)); }},
    {"anyTrue", 0, 0, false, [](Call& call) { return truth_of(any_is(call, true)); }},
    {"children", 0, 0, false, run_children},
    {"combine", 1, 1, false, run_combine},
    {"count", 0, 0, false, run_count},
    {"descendants", 0, 0, false, run_descendants},
    {"distinct", 0, 0, false, [](Call& call) { return distinct(call, call.input); }},
    {"empty", 0, 0, false, run_empty},
    {"exclude", 1, 1, false, run_exclude},
    {"first", 0, 0, false, [](Call& call) { return slice(call, 0, 1); }},
    {"intersect", 1, 1, false, run_intersect},
    {"isDistinct", 0, 0, false, [](Call& call) { return truth_of(distinct(call, call.input).size() == call.input.size()); }},
    {"last", 0, 0, false, run_last},
    {"not", 0, 0, false, run_not},
    {"single", 0, 0, false, run_single},
    {"skip", 1, 1, false, run_skip},
    {"subsetOf", 1, 1, false, run_subset},
    {"supersetOf", 1, 1, false, run_superset},
    {"tail", 0, 0, false, [](Call& call) { return slice(call, 1, kAll); }},
    {"take", 1, 1, false, run_take},
    {"union", 1, 1, false, run_union},
};

}  // namespace

std::span<const Function> collection_functions() { return kFunctions; }

}  // namespace qiao::record::path
