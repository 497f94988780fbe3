#include "record/search/clause.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/limits.hpp"
#include "record/definitions/combined.hpp"
#include "record/definitions/contacts.hpp"
#include "record/search/joined_clauses.hpp"
#include "record/search/picked.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

/// "subject:Patient.name" → subject, Patient, name.
struct Name {
    std::string_view code;
    std::string_view modifier;
    std::string_view rest;  ///< of a chain
};

Name split_name(std::string_view text) {
    Name name;
    const std::size_t dot = text.find('.');
    name.rest = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    const std::string_view head = text.substr(0, dot);
    const std::size_t colon = head.find(':');
    name.code = head.substr(0, colon);
    name.modifier = colon == std::string_view::npos ? std::string_view() : head.substr(colon + 1);
    return name;
}

std::vector<std::string_view> or_values(std::string_view name, std::string_view value) {
    auto values = split_escaped(value, ',');
    if (values.size() > limits::kSearchOrValues) throw_bad_value(name, "has more than 500 values");
    for (const std::string_view one : values) {
        if (one.size() > limits::kSearchValue_bytes) throw_bad_value(name, "is longer than 2 KiB");
        if (one.empty()) throw_bad_value(name, "has an empty value");
    }
    return values;
}

[[noreturn]] void throw_unknown(std::string_view name, TypeId type) {
    throw Error(ErrorKind::invalid, "record.unknown_parameter", "unknown search parameter",
                {{"invalid", parameter_place(name), fmt::format("\"{}\" is no search parameter of {}", name, type_name(type))}});
}

/// Answered by `res` and not by an index of the type.
bool is_of_every_type(std::string_view code) { return code == "_id" || code == "_lastUpdated" || code == "_list"; }

}  // namespace

void require_indexed(const StoreReader& reader, TypeId type, ParamId param, std::string_view name, std::string_view place) {
    if (is_local(param) || reader.is_indexed(type, param)) return;
    throw Error(ErrorKind::unavailable, "record.reindexing", "the index of a search parameter is being made",
                {{"transient", parameter_place(place), fmt::format("\"{}\" can be used when its index is complete", name)}});
}

void append_rid(const SearchContext& context, TypeId type, std::string_view id, std::vector<std::int64_t>& rids) {
    if (!is_fhir_id(id)) return;
    const StoredId key(id);
    auto rows = context.reader.connection().query("SELECT rid FROM res WHERE type = ? AND id = ?", {std::int64_t{number_of(type)}, storage::Blob{key.bytes()}});
    if (rows.next()) rids.push_back(rows.integer(0));
}

std::string after_prefix(std::string_view prefix) { return std::string(prefix) + "\xF4\x8F\xBF\xBF"; }

bool is_search_parameter(StoreReader& reader, TypeId type, std::string_view text) {
    if (text.starts_with("_has:")) return true;
    const Name name = split_name(text);
    if (is_of_every_type(name.code)) return name.rest.empty();
    const TypeParameter* how = reader.parameter(type, name.code);
    return how != nullptr && reader.definition(how->id)->indexed;
}

bool is_search_parameter(const LocalParameters& local, TypeId type, std::string_view text) {
    if (text.starts_with("_has:")) return true;
    const Name name = split_name(text);
    if (is_of_every_type(name.code)) return name.rest.empty();
    const TypeParameter* how = find_parameter(type, name.code);
    return how != nullptr ? find_parameter(how->id)->indexed : local.find(type, name.code) != nullptr;
}

