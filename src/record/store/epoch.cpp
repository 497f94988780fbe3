#include "record/store/epoch.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/store/bodies.hpp"
#include "record/validate/parse.hpp"

#include <algorithm>

namespace qiao::record {
namespace {

constexpr std::int64_t kCommitsLostAtMost = 1'000'000'000;
constexpr std::size_t kCursorKey_bytes = 32;

void store(storage::Connection& connection, std::string_view name, std::string_view value) {
    connection.execute("INSERT INTO setting(name, value) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", {name, storage::Blob{value}});
}

/// A boundary: one body that cannot be read is a finding.
bool can_be_read(const Bodies& bodies, std::string_view packed) {
    try {
        thread_local std::string body;
        bodies.unpack(packed, body);
        return static_cast<bool>(parse_resource(body, limits::kBundleBody_bytes));
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

Epoch read_epoch(storage::Connection& connection) {
    Epoch epoch;
    auto rows = connection.query("SELECT value FROM setting WHERE name = 'epoch'");
    if (!rows.next()) return epoch;
    const auto value = json::parse(rows.text(0));
    if (!value) throw Error(ErrorKind::internal, "record.index_damaged", "the epoch cannot be read");
    epoch.number = (*value)["number"].integer().value_or(0);
    epoch.started = parse_instant((*value)["started"].text()).value_or(Instant{});
    epoch.backup = (*value)["backup"].text();
    return epoch;
}

void start_epoch(storage::Group& group, const Epoch& epoch) {
    auto& connection = group.connection();
    store(connection, "epoch", json::Value::object({{"number", epoch.number}, {"started", format_instant(epoch.started)}, {"backup", epoch.backup}}).dump());
    store(connection, "cursor_key", random_bytes(kCursorKey_bytes));
    std::int64_t last = 0;
    std::int64_t last_ms = 0;
    {
        auto rows = connection.query("SELECT t, ts_ms FROM tx ORDER BY t DESC LIMIT 1");
        if (rows.next()) {
            last = rows.integer(0);
            last_ms = rows.integer(1);
        }
    }
    connection.execute("INSERT INTO tx(t, ts_ms) VALUES(?, ?)", {last + kCommitsLostAtMost, std::max(last_ms + 1, to_ms(epoch.started))});
}

BodiesDigest digest_bodies(storage::Connection& connection, bool open_each) {
    BodiesDigest digest;
    Bodies bodies;
    bodies.load(connection);
    Sha256 sha;
    const auto take = [&](std::string_view sql) {
        std::int64_t count = 0;
        auto rows = connection.query(sql);
        while (rows.next()) {
            const std::string_view body = rows.text(3);
            sha.update(std::to_string(rows.integer(0)) + " " + std::to_string(rows.integer(1)) + " " + std::to_string(rows.integer(2)) + " " +
                       std::to_string(body.size()) + "\n");
            sha.update(body);
            if (open_each && !body.empty() && !can_be_read(bodies, body)) ++digest.unreadable;
            ++count;
        }
        return count;
    };
    digest.versions = take("SELECT rid, ver, t, body FROM res WHERE state <> 2 ORDER BY rid");
    digest.versions += take("SELECT rid, ver, t, body FROM hist ORDER BY rid, ver");
    digest.sha256 = to_hex(sha.finish());
    auto rows = connection.query("SELECT count(*) FROM res WHERE state = 0");
    if (rows.next()) digest.resources = rows.integer(0);
    return digest;
}

}  // namespace qiao::record
