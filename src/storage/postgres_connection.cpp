#include "storage/postgres_connection.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "storage/dialect.hpp"
#include "storage/postgres_cursor.hpp"
#include "storage/postgres_parameters.hpp"

#include <poll.h>

#include <array>
#include <cstring>

namespace qiao::storage {
namespace {

constexpr std::size_t kStatementLimit = 300;
constexpr std::chrono::seconds kCommitTime{5};  // with its synchronous standby gone, a COMMIT waits for ever
constexpr std::chrono::seconds kCancelTime{2};  // for the server to end a statement by itself

bool is_error(const PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED || status == PGRES_BAD_RESPONSE;
}

}  // namespace

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

void PostgresConnection::connect() {
    // Those before "dbname" are defaults, which the URL may change; a URL with several hosts finds the one that takes writes.
    const std::array<const char*, 6> names = {"fallback_application_name", "connect_timeout", "tcp_user_timeout", "target_session_attrs", "dbname", nullptr};
    const std::array<const char*, 6> values = {"qiao", "2", "3000", "read-write", options_.url.c_str(), nullptr};
    silent_ = false;
    connection_ = PQconnectdbParams(names.data(), values.data(), 1);
    if (PQstatus(connection_) != CONNECTION_OK) lose("cannot connect");
    PQsetNoticeReceiver(
        connection_,
        [](void* self, const PGresult* notice) {
            const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
            auto* connection = static_cast<PostgresConnection*>(self);
            if (connection->committing_ && severity != nullptr && std::string_view(severity) == "WARNING") connection->warned_ = true;
        },
        this);
    const Result ready(PQexec(connection_, options_.setup.c_str()));
    if (PQresultStatus(ready.get()) != PGRES_COMMAND_OK) fail(ready.get());
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1) lose("no pipeline");
}

bool PostgresConnection::idle() const { return !lost_ && !in_transaction_ && (connection_ == nullptr || PQstatus(connection_) == CONNECTION_OK); }

bool PostgresConnection::in_transaction() const { return in_transaction_ && !broken_ && !lost_; }

void PostgresConnection::lose(std::string_view why) {
    log::warning("storage.postgres_lost", {{"why", why}, {"message", connection_ == nullptr ? "" : PQerrorMessage(connection_)}});
    PQfinish(connection_);
    connection_ = nullptr;
    by_key_.clear();
    recent_.clear();
    sent_.clear();
    if (streaming_ != nullptr) streaming_->lose();
    streaming_ = nullptr;
    lost_ = true;
    if (committing_) throw Error(ErrorKind::unavailable, "commit.unknown", "the database was lost while it committed: look whether it is there");
    throw Error(ErrorKind::unavailable, "storage.unreachable", "the database does not answer");
}

void PostgresConnection::fail(const PGresult* result) {
    const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string state = field == nullptr ? "" : field;
    if (in_transaction_) broken_ = true;
    if (state.empty() || state.starts_with("08") || state.starts_with("57P")) lose(state);
    if (state == "57014") throw Error(ErrorKind::unavailable, "record.budget", "the query took longer than allowed");
    if (state == "53100") throw Error(ErrorKind::unavailable, "storage.full", "the disk is full");
    if (state.starts_with("54")) throw Error(ErrorKind::invalid, "storage.too_complex", "the query is too complex");
    if (state == "22021") throw Error(ErrorKind::invalid, "storage.bad_text", "a text holds bytes that are no characters");
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    log::error("storage.postgres", {{"state", std::string_view(state)}, {"message", message == nullptr ? "" : message}});
    if (state == "55P03" || state.starts_with("40")) throw Error(ErrorKind::unavailable, "storage.busy", "another node holds the database");
    if (state.starts_with("53") || state.starts_with("58") || state.starts_with("XX") || state.starts_with("25006"))
        throw Error(ErrorKind::unavailable, "storage.failed", "the storage does not answer");
    throw Error(ErrorKind::internal, "storage.sql", message == nullptr ? "" : message);
}

void PostgresConnection::wait(short events) {
    const auto now = Clock::now();
    auto until = now + patience_;
    if (committing_) until = std::min(until, commit_deadline_);
    if (limited_) until = std::min(until, deadline_ + kCancelTime);
    pollfd socket{PQsocket(connection_), events, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now).count();
    const int ready = ::poll(&socket, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready == 0) {
        silent_ = true;
        lose("no answer in time");
    }
    if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_) == 0) lose("connection closed");
}

void PostgresConnection::flush() {
    for (;;) {
        const int left = PQflush(connection_);
        if (left == 0) return;
        if (left < 0) lose("connection closed");
        wait(POLLIN | POLLOUT);
    }
}

