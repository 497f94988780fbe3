// What the engines do with rows alone, without HTTP, validation or access: the measure that the figures of the record are held
// against. One JSON line a phase:
//   record_bare RECORD.db FOLDER [postgres://…]
// "plain" commits a resource of 0.7 kB with 8 index rows, one a transaction. "same" inserts the rows of the first resources of
// RECORD.db (a data folder's record.db; - = none), table by table as the record has them, in groups of 1, 8, 64 and 1,000 resources.

#include <libpq-fe.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Field = std::variant<std::monostate, std::int64_t, double, std::string>;

constexpr std::int64_t kResources = 20'000;
constexpr double kSeconds = 4;

struct Row {
    std::size_t table = 0;
    std::vector<Field> fields;
};
struct Table {
    std::string name, columns, sql;
    std::vector<std::string> types;
};

[[noreturn]] void stop(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(1);
}

void run(sqlite3* db, const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) stop(sql + ": " + sqlite3_errmsg(db));
}

sqlite3_stmt* prepare(sqlite3* db, const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) stop(sql + ": " + sqlite3_errmsg(db));
    return statement;
}

sqlite3* open(const std::string& path, bool fresh) {
    if (fresh) {
        for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
    }
    sqlite3* db = nullptr;
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) stop("cannot open " + path);
    if (fresh) run(db, "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000");
    return db;
}

/// Groups of work, timed: `each(i)` writes resource i; begin and commit around `group` of them.
void timed(const std::string& phase, std::int64_t group, std::int64_t limit, const std::function<void()>& begin, const std::function<void(std::int64_t)>& each,
           const std::function<void()>& commit) {
    std::vector<double> commits;
    const auto start = Clock::now();
    const auto elapsed = [](Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); };
    std::int64_t done = 0;
    while (done < limit && elapsed(start) < kSeconds) {
        const auto from = Clock::now();
        begin();
        for (std::int64_t i = 0; i < group && done < limit; ++i) each(done++);
        commit();
        commits.push_back(elapsed(from));
    }
    std::sort(commits.begin(), commits.end());
    std::printf("{\"phase\":\"%s\",\"group\":%lld,\"n\":%lld,\"per_s\":%.0f,\"commit_p50_ms\":%.3f}\n", phase.c_str(), static_cast<long long>(group),
                static_cast<long long>(done), static_cast<double>(done) / elapsed(start), commits[commits.size() / 2] * 1e3);
    std::fflush(stdout);
}

