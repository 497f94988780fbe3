#include "record/store/index_jobs.hpp"

#include "record/definitions/combined.hpp"
#include "record/definitions/contacts.hpp"
#include "record/store/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>

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
bool is_changed(const Parameter& parameter, const TypeParameter& how, std::uint32_t since) {
    // 2: composites and positions have rows. 3: what two others have together has none. 4: codes, contacts and quantities have one row each.
    if (since < 2 && (parameter.kind == ParamKind::composite || parameter.kind == ParamKind::special)) return true;
    if (since < 3 && is_combined(parameter.id)) return true;
    return since < 4 && (has_token_parts(how) || is_contact(how) || parameter.kind == ParamKind::quantity);
}

}  // namespace

std::vector<ParamId> changed_parameters(TypeId type, std::uint32_t since) {
    std::vector<ParamId> changed;
    for (const TypeParameter& how : parameters_of(type)) {
        const Parameter& parameter = *find_parameter(how.id);
        if (parameter.indexed && is_changed(parameter, how, since)) changed.push_back(how.id);
    }
    return changed;
}

namespace {

struct ClearedTable {
    std::string_view name, key;  ///< the columns of the key behind type and param
    std::string_view kinds;      ///< of these columns: i integer, r real, t text
};
constexpr std::array<ClearedTable, 9> kClearedTables = {{{"tok", "h, d, rid", "iii"},
                                                         {"ref", "target_rid, d, rid", "iii"},
                                                         {"dt", "lo, hi, rid", "iii"},
                                                         {"str", "norm, rid, exact", "tit"},
                                                         {"qty", "unit_id, lo, hi, rid", "irri"},
                                                         {"num", "lo, hi, rid", "rri"},
                                                         {"uri", "v, rid", "ti"},
                                                         {"cmp", "part, h, lo, hi, rid, n", "iirrii"},
                                                         {"near", "z, x, y, rid", "rrri"}}};

/// Everything up to the 5,000th row: one range of the key, which both engines find in the index whatever they know of the table.
/// @return whether more may be left
bool clear_some(storage::Connection& connection, const ClearedTable& table, std::int64_t type, std::int64_t param) {
    constexpr std::int64_t kRows = 5000;
    std::string sql = fmt::format("DELETE FROM {} WHERE type = ? AND param = ?", table.name);
    std::vector<storage::Value> args{type, param};
    std::deque<std::string> texts;
    {
        auto rows = connection.query(fmt::format("SELECT {0} FROM {1} WHERE type = ? AND param = ? ORDER BY {0} LIMIT 1 OFFSET ?", table.key, table.name),
                                     {type, param, kRows});
        if (rows.next()) {
            std::string marks;
            for (std::size_t i = 0; i < table.kinds.size(); ++i) {
                const int column = static_cast<int>(i);
                marks += i == 0 ? "?" : ",?";
                if (table.kinds[i] == 'i')
                    args.emplace_back(rows.integer(column));
                else if (table.kinds[i] == 'r')
                    args.emplace_back(rows.real(column));
                else
                    args.emplace_back(std::string_view(texts.emplace_back(rows.text(column))));
            }
            sql += fmt::format(" AND ({}) < ({})", table.key, marks);
        }
    }
    connection.execute(sql, args);
    return args.size() > 2;
}

}  // namespace

bool clear_rows(storage::Connection& connection, TypeId type, ParamId param) {
    return std::any_of(kClearedTables.begin(), kClearedTables.end(),
                       [&](const ClearedTable& table) { return clear_some(connection, table, number_of(type), number_of(param)); });
}

}  // namespace qiao::record
