#include "base/error.hpp"
#include "base/log.hpp"
#include "storage/dialect.hpp"
#include "storage/postgres_connection.hpp"

#include <mutex>
#include <thread>

namespace qiao::storage {
namespace {

constexpr int kOldestServer = 150000;
constexpr std::chrono::milliseconds kProbe{900};  // connecting again may take as long once more
constexpr int kSetupTries = 50;                   // nodes that start together make the schema one after the other

constexpr std::string_view kTables = R"sql(
CREATE TABLE storage_schema(folder TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY(folder, version));
-- The writer of a node changes this row first and so holds it for the length of its transaction.
CREATE TABLE storage_turn(id INTEGER PRIMARY KEY, n INTEGER NOT NULL) WITH (fillfactor = 10);
INSERT INTO storage_turn(id, n) VALUES(1, 0);
)sql";

/// Bodies are compressed already.
constexpr std::string_view kExternal = R"sql(
DO $body$DECLARE change record; BEGIN
  FOR change IN SELECT a.attrelid::regclass AS place, a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        AND a.atttypid = 'bytea'::regtype AND a.attstorage <> 'e' LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE EXTERNAL', change.place, change.name);
  END LOOP;
END$body$;
)sql";

class PostgresDatabase : public Database {
public:
    PostgresDatabase(const std::string& url, const std::string& schema, Durability durability)
        : schema_(schema),
          // Statements here are made for probes of indexes, some rows each: a hash or a merge of whole tables is a wrong guess, and a plan
          // with a scan of a small table is kept while the table grows.
          session_{url, "SET search_path TO " + schema +
                            "; SET jit = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET client_min_messages = warning; "},
          writer_(with(session_, std::string("SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '5s'; ") +
                                     (durability == Durability::full ? "" : "SET synchronous_commit = off"))) {
        session_ = with(session_, "SET idle_in_transaction_session_timeout = '120s'");
        if (durability == Durability::full) check_durable();
        make_schema();
    }

    std::unique_ptr<Snapshot> read() override;
    Connection& write_connection() override { return writer_; }
    void migrate(std::span<const Migration> migrations) override;

    /// The engine checks each page by its own checksum as it reads it; what it can tell besides is an index that was never finished.
    bool is_whole() override {
        const auto snapshot = read();
        auto rows = (*snapshot)->query(
            "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace");
        return !rows.next();
    }

    [[nodiscard]] bool shared() const override { return true; }

    /// A boundary.
    bool answers() override {
        const std::lock_guard lock(probe_mutex_);
        probe_.set_patience(kProbe);
        probe_.begin_snapshot();
        try {
            const bool answered = probe_.query("SELECT 1").next();
            probe_.rollback();
            return answered;
        } catch (const Error&) {
            probe_.rollback();
            return false;
        }
    }

    void give_back(std::unique_ptr<PostgresConnection> connection) {
        const std::lock_guard lock(mutex_);
        if (connection->idle())
            idle_.push_back(std::move(connection));
        else
            idle_.clear();  // the server went away: the others know it only at their next statement
    }

private:
    static PostgresOptions with(PostgresOptions options, std::string_view setup) {
        options.setup += setup;
        return options;
    }

    std::unique_ptr<PostgresConnection> lend() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) return std::make_unique<PostgresConnection>(session_);
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
    }

    std::string setting(const char* name) {
        auto rows = writer_.query("SELECT current_setting(?)", {std::string_view(name)});
        rows.next();
        return std::string(rows.text(0));
    }

    void check_durable() {
        const auto refuse = [](const std::string& why) {
            throw Error(ErrorKind::invalid, "storage.bad_server", "this PostgreSQL cannot hold records: " + why);
        };
        if (std::stoi(setting("server_version_num")) < kOldestServer) refuse("it is older than version 15");
        if (setting("server_encoding") != "UTF8") refuse("its encoding is not UTF8");
        for (const char* name : {"fsync", "full_page_writes"}) {
            if (setting(name) != "on") refuse(std::string(name) + " is off");
        }
        const std::string commit = setting("synchronous_commit");
        if (commit == "off" || commit == "local") refuse("synchronous_commit is " + commit);
    }

    bool has_schema() {
        auto rows = writer_.query("SELECT 1 WHERE to_regclass(?) IS NOT NULL", {std::string_view(schema_ + ".storage_turn")});
        return rows.next();
    }

    /// A boundary: when another node makes the schema in the same moment, one of both fails and looks again.
    void make_schema() {
        for (int attempt = 1; !has_schema(); ++attempt) {
            try {
                writer_.script("BEGIN; CREATE SCHEMA IF NOT EXISTS " + schema_ + ";" + std::string(kTables) + std::string(kPostgresFunctions) + "; COMMIT");
            } catch (const Error&) {
                writer_.script("ROLLBACK");
                if (attempt == kSetupTries) throw;
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
        }
    }

    std::string schema_;
    PostgresOptions session_;
    PostgresConnection writer_;
    std::mutex probe_mutex_;
    PostgresConnection probe_{session_};
    std::mutex mutex_;
    std::vector<std::unique_ptr<PostgresConnection>> idle_;
};

class PostgresSnapshot : public Snapshot {
public:
    PostgresSnapshot(PostgresDatabase& database, std::unique_ptr<PostgresConnection> connection) : database_(database), connection_(std::move(connection)) {
        connection_->begin_snapshot();
    }
    ~PostgresSnapshot() override {
        connection_->set_time_limit(0);
        connection_->rollback();
        database_.give_back(std::move(connection_));
    }
    PostgresSnapshot(const PostgresSnapshot&) = delete;
    PostgresSnapshot& operator=(const PostgresSnapshot&) = delete;
    Connection& connection() override { return *connection_; }
    void pin() override { connection_->query("SELECT 1").next(); }
    void copy_to(const std::string& /*path*/) override {
        throw Error(ErrorKind::invalid, "storage.backup_by_engine",
                    "a PostgreSQL database is backed up with its own tools (pg_basebackup and the WAL archive)");
    }

private:
    PostgresDatabase& database_;
    std::unique_ptr<PostgresConnection> connection_;
};

std::unique_ptr<Snapshot> PostgresDatabase::read() { return std::make_unique<PostgresSnapshot>(*this, lend()); }

void PostgresDatabase::migrate(std::span<const Migration> migrations) {
    struct Undo {
        Connection& connection;
        ~Undo() { connection.rollback(); }
    };
    for (const Migration& migration : migrations) {
        writer_.begin_write();  // one node at a time
        const Undo undo{writer_};
        {
            auto rows = writer_.query("SELECT 1 FROM storage_schema WHERE folder = ? AND version = ?", {migration.folder, std::int64_t{migration.version}});
            if (rows.next()) continue;
        }
        writer_.script(migration.sql);
        writer_.script(kExternal);
        writer_.execute("INSERT INTO storage_schema(folder, version) VALUES(?, ?)", {migration.folder, std::int64_t{migration.version}});
        writer_.commit();
    }
}

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url, const std::string& schema, Durability durability) {
    return std::make_unique<PostgresDatabase>(url, schema, durability);
}

}  // namespace qiao::storage
