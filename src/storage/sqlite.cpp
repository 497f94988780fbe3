#include "base/error.hpp"
#include "base/log.hpp"
#include "storage/bulk.hpp"
#include "storage/checkpointer.hpp"
#include "storage/database.hpp"
#include "storage/page_cache.hpp"
#include "storage/wal_buffer.hpp"

#include <sqlite3.h>

#include <chrono>
#include <list>
#include <mutex>
#include <unordered_map>

namespace qiao::storage {
namespace {

constexpr std::size_t kStatementLimit = 300;
constexpr int kCopyPages = 512;       // of a backup at once
constexpr int kProgressSteps = 2000;  // virtual machine steps between two looks at the clock

using SteadyTime = std::chrono::steady_clock::time_point;

[[noreturn]] void fail(sqlite3* db, int code) {
    const int primary = code & 0xFF;
    if (primary == SQLITE_FULL) throw Error(ErrorKind::unavailable, "storage.full", "the disk is full");
    if (primary == SQLITE_INTERRUPT) throw Error(ErrorKind::unavailable, "record.budget", "the query took longer than allowed");
    // Its limits on statements: terms of a UNION, depth of an expression, arguments.
    const std::string_view message = sqlite3_errmsg(db);
    const bool over_limit = primary == SQLITE_TOOBIG || (primary == SQLITE_ERROR && (message.starts_with("too many") || message.find("too large") != message.npos ||
                                                                                       message.starts_with("parser stack overflow")));
    if (over_limit) throw Error(ErrorKind::invalid, "storage.too_complex", "the query is too complex");
    log::error("storage.sqlite", {{"code", std::int64_t{code}}, {"message", message}});
    const bool storage = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ||
                         primary == SQLITE_READONLY || primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
    if (storage) throw Error(ErrorKind::unavailable, "storage.failed", "the storage does not answer");
    throw Error(ErrorKind::internal, "storage.sql", sqlite3_errmsg(db));
}

/// A prepared statement and whether a cursor uses it now.
struct Prepared {
    std::string sql;
    sqlite3_stmt* statement = nullptr;
    bool busy = false;
    explicit Prepared(std::string_view text) : sql(text) {}
    ~Prepared() { sqlite3_finalize(statement); }
    Prepared(const Prepared&) = delete;
    Prepared& operator=(const Prepared&) = delete;
};
using PreparedPtr = std::shared_ptr<Prepared>;

/// Texts and blobs are bound without a copy: Value says how long they live.
void bind(sqlite3* db, sqlite3_stmt* statement, Values args) {
    int index = 0;
    for (const Value& arg : args) {
        ++index;
        int code = SQLITE_OK;
        if (const auto* integer = std::get_if<std::int64_t>(&arg)) {
            code = sqlite3_bind_int64(statement, index, *integer);
        } else if (const auto* text = std::get_if<std::string_view>(&arg)) {
            code = sqlite3_bind_text64(statement, index, text->data() != nullptr ? text->data() : "", text->size(), SQLITE_STATIC, SQLITE_UTF8);
        } else if (const auto* blob = std::get_if<Blob>(&arg)) {
            code = sqlite3_bind_blob64(statement, index, blob->bytes.data() != nullptr ? blob->bytes.data() : "", blob->bytes.size(), SQLITE_STATIC);
        } else if (const auto* real = std::get_if<double>(&arg)) {
            code = sqlite3_bind_double(statement, index, *real);
        } else {
            code = sqlite3_bind_null(statement, index);
        }
        if (code != SQLITE_OK) fail(db, code);
    }
}

class SqliteCursor : public CursorDriver {
public:
    SqliteCursor(sqlite3* db, PreparedPtr prepared) : db_(db), prepared_(std::move(prepared)) { prepared_->busy = true; }
    ~SqliteCursor() override {
        sqlite3_reset(prepared_->statement);
        sqlite3_clear_bindings(prepared_->statement);
        prepared_->busy = false;
    }
    SqliteCursor(const SqliteCursor&) = delete;
    SqliteCursor& operator=(const SqliteCursor&) = delete;

    [[nodiscard]] sqlite3_stmt* statement() const { return prepared_->statement; }
    bool next() override {
        const int code = sqlite3_step(prepared_->statement);
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) fail(db_, sqlite3_extended_errcode(db_));
        return false;
    }
    [[nodiscard]] bool is_null(int column) const override { return sqlite3_column_type(prepared_->statement, column) == SQLITE_NULL; }
    [[nodiscard]] std::int64_t integer(int column) const override { return sqlite3_column_int64(prepared_->statement, column); }
    [[nodiscard]] double real(int column) const override { return sqlite3_column_double(prepared_->statement, column); }
    [[nodiscard]] std::string_view text(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(prepared_->statement, column));
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(prepared_->statement, column))};
    }

private:
    sqlite3* db_;
    PreparedPtr prepared_;
};

