#include "record/search/query.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/search/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace qiao::record {
namespace {

constexpr std::size_t kSortKeys = 10;
constexpr std::size_t kValues = 1'000;  // of all parameters together
constexpr std::size_t kIncludeRules = 16;
constexpr std::array<std::string_view, 13> kResultParameters = {
    "_sort",   "_count",  "_total",  "_summary",  "_include",  "_include:iterate", "_revinclude", "_revinclude:iterate",
    "_cursor", "_format", "_pretty", "_elements", "_contained"};

std::string decoded(std::string_view text) {
    auto plain = percent_decode(text, true);
    if (!plain || !is_utf8(*plain) || plain->find('\0') != std::string::npos) throw Error(ErrorKind::invalid, "http.bad_query", "the query cannot be decoded");
    return std::move(*plain);
}

void add_sort(Query& out, std::string_view value) {
    for (std::string_view key : split(value, ',')) {
        const bool descending = !key.empty() && key.front() == '-';
        if (descending) key.remove_prefix(1);
        if (key.empty()) throw_bad_value("_sort", "has an empty key");
        out.sort.push_back({std::string(key), descending});
    }
    if (out.sort.size() > kSortKeys) throw_bad_value("_sort", "has more than 10 keys");
}

void add_include(Query& out, std::string_view name, std::string_view value) {
    IncludeRule rule;
    rule.reverse = name.starts_with("_revinclude");
    rule.iterate = name.ends_with(":iterate");
    const auto pieces = split(value, ':');
    if (value == "*" && !rule.reverse) {
        rule.code = "*";
    } else {
        if (pieces.size() < 2 || pieces.size() > 3) throw_bad_value(name, "wants Type:parameter or Type:parameter:Type");
        rule.source = find_type(pieces[0]);
        rule.code = pieces[1];
        if (pieces.size() == 3) rule.target = find_type(pieces[2]);
        if (rule.source == TypeId::none || (pieces.size() == 3 && rule.target == TypeId::none)) throw_bad_value(name, "names no resource type");
    }
    out.includes.push_back(std::move(rule));
    if (out.includes.size() > kIncludeRules) throw_bad_value(name, "appears more than 16 times");
}

void add_types(Query& out, std::string_view value) {
    for (const std::string_view name : split(value, ',')) {
        const TypeId type = find_type(name);
        if (type == TypeId::none) throw_bad_value("_type", "names no resource type");
        if (std::find(out.types.begin(), out.types.end(), type) == out.types.end()) out.types.push_back(type);
    }
}

void add_count(Query& out, std::string_view value) {
    int count = -1;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    if (error != std::errc() || end != value.data() + value.size() || count < 0) throw_bad_value("_count", "is no number");
    out.count = std::min(count, limits::kSearchCountMax);
    if (count == 0) out.count_only = true;
}

void add_result_parameter(Query& out, std::string_view name, std::string_view value) {
    if (name == "_sort") {
        add_sort(out, value);
    } else if (name == "_count") {
        add_count(out, value);
    } else if (name == "_total") {
        if (value != "none" && value != "estimate" && value != "accurate") throw_bad_value("_total", "is none, estimate or accurate");
        // An estimate that is exact is allowed, and cheaper than a second way of counting.
        out.total = value == "none" ? Query::Total::none : Query::Total::accurate;
    } else if (name == "_summary") {
        if (value == "count")
            out.count_only = true;
        else if (value != "false" && value != "true" && value != "text" && value != "data")
            throw_bad_value("_summary", "is true, text, data, count or false");
    } else if (name.starts_with("_include") || name.starts_with("_revinclude")) {
        add_include(out, name, value);
    } else if (name == "_cursor") {
        out.cursor = std::string(value);
    } else if (name == "_contained" && value != "false") {
        throw_bad_value("_contained", "is supported as false");
    }
}

}  // namespace

bool is_result_parameter(std::string_view name) { return std::find(kResultParameters.begin(), kResultParameters.end(), name) != kResultParameters.end(); }

Query parse_query(std::string_view query, bool several_types) {
    Query out;
    std::size_t seen = 0;
    std::size_t values = 0;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        if (++seen > limits::kSearchParameters) {
            throw Error(ErrorKind::invalid, "record.too_many_parameters", "too many search parameters",
                        {{"too-costly", "", "a search has at most 64 parameters"}});
        }
        const std::size_t equals = pair.find('=');
        const std::string name = decoded(pair.substr(0, equals));
        const std::string value = equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
        if (several_types && name == "_type") {
            if (!out.types.empty()) throw_bad_value("_type", "appears twice");
            add_types(out, value);
            out.applied.emplace_back(name, value);
        } else if (is_result_parameter(name)) {
            add_result_parameter(out, name, value);
            if (name != "_cursor" && name != "_format" && name != "_pretty") out.applied.emplace_back(name, value);
        } else {
            values += split_escaped(value, ',').size();
            if (values > kValues) {
                throw Error(ErrorKind::invalid, "record.too_many_parameters", "too many search values",
                            {{"too-costly", parameter_place(name), "a search has at most 1,000 values in all"}});
            }
            out.filters.emplace_back(name, value);
            out.applied.emplace_back(name, value);
        }
    }
    return out;
}

std::string Query::identity(std::string_view place) const {
    std::string text(place);
    for (const TypeId type : types) text += fmt::format("&_type={}", type_name(type));
    for (const auto& [name, value] : filters) text += fmt::format("&{}={}", name, value);
    for (const SortKey& key : sort) text += fmt::format("&_sort={}{}", key.descending ? "-" : "", key.code);
    return text;
}

}  // namespace qiao::record
