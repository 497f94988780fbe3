#include "base/error.hpp"
#include "base/id.hpp"
#include "record/search/clause.hpp"
#include "record/search/either.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

/// Rows of `ref` to known targets, and of `uri` and `tok` for what points elsewhere.
class ReferenceClause : public Clause {
public:
    ReferenceClause(TypeId type, ParamId param) : type_(number_of(type)), param_(number_of(param)) {}
    std::vector<std::int64_t> targets;
    std::vector<std::string> urls;
    std::vector<std::int64_t> identifiers;
    bool of_one_patient = false;  ///< the only target is the patient by whom `pat` has these rows

    [[nodiscard]] std::int64_t patient() const override { return carries() && of_one_patient ? targets.front() : 0; }
    void source(Sql& sql) const override {
        sql.add(carries() ? "SELECT rid, d, acl" : "SELECT rid").add(" FROM ref WHERE param = ").bind(param_).add(" AND target_rid").in(targets);
        sql.add(" AND type = ").bind(type_);
        for (const std::string& url : urls) {
            sql.add(" UNION ALL SELECT rid FROM uri WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND v = ").bind(url);
        }
        if (!identifiers.empty()) {
            sql.add(" UNION ALL SELECT rid FROM tok WHERE type = ").bind(type_).add(" AND param = ").bind(param_).add(" AND h").in(identifiers);
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("(EXISTS (SELECT 1 FROM ref p WHERE p.param = ").bind(param_).add(" AND p.target_rid").in(targets).add(" AND p.type = ").bind(type_);
        sql.add(fmt::format(" AND p.d = {0}.d AND p.rid = {0}.rid)", alias));
        if (!urls.empty()) {
            sql.add(" OR ");
            Either either(sql);
            for (const std::string& url : urls) {
                either.next();
                sql.add("EXISTS (SELECT 1 FROM uri p WHERE p.type = ").bind(type_).add(" AND p.param = ").bind(param_).add(" AND p.v = ").bind(url);
                sql.add(fmt::format(" AND p.rid = {}.rid)", alias));
            }
            either.end();
        }
        if (!identifiers.empty()) {
            sql.add(" OR EXISTS (SELECT 1 FROM tok p WHERE p.type = ").bind(type_).add(" AND p.param = ").bind(param_).add(" AND p.h").in(identifiers);
            sql.add(fmt::format(" AND p.d = {0}.d AND p.rid = {0}.rid)", alias));
        }
        sql.add(")");
    }
    [[nodiscard]] bool carries() const override { return targets.size() == 1 && urls.empty() && identifiers.empty(); }
    [[nodiscard]] bool can_drive() const override { return urls.size() + 2 <= kUnionTerms; }

private:
    std::int64_t type_;
    std::int64_t param_;
};

bool may_target(const Parameter& definition, TypeId type) {
    return definition.targets.empty() || std::find(definition.targets.begin(), definition.targets.end(), type) != definition.targets.end();
}

void add_bare_id(const SearchContext& context, const Named& named, TypeId only, const std::string& id, std::vector<std::int64_t>& rids) {
    if (only != TypeId::none) return append_rid(context, only, id, rids);
    for (const TypeId type : targets_of(named.definition)) append_rid(context, type, id, rids);
}

/// One element that cannot repeat and names the patient: `pat` is made by the same.
bool is_compartment_parameter(const Named& named) {
    return !named.how.repeats && !is_directory(named.type) && named.type != TypeId::Patient &&
           (named.definition.code == "patient" || named.definition.code == "subject");
}

bool is_patient(const SearchContext& context, Rid rid) {
    auto rows = context.reader.connection().query("SELECT 1 FROM res WHERE rid = ? AND type = ?", {rid, std::int64_t{number_of(TypeId::Patient)}});
    return rows.next();
}

/// A patient's rows of one code, in the order of their date.
class CompartmentClause : public Clause {
public:
    CompartmentClause(TypeId type, std::int64_t patient_rid, std::int64_t key) : type_(number_of(type)), patient_rid_(patient_rid), key_(key) {}
    void source(Sql& sql) const override {
        sql.add("SELECT rid, d, acl FROM pat WHERE patient_rid = ").bind(patient_rid_).add(" AND type = ").bind(type_).add(" AND h = ").bind(key_);
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("EXISTS (SELECT 1 FROM pat p WHERE p.patient_rid = ").bind(patient_rid_).add(" AND p.type = ").bind(type_).add(" AND p.h = ").bind(key_);
        sql.add(fmt::format(" AND p.d = {0}.d AND p.rid = {0}.rid)", alias));
    }
    [[nodiscard]] bool carries() const override { return true; }

private:
    std::int64_t type_;
    std::int64_t patient_rid_;
    std::int64_t key_;
};

/// What refers to a patient by any parameter of the compartment's definition; a Patient is in its own.
class InPatientClause : public Clause {
public:
    InPatientClause(TypeId type, std::int64_t patient_rid) : type_(type), patient_rid_(patient_rid) {
        for (const ParamId param : patient_compartment(type)) params_.push_back(number_of(param));
    }
    void source(Sql& sql) const override {
        sql.add("SELECT rid FROM ref WHERE ");
        refers(sql, "");
        if (type_ == TypeId::Patient) sql.add(" UNION ALL SELECT ").bind(patient_rid_);
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("(EXISTS (SELECT 1 FROM ref p WHERE ");
        refers(sql, "p.");
        sql.add(fmt::format(" AND p.d = {0}.d AND p.rid = {0}.rid)", alias));
        if (type_ == TypeId::Patient) sql.add(fmt::format(" OR {}.rid = ", alias)).bind(patient_rid_);
        sql.add(")");
    }

private:
    void refers(Sql& sql, std::string_view prefix) const {
        if (params_.empty()) {
            sql.add("1=0");
            return;
        }
        sql.add(fmt::format("{}param", prefix)).in(params_);
        sql.add(fmt::format(" AND {}target_rid = ", prefix)).bind(patient_rid_);
        sql.add(fmt::format(" AND {}type = ", prefix)).bind(number_of(type_));
    }

