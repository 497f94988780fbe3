#include "harness.hpp"
#include "record/definitions/tables.hpp"
#include "record/path/evaluate.hpp"
#include "record/store/rows.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>

/// Search against a plain evaluation of the official FHIRPath expressions over all resources: generated resources of every type,
/// every parameter of it. QIAO_SEED repeats a run.
namespace qiao::record::testing {
namespace {

using json::Value;

std::mt19937_64 made_random() {
    const char* given = std::getenv("QIAO_SEED");
    const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device{}();
    std::cout << "QIAO_SEED=" << seed << std::endl;
    return std::mt19937_64(seed);
}

/// Valid resources with values from small pools, so that searches find several.
class Generator {
public:
    explicit Generator(std::mt19937_64& random) : random_(random) {}

    Value resource(TypeId type, const std::string& id) {
        Value out = Value::object({{"resourceType", std::string(type_name(type))}, {"id", id}});
        fill(out, shape(shape_of(type)), 0);
        return out;
    }

private:
    bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
    template <class List>
    auto any(const List& list) {
        return *(std::begin(list) + static_cast<std::ptrdiff_t>(random_() % std::size(list)));
    }

    static bool is_left_out(std::string_view name) {
        for (const std::string_view one : {"id", "extension", "modifierExtension", "contained", "text", "implicitRules", "language", "meta", "comparator"}) {
            if (name == one) return true;
        }
        return false;
    }

    void fill(Value& out, const Shape& of, int depth) {
        for (std::size_t element = 0; element < of.element_names.size(); ++element) {
            std::vector<const Property*> variants;
            for (const Property& property : of.properties) {
                if (property.element == element && property.type != ValueType::resource) variants.push_back(&property);
            }
            if (variants.empty()) continue;
            const bool required = (of.required >> element & 1U) != 0;
            // A text of names is text; the narrative of resources is left out.
            const bool left_out = is_left_out(variants[0]->name) && !(variants[0]->name == "text" && variants[0]->type == ValueType::string);
            if (!required && (left_out || !chance(depth == 0 ? 70 : depth < 3 ? 50 : 5))) continue;
            const Property& property = *any(variants);
            if (property.repeats) {
                Value list = Value::array();
                const int count = chance(30) ? 2 : 1;
                for (int i = 0; i < count; ++i) list.push(value(property, of, depth));
                out.set(property.name, std::move(list));
            } else {
                out.set(property.name, value(property, of, depth));
            }
        }
    }

    std::string code(const Property& property) {
        if (property.binding == 0) return any(std::vector<std::string>{"one", "two", "three"});
        const tables::ValueSet& set = tables::kValueSets[property.binding];
        if (set.count == 0) return "one";
        return std::string(tables::kValueSetCodes[set.first + random_() % std::min<std::size_t>(set.count, 4)].code);
    }

    Value reference(const Property& property) {
        std::vector<TypeId> allowed;
        for (const TypeId type : all_types()) {
            if (targets_allow(property.targets, type)) allowed.push_back(type);
        }
        return Value::object({{"reference", fmt::format("{}/g{}", type_name(any(allowed)), random_() % 2)}});
    }