class SqliteConnection : public Connection, public BulkInserter {
public:
    SqliteConnection(const std::string& file, int flags, const char* vfs) {
        const int code = sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | flags, vfs);
        if (code != SQLITE_OK) {
            sqlite3_close(db_);
            throw Error(ErrorKind::unavailable, "storage.failed", "the database cannot be opened");
        }
        sqlite3_extended_result_codes(db_, 1);
        sqlite3_busy_timeout(db_, 5000);
        sqlite3_progress_handler(db_, kProgressSteps, &SqliteConnection::over_time, this);
    }
    ~SqliteConnection() override {
        by_sql_.clear();
        recent_.clear();
        sqlite3_finalize(rollback_);
        if (checkpointer_ != nullptr) checkpointer_->keep_log_if_broken(db_);
        sqlite3_close(db_);
    }
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    using Connection::execute;
    using Connection::post;
    using Connection::query;

    Cursor query(std::string_view sql, Values args) override {
        PreparedPtr prepared = prepare(sql);
        auto cursor = std::make_unique<SqliteCursor>(db_, prepared);
        bind(db_, prepared->statement, args);
        return Cursor(std::move(cursor));
    }

    std::int64_t execute(std::string_view sql, Values args) override {
        SqliteCursor cursor(db_, prepare(sql));
        bind(db_, cursor.statement(), args);
        while (cursor.next()) {
        }
        return sqlite3_changes64(db_);
    }

    void post(std::string_view sql, Values args) override { execute(sql, args); }

    void insert(const Columns& into, Values rows) override {
        std::string sql = "INSERT INTO " + std::string(into.table) + "(" + std::string(into.names) + ") VALUES(?";
        for (std::size_t i = 1; i < into.count; ++i) sql += ",?";
        sql += ')';
        const SqliteCursor cursor(db_, prepare(sql));
        for (; !rows.empty(); rows = rows.subspan(into.count)) {
            bind(db_, cursor.statement(), rows.first(into.count));
            if (sqlite3_step(cursor.statement()) != SQLITE_DONE) fail(db_, sqlite3_extended_errcode(db_));
            sqlite3_reset(cursor.statement());
        }
    }

    /// A data folder belongs to one process and its file to one writer.
    bool begin_write() override {
        if (checkpointer_ != nullptr && checkpointer_->broken()) throw Error(ErrorKind::unavailable, "storage.failed", "the storage failed; writes are refused");
        execute("BEGIN IMMEDIATE");
        return true;
    }
    void commit() override { execute("COMMIT"); }
    void rollback() noexcept override {
        if (!in_transaction()) return;  // a full or failed disk ended it by itself
        if (rollback_ == nullptr) sqlite3_prepare_v3(db_, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &rollback_, nullptr);
        sqlite3_step(rollback_);
        sqlite3_reset(rollback_);
    }

    void script(std::string_view sql) override {
        const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) fail(db_, sqlite3_extended_errcode(db_));
    }

    void set_time_limit(int deadline_ms) override {
        limited_ = deadline_ms > 0;
        deadline_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(deadline_ms);
    }

    [[nodiscard]] bool in_transaction() const override { return sqlite3_get_autocommit(db_) == 0; }

    /// Through the engine's own backup: with the read transaction of a snapshot open it never starts again.
    void copy_to(const std::string& path) {
        sqlite3* copy = nullptr;
        const int opened = sqlite3_open_v2(path.c_str(), &copy, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
        const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closes(copy, sqlite3_close);
        if (opened != SQLITE_OK) throw Error(ErrorKind::unavailable, "storage.failed", "the copy of the database cannot be opened");
        sqlite3_extended_result_codes(copy, 1);
        sqlite3_exec(copy, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", nullptr, nullptr, nullptr);
        sqlite3_backup* backup = sqlite3_backup_init(copy, "main", db_, "main");
        if (backup == nullptr) fail(copy, sqlite3_extended_errcode(copy));
        int code = SQLITE_OK;
        while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) code = sqlite3_backup_step(backup, kCopyPages);
        sqlite3_backup_finish(backup);
        if (code != SQLITE_DONE) fail(copy, code);
    }

    /// As the writer's connection, of a file in WAL mode.
    void move_log_by(Checkpointer& checkpointer) {
        checkpointer_ = &checkpointer;
        const auto committed = [](void* self, sqlite3* db, const char*, int frames) {
            static_cast<Checkpointer*>(self)->committed(db, frames);
            return SQLITE_OK;
        };
        sqlite3_wal_hook(db_, committed, &checkpointer);
    }

private:
    static int over_time(void* self) {
        const auto* connection = static_cast<SqliteConnection*>(self);
        return connection->limited_ && std::chrono::steady_clock::now() > connection->deadline_ ? 1 : 0;
    }

    PreparedPtr prepare(std::string_view sql) {
        if (const auto found = by_sql_.find(sql); found != by_sql_.end() && !(*found->second)->busy) {
            recent_.splice(recent_.begin(), recent_, found->second);
            return recent_.front();
        }
        auto prepared = std::make_shared<Prepared>(sql);
        const int code =
            sqlite3_prepare_v3(db_, prepared->sql.data(), static_cast<int>(prepared->sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared->statement, nullptr);
        if (code != SQLITE_OK) fail(db_, code);
        if (by_sql_.contains(sql)) return prepared;  // its cached twin is running: this one lives for one use
        recent_.push_front(prepared);
        by_sql_.emplace(std::string_view(prepared->sql), recent_.begin());
        if (recent_.size() > kStatementLimit) {
            by_sql_.erase(std::string_view(recent_.back()->sql));
            recent_.pop_back();
        }
        return prepared;
    }

    sqlite3* db_ = nullptr;
    Checkpointer* checkpointer_ = nullptr;
    sqlite3_stmt* rollback_ = nullptr;
    std::list<PreparedPtr> recent_;
    std::unordered_map<std::string_view, std::list<PreparedPtr>::iterator> by_sql_;
    bool limited_ = false;
    SteadyTime deadline_{};
};

class SqliteDatabase : public Database {
public:
    SqliteDatabase(std::string file, Durability durability, std::vector<std::pair<std::string, std::string>> attach)
        : file_(std::move(file)),
          attach_(std::move(attach)),
          checkpointer_(file_),
          writer_(file_, SQLITE_OPEN_CREATE, durability == Durability::full ? wal_buffer_vfs() : nullptr) {
        // WAL once at creation; synchronous is a setting of each connection.
        writer_.script("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY");
        writer_.move_log_by(checkpointer_);
        writer_.script(durability == Durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        writer_.script("PRAGMA cache_size=-65536");
    }

    std::unique_ptr<Snapshot> read() override;
    Connection& write_connection() override { return writer_; }
    void migrate(std::span<const Migration> migrations) override;

    bool is_whole() override {
        const auto snapshot = read();
        {
            auto rows = (*snapshot)->query("PRAGMA integrity_check");
            if (!rows.next() || rows.text(0) != "ok") return false;
        }
        auto lost = (*snapshot)->query("PRAGMA foreign_key_check");
        return !lost.next();
    }

    [[nodiscard]] bool shared() const override { return false; }
    bool answers() override { return !checkpointer_.broken(); }

    void give_back(std::unique_ptr<SqliteConnection> connection) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(connection));
    }

private:
    std::unique_ptr<SqliteConnection> lend() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto connection = std::move(idle_.back());
                idle_.pop_back();
                return connection;
            }
        }
        auto connection = std::make_unique<SqliteConnection>(file_, 0, nullptr);
        // Pages are read, not mapped: SQLite maps anew for each snapshot that a write came before, and a page that the disk does not
        // give would end the process.
        connection->script("PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16384");
        for (const auto& [name, path] : attach_) {
            connection->execute("ATTACH DATABASE ? AS " + name, {std::string_view(path)});
        }
        return connection;
    }

    std::string file_;
    std::vector<std::pair<std::string, std::string>> attach_;
    Checkpointer checkpointer_;
    SqliteConnection writer_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<SqliteConnection>> idle_;
};

