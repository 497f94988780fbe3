#include "record/extract/collector.hpp"

#include "record/extract/dates.hpp"
#include "record/extract/fold.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

namespace qiao::record {

using simdjson::dom::element;
using tables::Action;
using tables::ActionKind;
using tables::Leaf;

namespace {

constexpr std::size_t kValuesPerResource = 20'000;
constexpr std::size_t kIndexedText_bytes = 2'048;  ///< as long as a search value may be
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// `text` cut at a character's border.
std::string_view cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
    return text.substr(0, limit);
}

template <class Use>
void for_each_item(const element& object, std::string_view name, Use use) {
    element list;
    if (object[name].get(list) != simdjson::SUCCESS) return;
    if (!list.is_array()) return use(list);
    for (const element item : simdjson::dom::array(list)) use(item);
}

std::optional<double> number_of(const element& value) {
    double number = 0;
    if (value.get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

std::optional<double> number_member(const element& object, std::string_view name) {
    element value;
    if (object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
    return number_of(value);
}

}  // namespace

std::string_view text_member(const element& object, std::string_view name) {
    std::string_view text;
    if (object[name].get(text) != simdjson::SUCCESS) return {};
    return text;
}

template <class T>
void Collector::add(std::vector<T>& list, T value) {
    if (count_ >= kValuesPerResource) {
        out_.truncated = true;
        return;
    }
    ++count_;
    if constexpr (std::is_constructible_v<ComponentValue, T>) {
        if (captured_ != nullptr) {
            captured_->push_back(std::move(value));
            return;
        }
    }
    if (captured_ == nullptr) list.push_back(std::move(value));
}

std::string_view Collector::keep(std::string_view text) {
    if (text.empty()) return {};
    if (out_.arena == nullptr) out_.arena = std::make_unique<std::pmr::monotonic_buffer_resource>(1024);
    char* copy = static_cast<char*>(out_.arena->allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
}

void Collector::act(const Action& action, const element& value) {
    switch (action.kind) {
        case ActionKind::token: return act_token(action, value);
        case ActionKind::reference: return act_reference(action, value);
        case ActionKind::string: return act_string(action, value);
        case ActionKind::date:
        case ActionKind::sort_date: return act_date(action, value);
        case ActionKind::quantity: return act_quantity(action, value);
        case ActionKind::number: return act_number(action, value);
        case ActionKind::uri: {
            std::string_view text;
            if (value.get(text) == simdjson::SUCCESS && !text.empty()) add(out_.uris, UriValue{action.param, text});
            return;
        }
        case ActionKind::special: {
            const auto latitude = number_member(value, "latitude");
            const auto longitude = number_member(value, "longitude");
            if (latitude && longitude) add(out_.positions, PositionValue{action.param, *latitude, *longitude});
            return;
        }
        case ActionKind::composite: return;
    }
}

// ---- tokens ---------------------------------------------------------------------------------------------------------

void Collector::token(ParamId param, std::string_view system, std::string_view code) { add(out_.tokens, TokenValue{param, system, code}); }

void Collector::act_token(const Action& action, const element& value) {
    switch (action.leaf) {
        case Leaf::text: {
            std::string_view text;
            if (value.get(text) == simdjson::SUCCESS && !text.empty()) token(action.param, {}, text);
            return;
        }
        case Leaf::boolean: {
            bool truth = false;
            if (value.get(truth) == simdjson::SUCCESS) token(action.param, {}, truth ? "true" : "false");
            return;
        }
        case Leaf::present: return token(action.param, {}, "true");
        case Leaf::integer: {
            std::int64_t number = 0;
            if (value.get(number) == simdjson::SUCCESS) token(action.param, {}, keep(std::to_string(number)));
            return;
        }
        case Leaf::codeable_concept:
            for_each_item(value, "coding", [&](const element& item) { coding(action.param, item); });
            return text_of_token(action.param, text_member(value, "text"));
        case Leaf::coding: return coding(action.param, value);
        case Leaf::identifier: return identifier(action.param, value);
        case Leaf::contact_point: {
            const auto number = text_member(value, "value");
            if (!number.empty()) token(action.param, text_member(value, "system"), number);
            return;
        }
        default: return;
    }
}

void Collector::coding(ParamId param, const element& value) {
    const auto code = text_member(value, "code");
    if (!code.empty()) token(param, text_member(value, "system"), code);
    text_of_token(param, text_member(value, "display"));
}

void Collector::identifier(ParamId param, const element& value) {
    const auto number = text_member(value, "value");
    if (number.empty()) return;
    token(param, text_member(value, "system"), number);
    element type;
    if (captured_ != nullptr || value["type"].get(type) != simdjson::SUCCESS) return;
    text_of_token(param, text_member(type, "text"));
    for_each_item(type, "coding", [&](const element& item) {
        const auto code = text_member(item, "code");
        if (!code.empty()) add(out_.identifier_types, IdentifierType{param, text_member(item, "system"), code, number});
    });
}

void Collector::text_of_token(ParamId param, std::string_view text) {
    if (text.empty() || captured_ != nullptr) return;
    add(out_.texts, TokenText{param, keep(cut(fold_text(cut(text, kIndexedText_bytes)), kIndexedText_bytes))});
}

// ---- references -----------------------------------------------------------------------------------------------------

void Collector::act_reference(const Action& action, const element& value) {
    std::string_view text;
    switch (action.leaf) {
        case Leaf::reference: return reference(action.param, action.target, value);
        case Leaf::canonical:
            if (value.get(text) == simdjson::SUCCESS && !text.empty()) canonical(action.param, text);
            return;
        case Leaf::resource: {
            ReferenceValue found{action.param, ReferenceValue::Form::literal};
            found.target = find_type(text_member(value, "resourceType"));
            found.id = text_member(value, "id");
            const Parameter* parameter = find_parameter(action.param);
            const bool wanted = parameter != nullptr && (parameter->targets.empty() || std::ranges::count(parameter->targets, found.target) > 0);
            if (wanted && found.target != TypeId::none && !found.id.empty()) add(out_.references, found);
            return;
        }
        default: return;
    }
}

void Collector::reference(ParamId param, TypeId wanted, const element& value) {
    ReferenceValue found = parse_reference(text_member(value, "reference"), options_.base_url);
    found.param = param;
    element identifier;
    if (value["identifier"].get(identifier) == simdjson::SUCCESS) {
        found.identifier_system = text_member(identifier, "system");
        found.identifier_value = text_member(identifier, "value");
    }
    if (found.form == ReferenceValue::Form::logical && found.identifier_value.empty()) return;
    if (found.target == TypeId::none) found.target = find_type(text_member(value, "type"));
    if (wanted != TypeId::none && found.target != wanted) return;
    add(out_.references, found);
}

void Collector::canonical(ParamId param, std::string_view text) {
    ReferenceValue found = parse_reference(text, options_.base_url);
    found.param = param;
    if (found.form != ReferenceValue::Form::literal) {
        const auto bar = text.find('|');
        found = ReferenceValue{param, ReferenceValue::Form::canonical};
        found.url = text.substr(0, bar);
        if (bar != std::string_view::npos) found.version = text.substr(bar + 1);
    }
    add(out_.references, found);
}

// ---- strings --------------------------------------------------------------------------------------------------------

void Collector::act_string(const Action& action, const element& value) {
    std::string_view text;
    switch (action.leaf) {
        case Leaf::text:
            if (value.get(text) == simdjson::SUCCESS) string(action.param, text, action.extra > 0, action.extra == 2, action.extra == 2);
            return;
        case Leaf::human_name: return human_name(action.param, value);
        case Leaf::address: return address(action.param, value);
        case Leaf::annotation:
        case Leaf::codeable_concept: return string(action.param, text_member(value, "text"), false, false, false);
        case Leaf::contact_point: return string(action.param, text_member(value, "value"), false, false, false);
        default: return;
    }
}

void Collector::string(ParamId param, std::string_view text, bool pinyin, bool is_person, bool initials) {
    if (text.empty()) return;
    const std::string_view indexed = cut(text, kIndexedText_bytes);
    const std::string folded = fold_text(indexed);
    if (folded.empty()) return;
    const std::string_view kept = folded == text ? text : keep(cut(folded, kIndexedText_bytes));
    add(out_.strings, StringValue{param, StringValue::Form::literal, kept, indexed});
    if (!pinyin || captured_ != nullptr) return;
    const Pinyin latin = to_pinyin(indexed, is_person);
    if (latin.full.empty()) return;
    add(out_.strings, StringValue{param, StringValue::Form::pinyin, keep(cut(latin.full, kIndexedText_bytes)), {}});
    if (initials && latin.initials.size() > 1) add(out_.strings, StringValue{param, StringValue::Form::initials, keep(latin.initials), {}});
}

void Collector::human_name(ParamId param, const element& value) {
    const std::string_view family = text_member(value, "family");
    const std::string_view text = text_member(value, "text");
    string(param, family, true, true, false);
    std::string joined(family);
    for (const char* part : {"given", "prefix", "suffix"}) {
        const bool given = part == std::string_view("given");
        for_each_item(value, part, [&](const element& item) {
            std::string_view piece;
            if (item.get(piece) != simdjson::SUCCESS) return;
            string(param, piece, given, false, false);
            if (given) joined.append(piece);
        });
    }
    string(param, text, true, true, true);
    // A Chinese name is written and looked for as one word, also where only its parts were sent.
    if (!family.empty() && joined.size() > family.size() && joined != text && has_han(joined)) string(param, keep(joined), true, true, true);
}

void Collector::address(ParamId param, const element& value) {
    for_each_item(value, "line", [&](const element& item) {
        std::string_view line;
        if (item.get(line) == simdjson::SUCCESS) string(param, line, false, false, false);
    });
    for (const char* part : {"text", "city", "district", "state", "country", "postalCode"}) string(param, text_member(value, part), false, false, false);
}

// ---- dates ----------------------------------------------------------------------------------------------------------

using Times = std::optional<std::pair<std::int64_t, std::int64_t>>;

Times Collector::time_range(Leaf leaf, const element& value) const {
    if (leaf == Leaf::period) return period(value);
    if (leaf == Leaf::timing) return timing(value);
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return std::nullopt;
    const auto range = parse_time_range(text, options_.zone);
    if (!range) return std::nullopt;
    return std::pair(range->lo_ms, range->hi_ms);
}

Times Collector::period(const element& value) const {
    const auto start = parse_time_range(text_member(value, "start"), options_.zone);
    const auto end = parse_time_range(text_member(value, "end"), options_.zone);
    if (!start && !end) return std::nullopt;
    return std::pair(start ? start->lo_ms : kDistantPast_ms, end ? end->hi_ms : kDistantFuture_ms);
}

Times Collector::timing(const element& value) const {
    // Only the outer limits count (R4, search by date).
    Times limits;
    const auto widen = [&](std::int64_t lo, std::int64_t hi) {
        limits = limits ? std::pair(std::min(limits->first, lo), std::max(limits->second, hi)) : std::pair(lo, hi);
    };
    for_each_item(value, "event", [&](const element& item) {
        if (const auto times = time_range(Leaf::date, item)) widen(times->first, times->second);
    });
    element bounds;
    if (value["repeat"]["boundsPeriod"].get(bounds) == simdjson::SUCCESS) {
        if (const auto times = period(bounds)) widen(times->first, times->second);
    }
    return limits;
}

void Collector::act_date(const Action& action, const element& value) {
    const auto times = time_range(action.leaf, value);
    if (!times) return;
    if (action.kind == ActionKind::date) return add(out_.dates, DateValue{action.param, times->first, times->second});
    if (action.extra >= sort_rank_) return;
    const std::int64_t at = times->first != kDistantPast_ms ? times->first : times->second;
    sort_rank_ = action.extra;
    out_.sort_date_ms = at;
}

// ---- quantities and numbers -----------------------------------------------------------------------------------------

void Collector::act_quantity(const Action& action, const element& value) {
    switch (action.leaf) {
        case Leaf::quantity: return quantity(action.param, value);
        case Leaf::range: return range(action.param, value, false);
        case Leaf::sampled_data: return sampled_data(action.param, value);
        case Leaf::money: {
            const auto amount = number_member(value, "value");
            const auto currency = text_member(value, "currency");
            if (amount) add(out_.quantities, QuantityValue{action.param, *amount, *amount, "urn:iso:std:iso:4217", currency, currency, {}});
            return;
        }
        default: return;
    }
}

void Collector::quantity(ParamId param, const element& value) {
    const auto amount = number_member(value, "value");
    if (!amount) return;
    QuantityValue found{param, *amount, *amount, text_member(value, "system"), text_member(value, "code"), text_member(value, "unit"), {}};
    const auto comparator = text_member(value, "comparator");
    if (comparator.starts_with('<')) found.lo = -kInfinity;
    if (comparator.starts_with('>')) found.hi = kInfinity;
    add(out_.quantities, found);
}

void Collector::range(ParamId param, const element& value, bool as_number) {
    element low;
    element high;
    const bool has_low = value["low"].get(low) == simdjson::SUCCESS;
    const bool has_high = value["high"].get(high) == simdjson::SUCCESS;
    const auto lo = has_low ? number_member(low, "value") : std::nullopt;
    const auto hi = has_high ? number_member(high, "value") : std::nullopt;
    if (!lo && !hi) return;
    const double from = lo.value_or(-kInfinity);
    const double to = hi.value_or(kInfinity);
    if (as_number) return add(out_.numbers, NumberValue{param, from, to});
    const element& unit = lo ? low : high;
    add(out_.quantities, QuantityValue{param, from, to, text_member(unit, "system"), text_member(unit, "code"), text_member(unit, "unit"), {}});
}

void Collector::sampled_data(ParamId param, const element& value) {
    element origin;
    if (value["origin"].get(origin) != simdjson::SUCCESS) return;
    const double zero = number_member(origin, "value").value_or(0.0);
    const double factor = number_member(value, "factor").value_or(1.0);
    const std::string samples(text_member(value, "data"));
    double lo = kInfinity;
    double hi = -kInfinity;
    for (const char* at = samples.c_str(); *at != '\0';) {
        char* end = nullptr;
        const double sample = (*at >= '0' && *at <= '9') || *at == '-' || *at == '.' ? std::strtod(at, &end) : 0.0;
        if (end == nullptr || end == at) {  // "E", "U", "L" and blanks
            ++at;
            continue;
        }
        lo = std::min(lo, zero + sample * factor);
        hi = std::max(hi, zero + sample * factor);
        at = end;
    }
    if (lo > hi) return;
    add(out_.quantities, QuantityValue{param, lo, hi, text_member(origin, "system"), text_member(origin, "code"), text_member(origin, "unit"), {}});
}

void Collector::act_number(const Action& action, const element& value) {
    if (action.leaf == Leaf::range) return range(action.param, value, true);
    if (const auto number = number_of(value)) add(out_.numbers, NumberValue{action.param, *number, *number});
}

}  // namespace qiao::record
