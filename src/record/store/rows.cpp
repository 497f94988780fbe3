#include "record/store/rows.hpp"

#include "record/definitions/combined.hpp"
#include "record/definitions/contacts.hpp"
#include "record/filter.hpp"
#include "record/store/core.hpp"
#include "record/store/local_values.hpp"
#include "record/store/sort_date.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace qiao::record {
namespace {

template <class Row>
void sort_unique(std::vector<Row>& rows) {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
}

void add_token_rows(Rows& rows, const TokenValue& value, const TypeParameter* how, const TokenHash& hash) {
    if (how == nullptr) return;
    const std::uint16_t param = number_of(value.param);
    std::int64_t whole = 0;
    if (how->system_row && !value.system.empty()) {
        const std::int64_t coded = hash.coded(value.system, value.code);
        if (has_token_parts(*how)) whole = coded;
        rows.tokens.push_back({param, coded});
        rows.tokens.push_back({param, hash.system_only(value.system), whole});
    }
    if (is_contact(*how) && is_contact_system(value.system)) return;  // a number alone is looked for in each of these systems
    if (how->code_only_row || !how->system_row) rows.tokens.push_back({param, hash.code_only(value.code), whole});
    if (how->no_system_row && value.system.empty()) rows.tokens.push_back({param, hash.without_system(value.code)});
}

void add_reference_rows(Rows& rows, const ReferenceValue& value, const TokenHash& hash) {
    const std::uint16_t param = number_of(value.param);
    if (value.form == ReferenceValue::Form::literal) {
        rows.references.push_back({param, {value.target, std::string(value.id)}});
    } else if (!value.url.empty()) {
        rows.uris.push_back({param, std::string(index_text(value.url))});
    }
    if (!value.identifier_value.empty()) {
        rows.tokens.push_back({param, hash.identifier_value(value.identifier_value)});
        rows.tokens.push_back({param, hash.identifier(value.identifier_system, value.identifier_value)});
    }
}

/// Under which units a value is found; the empty one is any.
std::vector<std::string> units_of(const QuantityValue& value) {
    std::vector<std::string> units{""};
    if (!value.code.empty()) {
        units.push_back(unit_key({}, value.code));
        if (!value.system.empty()) units.push_back(unit_key(value.system, value.code));
    }
    if (!value.unit.empty() && value.unit != value.code) units.push_back(unit_key({}, value.unit));
    return units;
}

/// The one of these by which all others are known: the last that is asked for, or what has all of them.
std::string whole_unit(const QuantityValue& value) {
    std::string whole = value.code.empty() ? unit_key({}, value.unit) : unit_key(value.system, value.code);
    if (!value.code.empty() && !value.unit.empty() && value.unit != value.code) whole.append("\n").append(index_text(value.unit));
    return value.code.empty() && value.unit.empty() ? std::string() : whole;
}

/// One row, but for parameters of the centre, whose rows of before are not made anew.
void add_quantity_rows(Rows& rows, const QuantityValue& value) {
    const std::uint16_t param = number_of(value.param);
    const std::string whole = is_local(value.param) ? std::string() : whole_unit(value);
    for (std::string& unit : units_of(value)) {
        if (unit != whole || whole.empty()) rows.quantities.push_back({param, std::move(unit), value.lo, value.hi, whole});
    }
    if (!whole.empty()) rows.quantities.push_back({param, whole, value.lo, value.hi});
}

void add_component(std::vector<CompositeRow>& rows, const CompositeRow& at, const ComponentValue& value, TypeId type, const TokenHash& hash) {
    const auto add = [&](std::int64_t h, double lo, double hi) {
        CompositeRow row = at;
        row.h = h;
        row.lo = lo;
        row.hi = hi;
        rows.push_back(row);
    };
    if (const auto* token = std::get_if<TokenValue>(&value)) {
        Rows found;
        add_token_rows(found, *token, find_parameter(type, token->param), hash);
        for (const TokenRow& row : found.tokens) add(row.h, 0, 0);
    } else if (const auto* quantity = std::get_if<QuantityValue>(&value)) {
        for (const std::string& unit : units_of(*quantity)) add(unit.empty() ? 0 : hash.unit(unit), quantity->lo, quantity->hi);
    } else if (const auto* number = std::get_if<NumberValue>(&value)) {
        add(0, number->lo, number->hi);
    } else if (const auto* reference = std::get_if<ReferenceValue>(&value)) {
        if (reference->form == ReferenceValue::Form::literal)
            add(hash.target(type_name(reference->target), reference->id), 0, 0);
        else if (!reference->url.empty())
            add(hash.url(index_text(reference->url)), 0, 0);
    }
}

void add_composites(Rows& rows, const std::vector<CompositeValue>& values, TypeId type, const TokenHash& hash) {
    std::int64_t n = 0;
    for (const CompositeValue& value : values) {
        for (std::size_t part = 0; part < value.components.size(); ++part) {
            const CompositeRow at{number_of(value.param), static_cast<std::uint16_t>(part), n, 0, 0, 0};
            for (const ComponentValue& one : value.components[part]) add_component(rows.composites, at, one, type, hash);
        }
        ++n;
    }
}

void add_label(Indexed& out, std::string_view system, std::string_view code) {
    const bool level = code == "R" || code == "V";
    if (system == (level ? kConfidentialitySystem : kSensitivitySystem)) out.labels |= label_bit(code);
}

/// The first reference to a Patient by the compartment's parameters, else by `patient` or `subject` (Task, Device).
std::optional<Target> patient_of(const IndexValues& values, TypeId type, std::string_view id) {
    if (type == TypeId::Patient) return Target{type, std::string(id)};
    if (is_directory(type)) return std::nullopt;
    const auto by = [&](ParamId param) -> std::optional<Target> {
        for (const ReferenceValue& value : values.references) {
            if (value.param == param && value.form == ReferenceValue::Form::literal && value.target == TypeId::Patient) {
                return Target{TypeId::Patient, std::string(value.id)};
            }
        }
        return std::nullopt;
    };
    for (const std::string_view code : {"patient", "subject"}) {
        const TypeParameter* param = find_parameter(type, code);
        if (param == nullptr) continue;
        if (auto found = by(param->id)) return found;
    }
    for (const ParamId param : patient_compartment(type)) {
        if (auto found = by(param)) return found;
    }
    return std::nullopt;
}

/// What a Provenance is about. Its own references name people only: alone, it would be seen by whoever works where it was written.
std::vector<Target> targets_of(const IndexValues& values, TypeId type) {
    std::vector<Target> targets;
    const TypeParameter* param = find_parameter(type, "target");
    for (const ReferenceValue& value : values.references) {
        if (value.param == param->id && value.form == ReferenceValue::Form::literal) targets.push_back({value.target, std::string(value.id)});
    }
    return targets;
}

/// Whom or what a Binary belongs to, by its securityContext: who sees that sees the content.
void add_security_context(Indexed& out, simdjson::dom::element resource, std::string_view base_url) {
    std::string_view text;
    if (resource["securityContext"]["reference"].get(text) != simdjson::SUCCESS) return;
    const ReferenceValue value = parse_reference(text, base_url);
    if (value.form != ReferenceValue::Form::literal) return;
    Target target{value.target, std::string(value.id)};
    if (value.target == TypeId::Patient)
        out.patient = std::move(target);
    else
        out.follows.push_back(std::move(target));
}

std::int64_t span_of(const DateValue& value) {
    const bool open = value.lo_ms == kDistantPast_ms || value.hi_ms == kDistantFuture_ms;
    return open ? kDistantFuture_ms : value.hi_ms - value.lo_ms;
}

/// A whole system ("code=http://loinc.org|") is not looked for in a compartment.
void add_compartment_rows(Rows& rows, const IndexValues& values, TypeId type, const TokenHash& hash) {
    rows.compartment.push_back(0);
    for (const std::string_view code : {"code", "category", "status"}) {
        const TypeParameter* param = find_parameter(type, code);
        if (param == nullptr) continue;
        for (const TokenValue& value : values.tokens) {
            if (value.param != param->id) continue;
            Rows found;
            add_token_rows(found, value, param, hash);
            const std::int64_t system = value.system.empty() ? 0 : hash.system_only(value.system);
            for (const TokenRow& row : found.tokens) {
                if (row.h != system) rows.compartment.push_back(TokenHash::in_compartment(param->id, row.h));
            }
        }
    }
}

}  // namespace

