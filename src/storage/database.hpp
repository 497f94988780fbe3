#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// SQL behind one thin interface with two drivers, SQLite and PostgreSQL; what SQL both understand is said in dialect.hpp. A
/// Database is thread-safe and owns its connections; a Connection, a Cursor and a Snapshot belong to one thread at a time.
namespace qiao::storage {

struct Blob {
    std::string_view bytes;
};

/// A bound parameter. Text and blobs are views: they must live until the call returns, for query() until the cursor ends.
using Value = std::variant<std::monostate, std::int64_t, double, std::string_view, Blob>;
using Values = std::span<const Value>;

/// The driver's side of a running SELECT.
class CursorDriver {
public:
    virtual ~CursorDriver() = default;
    virtual bool next() = 0;
    [[nodiscard]] virtual bool is_null(int column) const = 0;
    [[nodiscard]] virtual std::int64_t integer(int column) const = 0;
    [[nodiscard]] virtual double real(int column) const = 0;
    [[nodiscard]] virtual std::string_view text(int column) const = 0;
};

/// A running SELECT: `while (rows.next()) use(rows.integer(0));`. Columns by position; views live until the next next().
/// Destroying it ends the statement. Reading NULL gives 0 or an empty text.
class Cursor {
public:
    explicit Cursor(std::unique_ptr<CursorDriver> driver) : driver_(std::move(driver)) {}
    bool next() { return driver_->next(); }
    [[nodiscard]] bool is_null(int column) const { return driver_->is_null(column); }
    [[nodiscard]] std::int64_t integer(int column) const { return driver_->integer(column); }
    [[nodiscard]] double real(int column) const { return driver_->real(column); }
    [[nodiscard]] std::string_view text(int column) const { return driver_->text(column); }  ///< also for blobs

private:
    std::unique_ptr<CursorDriver> driver_;
};

/// One connection with its cache of prepared statements. Placeholders are `?`. Failures throw Error: unavailable
/// "storage.full" (disk full), "storage.failed" (I/O), "storage.unreachable" (the server is away; the next transaction connects
/// again), "storage.busy" (another node held its turn too long), "record.budget" (interrupted), internal "storage.sql" for a bug.
class Connection {
public:
    virtual ~Connection() = default;
    virtual Cursor query(std::string_view sql, Values args) = 0;
    Cursor query(std::string_view sql, std::initializer_list<Value> args = {}) { return query(sql, Values(args.begin(), args.size())); }
    /// Returns the number of rows changed.
    virtual std::int64_t execute(std::string_view sql, Values args) = 0;
    std::int64_t execute(std::string_view sql, std::initializer_list<Value> args = {}) { return execute(sql, Values(args.begin(), args.size())); }
    /// As execute(), for changes of which nobody asks the outcome: a driver may send it with the statement after it, which then
    /// throws its failure.
    virtual void post(std::string_view sql, Values args) = 0;
    void post(std::string_view sql, std::initializer_list<Value> args = {}) { post(sql, Values(args.begin(), args.size())); }
    /// Starts a transaction; until it ends no other writer, on this or another node, changes anything, and it sees all that was
    /// committed before.
    /// @return whether nobody else committed since the last transaction of this connection
    virtual bool begin_write() = 0;
    /// Durable when it returns. Error(unavailable, "commit.unknown") when the server was lost meanwhile: it may be there or not.
    virtual void commit() = 0;
    /// Also where the transaction ended by itself or the server is away.
    virtual void rollback() noexcept = 0;
    /// Whether a transaction is open that a failed statement has not ended.
    [[nodiscard]] virtual bool in_transaction() const = 0;
    /// Several statements without parameters: DDL of migrations.
    virtual void script(std::string_view sql) = 0;
    /// Statements of this connection that run past `deadline_ms` from now are interrupted ("record.budget"); 0 = no limit.
    virtual void set_time_limit(int deadline_ms) = 0;
};

/// A lent connection with one consistent snapshot, given back on destruction. Keep it short (< 60 s): a reader that never
/// ends stops checkpoints. Never hold one while waiting for a commit.
class Snapshot {
public:
    virtual ~Snapshot() = default;
    virtual Connection& connection() = 0;
    Connection* operator->() { return &connection(); }
    /// What it shows is fixed from now on, not from its first read on.
    virtual void pin() = 0;
    /// Writes the whole database as this snapshot sees it to the new file `path`, which is not synced. Writers go on meanwhile.
    virtual void copy_to(const std::string& path) = 0;
};

struct Migration {
    std::string_view folder;  ///< whose tables: "record", "access", …
    int version;              ///< 1, 2, 3 … within the folder
    std::string_view sql;     ///< one transaction: a kill in the middle leaves the step undone
};

class Database {
public:
    virtual ~Database() = default;
    virtual std::unique_ptr<Snapshot> read() = 0;
    /// The one connection that writes. Only storage::Writer asks for it (and a file's own writer, as in imaging).
    virtual Connection& write_connection() = 0;
    /// Runs, in order, the migrations that the file has not seen. On start, before other threads.
    virtual void migrate(std::span<const Migration> migrations) = 0;
    /// Reads every page: whether the engine finds its file undamaged and every foreign key kept.
    virtual bool is_whole() = 0;
    /// Whether other nodes may write it too.
    [[nodiscard]] virtual bool shared() const = 0;
    /// Whether the engine answers and takes writes, seen within two seconds.
    virtual bool answers() = 0;
};

enum class Durability : std::uint8_t {
    full,         ///< synchronous=FULL: anything with records, access or audit
    rebuildable,  ///< synchronous=NORMAL: an index that can be rebuilt from packs
};

/// @param attach  name and path of databases that every *reader* attaches read-only, e.g. {"record", "…/record.db"}
std::unique_ptr<Database> open_sqlite(const std::string& file, Durability durability, std::vector<std::pair<std::string, std::string>> attach = {});

/// A schema of a PostgreSQL database, made when missing; other schemas of it are read as `name.table`, as with `attach`.
/// @param url  "postgres://user:password@host/database?…" or "key=value …" as libpq knows them
std::unique_ptr<Database> open_postgres(const std::string& url, const std::string& schema, Durability durability);

}  // namespace qiao::storage