    Value value(const Property& property, const Shape& in, int depth) {
        switch (property.type) {
            case ValueType::object: {
                const Shape& of = shape(property.shape);
                if (of.is_reference) return reference(property);
                Value out = Value::object();
                fill(out, of, depth + 1);
                if (property.binding != 0) code_of_binding(out, property, of);
                if (of.name == "Period" && !out["start"].is_null() && !out["end"].is_null()) {
                    if (out["start"].text().substr(0, 10) > out["end"].text().substr(0, 10)) {
                        const Value start = out["start"];
                        out.set("start", out["end"]);
                        out.set("end", start);
                    }
                }
                if (out.size() == 0) {
                    const Property* first = nullptr;
                    for (const Property& one : of.properties) {
                        if (first == nullptr && !is_left_out(one.name) && one.type != ValueType::resource) first = &one;
                    }
                    Value made = value(*first, of, depth + 1);
                    if (first->repeats) made = Value::array({std::move(made)});
                    out.set(first->name, std::move(made));
                }
                return out;
            }
            case ValueType::boolean: return Value(chance(50));
            case ValueType::integer:
            case ValueType::unsigned_int:
            case ValueType::positive_int: return Value(static_cast<std::int64_t>(1 + random_() % 3));
            case ValueType::decimal: return Value::number(any(std::vector<std::string>{"1.5", "20", "3.25"}));
            case ValueType::code: return Value(code(property));
            case ValueType::id: return Value(any(std::vector<std::string>{"ida", "idb"}));
            case ValueType::uri:
            case ValueType::url:
            case ValueType::canonical: return Value(any(std::vector<std::string>{"http://example.org/a", "http://example.org/b"}));
            case ValueType::oid: return Value("urn:oid:1.2.3");
            case ValueType::uuid: return Value("urn:uuid:c757873d-ec9a-4326-a141-556f43239520");
            case ValueType::base64_binary: return Value("QUJD");
            case ValueType::date: return Value(any(std::vector<std::string>{"2026-03-04", "2026-05-06"}));
            case ValueType::date_time: return Value(any(std::vector<std::string>{"2026-03-04", "2026-03-04T10:00:00Z", "2026-05-06T10:00:00Z"}));
            case ValueType::instant: return Value(any(std::vector<std::string>{"2026-03-04T10:00:00Z", "2026-05-06T10:00:00Z"}));
            case ValueType::time: return Value("10:00:00");
            case ValueType::xhtml: return Value("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>");
            default:
                if (in.name == "SampledData" && property.name == "data") return Value("1 2 3");
                return Value(any(std::vector<std::string>{"Alpha One", "Beta", "Gamma"}));
        }
    }

    /// A required binding of a CodeableConcept or Coding.
    void code_of_binding(Value& out, const Property& property, const Shape& of) {
        const tables::ValueSet& set = tables::kValueSets[property.binding];
        if (set.count == 0) return;
        const tables::ValueSetCode& row = tables::kValueSetCodes[set.first];
        const Value coding = Value::object({{"system", std::string(tables::kSystems[row.system])}, {"code", std::string(row.code)}});
        if (of.name == "CodeableConcept")
            out.set("coding", Value::array({coding}));
        else if (of.name == "Coding")
            out = coding;
    }