PlaceRow place_row(ParamId param, double latitude, double longitude) {
    constexpr double kRadian = 3.14159265358979323846 / 180;
    const double flat = std::cos(latitude * kRadian);
    return {number_of(param), flat * std::cos(longitude * kRadian), flat * std::sin(longitude * kRadian), std::sin(latitude * kRadian)};
}

bool has_token_parts(const TypeParameter& how) {
    return how.system_row && how.code_only_row && how.has_text && !how.has_identifier_type && how.implicit_system.empty() && !is_local(how.id);
}

void keep_parameters(Rows& rows, const std::function<bool(ParamId)>& kept) {
    const auto keep = [&](auto& list) { std::erase_if(list, [&](const auto& row) { return !kept(ParamId{row.param}); }); };
    keep(rows.tokens);
    keep(rows.references);
    keep(rows.dates);
    keep(rows.strings);
    keep(rows.quantities);
    keep(rows.numbers);
    keep(rows.uris);
    keep(rows.composites);
    keep(rows.places);
    rows.compartment.clear();
}

std::string_view index_text(std::string_view text) {
    if (text.size() <= kIndexText_bytes) return text;
    std::size_t size = kIndexText_bytes;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    return text.substr(0, size);
}

std::string unit_key(std::string_view system, std::string_view code) {
    std::string key(system);
    key += '|';
    key += index_text(code);
    return key;
}