std::uint64_t mixed(std::uint64_t n) {
    n += 0x9E3779B97F4A7C15ULL;
    n = (n ^ (n >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    n = (n ^ (n >> 27U)) * 0x94D049BB133111EBULL;
    return n ^ (n >> 31U);
}

void plain_sqlite(const std::string& folder) {
    sqlite3* db = open(folder + "/bare_plain.db", true);
    run(db,
        "CREATE TABLE res(rid INTEGER PRIMARY KEY, type INT, id BLOB, t INT, body BLOB); CREATE UNIQUE INDEX res_id ON res(type, id);"
        "CREATE TABLE tok(type INT, param INT, h INT, rid INT, PRIMARY KEY(type, param, h, rid)) WITHOUT ROWID;"
        "CREATE TABLE ref(param INT, target INT, type INT, rid INT, PRIMARY KEY(param, target, type, rid)) WITHOUT ROWID;"
        "CREATE TABLE dt(type INT, param INT, lo INT, hi INT, rid INT, PRIMARY KEY(type, param, lo, rid)) WITHOUT ROWID");
    sqlite3_stmt* res = prepare(db, "INSERT INTO res VALUES(?, 1, ?, ?, ?)");
    sqlite3_stmt* tok = prepare(db, "INSERT INTO tok VALUES(1, ?, ?, ?)");
    sqlite3_stmt* ref = prepare(db, "INSERT INTO ref VALUES(?, ?, 1, ?)");
    sqlite3_stmt* dt = prepare(db, "INSERT INTO dt VALUES(1, 1, ?, ?, ?)");
    const std::string body(700, 'x');
    const auto three = [&](sqlite3_stmt* statement, std::int64_t a, std::int64_t b, std::int64_t c) {
        sqlite3_bind_int64(statement, 1, a);
        sqlite3_bind_int64(statement, 2, b);
        sqlite3_bind_int64(statement, 3, c);
        if (sqlite3_step(statement) != SQLITE_DONE) stop(sqlite3_errmsg(db));
        sqlite3_reset(statement);
    };
    timed(
        "sqlite_plain", 1, kResources, [&] { run(db, "BEGIN IMMEDIATE"); },
        [&](std::int64_t i) {
            const std::uint64_t id[2] = {mixed(static_cast<std::uint64_t>(i)), mixed(static_cast<std::uint64_t>(-i))};
            sqlite3_bind_int64(res, 1, i + 1);
            sqlite3_bind_blob(res, 2, id, sizeof id, SQLITE_STATIC);
            sqlite3_bind_int64(res, 3, i);
            sqlite3_bind_blob(res, 4, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
            if (sqlite3_step(res) != SQLITE_DONE) stop(sqlite3_errmsg(db));
            sqlite3_reset(res);
            const auto hash = [&](std::int64_t n) { return static_cast<std::int64_t>(mixed(static_cast<std::uint64_t>(n))); };
            for (std::int64_t k = 0; k < 5; ++k) three(tok, k, hash(i % 12 + k), i);
            for (std::int64_t k = 0; k < 2; ++k) three(ref, k, hash(i + k) & 1023, i);
            three(dt, hash(i) & 0xFFFFFFFF, hash(i) & 0xFFFFFFFF, i);
        },
        [&] { run(db, "COMMIT"); });
    for (sqlite3_stmt* statement : {res, tok, ref, dt}) sqlite3_finalize(statement);
    sqlite3_close(db);
}

/// The rows of the first resources, by resource.
struct Corpus {
    std::vector<Table> tables;
    std::vector<std::string> schema;  ///< of the tables and their indexes, for SQLite
    std::vector<std::vector<Row>> resources;
};

Field field_of(sqlite3_stmt* statement, int column) {
    switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, column)};
        case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
        case SQLITE_NULL: return std::monostate{};
        default:
            return std::string(static_cast<const char*>(sqlite3_column_blob(statement, column)), static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
}

Corpus load(const std::string& path) {
    Corpus corpus;
    sqlite3* db = open(path, false);
    std::map<std::int64_t, std::size_t> places;
    sqlite3_stmt* rids = prepare(db, "SELECT rid FROM res WHERE state = 0 ORDER BY rid LIMIT ?");
    sqlite3_bind_int64(rids, 1, kResources);
    while (sqlite3_step(rids) == SQLITE_ROW) places.emplace(sqlite3_column_int64(rids, 0), places.size());
    sqlite3_finalize(rids);
    corpus.resources.resize(places.size());
    for (const char* name : {"res", "tok", "pat", "ref", "dt", "str", "qty", "num", "uri", "cmp", "near", "outbox"}) {
        const std::string text(name);
        sqlite3_stmt* ddl = prepare(db, "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC");
        sqlite3_bind_text(ddl, 1, name, -1, SQLITE_STATIC);
        while (sqlite3_step(ddl) == SQLITE_ROW) corpus.schema.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(ddl, 0)));
        sqlite3_finalize(ddl);
        std::string every = "SELECT * FROM ";
        every += text;
        sqlite3_stmt* rows = prepare(db, every);
        Table table{text, "", "INSERT INTO ", {}};
        table.sql += text + " VALUES(";
        int rid = -1;
        for (int i = 0; i < sqlite3_column_count(rows); ++i) {
            table.columns += (i > 0 ? "," : "") + std::string(sqlite3_column_name(rows, i));
            table.sql += i > 0 ? ",?" : "?";
            table.types.emplace_back(sqlite3_column_decltype(rows, i));
            if (std::string(sqlite3_column_name(rows, i)) == "rid") rid = i;
        }
        table.sql += ")";
        while (sqlite3_step(rows) == SQLITE_ROW) {
            const auto place = places.find(sqlite3_column_int64(rows, rid));
            if (place == places.end()) continue;
            Row row{corpus.tables.size(), {}};
            for (int i = 0; i < sqlite3_column_count(rows); ++i) row.fields.push_back(field_of(rows, i));
            corpus.resources[place->second].push_back(std::move(row));
        }
        sqlite3_finalize(rows);
        corpus.tables.push_back(std::move(table));
    }
    sqlite3_close(db);
    std::size_t count = 0;
    for (const auto& rows : corpus.resources) count += rows.size();
    std::printf("{\"phase\":\"rows\",\"resources\":%zu,\"rows_a_resource\":%.1f}\n", corpus.resources.size(),
                static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(corpus.resources.size(), 1)));
    return corpus;
}