PostgresConnection::Result PostgresConnection::next_result() {
    while (PQisBusy(connection_) != 0) wait(POLLIN);
    return Result(PQgetResult(connection_));
}

void PostgresConnection::send_plain(const char* sql) {
    if (PQsendQueryParams(connection_, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) != 1) lose("cannot send");
    sent_.push_back({Sent::Kind::statement, {}});
}

/// What has to go before a statement: the rows of a running one, a connection, the snapshot's BEGIN, the time that is left.
void PostgresConnection::before_statement() {
    if (streaming_ != nullptr) streaming_->drain();
    if (lost_) throw Error(ErrorKind::unavailable, "storage.unreachable", "the database does not answer");
    if (connection_ == nullptr) connect();
    if (snapshot_due_) {
        snapshot_due_ = false;
        in_transaction_ = true;
        send_plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    }
    if (!limited_) {
        if (server_limit_ms_ != 0) send_plain("SET LOCAL statement_timeout = 0");
        server_limit_ms_ = 0;
        return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) throw Error(ErrorKind::unavailable, "record.budget", "the query took longer than allowed");
    if (server_limit_ms_ != 0 && left * 4 > server_limit_ms_ * 3) return;
    server_limit_ms_ = left;
    send_plain(("SET LOCAL statement_timeout = " + std::to_string(left)).c_str());
}

void PostgresConnection::forget_oldest() {
    send_plain(("DEALLOCATE " + recent_.back().name).c_str());
    by_key_.erase(recent_.back().key);
    recent_.pop_back();
}

void PostgresConnection::send(std::string_view sql, Values args) {
    before_statement();
    thread_local PostgresParameters parameters;
    parameters.set(args);
    send(sql, parameters);
}

void PostgresConnection::send(std::string_view sql, const PostgresParameters& parameters) {
    const int count = static_cast<int>(parameters.values.size());
    key_.assign(sql);
    key_ += '\0';
    key_ += parameters.kinds;
    const auto found = by_key_.find(key_);
    if (found != by_key_.end()) {
        recent_.splice(recent_.begin(), recent_, found->second);
    } else {
        if (recent_.size() >= kStatementLimit) forget_oldest();
        recent_.push_front({key_, "s" + std::to_string(++names_)});
        by_key_.emplace(recent_.front().key, recent_.begin());
        if (PQsendPrepare(connection_, recent_.front().name.c_str(), to_postgres(sql).c_str(), count, parameters.types.data()) != 1)
            lose("cannot send");
        sent_.push_back({Sent::Kind::preparation, key_});
    }
    if (PQsendQueryPrepared(connection_, recent_.front().name.c_str(), count, parameters.values.data(), parameters.lengths.data(), parameters.formats.data(), 1) !=
        1)
        lose("cannot send");
    sent_.push_back({Sent::Kind::statement, {}});
}

/// One answer of the front of `sent_`, whole. A preparation that failed is forgotten.
PostgresConnection::Result PostgresConnection::answer() {
    Result result = next_result();
    if (sent_.front().kind == Sent::Kind::sync) {
        sent_.pop_front();
        return result;
    }
    while (result && PQresultStatus(result.get()) == PGRES_SINGLE_TUPLE) result = next_result();
    while (result && next_result()) {
    }
    if (!result) lose("no result");
    if (sent_.front().kind == Sent::Kind::preparation && is_error(result.get())) {
        const auto found = by_key_.find(sent_.front().key);
        if (found != by_key_.end()) {
            const auto place = found->second;
            by_key_.erase(found);
            recent_.erase(place);
        }
    }
    sent_.pop_front();
    return result;
}

PostgresConnection::Result PostgresConnection::answers(std::size_t left) {
    Result last;
    Result failed;
    while (sent_.size() > left) {
        const bool sync = sent_.front().kind == Sent::Kind::sync;
        Result result = answer();
        if (sync) continue;
        if (!failed && is_error(result.get())) {
            failed = std::move(result);
            left = 0;  // the rest is refused
        } else {
            last = std::move(result);
        }
    }
    if (failed) fail(failed.get());
    return last;
}

void PostgresConnection::end_batch() {
    if (PQpipelineSync(connection_) != 1) lose("cannot send");
    sent_.push_back({Sent::Kind::sync, {}});
    flush();
}

PostgresConnection::Result PostgresConnection::run(std::string_view sql, Values args) {
    send(sql, args);
    end_batch();
    return answers(0);
}