bool is_directory(TypeId type) {
    switch (type) {
        case TypeId::Organization:
        case TypeId::Practitioner:
        case TypeId::PractitionerRole:
        case TypeId::Location:
        case TypeId::HealthcareService:
        case TypeId::Questionnaire:
        case TypeId::ValueSet:
        case TypeId::CodeSystem:
        case TypeId::Endpoint: return true;
        default: return false;
    }
}

bool is_open(TypeId type) {
    switch (type) {
        case TypeId::ActivityDefinition:
        case TypeId::CapabilityStatement:
        case TypeId::CatalogEntry:
        case TypeId::ChargeItemDefinition:
        case TypeId::CompartmentDefinition:
        case TypeId::ConceptMap:
        case TypeId::DeviceDefinition:
        case TypeId::EventDefinition:
        case TypeId::ExampleScenario:
        case TypeId::GraphDefinition:
        case TypeId::ImplementationGuide:
        case TypeId::Library:
        case TypeId::Measure:
        case TypeId::Medication:
        case TypeId::MedicationKnowledge:
        case TypeId::MessageDefinition:
        case TypeId::NamingSystem:
        case TypeId::ObservationDefinition:
        case TypeId::OperationDefinition:
        case TypeId::PlanDefinition:
        case TypeId::SearchParameter:
        case TypeId::SpecimenDefinition:
        case TypeId::StructureDefinition:
        case TypeId::StructureMap:
        case TypeId::Substance:
        case TypeId::TerminologyCapabilities: return true;
        default: return is_directory(type);
    }
}

Indexed index_resource(simdjson::dom::element resource, TypeId type, std::string_view id, const ExtractOptions& options, const TokenHash& hash,
                       const LocalParameters* local) {
    IndexValues values = extract(resource, type, options);
    LocalTexts texts;
    if (local != nullptr) add_local_values(values, texts, resource, type, *local, options);
    Indexed out;
    out.local_version = local == nullptr ? 0 : local->version();
    Rows& rows = out.rows;
    out.date = values.sort_date_ms.value_or(kNoDate);
    for (const TokenValue& value : values.tokens) {
        const bool has_rows = !is_combined(value.param) && picked_system(value.param).empty();
        if (has_rows) add_token_rows(rows, value, find_parameter(local, type, value.param), hash);
        if (value.param == param::security()) add_label(out, value.system, value.code);
    }
    for (const TokenText& text : values.texts) {
        if (!is_combined(text.param)) rows.strings.push_back({number_of(text.param), std::string(index_text(text.folded)), ""});
    }
    for (const IdentifierType& value : values.identifier_types) {
        rows.tokens.push_back({number_of(value.param), hash.of_type(value.type_system, value.type_code, value.value)});
    }
    for (const ReferenceValue& value : values.references) add_reference_rows(rows, value, hash);
    for (const StringValue& value : values.strings) {
        rows.strings.push_back({number_of(value.param), std::string(index_text(value.folded)), std::string(index_text(value.exact))});
    }
    const ParamId sort_param = sort_date_param(type);
    for (const DateValue& value : values.dates) {
        rows.dates.push_back({number_of(value.param), value.lo_ms, value.hi_ms});
        if (value.param == sort_param) out.date_span_ms = std::max(out.date_span_ms, span_of(value));
    }
    for (const QuantityValue& value : values.quantities) {
        if (!is_combined(value.param)) add_quantity_rows(rows, value);
    }
    add_composites(rows, values.composites, type, hash);
    for (const PositionValue& value : values.positions) rows.places.push_back(place_row(value.param, value.latitude, value.longitude));
    for (const NumberValue& value : values.numbers) rows.numbers.push_back({number_of(value.param), value.lo, value.hi});
    for (const UriValue& value : values.uris) rows.uris.push_back({number_of(value.param), std::string(index_text(value.value))});
    out.patient = patient_of(values, type, id);
    if (!out.patient && type == TypeId::Provenance) out.follows = targets_of(values, type);
    if (out.patient || !out.follows.empty()) add_compartment_rows(rows, values, type, hash);
    if (type == TypeId::Binary) add_security_context(out, resource, options.base_url);
    sort_unique(rows.tokens);
    sort_unique(rows.references);
    sort_unique(rows.dates);
    sort_unique(rows.strings);
    sort_unique(rows.quantities);
    sort_unique(rows.numbers);
    sort_unique(rows.uris);
    sort_unique(rows.composites);
    sort_unique(rows.places);
    sort_unique(rows.compartment);
    return out;
}

