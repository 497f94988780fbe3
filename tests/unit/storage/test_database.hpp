#pragma once

#include "storage/database.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

/// The database of a test on the engine that the test program runs on: SQLite, or the PostgreSQL that tests/support/with_postgres
/// started (QIAO_TEST_POSTGRES is its URL).
namespace qiao::testing {

/// A file's folder is a database of its own there and the file's name without ".db" a schema of it. Databases of folders that are
/// gone are emptied and used again.
class PostgresForTests {
public:
    static PostgresForTests* instance() {
        static const std::unique_ptr<PostgresForTests> one(std::getenv("QIAO_TEST_POSTGRES") == nullptr ? nullptr : new PostgresForTests);
        return one.get();
    }

    std::string url_for(const std::string& folder) {
        const std::lock_guard lock(mutex_);
        if (const auto known = names_.find(folder); known != names_.end()) return url_of(known->second);
        const auto gone = std::find_if(names_.begin(), names_.end(), [](const auto& entry) { return !std::filesystem::exists(entry.first); });
        std::string name;
        if (gone != names_.end()) {
            name = gone->second;
            names_.erase(gone);
            empty(name);
        } else {
            for (const char c : folder) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::tolower(c)) : '_';
            if (!exists(name)) server_->write_connection().script("CREATE DATABASE " + name);
        }
        names_.emplace(folder, name);
        return url_of(name);
    }

private:
    static std::string url_of(const std::string& name) {
        std::string url = std::getenv("QIAO_TEST_POSTGRES");
        return url.replace(url.find("/postgres?"), 10, "/" + name + "?");
    }
    static void empty(const std::string& name) {
        storage::open_postgres(url_of(name), "tests", storage::Durability::full)
            ->write_connection()
            .script(
                "DO $body$DECLARE one record; BEGIN FOR one IN SELECT nspname AS name FROM pg_namespace WHERE nspname NOT LIKE 'pg%'"
                " AND nspname NOT IN ('information_schema', 'public') LOOP EXECUTE format('DROP SCHEMA %I CASCADE', one.name); END LOOP; END$body$");
    }
    /// Another process, of the same test, may have made it.
    bool exists(const std::string& name) {
        return server_->write_connection().query("SELECT 1 FROM pg_database WHERE datname = ?", {std::string_view(name)}).next();
    }

    std::unique_ptr<storage::Database> server_ = storage::open_postgres(std::getenv("QIAO_TEST_POSTGRES"), "tests", storage::Durability::full);
    std::mutex mutex_;
    std::map<std::string, std::string> names_;
};

inline bool on_postgres() { return PostgresForTests::instance() != nullptr; }

/// Bytes as a literal, for SQL that a test makes up.
inline std::string blob_literal(const std::string& hex) { return on_postgres() ? "'\\x" + hex + "'::bytea" : "x'" + hex + "'"; }

inline std::unique_ptr<storage::Database> open_database(const std::string& file, storage::Durability durability = storage::Durability::full) {
    if (!on_postgres()) return storage::open_sqlite(file, durability);
    const std::filesystem::path path(file);
    return storage::open_postgres(PostgresForTests::instance()->url_for(path.parent_path()), path.stem(), durability);
}

}  // namespace qiao::testing