/// A boundary: the first statement of a snapshot or of a transaction may meet a connection that the server closed long ago. One
/// that hangs is not asked twice.
template <class Call>
auto PostgresConnection::again_if_lost(Call call) {
    try {
        return call();
    } catch (const Error&) {
        if (!lost_ || silent_) throw;
    }
    lost_ = broken_ = in_transaction_ = false;
    return call();
}

Cursor PostgresConnection::query(std::string_view sql, Values args) {
    const auto start = [&] {
        send(sql, args);
        end_batch();
        answers(2);
        if (PQsetSingleRowMode(connection_) != 1) lose("no single rows");
    };
    if (snapshot_due_) {
        again_if_lost([&] {
            snapshot_due_ = true;
            start();
        });
    } else {
        start();
    }
    auto cursor = std::make_unique<PostgresCursor>(*this);
    streaming_ = cursor.get();
    return Cursor(std::move(cursor));
}

void PostgresConnection::streamed(bool failed) {
    streaming_ = nullptr;
    sent_.pop_front();
    if (failed && in_transaction_) broken_ = true;
    answers(0);
}

std::int64_t PostgresConnection::execute(std::string_view sql, Values args) {
    const Result result = run(sql, args);
    return std::strtoll(PQcmdTuples(result.get()), nullptr, 10);
}

void PostgresConnection::post(std::string_view sql, Values args) { send(sql, args); }

void PostgresConnection::insert(const Columns& into, Values rows) {
    before_statement();
    std::string sql = "INSERT INTO " + std::string(into.table) + "(" + std::string(into.names) + ") SELECT * FROM unnest(?";
    for (std::size_t i = 1; i < into.count; ++i) sql += ",?";
    sql += ')';
    thread_local PostgresParameters parameters;
    parameters.set_columns(into.count, rows);
    send(sql, parameters);
}

bool PostgresConnection::begin_write() {
    again_if_lost([&] {
        lost_ = broken_ = false;
        before_statement();
        send_plain("BEGIN");
        in_transaction_ = true;
        // Held to the end of COMMIT: the writers of all nodes take turns, and what comes next sees all that was committed.
        Cursor rows = query("UPDATE storage_turn SET n = n + 1 WHERE id = 1 RETURNING n");
        rows.next();
        turn_ = rows.integer(0);
    });
    return turn_ == committed_turn_ + 1;
}

void PostgresConnection::commit() {
    if (streaming_ != nullptr) streaming_->drain();
    if (!sent_.empty()) {
        end_batch();
        answers(0);
    }
    if (lost_ || broken_ || !in_transaction_) throw Error(ErrorKind::internal, "storage.sql", "no transaction to commit");
    struct Committing {
        bool& flag;
        explicit Committing(bool& value) : flag(value) { flag = true; }
        ~Committing() { flag = false; }
        Committing(const Committing&) = delete;
        Committing& operator=(const Committing&) = delete;
    };
    warned_ = false;
    commit_deadline_ = Clock::now() + kCommitTime;
    const Committing committing(committing_);
    send_plain("COMMIT");
    end_batch();
    const Result result = answers(0);
    in_transaction_ = false;
    server_limit_ms_ = 0;
    // A warning here says that the wait for the standby was given up: the rows exist on this server only. What the caller keeps
    // beside the database goes back to before, so the next turn counts as somebody else's.
    if (warned_) lose("warned in commit");
    committed_turn_ = turn_;
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") throw Error(ErrorKind::internal, "storage.sql", "the transaction was undone");
}

/// A boundary. The answer is read with the next statement.
void PostgresConnection::rollback() noexcept {
    try {
        if (streaming_ != nullptr) streaming_->drain();
        if (connection_ != nullptr && in_transaction_ && !lost_) {
            send_plain("ROLLBACK");
            end_batch();
        }
    } catch (const Error&) {
        // lost: the server undoes it by itself
    }
    in_transaction_ = broken_ = snapshot_due_ = false;
    server_limit_ms_ = 0;
}

void PostgresConnection::script(std::string_view sql) {
    before_statement();
    if (!sent_.empty()) {
        end_batch();
        answers(0);
    }
    if (PQexitPipelineMode(connection_) != 1) lose("pipeline in use");
    by_key_.clear();
    recent_.clear();
    const Result forgotten(PQexec(connection_, "DEALLOCATE ALL"));
    const Result result(PQexec(connection_, to_postgres(sql).c_str()));
    if (PQenterPipelineMode(connection_) != 1) lose("no pipeline");
    if (is_error(result.get())) fail(result.get());
}

void PostgresConnection::set_time_limit(int deadline_ms) {
    limited_ = deadline_ms > 0;
    deadline_ = Clock::now() + std::chrono::milliseconds(deadline_ms);
}

}  // namespace qiao::storage
