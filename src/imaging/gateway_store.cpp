#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "imaging/gateways.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao::imaging {
namespace {

using storage::Group;
using namespace std::chrono_literals;

constexpr std::int64_t kGateways = 2'000;
constexpr std::size_t kName_bytes = 100;
constexpr auto kCodeTime = 24h;
constexpr std::size_t kCode_characters = 12;  // of 32: 60 bits
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

constexpr std::string_view kAll =
    "SELECT id, name, org_id, client, created_us, enrolled_us, ended_us, code_until_us FROM imaging_gateway ORDER BY ended_us <> 0, name, id";
constexpr std::string_view kById = "SELECT id, name, org_id, client, created_us, enrolled_us, ended_us, code_until_us FROM imaging_gateway WHERE id = ?";
constexpr std::string_view kByClient =
    "SELECT id, name, org_id, client, created_us, enrolled_us, ended_us, code_until_us FROM imaging_gateway WHERE client = ? AND ended_us = 0";
constexpr std::string_view kByCode =
    "SELECT id, name, org_id, client, created_us, enrolled_us, ended_us, code_until_us FROM imaging_gateway WHERE code_hash = ? AND code_until_us > ? AND "
    "ended_us = 0";

std::optional<Gateway> next_of(storage::Cursor& rows) {
    if (!rows.next()) return std::nullopt;
    return Gateway{.id = rows.integer(0),
                   .name = std::string(rows.text(1)),
                   .organisation = rows.integer(2),
                   .client = std::string(rows.text(3)),
                   .created = from_us(rows.integer(4)),
                   .enrolled = from_us(rows.integer(5)),
                   .ended = from_us(rows.integer(6)),
                   .code_until = from_us(rows.integer(7))};
}

std::optional<Gateway> first_of(storage::Cursor rows) { return next_of(rows); }

[[noreturn]] void no_gateway() { throw Error(ErrorKind::not_found, "imaging.no_gateway", "no such gateway"); }

/// "7K3M-9QTX-B2HN": without I, L, O and U, which are misread.
std::string new_code() {
    std::string code;
    for (const char byte : random_bytes(kCode_characters)) {
        if (code.size() % 5 == 4) code += '-';
        code += kAlphabet[static_cast<unsigned char>(byte) % kAlphabet.size()];
    }
    return code;
}

/// As people type it: small letters, blanks and dashes do not matter.
std::string hash_of_code(std::string_view code) {
    std::string plain;
    for (const char c : code) {
        if (c != '-' && c != ' ') plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return to_hex(sha256(plain));
}

void put_code(Group& group, std::int64_t id, const std::string& hash, Instant until) {
    group.connection().execute("UPDATE imaging_gateway SET code_hash = ?, code_until_us = ? WHERE id = ?", {std::string_view(hash), to_us(until), id});
}

}  // namespace

Gateways::Gateways(storage::Database& database, storage::Writer& writer, access::Audit& audit, access::Sessions& sessions, Archive& archive, Metrics& metrics)
    : database_(database), writer_(writer), audit_(audit), sessions_(sessions), archive_(archive) {
    for (const auto state : {GatewayState::online, GatewayState::late, GatewayState::offline, GatewayState::lost}) {
        metrics.gauge(fmt::format("qiao_gateways_{}", name_of(state)), [this, state] {
            const auto gateways = all();
            const auto now = clock().now();
            return static_cast<double>(
                std::count_if(gateways.begin(), gateways.end(), [&](const Gateway& one) { return state_of(one, report(one.id), now) == state; }));
        });
    }
}

access::AuditEvent Gateways::event_of(const record::Actor& actor, std::string_view action, const Gateway& gateway) const {
    access::AuditEvent event = audit_.event_of(actor, action);
    event.type = "Gateway";
    event.detail = fmt::format("gateway={} organisation={} client={}", gateway.id, gateway.organisation, gateway.client);
    return event;
}

std::vector<Gateway> Gateways::all() const {
    const auto snapshot = database_.read();
    auto rows = (*snapshot)->query(kAll);
    std::vector<Gateway> found;
    while (auto one = next_of(rows)) found.push_back(*std::move(one));
    return found;
}

std::optional<Gateway> Gateways::find(std::int64_t id) const {
    const auto snapshot = database_.read();
    return first_of((*snapshot)->query(kById, {id}));
}

Gateway Gateways::of(const http::Request& request) const {
    const auto session = sessions_.find(request);
    if (!session || session->client.empty()) no_gateway();
    const auto snapshot = database_.read();
    auto found = first_of((*snapshot)->query(kByClient, {std::string_view(session->client)}));
    if (!found) no_gateway();
    return *std::move(found);
}

Gateways::Made Gateways::add(const record::Actor& actor, std::string_view name, std::int64_t organisation) {
    const auto plain = trim(name);
    if (plain.empty() || plain.size() > kName_bytes || !is_utf8(plain))
        throw Error(ErrorKind::invalid, "imaging.bad_gateway_name", "a gateway needs a name of at most 100 bytes");
    const auto at = directory().organisation(organisation);
    if (!at || !at->active) throw Error(ErrorKind::invalid, "access.bad_organisation", "no such institution");
    Made made{.gateway = {.name = std::string(plain), .organisation = organisation, .created = clock().now(), .code_until = clock().now() + kCodeTime},
              .code = new_code()};
    Gateway& gateway = made.gateway;
    const std::string hash = hash_of_code(made.code);
    writer_.submit(
        {.check =
             [](Group& group) {
                 auto rows = group.connection().query("SELECT count(*) FROM imaging_gateway");
                 if (rows.next() && rows.integer(0) >= kGateways) throw Error(ErrorKind::conflict, "imaging.too_many_gateways", "2000 gateways are listed");
             },
         .apply =
             [&](Group& group) {
                 auto rows = group.connection().query(
                     "INSERT INTO imaging_gateway(name, org_id, code_hash, code_until_us, client, created_us, enrolled_us, ended_us) VALUES(?,?,?,?,'',?,0,0)"
                     " RETURNING id",
                     {std::string_view(gateway.name), gateway.organisation, std::string_view(hash), to_us(gateway.code_until), to_us(gateway.created)});
                 if (rows.next()) gateway.id = rows.integer(0);
                 audit_.write(group, event_of(actor, "create", gateway));
             }});
    return made;
}

Gateways::Made Gateways::renew_code(const record::Actor& actor, std::int64_t id) {
    const auto gateway = find(id);
    if (!gateway || gateway->ended != Instant{}) no_gateway();
    Made made{.gateway = *gateway, .code = new_code()};
    made.gateway.code_until = clock().now() + kCodeTime;
    writer_.submit({.check = {}, .apply = [&](Group& group) {
                        put_code(group, id, hash_of_code(made.code), made.gateway.code_until);
                        audit_.write(group, event_of(actor, "gateway-code", *gateway));
                    }});
    return made;
}

void Gateways::end(const record::Actor& actor, std::int64_t id) {
    const auto gateway = find(id);
    if (!gateway || gateway->ended != Instant{}) no_gateway();
    writer_.submit(
        {.check = {}, .apply = [&](Group& group) {
             group.connection().execute("UPDATE imaging_gateway SET ended_us = ?, code_hash = '', code_until_us = 0 WHERE id = ?", {to_us(clock().now()), id});
             audit_.write(group, event_of(actor, "delete", *gateway));
         }});
    if (!gateway->client.empty()) sessions_.revoke_client(gateway->client);
}

Gateway Gateways::enrol(std::string_view code, std::string_view jwks, std::string_view audience, const http::Request& request) {
    access::Throttle& throttle = sessions_.throttle();
    if (throttle.wait("gateway-code", request.peer_address) > 0s)
        throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    throttle.began("gateway-code", request.peer_address);
    const std::string hash = hash_of_code(code);
    const auto wrong = [] { return Error(ErrorKind::unauthenticated, "imaging.wrong_code", "this code is wrong, used or too old"); };
    std::optional<Gateway> gateway;
    {
        const auto snapshot = database_.read();
        gateway = first_of((*snapshot)->query(kByCode, {std::string_view(hash), to_us(clock().now())}));
    }
    if (!gateway) {
        sessions_.refused(request, 0, "login", "gateway code");
        throw wrong();
    }
    const std::string before = gateway->client;
    gateway->client = sessions_.add_client(gateway->name, access::role::kGateway, jwks, audience).id;
    gateway->enrolled = clock().now();
    gateway->code_until = {};
    writer_.submit({.check =
                        [&](Group& group) {  // two at once with one code
                            if (!first_of(group.connection().query(kByCode, {std::string_view(hash), to_us(clock().now())}))) throw wrong();
                        },
                    .apply =
                        [&](Group& group) {
                            group.connection().execute("UPDATE imaging_gateway SET client = ?, enrolled_us = ?, code_hash = '', code_until_us = 0 WHERE id = ?",
                                                       {std::string_view(gateway->client), to_us(gateway->enrolled), gateway->id});
                            audit_.write(group, event_of(record::Actor::system("HOPERAT"), "gateway-enrol", *gateway));
                        }});
    throttle.succeeded("gateway-code", request.peer_address);
    if (!before.empty()) sessions_.revoke_client(before);
    return *gateway;
}

}  // namespace qiao::imaging