    TypeId type_;
    std::int64_t patient_rid_;
    std::vector<std::int64_t> params_;
};

}  // namespace

std::span<const TypeId> targets_of(const Parameter& definition) { return definition.targets.empty() ? all_types() : definition.targets; }

ClausePtr make_in_patient_clause(TypeId type, std::int64_t patient_rid) { return std::make_unique<InPatientClause>(type, patient_rid); }

ClausePtr make_compartment_clause(TypeId type, std::int64_t patient_rid, std::int64_t key) {
    return std::make_unique<CompartmentClause>(type, patient_rid, key);
}

ClausePtr make_reference_clause(const SearchContext& context, const Named& named) {
    auto clause = std::make_unique<ReferenceClause>(named.type, named.how.id);
    TypeId only = TypeId::none;
    if (named.modifier == "identifier") {
        for (const std::string_view value : named.values) {
            const auto pieces = split_escaped(value, '|');
            if (pieces.size() > 2) throw_bad_value(named.definition.code, "has more than one |");
            clause->identifiers.push_back(pieces.size() == 2 ? context.hash().identifier(unescape(pieces[0]), unescape(pieces[1]))
                                                             : context.hash().identifier_value(unescape(pieces[0])));
        }
        return clause;
    }
    if (!named.modifier.empty()) {
        only = find_type(named.modifier);
        if (only == TypeId::none || !may_target(named.definition, only)) throw_bad_modifier(named.definition.code, named.modifier);
    }
    for (const std::string_view raw : named.values) {
        const std::string value = unescape(raw);
        if (is_fhir_id(value)) {
            add_bare_id(context, named, only, value, clause->targets);
            continue;
        }
        const ReferenceValue parsed = parse_reference(value, context.reader.core().base_url);
        if (parsed.form == ReferenceValue::Form::literal) {
            append_rid(context, parsed.target, parsed.id, clause->targets);
        } else if (!parsed.url.empty()) {
            clause->urls.emplace_back(index_text(parsed.url));
        } else {
            throw_bad_value(named.definition.code, "is no reference");
        }
    }
    clause->of_one_patient = is_compartment_parameter(named) && clause->carries() && is_patient(context, clause->targets.front());
    return clause;
}

