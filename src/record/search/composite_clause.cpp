#include "base/error.hpp"
#include "base/id.hpp"
#include "record/search/clause.hpp"
#include "record/search/either.hpp"
#include "record/search/joined_clauses.hpp"
#include "record/search/ranges.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <algorithm>

/// Composites, in three forms. Of an element that repeats: rows of `cmp`, whose `n` says which element. Of the resource itself
/// (code-value-…): all components, each a parameter of its own. Of both (combo-…): either.
namespace qiao::record {
namespace {

/// What one component asks of the columns h, lo, hi of its row.
struct ComponentTest {
    std::vector<std::int64_t> hashes;  ///< empty = any
    std::optional<RangeTest<double>> range;
};

class ElementClause : public Clause {
public:
    ElementClause(TypeId type, ParamId param) : type_(number_of(type)), param_(number_of(param)) {}
    std::vector<std::vector<ComponentTest>> tests;  ///< OR of AND

    void source(Sql& sql) const override {
        bool first = true;
        for (const auto& parts : tests) {
            if (!first) sql.add(" UNION ALL ");
            first = false;
            sql.add("SELECT p0.rid FROM cmp p0 WHERE p0.type = ").bind(type_).add(" AND p0.param = ").bind(param_).add(" AND p0.part = 0");
            condition(sql, parts.front(), "p0");
            others(sql, parts);
        }
    }
    void probe(Sql& sql, std::string_view alias) const override {
        sql.add("(");
        Either either(sql);
        for (const auto& parts : tests) {
            either.next();
            sql.add("EXISTS (SELECT 1 FROM cmp p0").add(indexed_by("cmp_by_rid")).add(fmt::format("WHERE p0.rid = {}.rid AND p0.param = ", alias));
            sql.bind(param_).add(" AND p0.part = 0 AND p0.type = ").bind(type_);
            condition(sql, parts.front(), "p0");
            others(sql, parts);
            sql.add(")");
        }
        either.end();
        sql.add(")");
    }

    [[nodiscard]] bool narrows() const override {
        return std::all_of(tests.begin(), tests.end(), [](const auto& parts) {
            const ComponentTest& first = parts.front();
            return !first.hashes.empty() || (first.range && first.range->prefix != Prefix::ne);
        });
    }

private:
    static void condition(Sql& sql, const ComponentTest& test, const std::string& alias) {
        if (!test.hashes.empty()) sql.add(" AND " + alias + ".h").in(test.hashes);
        if (!test.range) return;
        sql.add(" AND ");
        range_condition(sql, *test.range, alias + ".");
    }
    /// The other components on the element of `p0`.
    void others(Sql& sql, const std::vector<ComponentTest>& parts) const {
        for (std::size_t part = 1; part < parts.size(); ++part) {
            const std::string alias = fmt::format("p{}", part);
            sql.add(fmt::format(" AND EXISTS (SELECT 1 FROM cmp {}", alias)).add(indexed_by("cmp_by_rid"));
            sql.add(fmt::format("WHERE {0}.rid = p0.rid AND {0}.param = ", alias)).bind(param_);
            sql.add(fmt::format(" AND {0}.n = p0.n AND {0}.part = ", alias)).bind(static_cast<std::int64_t>(part));
            condition(sql, parts[part], alias);
            sql.add(")");
        }
    }

