#include "record/store/index_jobs.hpp"

#include "record/definitions/combined.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace qiao::record {
namespace {

IndexJobs::List read_jobs(storage::Connection& connection) {
    IndexJobs::List jobs;
    auto rows = connection.query("SELECT type, param, position FROM index_job ORDER BY type, param");
    while (rows.next()) {
        jobs.push_back({type_of_number(static_cast<std::uint32_t>(rows.integer(0))), ParamId{static_cast<std::uint16_t>(rows.integer(1))}, rows.integer(2)});
    }
    return jobs;
}

bool same(const IndexJob& a, const IndexJob& b) { return a.type == b.type && a.param == b.param; }

}  // namespace

std::shared_ptr<const IndexJobs::List> IndexJobs::open() const {
    const std::lock_guard lock(mutex_);
    return open_;
}

void IndexJobs::publish(List jobs) {
    auto made = std::make_shared<const List>(std::move(jobs));
    const std::lock_guard lock(mutex_);
    open_ = std::move(made);
}

void IndexJobs::load(storage::Connection& connection) {
    now_ = read_jobs(connection);
    publish(now_);
}

void IndexJobs::changed(storage::Group& group) {
    group.on_commit([this, jobs = now_] { publish(jobs); });
    group.on_rollback([this] { now_ = *open(); });
}

void IndexJobs::set(storage::Group& group, const List& jobs) {
    if (jobs.empty()) return;
    for (const IndexJob& job : jobs) {
        group.connection().execute(
            "INSERT INTO index_job(type, param, position) VALUES(?, ?, ?) ON CONFLICT(type, param) DO UPDATE SET position = excluded.position",
            {std::int64_t{number_of(job.type)}, std::int64_t{number_of(job.param)}, job.position});
        const auto found = std::find_if(now_.begin(), now_.end(), [&](const IndexJob& one) { return same(one, job); });
        if (found == now_.end())
            now_.push_back(job);
        else
            found->position = job.position;
    }
    changed(group);
}

void IndexJobs::done(storage::Group& group, const List& jobs) {
    for (const IndexJob& job : jobs) {
        group.connection().execute("DELETE FROM index_job WHERE type = ? AND param = ?",
                                   {std::int64_t{number_of(job.type)}, std::int64_t{number_of(job.param)}});
        std::erase_if(now_, [&](const IndexJob& one) { return same(one, job); });
    }
    changed(group);
}

namespace {

/// What each extractor version changed, beside new parameters of the definitions.
bool is_changed(const Parameter& parameter, TypeId /*type*/, std::uint32_t since) {
    // 2: composites and positions have rows. 3: what two others have together has none.
    return (since < 2 && (parameter.kind == ParamKind::composite || parameter.kind == ParamKind::special)) || (since < 3 && is_combined(parameter.id));
}

}  // namespace

std::vector<ParamId> changed_parameters(TypeId type, std::uint32_t since) {
    std::vector<ParamId> changed;
    for (const TypeParameter& how : parameters_of(type)) {
        const Parameter& parameter = *find_parameter(how.id);
        if (parameter.indexed && is_changed(parameter, type, since)) changed.push_back(how.id);
    }
    return changed;
}

bool clear_rows(storage::Connection& connection, TypeId type, ParamId param) {
    struct Table {
        std::string_view name, key;
    };
    constexpr std::array<Table, 9> kTables = {{{"tok", "h, d, rid"},
                                               {"ref", "target_rid, d, rid"},
                                               {"dt", "lo, hi, rid"},
                                               {"str", "norm, rid, exact"},
                                               {"qty", "unit_id, lo, hi, rid"},
                                               {"num", "lo, hi, rid"},
                                               {"uri", "v, rid"},
                                               {"cmp", "part, h, lo, hi, rid, n"},
                                               {"near", "z, x, y, rid"}}};
    constexpr std::int64_t kRows = 5000;
    const std::int64_t type_number = number_of(type);
    const std::int64_t param_number = number_of(param);
    for (const Table& table : kTables) {
        const std::string sql =
            fmt::format("DELETE FROM {0} WHERE type = ? AND param = ? AND ({1}) IN (SELECT {1} FROM {0} WHERE type = ? AND param = ? LIMIT {2})", table.name,
                        table.key, kRows);
        if (connection.execute(sql, {type_number, param_number, type_number, param_number}) >= kRows) return true;
    }
    return false;
}

}  // namespace qiao::record