class SqliteSnapshot : public Snapshot {
public:
    SqliteSnapshot(SqliteDatabase& database, std::unique_ptr<SqliteConnection> connection) : database_(database), connection_(std::move(connection)) {
        connection_->execute("BEGIN", Values{});
    }
    ~SqliteSnapshot() override {
        connection_->set_time_limit(0);
        connection_->rollback();
        database_.give_back(std::move(connection_));
    }
    SqliteSnapshot(const SqliteSnapshot&) = delete;
    SqliteSnapshot& operator=(const SqliteSnapshot&) = delete;
    Connection& connection() override { return *connection_; }
    void pin() override { connection_->query("SELECT 1 FROM sqlite_schema LIMIT 1").next(); }
    void copy_to(const std::string& path) override { connection_->copy_to(path); }

private:
    SqliteDatabase& database_;
    std::unique_ptr<SqliteConnection> connection_;
};

std::unique_ptr<Snapshot> SqliteDatabase::read() { return std::make_unique<SqliteSnapshot>(*this, lend()); }

void SqliteDatabase::migrate(std::span<const Migration> migrations) {
    writer_.script("CREATE TABLE IF NOT EXISTS storage_schema(folder TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY(folder, version)) WITHOUT ROWID");
    for (const Migration& migration : migrations) {
        const auto known = [&] {
            auto rows = writer_.query("SELECT 1 FROM storage_schema WHERE folder = ? AND version = ?", {migration.folder, std::int64_t{migration.version}});
            return rows.next();
        };
        if (known()) continue;
        writer_.begin_write();
        writer_.script(migration.sql);
        writer_.execute("INSERT INTO storage_schema(folder, version) VALUES(?, ?)", {migration.folder, std::int64_t{migration.version}});
        writer_.commit();
    }
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& file, Durability durability, std::vector<std::pair<std::string, std::string>> attach) {
    count_engine_memory();
    return std::make_unique<SqliteDatabase>(file, durability, std::move(attach));
}

}  // namespace qiao::storage