    std::int64_t type_;
    std::int64_t param_;
};

/// A composite's parameter without the value.
Named with_value(const Named& named, ParamId component, std::string_view value) {
    return {named.type, *find_parameter(named.type, component), *find_parameter(component), {}, {value}};
}

ComponentTest component_test(const SearchContext& context, const Named& component) {
    const std::string_view value = component.values.front();
    const TokenHash hash = context.hash();
    ComponentTest test;
    switch (component.definition.kind) {
        case ParamKind::token: append_hashes(component, hash, value, test.hashes); break;
        case ParamKind::number: test.range = number_test(component.definition.code, value); break;
        case ParamKind::quantity: {
            const QuantityTest asked = quantity_test(component.definition.code, value);
            test.range = asked.range;
            test.hashes.push_back(asked.unit.empty() ? 0 : hash.unit(asked.unit));
            break;
        }
        default: {
            const std::string text = unescape(value);
            const ReferenceValue parsed = parse_reference(text, context.reader.core().base_url);
            if (is_fhir_id(text)) {
                for (const TypeId type : targets_of(component.definition)) test.hashes.push_back(hash.target(type_name(type), text));
            } else if (parsed.form == ReferenceValue::Form::literal) {
                test.hashes.push_back(hash.target(type_name(parsed.target), parsed.id));
            } else if (!parsed.url.empty()) {
                test.hashes.push_back(hash.url(index_text(parsed.url)));
            } else {
                throw_bad_value(component.definition.code, "is no reference");
            }
        }
    }
    return test;
}

std::vector<std::string_view> pieces_of(const Named& named, std::string_view value) {
    auto pieces = split_escaped(value, '$');
    if (pieces.size() != named.definition.components.size() || std::any_of(pieces.begin(), pieces.end(), [](std::string_view one) { return one.empty(); }))
        throw_bad_value(named.definition.code, fmt::format("wants {} values with $ between them", named.definition.components.size()));
    return pieces;
}

ClausePtr element_clause(const SearchContext& context, const Named& named) {
    auto clause = std::make_unique<ElementClause>(named.type, named.how.id);
    if (named.modifier == "missing") {
        clause->tests.emplace_back(1);
        return clause;
    }
    for (const std::string_view value : named.values) {
        const auto pieces = pieces_of(named, value);
        std::vector<ComponentTest> parts;
        for (std::size_t i = 0; i < pieces.size(); ++i) parts.push_back(component_test(context, with_value(named, named.definition.components[i], pieces[i])));
        clause->tests.push_back(std::move(parts));
    }
    return clause;
}

ClausePtr component_clause(const SearchContext& context, const Named& component) {
    switch (component.definition.kind) {
        case ParamKind::token: return make_token_clause(context, component);
        case ParamKind::string: return make_string_clause(context, component);
        case ParamKind::date: return make_date_clause(context, component);
        default: return make_quantity_clause(context, component);
    }
}

ClausePtr resource_clause(const SearchContext& context, const Named& named) {
    std::vector<ClausePtr> any;
    for (const std::string_view value : named.values) {
        std::vector<ClausePtr> all;
        const auto pieces = named.modifier == "missing" ? std::vector<std::string_view>(named.definition.components.size(), "false") : pieces_of(named, value);
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            Named component = with_value(named, named.definition.components[i], pieces[i]);
            all.push_back(named.modifier == "missing" ? make_missing_clause(context, component) : component_clause(context, component));
        }
        any.push_back(all_of(std::move(all)));
    }
    return any_of(std::move(any));
}

/// "combo-code-value-quantity" is "code-value-quantity" or "component-code-value-quantity".
Named other_composite(const Named& named, const std::string& code) {
    const TypeParameter* how = find_parameter(named.type, code);
    if (how == nullptr) throw Error(ErrorKind::internal, "record.composite", "a composite parameter has no parts");
    return {named.type, *how, *find_parameter(how->id), named.modifier, named.values};
}

}  // namespace

ClausePtr make_composite_clause(const SearchContext& context, const Named& named) {
    if (!named.modifier.empty() && named.modifier != "missing") throw_bad_modifier(named.definition.code, named.modifier);
    if (!named.modifier.empty()) check_missing_value(named);
    const std::string_view code = named.definition.code;
    constexpr std::string_view kCombo = "combo-";
    ClausePtr clause;
    if (code.starts_with(kCombo)) {
        const std::string rest(code.substr(kCombo.size()));
        std::vector<ClausePtr> either;
        either.push_back(resource_clause(context, other_composite(named, rest)));
        either.push_back(element_clause(context, other_composite(named, "component-" + rest)));
        clause = any_of(std::move(either));
    } else {
        clause = code.starts_with("code-value-") ? resource_clause(context, named) : element_clause(context, named);
    }
    if (named.modifier != "missing") return clause;
    if (named.values.front() == "true") return not_clause(std::move(clause));
    return clause;
}

}  // namespace qiao::record
