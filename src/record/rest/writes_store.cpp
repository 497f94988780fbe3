#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/worker_pool.hpp"
#include "record/rest/writes.hpp"
#include "record/search/query.hpp"
#include "record/store/keys.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>

namespace qiao::record {
namespace {

constexpr std::size_t kRequestId_bytes = 128;
constexpr std::chrono::hours kKept{7 * 24};

}  // namespace

void check_may_write(Record& record, const Caller& caller, std::string_view type) {
    // Who defines what the centre is searched by is said by the port.
    const bool port_decides = type == "SearchParameter" && record.ports().may_write;
    if (!caller.may_write_plain && !port_decides) throw Error(ErrorKind::forbidden, "record.no_plain_write", "plain FHIR writes are not open to this role");
    if (record.ports().may_write) record.ports().may_write(caller.actor, type);
}

void check_body_id(std::string_view body, std::string_view id, std::string_view place) {
    const auto stated = raw_member(body, "id");
    if (!stated || *stated != fmt::format("\"{}\"", id)) {
        throw Error(ErrorKind::invalid, "record.id_mismatch", "the id in the body must be the one in the URL",
                    {{"value", fmt::format("{}.id", place), "the id in the body must be the one in the URL"}});
    }
}

std::unique_ptr<Work> plain_work(Record& record, const Caller& caller) {
    auto work = record.begin(caller.filter, caller.actor);
    work->plain();
    return work;
}

std::optional<Stored> single_match(Reader& reader, std::string_view type, std::string_view query) {
    // How a list would be shown is no criterion.
    std::string criteria;
    for (const std::string_view pair : split(query, '&')) {
        const auto name = percent_decode(pair.substr(0, pair.find('=')), true);
        if (!pair.empty() && (!name || !is_result_parameter(*name))) criteria.append(pair).append("&");
    }
    if (criteria.empty()) throw Error(ErrorKind::conflict, "record.multiple_matches", "the condition has no criteria");
    SearchResult found = reader.search(type, criteria + "_count=2");
    if (found.matches.empty()) return std::nullopt;
    if (found.matches.size() > 1) throw Error(ErrorKind::conflict, "record.multiple_matches", "the condition fits more than one resource");
    return std::move(found.matches.front().resource);
}

void still_matches(Record& record, Work& work, const Caller& caller, std::string type, std::string query, std::string expected) {
    work.skip_if([&record, filter = caller.filter, type = std::move(type), query = std::move(query), expected = std::move(expected)](storage::Group& group) {
        const auto found = single_match(*record.read_in(group, filter), type, query);
        return (found ? found->id : std::string()) != expected;
    });
}

std::unique_lock<std::mutex> stand_in_line(std::string_view about) {
    static std::array<std::mutex, 64> lines;
    const WorkerPool::Waiting waiting;
    return std::unique_lock(lines[std::hash<std::string_view>{}(about) % lines.size()]);
}

Repeatable::Repeatable(Record& record, const Caller& caller, const http::Request& request) : record_(record) {
    id_ = std::string(request.header("x-request-id"));
    if (id_.empty()) return;
    const bool plain = std::all_of(id_.begin(), id_.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (id_.size() > kRequestId_bytes || !plain) throw Error(ErrorKind::invalid, "record.bad_request_id", "X-Request-Id has at most 128 characters of ASCII");
    actor_ = fmt::format("{}:{}:{}", caller.actor.person, caller.actor.organisation, caller.actor.person == 0 ? caller.actor.name : "");
    std::string text =
        fmt::format("{} {}\n{}\n{}\n", static_cast<int>(request.method), request.target, request.header("if-match"), request.header("if-none-exist"));
    digest_ = sha256(text + request.body);
}

std::optional<std::vector<Outcome>> Repeatable::find(storage::Connection& connection) const {
    auto rows =
        connection.query("SELECT body_digest, location FROM request WHERE actor = ? AND request_id = ?", {std::string_view(actor_), std::string_view(id_)});
    if (!rows.next()) return std::nullopt;
    if (rows.text(0) != digest_) throw Error(ErrorKind::conflict, "record.request_id_reused", "this X-Request-Id was used for another request");
    std::vector<Outcome> outcomes;
    for (const std::string_view line : split(rows.text(1), '\n')) {
        const auto pieces = split(line, ' ');
        if (pieces.size() != 3) continue;
        outcomes.push_back({std::string(pieces[1]), std::atoi(std::string(pieces[0]).c_str()), std::atoll(std::string(pieces[2]).c_str())});
    }
    return outcomes;
}

std::optional<std::vector<Outcome>> Repeatable::before() {
    if (id_.empty()) return std::nullopt;
    // The caller's own rows, found by the caller's own key.
    return find(record_.read(ReadFilter::system("repeated request"))->connection());
}

namespace {

/// Fills in what only the commit knows.
void settle(storage::Connection& connection, Outcome& outcome) {
    if (outcome.reference == kNothingWritten) return;
    const std::size_t slash = outcome.reference.find('/');
    const StoredId key(std::string_view(outcome.reference).substr(slash + 1));
    auto rows = connection.query("SELECT ver, state, op FROM res WHERE type = ? AND id = ?",
                                 {std::int64_t{number_of(find_type(std::string_view(outcome.reference).substr(0, slash)))}, storage::Blob{key.bytes()}});
    if (!rows.next()) return;
    outcome.version = rows.integer(0);
    if (outcome.status != 0) return;
    outcome.status = rows.integer(1) == 1 ? 204 : rows.integer(2) == 'C' ? 201 : 200;
}

}  // namespace

void Repeatable::keep(Work& work, std::vector<Outcome> outcomes) {
    if (id_.empty()) return;
    work.skip_if([*this](storage::Group& group) { return find(group.connection()).has_value(); });
    work.also([*this, outcomes = std::move(outcomes)](storage::Group& group, const Work::RidOf&) {
        std::string lines;
        std::string etag;
        for (Outcome outcome : outcomes) {
            settle(group.connection(), outcome);
            lines += fmt::format("{} {} {}\n", outcome.status, outcome.reference, outcome.version);
            etag = fmt::format("W/\"{}\"", outcome.version);
        }
        const int status = outcomes.size() == 1 ? outcomes.front().status : 200;
        const std::int64_t now = to_ms(group.now());
        group.connection().execute("DELETE FROM request WHERE ts_ms < ?", {now - std::chrono::milliseconds(kKept).count()});
        group.connection().execute("INSERT INTO request(actor, request_id, body_digest, status, location, etag, t, ts_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                                   {std::string_view(actor_), std::string_view(id_), storage::Blob{digest_}, std::int64_t{status}, std::string_view(lines),
                                    std::string_view(etag), group.t(), now});
    });
}

}  // namespace qiao::record