void RowWriter::insert(const Place& place, const Rows& rows) {
    const std::int64_t type = number_of(place.type);
    const std::int64_t rid = place.rid;
    const auto add = [&](IndexTable table, std::initializer_list<storage::Value> values) { batch_.add(connection_, table, values); };
    const auto param = [](const auto& row) { return std::int64_t{row.param}; };
    for (const TokenRow& row : rows.tokens) add_token(place, row);
    for (const ReferenceRow& row : rows.references) add(IndexTable::ref, {param(row), rid_of_(row.target), type, place.date, rid, place.acl});
    for (const DateRow& row : rows.dates) add(IndexTable::dt, {type, param(row), row.lo, row.hi, rid});
    for (const StringRow& row : rows.strings) add(IndexTable::str, {type, param(row), std::string_view(row.norm), rid, std::string_view(row.exact)});
    for (const QuantityRow& row : rows.quantities) add_quantity(place, row);
    for (const NumberRow& row : rows.numbers) add(IndexTable::num, {type, param(row), row.lo, row.hi, rid});
    for (const UriRow& row : rows.uris) add(IndexTable::uri, {type, param(row), std::string_view(row.value), rid});
    for (const CompositeRow& row : rows.composites) add(IndexTable::cmp, {type, param(row), std::int64_t{row.part}, row.h, row.lo, row.hi, rid, row.n});
    for (const PlaceRow& row : rows.places) add(IndexTable::near, {type, param(row), row.z, row.x, row.y, rid});
    if (place.patient_rid == 0) return;
    for (const std::int64_t h : rows.compartment) add(IndexTable::pat, {place.patient_rid, type, h, place.date, rid, place.acl});
}

void RowWriter::remove(const Place& place, const Rows& rows) {
    const std::int64_t type = number_of(place.type);
    for (const TokenRow& row : rows.tokens) {
        if (row.whole != 0) continue;  // others may have the code too
        connection_.post("DELETE FROM tok WHERE type=? AND param=? AND h=? AND d=? AND rid=?", {type, std::int64_t{row.param}, row.h, place.date, place.rid});
    }
    for (const ReferenceRow& row : rows.references) {
        connection_.post("DELETE FROM ref WHERE param=? AND target_rid=? AND type=? AND d=? AND rid=?",
                         {std::int64_t{row.param}, rid_of_(row.target), type, place.date, place.rid});
    }
    for (const DateRow& row : rows.dates) {
        connection_.post("DELETE FROM dt WHERE type=? AND param=? AND lo=? AND hi=? AND rid=?", {type, std::int64_t{row.param}, row.lo, row.hi, place.rid});
    }
    for (const StringRow& row : rows.strings) {
        connection_.post("DELETE FROM str WHERE type=? AND param=? AND norm=? AND rid=? AND exact=?",
                         {type, std::int64_t{row.param}, std::string_view(row.norm), place.rid, std::string_view(row.exact)});
    }
    for (const QuantityRow& row : rows.quantities) {
        if (!row.whole.empty()) continue;
        connection_.post("DELETE FROM qty WHERE type=? AND param=? AND unit_id=? AND lo=? AND hi=? AND rid=?",
                         {type, std::int64_t{row.param}, unit_id(row.unit), row.lo, row.hi, place.rid});
    }
    for (const NumberRow& row : rows.numbers) {
        connection_.post("DELETE FROM num WHERE type=? AND param=? AND lo=? AND hi=? AND rid=?", {type, std::int64_t{row.param}, row.lo, row.hi, place.rid});
    }
    for (const UriRow& row : rows.uris) {
        connection_.post("DELETE FROM uri WHERE type=? AND param=? AND v=? AND rid=?", {type, std::int64_t{row.param}, std::string_view(row.value), place.rid});
    }
    for (const CompositeRow& row : rows.composites) {
        connection_.post("DELETE FROM cmp WHERE type=? AND param=? AND part=? AND h=? AND lo=? AND hi=? AND rid=? AND n=?",
                         {type, std::int64_t{row.param}, std::int64_t{row.part}, row.h, row.lo, row.hi, place.rid, row.n});
    }
    for (const PlaceRow& row : rows.places) {
        connection_.post("DELETE FROM near WHERE type=? AND param=? AND z=? AND x=? AND y=? AND rid=?",
                         {type, std::int64_t{row.param}, row.z, row.x, row.y, place.rid});
    }
    if (place.patient_rid == 0) return;
    for (const std::int64_t h : rows.compartment) {
        connection_.post("DELETE FROM pat WHERE patient_rid=? AND type=? AND h=? AND d=? AND rid=?", {place.patient_rid, type, h, place.date, place.rid});
    }
}