namespace {

bool allows(const std::vector<std::string>& list, std::string_view one) { return list.empty() || std::find(list.begin(), list.end(), one) != list.end(); }

/// A modifier as SearchParameter.modifier names it.
std::string_view modifier_code(std::string_view modifier) {
    if (modifier == "of-type") return "ofType";
    return find_type(modifier) != TypeId::none ? "type" : modifier;
}

/// What the definition of a parameter of the centre leaves out is refused.
void check_allowed(const LocalParameter& local, const Name& name, const std::vector<std::string_view>& values) {
    if (!name.rest.empty()) {
        if (!allows(local.chains, name.rest.substr(0, name.rest.find_first_of(".:")))) throw_bad_modifier(local.code, name.rest);
        return;
    }
    if (!name.modifier.empty() && !allows(local.modifiers, modifier_code(name.modifier))) throw_bad_modifier(local.code, name.modifier);
    if (values.size() > 1 && !local.takes_or) throw_bad_value(local.code, "is one value and no list");
    if (local.kind != ParamKind::date && local.kind != ParamKind::number && local.kind != ParamKind::quantity) return;
    for (const std::string_view value : values) {
        std::string_view rest = value;
        take_prefix(rest);
        if (rest.size() < value.size() && !allows(local.comparators, value.substr(0, 2)))
            throw_bad_value(local.code, fmt::format("has the prefix {}, which its definition leaves out", value.substr(0, 2)));
    }
}

ClausePtr leaf_clause(const SearchContext& context, const Named& named) {
    if (named.modifier == "missing" && named.definition.kind != ParamKind::composite) return make_missing_clause(context, named);
    switch (named.definition.kind) {
        case ParamKind::token: return make_token_clause(context, named);
        case ParamKind::reference: return make_reference_clause(context, named);
        case ParamKind::string: return make_string_clause(context, named);
        case ParamKind::date: return make_date_clause(context, named);
        case ParamKind::uri: return make_uri_clause(context, named);
        case ParamKind::quantity: return make_quantity_clause(context, named);
        case ParamKind::number: return make_number_clause(context, named);
        case ParamKind::composite: return make_composite_clause(context, named);
        case ParamKind::special: break;
    }
    return make_near_clause(named);
}

/// Either of two parameters. What says no is asked as its opposite: "neither" is not "not the one, or not the other".
ClausePtr combined_clause(const SearchContext& context, const Named& named) {
    const bool absent = named.modifier == "missing" && named.values.front() == "true";
    const bool negated = absent || named.modifier == "not" || named.modifier == "not-in";
    std::vector<ClausePtr> either;
    for (const TypeParameter* part : parts_of_combined(named.type, named.how.id)) {
        Named one{named.type, *part, named.definition, named.modifier, named.values};
        if (named.modifier == "not") one.modifier = "";
        if (named.modifier == "not-in") one.modifier = "in";
        if (absent) one.values = {"false"};
        either.push_back(leaf_clause(context, one));
    }
    return negated ? not_clause(any_of(std::move(either))) : any_of(std::move(either));
}

}  // namespace

ClausePtr make_clause(const SearchContext& context, TypeId type, std::string_view text, std::string_view value) {
    if (text.starts_with("_has:")) return make_has_clause(context, type, text.substr(5), value);
    if (!is_search_parameter(context.reader, type, text)) throw_unknown(text, type);
    const Name name = split_name(text);
    if (is_of_every_type(name.code)) {
        if (!name.modifier.empty()) throw_bad_modifier(name.code, name.modifier);
        const auto values = or_values(text, value);
        if (name.code == "_list") return make_list_clause(context, values);
        return name.code == "_id" ? make_id_clause(context, type, values) : make_updated_clause(context, type, values);
    }
    const TypeParameter* how = context.reader.parameter(type, name.code);
    const Parameter* definition = context.reader.definition(how->id);
    const bool is_picked = !picked_system(how->id).empty();
    const ParamId indexed = is_picked ? telecom_of(type).id : how->id;
    require_indexed(context.reader, type, indexed, text, text);
    Named named{type, *how, *definition, name.modifier, {}};
    if (name.rest.empty()) named.values = or_values(text, value);
    if (const LocalParameter* local = context.reader.local(how->id)) check_allowed(*local, name, named.values);
    if (!name.rest.empty()) return make_chain_clause(context, named, name.rest, value);
    if (is_picked) return leaf_clause(context, Picked(named).of_telecom());
    return is_combined(how->id) ? combined_clause(context, named) : leaf_clause(context, named);
}

}  // namespace qiao::record