namespace {

/// The rows of one type that satisfy a clause and that the caller sees: a hop of a chain.
struct Hop {
    TypeId type;
    ClausePtr clause;
};

void hop_source(Sql& sql, const Hop& hop, const StoreReader& reader) {
    sql.add("SELECT n.rid FROM (");
    hop.clause->source(sql);
    sql.add(") m CROSS JOIN res n ON n.rid = m.rid WHERE n.state = 0 AND n.type + 0 = ").bind(number_of(hop.type)).add(" AND ");
    sql.visible(reader.filter(), "n", reader.now());
}

/// `subject:Patient.name=…`: references whose target satisfies a clause.
class ChainClause : public Clause {
public:
    ChainClause(const SearchContext& context, TypeId type, ParamId param, std::vector<Hop> hops)
        : reader_(context.reader), alias_(fmt::format("c{}", context.depth)), type_(number_of(type)), param_(number_of(param)), hops_(std::move(hops)) {}

    void source(Sql& sql) const override {
        sql.add("SELECT f.rid FROM (");
        bool first = true;
        for (const Hop& hop : hops_) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            hop_source(sql, hop, reader_);
        }
        sql.add(") g CROSS JOIN ref f ON f.param = ").bind(param_).add(" AND f.target_rid = g.rid AND f.type = ").bind(type_);
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add(fmt::format("EXISTS (SELECT 1 FROM ref f{}", alias_)).add(indexed_by("ref_by_rid"));
        sql.add(fmt::format("CROSS JOIN res {0} ON {0}.rid = f{0}.target_rid WHERE f{0}.rid = {1}.rid AND f{0}.param = ", alias_, alias)).bind(param_);
        sql.add(fmt::format(" AND {}.state = 0 AND ", alias_)).visible(reader_.filter(), alias_, reader_.now()).add(" AND (");
        bool first = true;
        for (const Hop& hop : hops_) {
            if (!first) sql.add(" OR ");
            first = false;
            sql.add(fmt::format("({}.type = ", alias_)).bind(number_of(hop.type)).add(" AND ");
            hop.clause->probe(sql, alias_);
            sql.add(")");
        }
        sql.add("))");
    }
    [[nodiscard]] bool can_drive() const override {
        return std::all_of(hops_.begin(), hops_.end(), [](const Hop& hop) { return hop.clause->can_drive(); });
    }
    [[nodiscard]] bool narrows() const override {
        return std::all_of(hops_.begin(), hops_.end(), [](const Hop& hop) { return hop.clause->narrows(); });
    }

private:
    StoreReader& reader_;
    std::string alias_;
    std::int64_t type_;
    std::int64_t param_;
    std::vector<Hop> hops_;
};

/// `_has:Observation:patient:code=…`: resources that a matching one refers to.
class HasClause : public Clause {
public:
    HasClause(const SearchContext& context, ParamId param, Hop hop)
        : reader_(context.reader), alias_(fmt::format("c{}", context.depth)), param_(number_of(param)), hop_(std::move(hop)) {}

    void source(Sql& sql) const override {
        sql.add("SELECT f.target_rid AS rid FROM (");
        hop_source(sql, hop_, reader_);
        sql.add(") g CROSS JOIN ref f").add(indexed_by("ref_by_rid")).add("ON f.rid = g.rid AND f.param = ").bind(param_);
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add(fmt::format("EXISTS (SELECT 1 FROM ref f{0} CROSS JOIN res {0} ON {0}.rid = f{0}.rid WHERE f{0}.param = ", alias_)).bind(param_);
        sql.add(fmt::format(" AND f{0}.target_rid = {1}.rid AND f{0}.type = ", alias_, alias)).bind(number_of(hop_.type));
        sql.add(fmt::format(" AND {}.state = 0 AND ", alias_)).visible(reader_.filter(), alias_, reader_.now()).add(" AND ");
        hop_.clause->probe(sql, alias_);
        sql.add(")");
    }
    [[nodiscard]] bool can_drive() const override { return hop_.clause->can_drive(); }
    [[nodiscard]] bool narrows() const override { return hop_.clause->narrows(); }
    [[nodiscard]] bool needs_resource() const override { return true; }

private:
    StoreReader& reader_;
    std::string alias_;
    std::int64_t param_;
    Hop hop_;
};

