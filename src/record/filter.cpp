#include "record/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::record {
namespace {

constexpr std::array<std::string_view, 12> kLabels = {"PSY", "HIV", "GDIS", "ETH", "SUD", "SEX", "STD", "SDV", "CEL", "EMP", "R", "V"};

/// Up to this many keys are bound one by one, which spares reading JSON in every statement; the count is rounded up so
/// that few different statements exist.
constexpr std::size_t kBoundKeys = 8;

std::size_t rounded(std::size_t count) {
    for (const std::size_t size : {1, 2, 4, 8}) {
        if (count <= size) return size;
    }
    return 0;
}

std::string as_json(const std::vector<std::int64_t>& keys) { return fmt::format("[{}]", fmt::join(keys, ",")); }

/// "IN (?,?)" for few keys, else a JSON list in one argument.
std::string in_list(const std::vector<std::int64_t>& keys) {
    if (keys.size() > kBoundKeys) return "IN (SELECT CAST(value AS INTEGER) FROM json_each(?))";
    std::string text = "IN (?";
    for (std::size_t i = 1; i < rounded(keys.size()); ++i) text += ",?";
    return text + ")";
}

void append_keys(std::vector<storage::Value>& args, const std::vector<std::int64_t>& keys, const std::string& json) {
    if (keys.size() > kBoundKeys) {
        args.emplace_back(std::string_view(json));
        return;
    }
    for (std::size_t i = 0; i < rounded(keys.size()); ++i) args.emplace_back(keys.empty() ? std::int64_t{-1} : keys[std::min(i, keys.size() - 1)]);
}

/// What the rows of `reach` and `reach_item` have in common: whether row `{1}` opens acl `fa` to the caller. The sub-query without
/// a condition runs once a statement, so a network without denials pays nothing for them.
std::string opens(std::string_view schema, std::string_view row) {
    return fmt::format(
        " AND {1}.starts_ms <= ? AND {1}.ends_ms > ? AND (fa.labels = 0 OR fa.labels & ~({1}.label_bits | ({1}.right_bits & ?)) = 0)"
        " AND (NOT EXISTS (SELECT 1 FROM {0}reach_denied) OR {1}.beats_denial = 1"
        " OR NOT EXISTS (SELECT 1 FROM {0}reach_denied fd WHERE fd.patient_rid = fa.patient_rid AND fd.grantee = {1}.grantee))",
        schema, row);
}

}  // namespace

Actor Actor::in_case(std::string_view id) const {
    Actor actor = *this;
    actor.case_id = std::string(id);
    return actor;
}

std::span<const std::string_view> label_codes() { return kLabels; }

std::int64_t label_bit(std::string_view code) {
    const auto* found = std::find(kLabels.begin(), kLabels.end(), code);
    return found == kLabels.end() ? 0 : std::int64_t{1} << (found - kLabels.begin());
}

std::vector<std::string_view> codes_of(std::int64_t labels) {
    std::vector<std::string_view> codes;
    for (const std::string_view code : kLabels) {
        if ((labels & label_bit(code)) != 0) codes.push_back(code);
    }
    return codes;
}

std::int64_t personal_labels() { return label_bit("CEL") | label_bit("EMP"); }

Actor Actor::system(std::string_view purpose) {
    Actor actor;
    actor.name = "system";
    actor.role = "system";
    actor.purpose = std::string(purpose);
    return actor;
}

ReadFilter ReadFilter::system(std::string_view /*reason*/) {
    ReadFilter filter;
    filter.scope = Scope::everything;
    filter.labels = kEveryLabel;
    return filter;
}

FilterSql::FilterSql(const ReadFilter& filter, std::string_view acl, std::string_view rid, Instant now, std::string_view schema)
    : grantees_(filter.grantees), organisations_(filter.organisations), labels_(filter.labels), now_ms_(to_ms(now)), scope_(filter.scope) {
    if (scope_ == ReadFilter::Scope::nothing) {
        condition_ = "1=0";
        return;
    }
    if (scope_ == ReadFilter::Scope::everything) {
        if (labels_ == kEveryLabel) {
            condition_ = "1=1";
            return;
        }
        condition_ = fmt::format("EXISTS (SELECT 1 FROM {}aclset fa WHERE fa.id = {} AND fa.labels & ~? = 0)", schema, acl);
        return;
    }
    if (grantees_.size() > kBoundKeys) grantees_json_ = as_json(grantees_);
    if (organisations_.size() > kBoundKeys) organisations_json_ = as_json(organisations_);
    condition_ = fmt::format(
        "EXISTS (SELECT 1 FROM {0}aclset fa WHERE fa.id = {1} AND ("
        "(fa.patient_rid = 0 AND (fa.labels = 0 OR fa.labels & ~? = 0) AND (fa.org = 0 OR fa.org {3}))"
        " OR (fa.patient_rid <> 0 AND EXISTS (SELECT 1 FROM {0}reach fr WHERE fr.patient_rid = fa.patient_rid AND fr.grantee {4}{5}))"
        " OR EXISTS (SELECT 1 FROM {0}reach_item fi WHERE fi.rid = {2} AND fi.grantee {4}{6})))",
        schema, acl, rid, in_list(organisations_), in_list(grantees_), opens(schema, "fr"), opens(schema, "fi"));
}

void FilterSql::append_to(std::vector<storage::Value>& args) const {
    if (scope_ == ReadFilter::Scope::nothing) return;
    if (scope_ == ReadFilter::Scope::everything) {
        if (labels_ != kEveryLabel) args.emplace_back(labels_);
        return;
    }
    args.emplace_back(labels_);
    append_keys(args, organisations_, organisations_json_);
    for (int place = 0; place < 2; ++place) {
        append_keys(args, grantees_, grantees_json_);
        args.emplace_back(now_ms_);
        args.emplace_back(now_ms_);
        args.emplace_back(labels_);
    }
}

}  // namespace qiao::record
