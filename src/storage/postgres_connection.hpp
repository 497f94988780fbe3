#pragma once

#include "storage/bulk.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// One connection to PostgreSQL in libpq's pipeline mode: statements are prepared once and travel with binary values; what was
/// only posted goes out with the statement after it, so that a unit's many inserts cost one round trip. Of one thread at a time;
/// only storage/postgres*.cpp includes this.
namespace qiao::storage {

struct PostgresOptions {
    std::string url;
    std::string setup;  ///< statements of every new session
};

class PostgresConnection : public Connection, public BulkInserter {
public:
    /// Connects at the first statement.
    explicit PostgresConnection(PostgresOptions options) : options_(std::move(options)) {}
    ~PostgresConnection() override;
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    using Connection::execute;
    using Connection::post;
    using Connection::query;
    Cursor query(std::string_view sql, Values args) override;
    std::int64_t execute(std::string_view sql, Values args) override;
    void post(std::string_view sql, Values args) override;
    /// A column an array, so that a statement brings any number of rows.
    void insert(const Columns& into, Values rows) override;
    bool begin_write() override;
    void commit() override;
    void rollback() noexcept override;
    [[nodiscard]] bool in_transaction() const override;
    void script(std::string_view sql) override;
    void set_time_limit(int deadline_ms) override;

    /// The next statement opens a read-only transaction first, on a new connection where the old one was lost.
    void begin_snapshot() {
        snapshot_due_ = true;
        lost_ = false;
    }
    /// How long without an answer until the server counts as lost.
    void set_patience(std::chrono::milliseconds patience) { patience_ = patience; }
    /// False once the server was lost, or where a transaction could not be ended.
    [[nodiscard]] bool idle() const;

private:
    friend class PostgresCursor;
    using Clock = std::chrono::steady_clock;
    struct ResultDeleter {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    using Result = std::unique_ptr<PGresult, ResultDeleter>;
    struct Statement {
        std::string key;   ///< SQL and kinds of its values
        std::string name;  ///< on the server
    };
    /// What was sent and not answered yet, in order.
    struct Sent {
        enum class Kind : std::uint8_t { statement, preparation, sync } kind;
        std::string key;  ///< of a preparation
    };

    void connect();
    void before_statement();
    void send(std::string_view sql, Values args);
    void send(std::string_view sql, const class PostgresParameters& parameters);
    void send_plain(const char* sql);
    void forget_oldest();
    /// What was sent so far is carried out.
    void end_batch();
    Result run(std::string_view sql, Values args);
    Result answer();
    /// Reads answers until `left` of `sent_` are open; throws the first failure, after which nothing is open.
    Result answers(std::size_t left);
    template <class Call>
    auto again_if_lost(Call call);
    /// By the cursor, when its last row has come.
    void streamed(bool failed);
    Result next_result();
    void flush();
    void wait(short events);
    [[noreturn]] void lose(std::string_view why);
    [[noreturn]] void fail(const PGresult* result);

    PostgresOptions options_;
    PGconn* connection_ = nullptr;
    std::list<Statement> recent_;
    std::unordered_map<std::string_view, std::list<Statement>::iterator> by_key_;
    std::uint64_t names_ = 0;
    std::string key_;  ///< reused
    std::deque<Sent> sent_;
    class PostgresCursor* streaming_ = nullptr;  ///< whose rows are still on their way
    bool snapshot_due_ = false;
    bool in_transaction_ = false;
    bool broken_ = false;  ///< a statement failed: only ROLLBACK is left
    bool lost_ = false;    ///< nothing works until the next transaction
    bool silent_ = false;  ///< lost by silence, not because it was closed
    bool committing_ = false;
    bool warned_ = false;  ///< a warning came while COMMIT was under way
    std::chrono::milliseconds patience_ = std::chrono::seconds(30);
    bool limited_ = false;
    Clock::time_point deadline_{};
    Clock::time_point commit_deadline_{};
    std::int64_t turn_ = 0;             ///< number of this transaction among those of all nodes
    std::int64_t committed_turn_ = -1;  ///< of the last one that committed here
    std::int64_t server_limit_ms_ = 0;  ///< statement_timeout of this transaction
};

}  // namespace qiao::storage