constexpr int kChainDepth = 4;

SearchContext deeper(const SearchContext& context, std::string_view parameter) {
    if (context.depth >= kChainDepth) throw_bad_value(parameter, "is a chain of more than 4 steps");
    return {context.reader, context.depth + 1};
}

}  // namespace

ClausePtr make_chain_clause(const SearchContext& context, const Named& named, std::string_view rest, std::string_view value) {
    if (named.definition.kind != ParamKind::reference) throw_bad_value(named.definition.code, "is no reference, so nothing can be chained to it");
    const SearchContext next = deeper(context, named.definition.code);
    std::vector<TypeId> types;
    if (!named.modifier.empty()) {
        const TypeId type = find_type(named.modifier);
        if (type == TypeId::none || !may_target(named.definition, type)) throw_bad_modifier(named.definition.code, named.modifier);
        types.push_back(type);
    } else {
        for (const TypeId type : targets_of(named.definition)) {
            if (is_search_parameter(context.reader, type, rest)) types.push_back(type);
        }
    }
    std::vector<Hop> hops;
    for (const TypeId type : types) hops.push_back({type, make_clause(next, type, rest, value)});
    if (hops.empty()) {
        throw Error(ErrorKind::invalid, "record.unknown_parameter", "unknown search parameter",
                    {{"invalid", parameter_place(named.definition.code),
                      fmt::format("no target type of \"{}\" has the search parameter \"{}\"", named.definition.code, rest)}});
    }
    return std::make_unique<ChainClause>(next, named.type, named.how.id, std::move(hops));
}

ClausePtr make_has_clause(const SearchContext& context, TypeId type, std::string_view name, std::string_view value) {
    const std::size_t first = name.find(':');
    const std::size_t second = first == std::string_view::npos ? first : name.find(':', first + 1);
    if (second == std::string_view::npos) throw_bad_value("_has", "wants _has:Type:reference:parameter");
    const TypeId source = find_type(name.substr(0, first));
    if (source == TypeId::none) throw_bad_value("_has", "names no resource type");
    const TypeParameter* how = context.reader.parameter(source, name.substr(first + 1, second - first - 1));
    const Parameter* definition = how == nullptr ? nullptr : context.reader.definition(how->id);
    if (definition == nullptr || definition->kind != ParamKind::reference) throw_bad_value("_has", "names no reference parameter");
    if (!may_target(*definition, type)) throw_bad_value("_has", "names a reference that cannot point to this type");
    const SearchContext next = deeper(context, "_has");
    return std::make_unique<HasClause>(next, how->id, Hop{source, make_clause(next, source, name.substr(second + 1), value)});
}

