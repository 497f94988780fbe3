#pragma once

#include "storage/database.hpp"

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

/// A file's folder is a database of its own there and the file's name without ".db" a schema of it. Those of folders that are
/// gone are dropped.
class PostgresForTests {
public:
    static PostgresForTests* instance() {
        static const std::unique_ptr<PostgresForTests> one(std::getenv("QIAO_TEST_POSTGRES") == nullptr ? nullptr : new PostgresForTests);
        return one.get();
    }

    std::string url_for(const std::string& folder) {
        const std::lock_guard lock(mutex_);
        std::string name;
        for (const char c : folder) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? static_cast<char>(std::tolower(c)) : '_';
        if (!names_.contains(folder)) {
            for (auto old = names_.begin(); old != names_.end();) {
                if (std::filesystem::exists(old->first)) {
                    ++old;
                    continue;
                }
                run("DROP DATABASE IF EXISTS " + old->second + " WITH (FORCE)");
                old = names_.erase(old);
            }
            if (!exists(name)) run("CREATE DATABASE " + name);
            names_.emplace(folder, name);
        }
        std::string url = std::getenv("QIAO_TEST_POSTGRES");
        return url.replace(url.find("/postgres?"), 10, "/" + name + "?");
    }

private:
    void run(const std::string& sql) { server_->write_connection().script(sql); }
    bool exists(const std::string& name) {
        return server_->write_connection().query("SELECT 1 FROM pg_database WHERE datname = ?", {std::string_view(name)}).next();
    }

    std::unique_ptr<storage::Database> server_ = storage::open_postgres(std::getenv("QIAO_TEST_POSTGRES"), "tests", storage::Durability::full);
    std::mutex mutex_;
    std::map<std::string, std::string> names_;
};

inline bool on_postgres() { return PostgresForTests::instance() != nullptr; }

inline std::unique_ptr<storage::Database> open_database(const std::string& file, storage::Durability durability = storage::Durability::full) {
    if (!on_postgres()) return storage::open_sqlite(file, durability);
    const std::filesystem::path path(file);
    return storage::open_postgres(PostgresForTests::instance()->url_for(path.parent_path()), path.stem(), durability);
}

}  // namespace qiao::testing
