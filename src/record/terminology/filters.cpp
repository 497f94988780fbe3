#include "record/terminology/filters.hpp"

#include "base/json_value.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace qiao::record::terminology {
namespace {

constexpr std::size_t kShown_bytes = 200;

/// What every code system has (R4: codesystem-concept-properties.html), by its hierarchy or its flags.
constexpr std::array<std::string_view, 9> kOwn = {"code", "concept", "display", "definition", "parent", "child", "inactive", "notSelectable", "abstract"};

bool is_code(std::string_view property) { return property == "code" || property == "concept"; }

}  // namespace

PreparedFilter::PreparedFilter(const CodeSystem& system, const ConceptFilter& filter) : system_(&system), property_(filter.property) {
    static constexpr std::array<std::pair<std::string_view, Op>, 9> kOps = {{{"is-a", Op::is_a},
                                                                             {"descendent-of", Op::descendent_of},
                                                                             {"is-not-a", Op::is_not_a},
                                                                             {"generalizes", Op::generalizes},
                                                                             {"=", Op::equal},
                                                                             {"in", Op::in},
                                                                             {"not-in", Op::not_in},
                                                                             {"regex", Op::regex},
                                                                             {"exists", Op::exists}}};
    const auto* found = std::ranges::find(kOps, filter.op, &std::pair<std::string_view, Op>::first);
    if (found == kOps.end()) {
        problem_ = fmt::format("the filter operator \"{}\" is not known", filter.op.substr(0, kShown_bytes));
        return;
    }
    op_ = found->second;
    if (std::ranges::find(kOwn, property_) == kOwn.end() && !system.declares(property_)) {
        problem_ = fmt::format("the code system {} has no property \"{}\"", system.url(), property_.substr(0, kShown_bytes));
        return;
    }
    switch (op_) {
        case Op::is_a:
        case Op::descendent_of:
        case Op::is_not_a:
        case Op::generalizes: prepare_hierarchy(filter.value); break;
        case Op::equal: wanted_.push_back(filter.value); break;
        case Op::in:
        case Op::not_in:
            for (const std::string_view one : split(filter.value, ',')) wanted_.emplace_back(trim(one));
            break;
        case Op::regex: {
            re2::RE2::Options options;
            options.set_log_errors(false);
            options.set_max_mem(1 << 20);
            regex_ = std::make_unique<re2::RE2>(filter.value, options);
            if (!regex_->ok()) problem_ = fmt::format("\"{}\" is no regular expression that RE2 takes", filter.value.substr(0, kShown_bytes));
            break;
        }
        case Op::exists:
            wants_existing_ = filter.value != "false";
            if (filter.value != "true" && filter.value != "false") problem_ = "the filter \"exists\" wants true or false";
            break;
    }
}

PreparedFilter::~PreparedFilter() = default;
PreparedFilter::PreparedFilter(PreparedFilter&&) noexcept = default;

void PreparedFilter::prepare_hierarchy(std::string_view value) {
    concept_ = is_code(property_) ? system_->find(value) : nullptr;
    if (!is_code(property_)) problem_ = fmt::format("hierarchy filters are of \"concept\", not of \"{}\"", property_);
    if (is_code(property_) && concept_ == nullptr) problem_ = fmt::format("{} has no code \"{}\"", system_->url(), value.substr(0, kShown_bytes));
}

std::vector<std::string> PreparedFilter::values_of(const Concept& one) const {
    std::vector<std::string> out;
    if (is_code(property_)) return {std::string(one.code)};
    if (property_ == "display") {
        if (!one.display.empty()) out.emplace_back(one.display);
        return out;
    }
    if (property_ == "inactive") return {one.is_inactive ? "true" : "false"};
    if (property_ == "notSelectable" || property_ == "abstract") return {one.is_abstract ? "true" : "false"};
    if (property_ == "parent") {
        for (const Concept* parent : system_->parents_of(one)) out.emplace_back(parent->code);
        return out;
    }
    if (property_ == "child") {
        for (const Concept& other : system_->concepts()) {
            if (system_->is_child(other, one)) out.emplace_back(other.code);
        }
        return out;
    }
    const auto extra = json::parse(one.extra.empty() ? "{}" : one.extra);
    if (!extra) return out;
    if (property_ == "definition") {
        if ((*extra)["definition"].is_string()) out.push_back((*extra)["definition"].text());
        return out;
    }
    for (const json::Value& row : (*extra)["property"].items()) {
        if (row["code"].text() != property_) continue;
        for (const auto& [name, value] : row.members()) {
            if (name.starts_with("value")) out.push_back(value.is_object() ? value["code"].text() : value.text());
        }
    }
    return out;
}

/// Below the filter's concept or it (`generalizes`: above).
bool PreparedFilter::is_related(const Concept& one) const {
    constexpr std::size_t kOften = 64;
    const bool above = op_ == Op::generalizes;
    if (related_.empty() && ++asked_ < kOften) return above ? system_->subsumes(one, *concept_) : system_->subsumes(*concept_, one);
    if (related_.empty()) related_ = above ? system_->all_above(*concept_) : system_->all_below(*concept_);
    return related_[static_cast<std::size_t>(&one - system_->concepts().data())];
}

bool PreparedFilter::passes(const Concept& one) const {
    switch (op_) {
        case Op::is_a:
        case Op::generalizes: return is_related(one);
        case Op::descendent_of: return &one != concept_ && is_related(one);
        case Op::is_not_a: return !is_related(one);
        default: break;
    }
    const auto values = values_of(one);
    const auto is_wanted = [&](const std::string& value) { return std::ranges::find(wanted_, value) != wanted_.end(); };
    switch (op_) {
        case Op::equal:
        case Op::in: return std::ranges::any_of(values, is_wanted);
        case Op::not_in: return std::ranges::none_of(values, is_wanted);
        case Op::regex: return std::ranges::any_of(values, [&](const std::string& value) { return re2::RE2::FullMatch(value, *regex_); });
        default: return values.empty() != wants_existing_;
    }
}

}  // namespace qiao::record::terminology
