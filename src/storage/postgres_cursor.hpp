#pragma once

#include "storage/postgres_connection.hpp"

#include <deque>

/// The rows of a SELECT on PostgreSQL, one by one as they come. When another statement wants the connection, the rest is
/// gathered first. Of the connection's thread; only storage/postgres*.cpp includes this.
namespace qiao::storage {

class PostgresCursor : public CursorDriver {
public:
    explicit PostgresCursor(PostgresConnection& connection) : connection_(&connection) {}
    ~PostgresCursor() override;
    PostgresCursor(const PostgresCursor&) = delete;
    PostgresCursor& operator=(const PostgresCursor&) = delete;

    bool next() override;
    [[nodiscard]] bool is_null(int column) const override { return PQgetisnull(row_.get(), 0, column) != 0; }
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] double real(int column) const override;
    [[nodiscard]] std::string_view text(int column) const override;

    /// Gathers what is still on its way; a failure is thrown by next().
    void drain();
    /// The connection is gone.
    void lose() { connection_ = nullptr; }

private:
    using Result = PostgresConnection::Result;
    /// The next row from the server; nothing at the end.
    Result fetch();

    PostgresConnection* connection_;  ///< null once all rows are here
    std::deque<Result> waiting_;
    Result row_;
    Result failed_;
    PostgresConnection* failed_on_ = nullptr;
};

}  // namespace qiao::storage
