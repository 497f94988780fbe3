#include "base/digest.hpp"
#include "record/bulk/job.hpp"

#include <fmt/format.h>

namespace qiao::record::bulk {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, kind, owner_key, filter_digest, node, state, request, ask, source, t, created_ms, ended_ms, expires_ms, at_type, at_id, at_offset, at_line,"
    " at_entry, at_outcomes, done, total, written, failed, error FROM bulk_job";

Job row_of(const storage::Cursor& rows) {
    Job job;
    job.id = std::string(rows.text(0));
    job.kind = rows.text(1) == code_of(Kind::imports) ? Kind::imports : Kind::exports;
    job.owner = std::string(rows.text(2));
    job.filter_digest = std::string(rows.text(3));
    job.node = std::string(rows.text(4));
    job.state = std::string(rows.text(5));
    job.request = std::string(rows.text(6));
    job.ask = std::string(rows.text(7));
    job.source = std::string(rows.text(8));
    job.t = rows.integer(9);
    job.created_ms = rows.integer(10);
    job.ended_ms = rows.integer(11);
    job.expires_ms = rows.integer(12);
    job.place = {rows.integer(13), std::string(rows.text(14)), rows.integer(15), rows.integer(16), rows.integer(17), rows.integer(18)};
    job.done = rows.integer(19);
    job.total = rows.integer(20);
    job.written = rows.integer(21);
    job.failed = rows.integer(22);
    job.error = std::string(rows.text(23));
    return job;
}

std::vector<Job> rows_of(storage::Cursor rows) {
    std::vector<Job> jobs;
    while (rows.next()) jobs.push_back(row_of(rows));
    return jobs;
}

std::optional<Job> first_of(storage::Cursor rows) {
    if (!rows.next()) return std::nullopt;
    return row_of(rows);
}

}  // namespace

std::string_view code_of(Kind kind) { return kind == Kind::exports ? "export" : "import"; }

std::string digest_of(const ReadFilter& filter) {
    std::vector<std::int64_t> grantees = filter.grantees;
    std::vector<std::int64_t> organisations = filter.organisations;
    std::sort(grantees.begin(), grantees.end());
    std::sort(organisations.begin(), organisations.end());
    return sha256(fmt::format("{}:{}:{}:{}", static_cast<int>(filter.scope), fmt::join(grantees, ","), fmt::join(organisations, ","), filter.labels));
}

std::optional<Job> find(storage::Connection& connection, std::string_view id) {
    return first_of(connection.query(std::string(kColumns) + " WHERE id = ?", {id}));
}

std::vector<Job> jobs_of(storage::Connection& connection, std::string_view owner) {
    return rows_of(connection.query(std::string(kColumns) + " WHERE (? = '' OR owner_key = ?) ORDER BY created_ms DESC, id DESC", {owner, owner}));
}

std::optional<Job> next(storage::Connection& connection, Kind kind, std::string_view node) {
    return first_of(connection.query(std::string(kColumns) + " WHERE kind = ? AND node = ? AND state = 'running' ORDER BY created_ms, id LIMIT 1",
                                     {code_of(kind), node}));
}

std::vector<File> files_of(storage::Connection& connection, std::string_view id) {
    std::vector<File> files;
    auto rows = connection.query("SELECT name, kind, type, lines, resources, bytes FROM bulk_file WHERE job = ? ORDER BY n", {id});
    while (rows.next()) {
        files.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)), rows.integer(3), rows.integer(4), rows.integer(5)});
    }
    return files;
}

std::int64_t bytes_of(storage::Connection& connection, std::string_view node) {
    auto rows = connection.query("SELECT CAST(coalesce(sum(f.bytes), 0) AS INTEGER) FROM bulk_file f JOIN bulk_job j ON j.id = f.job WHERE j.node = ? AND j.state <> 'failed'", {node});
    return rows.next() ? rows.integer(0) : 0;
}

void insert(storage::Group& group, const Job& job) {
    group.connection().execute(
        "INSERT INTO bulk_job(id, kind, owner_key, filter_digest, node, state, request, ask, source, t, created_ms, ended_ms, expires_ms, at_type, at_id,"
        " at_offset, at_line, at_entry, at_outcomes, done, total, written, failed, error)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, 0, 0, 0, 0, ?, 0, 0, '')",
        {std::string_view(job.id), code_of(job.kind), std::string_view(job.owner), storage::Blob{job.filter_digest}, std::string_view(job.node),
         std::string_view(job.state), std::string_view(job.request), std::string_view(job.ask), std::string_view(job.source), job.t, job.created_ms,
         storage::Blob{job.place.id}, job.total});
}

bool advance(storage::Group& group, const Job& job) {
    return group.connection().execute(
               "UPDATE bulk_job SET at_type = ?, at_id = ?, at_offset = ?, at_line = ?, at_entry = ?, at_outcomes = ?, done = ?, total = ?, written = ?,"
               " failed = ? WHERE id = ? AND state = 'running'",
               {job.place.type, storage::Blob{job.place.id}, job.place.offset, job.place.line, job.place.entry, job.place.outcomes, job.done, job.total,
                job.written, job.failed, std::string_view(job.id)}) == 1;
}

void put_file(storage::Group& group, std::string_view job, const File& file) {
    group.connection().execute(
        "INSERT INTO bulk_file(job, name, n, kind, type, lines, resources, bytes)"
        " VALUES(?, ?, (SELECT count(*) + 1 FROM bulk_file o WHERE o.job = ?), ?, ?, ?, ?, ?)"
        " ON CONFLICT(job, name) DO UPDATE SET lines = excluded.lines, resources = excluded.resources, bytes = excluded.bytes",
        {job, std::string_view(file.name), job, std::string_view(file.kind), std::string_view(file.type), file.lines, file.resources, file.bytes});
}

bool end(storage::Group& group, const Job& job) {
    return group.connection().execute("UPDATE bulk_job SET state = ?, error = ?, ended_ms = ?, expires_ms = ? WHERE id = ? AND state = 'running'",
                                      {std::string_view(job.state), std::string_view(job.error), job.ended_ms, job.expires_ms, std::string_view(job.id)}) == 1;
}

void remove(storage::Group& group, std::string_view id) {
    group.connection().execute("DELETE FROM bulk_file WHERE job = ?", {id});
    group.connection().execute("DELETE FROM bulk_job WHERE id = ?", {id});
}

}  // namespace qiao::record::bulk
