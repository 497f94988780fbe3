#include "record/feed/criteria.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "record/definitions/combined.hpp"
#include "record/definitions/contacts.hpp"
#include "record/extract/fold.hpp"
#include "record/search/clause.hpp"
#include "record/search/picked.hpp"
#include "record/search/query.hpp"
#include "record/search/ranges.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::record {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::invalid, "record.bad_criteria", "the criteria cannot be matched", {{"not-supported", "Subscription.criteria", why}});
}

/// The same comparisons as range_condition() writes in SQL.
template <class Bound>
bool holds(const RangeTest<Bound>& test, Bound lo, Bound hi) {
    constexpr bool kHalfOpen = std::is_same_v<Bound, std::int64_t>;
    const bool inside = lo >= test.lo && (kHalfOpen ? hi <= test.hi : hi < test.hi);
    switch (test.prefix) {
        case Prefix::eq: return inside;
        case Prefix::ne: return !inside;
        case Prefix::gt: return hi > test.hi;
        case Prefix::lt: return lo < test.lo;
        case Prefix::ge: return kHalfOpen ? hi > test.hi || inside : hi >= test.lo;
        case Prefix::le: return kHalfOpen ? lo < test.lo || inside : lo <= test.hi;
        case Prefix::sa: return kHalfOpen ? lo >= test.hi : lo > test.hi;
        case Prefix::eb: return kHalfOpen ? hi <= test.lo : hi < test.lo;
        case Prefix::ap: return kHalfOpen ? lo < test.hi && hi > test.lo : lo <= test.hi && hi >= test.lo;
    }
    return false;
}

template <class Row, class Holds>
bool any_row(const std::vector<Row>& rows, std::uint16_t param, Holds fits) {
    return std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.param == param && fits(row); });
}

bool has_any(const Rows& rows, std::uint16_t param) {
    const auto always = [](const auto&) { return true; };
    return any_row(rows.tokens, param, always) || any_row(rows.references, param, always) || any_row(rows.dates, param, always) ||
           any_row(rows.strings, param, always) || any_row(rows.quantities, param, always) || any_row(rows.numbers, param, always) ||
           any_row(rows.uris, param, always);
}

struct Text {
    std::string text;
    bool exact = false;
};

}  // namespace

class CriteriaCompiler {
public:
    using Test = Criteria::Test;
    CriteriaCompiler(const Core& core, TypeId type) : core_(core), type_(type) {}

    Test test(std::string_view name, std::string_view value) {
        if (name.starts_with("_has:") || name.find('.') != std::string_view::npos) refuse(fmt::format("\"{}\": chains and _has look at other resources", name));
        const std::size_t colon = name.find(':');
        const std::string_view code = name.substr(0, colon);
        const std::string_view modifier = colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
        const auto values = split_escaped(value, ',');
        if (values.size() > limits::kSearchOrValues) refuse(fmt::format("\"{}\" has more than 500 values", name));
        for (const std::string_view one : values) {
            if (one.empty() || one.size() > limits::kSearchValue_bytes) refuse(fmt::format("a value of \"{}\" is empty or longer than 2 KiB", name));
        }
        if (code == "_id" && modifier.empty()) return id_test(values);
        const TypeParameter* how = find_parameter(type_, code);
        const Parameter* definition = how == nullptr ? nullptr : find_parameter(how->id);
        if (definition == nullptr || !definition->indexed) refuse(fmt::format("\"{}\" is no parameter of {} that can be matched", name, type_name(type_)));
        if (!picked_system(how->id).empty()) return test(Picked({type_, *how, *definition, modifier, values}).of_telecom());
        if (!is_combined(how->id)) return test({type_, *how, *definition, modifier, values});
        std::vector<Test> either;
        for (const TypeParameter* part : parts_of_combined(type_, how->id)) either.push_back(test({type_, *part, *definition, modifier, values}));
        const bool both = modifier == "not" || (modifier == "missing" && value == "true");
        return [both, either](const Indexed& indexed, std::string_view id) {
            return both ? either[0](indexed, id) && either[1](indexed, id) : either[0](indexed, id) || either[1](indexed, id);
        };
    }

private:
    Test test(const Named& named) {
        const std::uint16_t param = number_of(named.how.id);
        const ParamKind kind = named.definition.kind;
        if (named.modifier == "missing" && kind != ParamKind::composite && kind != ParamKind::special) {
            check_missing_value(named);
            const bool missing = named.values.front() == "true";
            return [param, missing](const Indexed& indexed, std::string_view) { return has_any(indexed.rows, param) != missing; };
        }
        switch (kind) {
            case ParamKind::token: return token_test(named, param);
            case ParamKind::reference: return reference_test(named, param);
            case ParamKind::string: return string_test(named, param);
            case ParamKind::date: return date_test(named, param);
            case ParamKind::number: return number_tests(named, param);
            case ParamKind::quantity: return quantity_tests(named, param);
            case ParamKind::uri: return uri_test(named, param);
            case ParamKind::composite:
            case ParamKind::special: break;
        }
        refuse(fmt::format("\"{}\": composite and special parameters are not matched", named.definition.code));
    }