namespace {

/// `_id`: the rows themselves.
class IdClause : public Clause {
public:
    explicit IdClause(std::vector<std::int64_t> rids) : rids_(std::move(rids)) {}
    void source(Sql& sql) const override {
        sql.add("SELECT CAST(value AS INTEGER) AS rid FROM json_each(").bind(fmt::format("[{}]", fmt::join(rids_, ","))).add(")");
    }
    void probe(Sql& sql, std::string_view alias) const override { sql.add(fmt::format("{}.rid", alias)).in(rids_); }
    [[nodiscard]] bool needs_resource() const override { return true; }

private:
    std::vector<std::int64_t> rids_;
};

/// `_list`: what the entries of a List refer to, when the caller sees the List.
class ListClause : public Clause {
public:
    ListClause(StoreReader& reader, std::vector<std::int64_t> lists)
        : reader_(reader), lists_(std::move(lists)), param_(number_of(find_parameter(TypeId::List, "item")->id)) {}
    void source(Sql& sql) const override {
        sql.add("SELECT f.target_rid AS rid FROM res n CROSS JOIN ref f").add(indexed_by("ref_by_rid")).add("ON f.rid = n.rid AND f.param = ").bind(param_);
        sql.add(" WHERE n.rid").in(lists_).add(" AND n.state = 0 AND ").visible(reader_.filter(), "n", reader_.now());
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("EXISTS (SELECT 1 FROM res n CROSS JOIN ref f").add(indexed_by("ref_by_rid")).add("ON f.rid = n.rid AND f.param = ").bind(param_);
        sql.add(fmt::format(" AND f.target_rid = {}.rid WHERE n.rid", alias)).in(lists_).add(" AND n.state = 0 AND ");
        sql.visible(reader_.filter(), "n", reader_.now()).add(")");
    }

private:
    StoreReader& reader_;
    std::vector<std::int64_t> lists_;
    std::int64_t param_;
};

/// `:missing`: whether any row of the parameter exists.
class MissingClause : public Clause {
public:
    MissingClause(TypeId type, ParamId param, std::vector<std::string_view> tables, bool missing)
        : type_(number_of(type)), param_(number_of(param)), tables_(std::move(tables)), missing_(missing) {}
    void source(Sql& sql) const override { sql.add("SELECT rid FROM res WHERE 1=0"); }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add(missing_ ? "NOT (1=0" : "(1=0");
        for (const std::string_view table : tables_) {
            if (table == "tok") {
                // `tok` has no index by resource: the parameter's rows are gathered once.
                sql.add(fmt::format(" OR {}.rid IN (SELECT p.rid FROM tok p WHERE p.type = ", alias)).bind(type_).add(" AND p.param = ").bind(param_).add(")");
            } else {
                sql.add(fmt::format(" OR EXISTS (SELECT 1 FROM {0} p{1}WHERE p.rid = {2}.rid AND p.param = ", table, indexed_by(std::string(table) + "_by_rid"),
                                    alias));
                sql.bind(param_).add(")");
            }
        }
        sql.add(")");
    }
    [[nodiscard]] bool can_drive() const override { return false; }

private:
    std::int64_t type_;
    std::int64_t param_;
    std::vector<std::string_view> tables_;
    bool missing_;
};

std::vector<std::string_view> tables_of(ParamKind kind) {
    switch (kind) {
        case ParamKind::token: return {"tok"};
        case ParamKind::reference: return {"ref", "uri", "tok"};
        case ParamKind::string: return {"str"};
        case ParamKind::date: return {"dt"};
        case ParamKind::uri: return {"uri"};
        case ParamKind::quantity: return {"qty"};
        case ParamKind::number: return {"num"};
        case ParamKind::special: return {"near"};
        default: return {};
    }
}

}  // namespace

void check_missing_value(const Named& named) {
    if (named.values.size() != 1 || (named.values[0] != "true" && named.values[0] != "false"))
        throw_bad_value(named.definition.code, ":missing wants true or false");
}

ClausePtr make_missing_clause(const SearchContext& /*context*/, const Named& named) {
    check_missing_value(named);
    auto tables = tables_of(named.definition.kind);
    if (tables.empty()) throw_bad_modifier(named.definition.code, named.modifier);
    return std::make_unique<MissingClause>(named.type, named.how.id, std::move(tables), named.values[0] == "true");
}

ClausePtr make_list_clause(const SearchContext& context, const std::vector<std::string_view>& values) {
    std::vector<std::int64_t> lists;
    for (const std::string_view value : values) append_rid(context, TypeId::List, unescape(value), lists);
    if (lists.empty()) lists.push_back(0);  // no row has this number
    return std::make_unique<ListClause>(context.reader, std::move(lists));
}

ClausePtr make_id_clause(const SearchContext& context, TypeId type, const std::vector<std::string_view>& values) {
    std::vector<std::int64_t> rids;
    for (const std::string_view value : values) append_rid(context, type, unescape(value), rids);
    if (rids.empty()) rids.push_back(0);  // no row has this number
    return std::make_unique<IdClause>(std::move(rids));
}

}  // namespace qiao::record
