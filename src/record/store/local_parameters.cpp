#include "record/store/local_parameters.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace qiao::record {
namespace {

constexpr std::int64_t kChanges = std::numeric_limits<std::uint16_t>::max() - kFirstLocalNumber;

std::int64_t stored_version(storage::Connection& connection) {
    auto rows = connection.query("SELECT value FROM setting WHERE name = 'local_parameters'");
    if (!rows.next()) return 0;
    std::int64_t version = 0;
    const std::string_view text = rows.text(0);
    std::from_chars(text.data(), text.data() + text.size(), version);
    return version;
}

bool has_resources(storage::Connection& connection, TypeId type) {
    auto rows = connection.query("SELECT 1 FROM res WHERE type = ? AND state = 0 LIMIT 1", {std::int64_t{number_of(type)}});
    return rows.next();
}

/// A copy with this number, whose views are its own.
LocalParameterPtr numbered(const LocalParameter& parameter, ParamId number, std::int64_t rid) {
    auto made = std::make_shared<LocalParameter>(parameter);
    made->number = number;
    made->rid = rid;
    made->parameter = {number, made->kind, made->code, made->code, made->targets, {}, true};
    // The element may repeat, and which kinds of values it yields is seen only when they are there: any form of a token is looked up.
    made->how = {number, true, false, true, true, true, true, true, {}};
    return made;
}

}  // namespace

bool LocalParameter::finds_the_same(const LocalParameter& other) const {
    return code == other.code && kind == other.kind && bases == other.bases && targets == other.targets && expression_text == other.expression_text;
}

LocalParameters::LocalParameters(std::int64_t version, std::vector<LocalParameterPtr> all) : version_(version), all_(std::move(all)) {
    for (const LocalParameterPtr& one : all_) {
        for (const TypeId type : one->bases) by_type_[type].push_back(one);
    }
}

std::shared_ptr<const LocalParameters> LocalParameters::load(storage::Connection& connection) {
    std::vector<LocalParameterPtr> all;
    {
        auto rows = connection.query("SELECT param, rid, definition FROM local_parameter ORDER BY param");
        while (rows.next()) {
            const auto kept = json::parse(rows.text(2));
            const auto parameter = kept ? read_local_parameter(*kept) : nullptr;
            if (!parameter) throw Error(ErrorKind::internal, "record.index_damaged", "a kept search parameter cannot be read");
            all.push_back(numbered(*parameter, ParamId{static_cast<std::uint16_t>(rows.integer(0))}, rows.integer(1)));
        }
    }
    return std::make_shared<const LocalParameters>(stored_version(connection), std::move(all));
}

const std::vector<LocalParameterPtr>& LocalParameters::of(TypeId type) const {
    static const std::vector<LocalParameterPtr> kNone;
    const auto found = by_type_.find(type);
    return found == by_type_.end() ? kNone : found->second;
}

const LocalParameter* LocalParameters::find(TypeId type, std::string_view code) const {
    for (const LocalParameterPtr& one : of(type)) {
        if (one->code == code) return one.get();
    }
    return nullptr;
}

const LocalParameter* LocalParameters::find(ParamId number) const {
    for (const LocalParameterPtr& one : all_) {
        if (one->number == number) return one.get();
    }
    return nullptr;
}

const TypeParameter* find_parameter(const LocalParameters* local, TypeId type, ParamId param) {
    if (!is_local(param)) return find_parameter(type, param);
    const LocalParameter* found = local == nullptr ? nullptr : local->find(param);
    return found == nullptr ? nullptr : &found->how;
}

std::shared_ptr<const LocalParameters> LocalParameterList::open() const {
    const std::lock_guard lock(mutex_);
    return open_;
}

void LocalParameterList::publish(std::shared_ptr<const LocalParameters> parameters) {
    const std::lock_guard lock(mutex_);
    open_ = std::move(parameters);
}

void LocalParameterList::load(storage::Connection& connection) {
    if (stored_version(connection) == now_->version()) return;
    now_ = LocalParameters::load(connection);
    publish(now_);
}

void LocalParameterList::change(storage::Group& group, std::vector<LocalParameterPtr> all) {
    now_ = std::make_shared<const LocalParameters>(now_->version() + 1, std::move(all));
    group.connection().execute("INSERT INTO setting(name, value) VALUES('local_parameters', ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                               {storage::Blob{std::to_string(now_->version())}});
    group.on_commit([this, now = now_] { publish(now); });
    group.on_rollback([this] { now_ = open(); });
}

void LocalParameterList::put(storage::Group& group, std::int64_t rid, const std::shared_ptr<const LocalParameter>& wanted, IndexJobs& jobs) {
    storage::Connection& connection = group.connection();
    std::vector<LocalParameterPtr> all = now_->all();
    const auto at = std::find_if(all.begin(), all.end(), [&](const LocalParameterPtr& one) { return one->rid == rid; });
    const LocalParameterPtr before = at == all.end() ? nullptr : *at;
    if (before == nullptr && wanted == nullptr) return;
    if (before && wanted && before->text == wanted->text) return;
    if (before) all.erase(at);
    if (now_->version() >= kChanges) throw Error(ErrorKind::conflict, "record.too_many_search_parameters", "search parameters were changed too often");
    IndexJobs::List ordered;
    ParamId number{static_cast<std::uint16_t>(kFirstLocalNumber + now_->version())};
    const bool same_rows = before && wanted && before->finds_the_same(*wanted);
    if (same_rows) number = before->number;
    if (before) {
        connection.execute("DELETE FROM local_parameter WHERE param = ?", {std::int64_t{number_of(before->number)}});
        for (const TypeId type : before->bases) {
            if (!same_rows) ordered.push_back({type, before->number, kRemoving});
        }
    }
    if (wanted) {
        if (all.size() >= kLocalParameters)
            throw Error(ErrorKind::conflict, "record.too_many_search_parameters", fmt::format("a centre defines at most {} search parameters", kLocalParameters));
        for (const TypeId type : wanted->bases) {
            if (std::any_of(all.begin(), all.end(), [&](const LocalParameterPtr& one) {
                    return one->code == wanted->code && std::find(one->bases.begin(), one->bases.end(), type) != one->bases.end();
                })) {
                throw Error(ErrorKind::invalid, "record.bad_search_parameter", "the code is taken",
                            {{"duplicate", "SearchParameter.code", fmt::format("another SearchParameter defines \"{}\" of {}", wanted->code, type_name(type))}});
            }
            if (!same_rows && has_resources(connection, type)) ordered.push_back({type, number, 0});
        }
        connection.execute("INSERT INTO local_parameter(param, rid, definition) VALUES(?, ?, ?)",
                           {std::int64_t{number_of(number)}, rid, std::string_view(wanted->text)});
        all.push_back(numbered(*wanted, number, rid));
    }
    change(group, std::move(all));  // before the jobs: who sees a job knows its parameter
    jobs.set(group, ordered);
}

}  // namespace qiao::record