void same_sqlite(const Corpus& corpus, const std::string& folder, std::int64_t group) {
    sqlite3* db = open(folder + "/bare_same.db", true);
    for (const std::string& sql : corpus.schema) run(db, sql);
    std::vector<sqlite3_stmt*> statements;
    for (const Table& table : corpus.tables) statements.push_back(prepare(db, table.sql));
    timed(
        "sqlite_same", group, static_cast<std::int64_t>(corpus.resources.size()), [&] { run(db, "BEGIN IMMEDIATE"); },
        [&](std::int64_t i) {
            for (const Row& row : corpus.resources[static_cast<std::size_t>(i)]) {
                sqlite3_stmt* statement = statements[row.table];
                for (std::size_t k = 0; k < row.fields.size(); ++k) {
                    const int at = static_cast<int>(k) + 1;
                    if (const auto* integer = std::get_if<std::int64_t>(&row.fields[k])) sqlite3_bind_int64(statement, at, *integer);
                    else if (const auto* real = std::get_if<double>(&row.fields[k])) sqlite3_bind_double(statement, at, *real);
                    else if (const auto* bytes = std::get_if<std::string>(&row.fields[k])) {
                        if (corpus.tables[row.table].types[k] == "TEXT") sqlite3_bind_text(statement, at, bytes->data(), static_cast<int>(bytes->size()), SQLITE_STATIC);
                        else sqlite3_bind_blob(statement, at, bytes->data(), static_cast<int>(bytes->size()), SQLITE_STATIC);
                    } else sqlite3_bind_null(statement, at);
                }
                if (sqlite3_step(statement) != SQLITE_DONE) stop(sqlite3_errmsg(db));
                sqlite3_reset(statement);
            }
        },
        [&] { run(db, "COMMIT"); });
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
    sqlite3_close(db);
}

// ---- PostgreSQL -----------------------------------------------------------------------------------------------------

class Server {
public:
    explicit Server(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
        if (PQstatus(connection_) != CONNECTION_OK) stop(PQerrorMessage(connection_));
    }
    ~Server() { PQfinish(connection_); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void run(const std::string& sql) {
        PGresult* result = PQexec(connection_, sql.c_str());
        const ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) stop(sql + ": " + PQerrorMessage(connection_));
        PQclear(result);
    }
    void copy(const std::string& into, const std::string& rows) {
        if (rows.empty()) return;
        run("COPY " + into + " FROM STDIN");
        PQputCopyData(connection_, rows.data(), static_cast<int>(rows.size()));
        PQputCopyEnd(connection_, nullptr);
        while (PGresult* result = PQgetResult(connection_)) {
            if (PQresultStatus(result) != PGRES_COMMAND_OK) stop(into + ": " + PQerrorMessage(connection_));
            PQclear(result);
        }
    }

private:
    PGconn* connection_;
};

std::string copied(const Field& field, const std::string& type) {
    if (const auto* integer = std::get_if<std::int64_t>(&field)) return std::to_string(*integer);
    if (const auto* real = std::get_if<double>(&field)) {
        char text[40];
        std::snprintf(text, sizeof text, "%.17g", *real);
        return text;
    }
    const auto* bytes = std::get_if<std::string>(&field);
    if (bytes == nullptr) return "\\N";
    std::string text;
    if (type == "BLOB") {
        text = "\\\\x";
        for (const char c : *bytes) {
            text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
            text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
        }
        return text;
    }
    for (const char c : *bytes) {
        if (c == '\\' || c == '\t' || c == '\n' || c == '\r') text += '\\';
        text += c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c;
    }
    return text;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

void same_postgres(const Corpus& corpus, const std::string& url, std::int64_t group) {
    Server server(url);
    server.run("SET client_min_messages = warning; DROP SCHEMA IF EXISTS bare CASCADE; CREATE SCHEMA bare; SET search_path TO bare");
    for (std::string sql : corpus.schema) {
        replace_all(sql, "WITHOUT ROWID", "");
        replace_all(sql, "INTEGER", "bigint");
        replace_all(sql, "BLOB", "bytea");
        replace_all(sql, "REAL", "double precision");
        replace_all(sql, "TEXT", "text COLLATE \"C\"");
        server.run(sql);
    }
    std::vector<std::string> rows(corpus.tables.size());
    timed(
        "postgres_same", group, static_cast<std::int64_t>(corpus.resources.size()),
        [&] {
            server.run("BEGIN");
            for (std::string& text : rows) text.clear();
        },
        [&](std::int64_t i) {
            for (const Row& row : corpus.resources[static_cast<std::size_t>(i)]) {
                std::string& text = rows[row.table];
                for (std::size_t k = 0; k < row.fields.size(); ++k) text += (k > 0 ? "\t" : "") + copied(row.fields[k], corpus.tables[row.table].types[k]);
                text += '\n';
            }
        },
        [&] {
            for (std::size_t i = 0; i < rows.size(); ++i) server.copy(corpus.tables[i].name, rows[i]);
            server.run("COMMIT");
        });
    server.run("DROP SCHEMA bare CASCADE");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) stop("record_bare RECORD.db FOLDER [postgres://…]");
    const std::string folder = argv[2];
    plain_sqlite(folder);
    if (std::string(argv[1]) == "-") return 0;
    const Corpus corpus = load(argv[1]);
    for (const std::int64_t group : {1, 8, 64, 1000}) {
        if (argc > 3)
            same_postgres(corpus, argv[3], group);
        else
            same_sqlite(corpus, folder, group);
    }
    return 0;
}
