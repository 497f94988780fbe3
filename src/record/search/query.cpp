#include "record/search/query.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/search/clause.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace qiao::record {
namespace {

constexpr std::size_t kSortKeys = 10;
constexpr std::size_t kIncludeRules = 16;
constexpr std::array<std::string_view, 10> kResultParameters = {"_sort",       "_count",  "_total",  "_summary", "_include",
                                                                "_revinclude", "_cursor", "_format", "_pretty",  "_elements"};

std::string decoded(std::string_view text) {
    auto plain = percent_decode(text, true);
    if (!plain || !is_utf8(*plain)) throw Error(ErrorKind::invalid, "http.bad_query", "the query cannot be decoded");
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

void add_include(Query& out, std::string_view value, bool reverse) {
    const std::string_view name = reverse ? "_revinclude" : "_include";
    const auto pieces = split(value, ':');
    if (pieces.size() < 2 || pieces.size() > 3) throw_bad_value(name, "wants Type:parameter or Type:parameter:Type");
    IncludeRule rule{find_type(pieces[0]), std::string(pieces[1]), pieces.size() == 3 ? find_type(pieces[2]) : TypeId::none, reverse};
    if (rule.source == TypeId::none || (pieces.size() == 3 && rule.target == TypeId::none)) throw_bad_value(name, "names no resource type");
    if (rule.code != "*") {
        const TypeParameter* how = find_parameter(rule.source, rule.code);
        if (how == nullptr || find_parameter(how->id)->kind != ParamKind::reference) throw_bad_value(name, "names no reference parameter");
    }
    out.includes.push_back(std::move(rule));
    if (out.includes.size() > kIncludeRules) throw_bad_value(name, "appears more than 16 times");
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
        out.total = value != "none";
    } else if (name == "_summary") {
        if (value == "count")
            out.count_only = true;
        else if (value != "false")
            throw_bad_value("_summary", "is supported as count or false");
    } else if (name == "_include" || name == "_revinclude") {
        add_include(out, value, name == "_revinclude");
    } else if (name == "_cursor") {
        out.cursor = std::string(value);
    } else if (name == "_elements") {
        throw_bad_value("_elements", "is not supported");
    }
}

}  // namespace

bool is_result_parameter(std::string_view name) { return std::find(kResultParameters.begin(), kResultParameters.end(), name) != kResultParameters.end(); }

Query parse_query(std::string_view query) {
    Query out;
    std::size_t seen = 0;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        if (++seen > limits::kSearchParameters) {
            throw Error(ErrorKind::invalid, "record.too_many_parameters", "too many search parameters",
                        {{"too-costly", "", "a search has at most 64 parameters"}});
        }
        const std::size_t equals = pair.find('=');
        const std::string name = decoded(pair.substr(0, equals));
        const std::string value = equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
        if (is_result_parameter(name)) {
            add_result_parameter(out, name, value);
            if (name != "_cursor" && name != "_format" && name != "_pretty") out.applied.emplace_back(name, value);
        } else {
            out.filters.emplace_back(name, value);
            out.applied.emplace_back(name, value);
        }
    }
    return out;
}

std::string Query::identity(TypeId type) const {
    std::string text(type_name(type));
    for (const auto& [name, value] : filters) text += fmt::format("&{}={}", name, value);
    for (const SortKey& key : sort) text += fmt::format("&_sort={}{}", key.descending ? "-" : "", key.code);
    return text;
}

}  // namespace qiao::record
