#include "record/filter.hpp"

#include <fmt/format.h>

#include <limits>

namespace qiao::record {
namespace {

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
    if (keys.size() > kBoundKeys) return "IN (SELECT value FROM json_each(?))";
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

}  // namespace

Actor Actor::in_case(std::string_view id) const {
    Actor actor = *this;
    actor.case_id = std::string(id);
    return actor;
}

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
    filter.label_ceiling = std::numeric_limits<int>::max();
    return filter;
}

FilterSql::FilterSql(const ReadFilter& filter, std::string_view acl, std::string_view rid, Instant now, std::string_view schema)
    : grantees_(filter.grantees), organisations_(filter.organisations), ceiling_(filter.label_ceiling), now_ms_(to_ms(now)), scope_(filter.scope) {
    if (scope_ == ReadFilter::Scope::nothing) {
        condition_ = "1=0";
        return;
    }
    if (scope_ == ReadFilter::Scope::everything) {
        if (ceiling_ == std::numeric_limits<int>::max()) {
            condition_ = "1=1";
            return;
        }
        condition_ = fmt::format("EXISTS (SELECT 1 FROM {}aclset fa WHERE fa.id = {} AND fa.confidentiality <= ?)", schema, acl);
        return;
    }
    if (grantees_.size() > kBoundKeys) grantees_json_ = as_json(grantees_);
    if (organisations_.size() > kBoundKeys) organisations_json_ = as_json(organisations_);
    condition_ = fmt::format(
        "EXISTS (SELECT 1 FROM {0}aclset fa WHERE fa.id = {1} AND fa.confidentiality <= ? AND ("
        "(fa.patient_rid = 0 AND (fa.org = 0 OR fa.org {3}))"
        " OR (fa.patient_rid <> 0 AND EXISTS (SELECT 1 FROM {0}reach fr WHERE fr.patient_rid = fa.patient_rid AND fr.grantee {4}"
        " AND fr.starts_ms <= ? AND fr.ends_ms > ?))"
        " OR EXISTS (SELECT 1 FROM {0}reach_item fi WHERE fi.rid = {2} AND fi.grantee {4} AND fi.starts_ms <= ? AND fi.ends_ms > ?)))",
        schema, acl, rid, in_list(organisations_), in_list(grantees_));
}

void FilterSql::append_to(std::vector<storage::Value>& args) const {
    if (scope_ == ReadFilter::Scope::nothing) return;
    if (scope_ == ReadFilter::Scope::everything) {
        if (ceiling_ != std::numeric_limits<int>::max()) args.emplace_back(ceiling_);
        return;
    }
    args.emplace_back(ceiling_);
    append_keys(args, organisations_, organisations_json_);
    for (int place = 0; place < 2; ++place) {
        append_keys(args, grantees_, grantees_json_);
        args.emplace_back(now_ms_);
        args.emplace_back(now_ms_);
    }
}

}  // namespace qiao::record