    static void only(const Named& named, std::initializer_list<std::string_view> modifiers) {
        if (named.modifier.empty() || std::find(modifiers.begin(), modifiers.end(), named.modifier) != modifiers.end()) return;
        refuse(fmt::format("\"{}:{}\": this modifier is not matched", named.definition.code, named.modifier));
    }

    static Test id_test(const std::vector<std::string_view>& values) {
        std::vector<std::string> ids(values.begin(), values.end());
        return [ids](const Indexed&, std::string_view id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); };
    }

    Test token_test(const Named& named, std::uint16_t param) {
        only(named, {"not", "text", "of-type"});
        if (named.modifier == "text") return string_test(named, param);
        std::vector<std::int64_t> hashes;
        for (const std::string_view value : named.values) {
            if (named.modifier != "of-type") {
                append_hashes(named, core_.hash(), value, hashes);
                continue;
            }
            const auto pieces = split_escaped(value, '|');
            if (pieces.size() != 3 || !named.how.has_identifier_type) refuse(fmt::format("\"{}:of-type\" wants system|type|value", named.definition.code));
            hashes.push_back(core_.hash().of_type(unescape(pieces[0]), unescape(pieces[1]), unescape(pieces[2])));
        }
        const bool negated = named.modifier == "not";
        return [param, hashes, negated](const Indexed& indexed, std::string_view) {
            const bool found =
                any_row(indexed.rows.tokens, param, [&](const TokenRow& row) { return std::find(hashes.begin(), hashes.end(), row.h) != hashes.end(); });
            return found != negated;
        };
    }

    Test reference_test(const Named& named, std::uint16_t param) {
        TypeId only_type = TypeId::none;
        if (!named.modifier.empty()) {
            only_type = find_type(named.modifier);
            if (only_type == TypeId::none) only(named, {});
        }
        std::vector<Target> targets;
        std::vector<std::string> bare_ids;
        std::vector<std::string> urls;
        for (const std::string_view value : named.values) {
            const std::string text = unescape(value);
            const ReferenceValue parsed = parse_reference(text, core_.base_url);
            if (parsed.form == ReferenceValue::Form::literal) {
                if (only_type == TypeId::none || parsed.target == only_type) targets.push_back({parsed.target, std::string(parsed.id)});
            } else if (text.find(':') != std::string::npos || text.find('/') != std::string::npos) {
                urls.push_back(text.substr(0, text.find('|')));
            } else if (only_type != TypeId::none) {
                targets.push_back({only_type, text});
            } else {
                bare_ids.push_back(text);
            }
        }
        return [=](const Indexed& indexed, std::string_view) {
            const auto refers = [&](const ReferenceRow& row) {
                return std::find(targets.begin(), targets.end(), row.target) != targets.end() ||
                       std::find(bare_ids.begin(), bare_ids.end(), row.target.id) != bare_ids.end();
            };
            const auto points = [&](const UriRow& row) { return std::find(urls.begin(), urls.end(), row.value) != urls.end(); };
            return any_row(indexed.rows.references, param, refers) || any_row(indexed.rows.uris, param, points);
        };
    }

    static Test string_test(const Named& named, std::uint16_t param) {
        only(named, {"exact", "contains", "text"});
        const bool exact = named.modifier == "exact";
        const bool contains = named.modifier == "contains";
        std::vector<Text> texts;
        for (const std::string_view value : named.values) {
            const std::string text = unescape(value);
            const std::string folded = fold_text(text);
            if (folded.empty()) refuse(fmt::format("\"{}\" has an empty value", named.definition.code));
            texts.push_back({std::string(index_text(exact ? std::string_view(text) : std::string_view(folded)))});
            if (!exact && compact(folded) != folded && !compact(folded).empty()) texts.push_back({std::string(index_text(compact(folded)))});
        }
        return [=](const Indexed& indexed, std::string_view) {
            return any_row(indexed.rows.strings, param, [&](const StringRow& row) {
                return std::any_of(texts.begin(), texts.end(), [&](const Text& one) {
                    if (exact) return row.exact == one.text;
                    return contains ? row.norm.find(one.text) != std::string::npos : row.norm.starts_with(one.text);
                });
            });
        };
    }

    Test date_test(const Named& named, std::uint16_t param) {
        only(named, {});
        std::vector<RangeTest<std::int64_t>> tests;
        for (std::string_view value : named.values) {
            RangeTest<std::int64_t> test;
            test.prefix = take_prefix(value);
            const auto range = parse_time_range(value, &core_.zone);
            if (!range) refuse(fmt::format("the value of \"{}\" is no date", named.definition.code));
            if (test.prefix == Prefix::ap) refuse(fmt::format("\"{}\": what is about a date changes with the time", named.definition.code));
            test.lo = range->lo_ms;
            test.hi = range->hi_ms;
            tests.push_back(test);
        }
        return [param, tests](const Indexed& indexed, std::string_view) {
            return any_row(indexed.rows.dates, param, [&](const DateRow& row) {
                return std::any_of(tests.begin(), tests.end(), [&](const auto& test) { return holds(test, row.lo, row.hi); });
            });
        };
    }

    static Test number_tests(const Named& named, std::uint16_t param) {
        only(named, {});
        std::vector<RangeTest<double>> tests;
        for (const std::string_view value : named.values) tests.push_back(number_test(named.definition.code, value));
        return [param, tests](const Indexed& indexed, std::string_view) {
            return any_row(indexed.rows.numbers, param, [&](const NumberRow& row) {
                return std::any_of(tests.begin(), tests.end(), [&](const auto& test) { return holds(test, row.lo, row.hi); });
            });
        };
    }

    static Test quantity_tests(const Named& named, std::uint16_t param) {
        only(named, {});
        std::vector<QuantityTest> tests;
        for (const std::string_view value : named.values) tests.push_back(quantity_test(named.definition.code, value));
        return [param, tests](const Indexed& indexed, std::string_view) {
            return any_row(indexed.rows.quantities, param, [&](const QuantityRow& row) {
                return std::any_of(tests.begin(), tests.end(), [&](const auto& test) { return row.unit == test.unit && holds(test.range, row.lo, row.hi); });
            });
        };
    }

    static Test uri_test(const Named& named, std::uint16_t param) {
        only(named, {"below"});
        const bool below = named.modifier == "below";
        std::vector<std::string> values;
        for (const std::string_view value : named.values) values.push_back(unescape(value));
        return [=](const Indexed& indexed, std::string_view) {
            return any_row(indexed.rows.uris, param, [&](const UriRow& row) {
                return std::any_of(values.begin(), values.end(), [&](const std::string& one) {
                    return row.value == one || (below && row.value.starts_with(one.ends_with('/') ? one : one + "/"));
                });
            });
        };
    }

    const Core& core_;
    const TypeId type_;
};

Criteria Criteria::compile(const Core& core, std::string_view text) {
    const std::size_t mark = text.find('?');
    Criteria criteria;
    criteria.type_ = find_type(text.substr(0, mark));
    if (criteria.type_ == TypeId::none) refuse("a resource type and '?' with search parameters are expected, as in Observation?code=8867-4");
    CriteriaCompiler compiler(core, criteria.type_);
    const std::string_view rest = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
    const Query query = parse_query(rest, false);
    if (query.applied.size() != query.filters.size() || !query.cursor.empty()) {
        refuse("parameters of the result (_sort, _count, _include and the like) have no meaning here");
    }
    for (const auto& [name, value] : query.filters) criteria.tests_.push_back(compiler.test(name, value));
    return criteria;
}

bool Criteria::matches(const Indexed& indexed, std::string_view id) const {
    return std::all_of(tests_.begin(), tests_.end(), [&](const Test& test) { return test(indexed, id); });
}

}  // namespace qiao::record