namespace {

template <class Row>
void split(const std::vector<Row>& old_rows, const std::vector<Row>& rows, std::vector<Row>& gone, std::vector<Row>& added) {
    std::set_difference(old_rows.begin(), old_rows.end(), rows.begin(), rows.end(), std::back_inserter(gone));
    std::set_difference(rows.begin(), rows.end(), old_rows.begin(), old_rows.end(), std::back_inserter(added));
}

template <class Row>
void split_or_all(bool all, const std::vector<Row>& old_rows, const std::vector<Row>& rows, std::vector<Row>& gone, std::vector<Row>& added) {
    if (!all) return split(old_rows, rows, gone, added);
    gone = old_rows;
    added = rows;
}

}  // namespace

void RowWriter::replace(const Place& old_place, const Rows& old_rows, const Place& place, const Rows& rows) {
    const bool moved = old_place.date != place.date || old_place.acl != place.acl;
    const bool other_patient = moved || old_place.patient_rid != place.patient_rid;
    Rows gone;
    Rows added;
    split_or_all(moved, old_rows.tokens, rows.tokens, gone.tokens, added.tokens);
    split_or_all(moved, old_rows.references, rows.references, gone.references, added.references);
    split_or_all(other_patient, old_rows.compartment, rows.compartment, gone.compartment, added.compartment);
    split(old_rows.dates, rows.dates, gone.dates, added.dates);
    split(old_rows.strings, rows.strings, gone.strings, added.strings);
    split(old_rows.quantities, rows.quantities, gone.quantities, added.quantities);
    split(old_rows.numbers, rows.numbers, gone.numbers, added.numbers);
    split(old_rows.uris, rows.uris, gone.uris, added.uris);
    split(old_rows.composites, rows.composites, gone.composites, added.composites);
    split(old_rows.places, rows.places, gone.places, added.places);
    remove(old_place, gone);
    insert(place, added);
}

void RowWriter::add_token(const Place& place, const TokenRow& row) {
    const std::int64_t type = number_of(place.type);
    const std::int64_t param = row.param;
    if (row.whole != 0) return add_part({type, param, row.h, row.whole});
    batch_.add(connection_, IndexTable::tok, {type, param, row.h, place.date, place.rid, place.acl});
}

void RowWriter::add_quantity(const Place& place, const QuantityRow& row) {
    const std::int64_t type = number_of(place.type);
    const std::int64_t param = row.param;
    const std::int64_t unit = unit_id(row.unit);
    if (!row.whole.empty()) return add_part({type, param, unit, unit_id(row.whole)});
    batch_.add(connection_, IndexTable::qty, {type, param, unit, row.lo, row.hi, place.rid});
}

void RowWriter::add_part(const IndexPart& part) {
    if (core_.index_parts.size() >= Core::kRemembered) core_.index_parts.clear();
    if (!core_.index_parts.insert(part).second) return;
    group_.on_rollback([core = &core_] { core->index_parts.clear(); });
    connection_.post("INSERT INTO index_part(type, param, part, whole) VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
                     {part.type, part.param, part.part, part.whole});
}

std::int64_t RowWriter::unit_id(const std::string& unit) {
    if (unit.empty()) return 0;
    if (const auto known = core_.units.find(unit); known != core_.units.end()) return known->second;
    if (core_.units.size() >= Core::kRemembered) core_.units.clear();
    {
        auto rows = connection_.query("SELECT id FROM sys WHERE uri = ?", {std::string_view(unit)});
        if (rows.next()) return core_.units.emplace(unit, rows.integer(0)).first->second;
    }
    auto rows = connection_.query("INSERT INTO sys(uri) VALUES(?) RETURNING id", {std::string_view(unit)});
    rows.next();
    group_.on_rollback([core = &core_] { core->units.clear(); });
    return core_.units.emplace(unit, rows.integer(0)).first->second;
}

}  // namespace qiao::record