    std::mt19937_64& random_;
};

// ---- the naive side ---------------------------------------------------------------------------------------------------

struct Range {
    double lo, hi;
};

/// What a parameter finds in a resource, by the text of the specification and nothing else.
struct Found {
    std::set<std::pair<std::string, std::string>> tokens;
    std::vector<std::string> texts;
    std::vector<Range> ranges;
    std::set<std::string> references;
};

std::string folded(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(c));
    return text;
}

constexpr double kOpen = std::numeric_limits<double>::infinity();

/// Hours since 2026-01-01 of the two forms that are generated; a date is a day in the zone of the centre, UTC+8.
Range day_range(const std::string& text) {
    const int month = std::stoi(text.substr(5, 2));
    const int day = std::stoi(text.substr(8, 2));
    constexpr int kDays[] = {0, 31, 59, 90, 120, 151};
    const double start = (kDays[month - 1] + day - 1) * 24.0;
    if (text.size() == 10) return {start - 8, start + 16};
    return {start + 10, start + 10 + 1 / 3600.0};
}

std::optional<Range> period_of(const Value& value) {
    const std::string start = value["start"].text();
    const std::string end = value["end"].text();
    if (start.empty() && end.empty()) return std::nullopt;
    return Range{start.empty() ? -kOpen : day_range(start).lo, end.empty() ? kOpen : day_range(end).hi};
}

double decimal_of(const Value& value, double otherwise) { return value.is_null() ? otherwise : std::stod(value.dump()); }

void add_dates(Found& found, const Value& value) {
    if (value.is_string()) {
        found.ranges.push_back(day_range(value.text()));
    } else if (!value["event"].is_null() || !value["repeat"].is_null() || !value["code"].is_null()) {
        std::optional<Range> limits;
        const auto widen = [&](Range one) { limits = limits ? Range{std::min(limits->lo, one.lo), std::max(limits->hi, one.hi)} : one; };
        for (const Value& event : value["event"].items()) widen(day_range(event.text()));
        if (const auto bounds = period_of(value["repeat"]["boundsPeriod"])) widen(*bounds);
        if (limits) found.ranges.push_back(*limits);
    } else if (const auto period = period_of(value)) {
        found.ranges.push_back(*period);
    }
}

void add_amounts(Found& found, const Value& value) {
    if (!value.is_object()) {
        const double number = std::stod(value.dump());
        found.ranges.push_back({number, number});
    } else if (!value["origin"].is_null()) {
        if (value["data"].is_null()) return;
        const double zero = decimal_of(value["origin"]["value"], 0);
        const double factor = decimal_of(value["factor"], 1);
        found.ranges.push_back({std::min(zero + factor, zero + 3 * factor), std::max(zero + factor, zero + 3 * factor)});
    } else if (!value["low"].is_null() || !value["high"].is_null()) {
        const Value& low = value["low"]["value"];
        const Value& high = value["high"]["value"];
        if (low.is_null() && high.is_null()) return;
        found.ranges.push_back({decimal_of(low, -kOpen), decimal_of(high, kOpen)});
    } else if (!value["value"].is_null()) {
        const double number = decimal_of(value["value"], 0);
        found.ranges.push_back({number, number});
    }
}

void add_tokens(Found& found, const Value& value, const std::string& shape_name) {
    if (shape_name == "CodeableConcept") {
        for (const Value& coding : value["coding"].items()) add_tokens(found, coding, "Coding");
    } else if (shape_name == "Coding") {
        if (!value["code"].is_null()) found.tokens.emplace(value["system"].text(), value["code"].text());
    } else if (value.is_object()) {
        if (!value["value"].is_null()) found.tokens.emplace(value["system"].text(), value["value"].text());
    } else {
        found.tokens.emplace("", value.is_string() ? value.text() : value.dump());
    }
}

void add_texts(Found& found, const Value& value, const std::string& shape_name) {
    const auto add = [&](const Value& one) {
        if (one.is_string()) found.texts.push_back(folded(one.text()));
        for (const Value& item : one.items()) found.texts.push_back(folded(item.text()));
    };
    if (value.is_string()) return add(value);
    if (shape_name == "HumanName") {
        for (const char* part : {"family", "given", "text", "prefix", "suffix"}) add(value[part]);
    } else if (shape_name == "Address") {
        for (const char* part : {"line", "city", "district", "state", "postalCode", "country", "text"}) add(value[part]);
    } else {
        add(value[shape_name == "ContactPoint" ? "value" : "text"]);
    }
}

Found found_in(const path::Collection& items, ParamKind kind, bool uri_alone) {
    Found found;
    for (const path::Item& item : items.items) {
        const auto* element = std::get_if<path::Element>(&item);
        if (element == nullptr) {
            if (const bool* truth = std::get_if<bool>(&item)) found.tokens.emplace("", *truth ? "true" : "false");
            continue;
        }
        if (element->value == nullptr || element->value->is_null()) continue;
        // FHIRPath's `as uri` takes a canonical too; in ConceptMap that is another parameter.
        if (uri_alone && element->type == ValueType::canonical) continue;
        const Value& value = *element->value;
        const std::string shape_name(element->type == ValueType::object ? shape(element->shape).name : "");
        switch (kind) {
            case ParamKind::token: add_tokens(found, value, shape_name); break;
            case ParamKind::string: add_texts(found, value, shape_name); break;
            case ParamKind::date:
                // An expression such as Goal.target.due may meet a Duration: no date.
                if (element->type == ValueType::date || element->type == ValueType::date_time || element->type == ValueType::instant ||
                    shape_name == "Period" || shape_name == "Timing")
                    add_dates(found, value);
                break;
            case ParamKind::number:
            case ParamKind::quantity: add_amounts(found, value); break;
            case ParamKind::uri: found.references.insert(value.text()); break;
            case ParamKind::reference:
                // Consent.source may be an Attachment.
                if (value.is_string() || shape_name == "Reference") found.references.insert(value.is_string() ? value.text() : value["reference"].text());
                break;
            default: break;
        }
    }
    return found;
}

/// A search and whether it should find a resource.
struct Question {
    std::string query;
    std::function<bool(const Found&)> matches;
};

std::string number_text(double number) { return fmt::format("{}", number); }

/// Questions that at least the resource of `from` answers, where it has a value.
std::vector<Question> questions_of(const std::string& code, ParamKind kind, const Found& from) {
    std::vector<Question> out;
    out.push_back({code + ":missing=true", [](const Found& f) { return f.tokens.empty() && f.texts.empty() && f.ranges.empty() && f.references.empty(); }});
    if (kind == ParamKind::token && !from.tokens.empty()) {
        const auto [system, token] = *from.tokens.begin();
        out.push_back({code + "=" + token, [token](const Found& f) {
                           return std::any_of(f.tokens.begin(), f.tokens.end(), [&](const auto& one) { return one.second == token; });
                       }});
        if (system.starts_with("http"))
            out.push_back({code + "=" + system + "|" + token, [system, token](const Found& f) { return f.tokens.contains({system, token}); }});
        out.push_back({code + ":not=" + token, [token](const Found& f) {
                           return std::none_of(f.tokens.begin(), f.tokens.end(), [&](const auto& one) { return one.second == token; });
                       }});
    }
    if (kind == ParamKind::string && !from.texts.empty()) {
        const std::string text = from.texts.front().substr(0, 4);
        out.push_back({code + "=" + text,
                       [text](const Found& f) { return std::any_of(f.texts.begin(), f.texts.end(), [&](const auto& one) { return one.starts_with(text); }); }});
    }
    const auto any_range = [](auto test) { return [test](const Found& f) { return std::any_of(f.ranges.begin(), f.ranges.end(), test); }; };
    if (kind == ParamKind::date && !from.ranges.empty()) {
        const Range day = day_range("2026-03-04");
        out.push_back({code + "=2026-03-04", any_range([day](const Range& r) { return r.lo >= day.lo && r.hi <= day.hi; })});
        out.push_back({code + "=gt2026-03-04", any_range([day](const Range& r) { return r.hi > day.hi; })});
        out.push_back({code + "=lt2026-03-04", any_range([day](const Range& r) { return r.lo < day.lo; })});
        out.push_back({code + "=sa2026-03-04", any_range([day](const Range& r) { return r.lo >= day.hi; })});
    }
    const bool amount = kind == ParamKind::number || kind == ParamKind::quantity;
    if (amount && !from.ranges.empty() && std::isfinite(from.ranges.front().lo)) {
        const double n = from.ranges.front().lo;
        out.push_back({code + "=ge" + number_text(n), any_range([n](const Range& r) { return r.hi >= n; })});
        out.push_back({code + "=lt" + number_text(n), any_range([n](const Range& r) { return r.lo < n; })});
    }
    if ((kind == ParamKind::reference || kind == ParamKind::uri) && !from.references.empty()) {
        const std::string target = *from.references.begin();
        if (!target.empty()) out.push_back({code + "=" + target, [target](const Found& f) { return f.references.contains(target); }});
    }
    return out;
}

std::map<std::string, std::string> official_expressions() {
    std::map<std::string, std::string> expressions;
    std::ifstream file("../shared/testdata/fhir/search-parameters.r4.ndjson");
    for (std::string line; std::getline(file, line);) {
        const auto entry = json::parse(line);
        if (entry) expressions[(*entry)["id"].text()] = (*entry)["expression"].text();
    }
    return expressions;
}

/// resolve() as the index has it: only the type in the reference is known.
class ByReference : public path::Outside {
public:
    const Value* resolve(std::string_view reference) const override {
        const std::size_t slash = reference.find('/');
        if (slash == std::string_view::npos || find_type(reference.substr(0, slash)) == TypeId::none) return nullptr;
        return &made_.try_emplace(std::string(reference), Value::object({{"resourceType", std::string(reference.substr(0, slash))}})).first->second;
    }
    std::optional<bool> member_of(const path::Item&, std::string_view) const override { return std::nullopt; }
    std::optional<bool> conforms_to(const path::Item&, std::string_view) const override { return std::nullopt; }

private:
    mutable std::map<std::string, Value, std::less<>> made_;
};

TEST(Oracle, every_parameter_finds_what_its_expression_finds) {
    const auto expressions = official_expressions();
    if (expressions.empty()) GTEST_SKIP() << "no shared/testdata/fhir beside the project";
    std::mt19937_64 random = made_random();
    Generator generator(random);
    Store store;
    const ByReference outside;
    constexpr int kEach = 6;
    std::map<std::string, std::map<std::string, Value>> resources;
    for (const TypeId type : all_types()) {
        auto work = store.begin();
        for (int i = 0; i < kEach; ++i) {
            const std::string id = fmt::format("g{}", i);
            Value made = generator.resource(type, id);
            try {
                work->create_text(made.dump());
            } catch (const Error& error) {
                for (const Issue& issue : error.issues()) ADD_FAILURE() << type_name(type) << " " << issue.expression << " " << issue.diagnostics;
                continue;
            }
            resources[std::string(type_name(type))].emplace(id, std::move(made));
        }
        work->commit();
    }
    int asked = 0;
    int misses = 0;
    std::set<std::string> wrong;
    for (const TypeId type : all_types()) {
        const std::string name(type_name(type));
        auto reader = store.read();
        for (const TypeParameter& how : parameters_of(type)) {
            const Parameter& parameter = *find_parameter(how.id);
            const auto expression = expressions.find(std::string(parameter.name));
            const bool own_test = parameter.kind == ParamKind::composite || parameter.kind == ParamKind::special;  // composite_test.cpp
            if (!parameter.indexed || own_test || expression == expressions.end() || expression->second.empty()) continue;
            const auto parsed = path::Expression::parse(expression->second);
            ASSERT_TRUE(parsed) << parameter.name;
            std::map<std::string, Found> found;
            for (const auto& [id, resource] : resources[name]) {
                path::Context context;
                context.outside = &outside;
                context.strictness = path::Strictness::lenient;
                found[id] = found_in(path::evaluate(*parsed, resource, context), parameter.kind, expression->second.ends_with(" as uri)"));
            }
            for (const std::string& from : {std::string("g0"), std::string("g1")}) {
                for (const Question& question : questions_of(std::string(parameter.code), parameter.kind, found[from])) {
                    std::set<std::string> expected;
                    for (const auto& [id, one] : found) {
                        if (question.matches(one)) expected.insert(id);
                    }
                    std::set<std::string> got;
                    for (const Match& match : reader->search(name, question.query + "&_count=100").matches) got.insert(match.resource.id);
                    ++asked;
                    if (got == expected) continue;
                    ++misses;
                    if (!wrong.insert(std::string(parameter.name)).second) continue;
                    std::string text;
                    for (const auto& [id, one] : found) {
                        if (expected.contains(id) != got.contains(id))
                            text += (expected.contains(id) ? " missing " : " too much ") + resources[name][id].dump();
                    }
                    ADD_FAILURE() << name << "?" << question.query << "  [" << expression->second.substr(0, 200) << "]" << text.substr(0, 1500);
                }
            }
        }
    }
    std::cout << asked << " searches, " << misses << " wrong" << std::endl;
    EXPECT_GT(asked, 5000);
}

}  // namespace
}  // namespace qiao::record::testing
