#include "access/certificate_routes.hpp"

#include "access/certificate_chain.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <charconv>
#include <chrono>
#include <set>

namespace qiao::access {
namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 64 * 1024};
constexpr http::RouteOptions kList{.scope = http::Scope::session, .body_limit_bytes = 6 * 1024 * 1024};

/// What the page shows in colour: "revoked", "expired", "replaced", "asked" (for, and signs nothing yet), "not_yet", "soon"
/// (less than 30 days), "good". @param decides  no newer one is there for its holder
std::string_view state_of(const SigningKey& key, Instant begins, bool decides, Instant now) {
    if (key.revoked != Instant{}) return "revoked";
    if (key.expires <= now) return "expired";
    if (!decides) return "replaced";
    if (key.authority == kAskedFor) return "asked";
    if (key.by_other() && now < begins) return "not_yet";
    return key.expires - now < kEndsSoon ? "soon" : "good";
}

void write_time(JsonWriter& json, std::string_view name, Instant at) {
    if (at != Instant{} && at != Instant::max()) json.field(name, format_instant(at));
}

void write_key(JsonWriter& json, const SigningKey& key, const Directory& directory, bool decides, Instant now) {
    json.object([&] {
        json.field("id", std::to_string(key.id));
        json.field("kind", code_of(key.holder.kind));
        write_holder(json, directory, key.holder);
        json.field("algorithm", code_of(key.algorithm));
        json.field("authority", std::to_string(key.authority));
        const auto facts = facts_of(key.certificate_pem);
        const std::string_view state = state_of(key, facts ? facts->from : Instant{}, decides, now);
        json.field("state", state);
        if (decides && key.by_other() && state != "soon" && state != "good") json.field("refuses", true);  // its holder cannot sign
        if (facts) {
            json.field("serial", facts->serial);
            json.field("subject", facts->subject);
            json.field("issuer", facts->issuer);
            write_time(json, "from", facts->from);
        }
        write_time(json, "until", key.expires);
        write_time(json, "revoked", key.revoked);
        if (!key.revoked_reason.empty()) json.field("reason", key.revoked_reason);
    });
}

void write_authority(JsonWriter& json, const OtherAuthority& one, Instant now) {
    json.object([&] {
        json.field("id", std::to_string(one.id));
        json.field("name", one.name);
        json.field("licensed", one.licensed);
        write_time(json, "added", one.added);
        json.array("certificates", [&] {
            for (const std::string& pem : split_certificates(one.pem)) {
                const auto facts = facts_of(pem);
                json.object([&] {
                    json.field("subject", facts->subject);
                    json.field("fingerprint", facts->fingerprint);
                    write_time(json, "until", facts->until);
                });
            }
        });
        if (one.list_made != Instant{}) {
            json.object("list", [&] {
                json.field("number", one.list_number);
                write_time(json, "made", one.list_made);
                write_time(json, "next", one.list_next);
                json.field("old", one.list_next <= now);
            });
        }
    });
}

std::int64_t number_in(std::string_view text, const char* code) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) throw Error(ErrorKind::not_found, code, "no such number");
    return number;
}

struct Handlers {
    Sessions& sessions;
    SigningKeys& keys;
    const Clock& clock;

    /// The security administrator; for a change after a proof.
    [[nodiscard]] record::Actor changes(const Request& request) const {
        const auto caller = wire::require_right(sessions, request, &RoleRights::keeps_people);
        wire::require_step_up(sessions, caller.actor);
        return caller.actor;
    }
};

Response list(const Handlers& to, const Request& request) {
    wire::require_right(to.sessions, request, &RoleRights::keeps_people);
    return answer(certificates_json(to.keys, to.sessions.directory(), to.clock));
}

Response request_for(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    const Holder holder = holder_of(to.sessions.directory(), body_of(request)["holder"].text());
    JsonWriter json;
    json.object([&] {
        json.field("pem", to.keys.request(actor, holder));
        json.field("subject", to.keys.subject_of(holder).serial_number);
    });
    return answer(json.take());
}

Response import(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    const auto body = body_of(request);
    const auto key = to.keys.import_certificate(actor, holder_of(to.sessions.directory(), body["holder"].text()), body["pem"].text());
    JsonWriter json;
    write_key(json, key, to.sessions.directory(), true, to.clock.now());
    return answer(json.take(), 201);
}

Response add_authority(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    const auto body = body_of(request);
    const std::int64_t id = to.keys.add_authority(actor, body["name"].text(), body["licensed"].truth(), body["pem"].text());
    JsonWriter json;
    json.object([&] { json.field("id", std::to_string(id)); });
    return answer(json.take(), 201);
}

Response remove_authority(const Handlers& to, const Request& request) {
    to.keys.remove_authority(to.changes(request), number_in(request.param("id"), "signing.no_authority"));
    return answer({}, 204);
}

/// `list`: PEM, or the bytes of a DER file in base64.
Response import_list(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    const auto body = body_of(request);
    const std::string& text = body["list"].text();
    const auto bytes = text.find("-----BEGIN") == std::string::npos ? from_base64(text) : std::optional(text);
    to.keys.import_list(actor, number_in(request.param("id"), "signing.no_authority"), bytes.value_or(""));
    return answer({}, 204);
}

Response revoke(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    const auto body = body_of(request);
    const Instant at = body["from"].is_null() ? to.clock.now() : parse_instant(body["from"].text()).value_or(Instant::max());
    to.keys.revoke(actor, number_in(request.param("id"), "signing.no_key"), at, body["reason"].text());
    return answer({}, 204);
}

Response use_built_in(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    to.keys.use_built_in(actor, holder_of(to.sessions.directory(), body_of(request)["holder"].text()));
    return answer({}, 204);
}

Response set_seal(const Handlers& to, const Request& request) {
    const auto actor = to.changes(request);
    const auto body = body_of(request);
    std::vector<std::string> meanings;
    for (const auto& one : body["meanings"].items()) meanings.push_back(one.text());
    to.keys.set_seal(actor, wire::organisation_of(to.sessions.directory(), body["organisation"].text()), meanings);
    return answer({}, 204);
}

}  // namespace

void write_holder(JsonWriter& json, const Directory& directory, const Holder& holder) {
    json.object("holder", [&] {
        if (holder.kind == KeyKind::authority) {
            json.field("name", "");
        } else if (holder.kind == KeyKind::person) {
            if (const auto person = directory.person(holder.id)) {
                json.field("resource", person->resource);
                json.field("name", person->name);
                json.field("nameEn", person->name_en);
                json.field("active", person->active);
            }
        } else if (const auto place = directory.organisation(holder.id)) {
            json.field("resource", place->resource);
            json.field("name", place->name);
            json.field("nameEn", place->name_en);
            json.field("active", place->active);
        }
    });
}

Holder holder_of(const Directory& directory, std::string_view reference) {
    if (const auto person = directory.person_by_resource(std::string(reference))) return {KeyKind::person, person->id};
    if (const auto place = directory.organisation_by_resource(std::string(reference))) return {KeyKind::seal, place->id};
    throw Error(ErrorKind::not_found, "signing.no_holder", "no such person or institution");
}

std::string certificates_json(SigningKeys& keys, const Directory& directory, const Clock& clock) {
    const Instant now = clock.now();
    const auto all = keys.all();
    JsonWriter json;
    json.object([&] {
        json.field("algorithm", code_of(keys.fresh()));
        json.field("authorityPem", keys.authority_pem());
        std::set<Holder> seen;
        json.array("keys", [&] {
            for (const SigningKey& key : all) {
                const bool older = seen.count(key.holder) != 0;
                if (key.authority != kAskedFor) seen.insert(key.holder);
                write_key(json, key, directory, key.holder.kind == KeyKind::authority || !older, now);
            }
        });
        json.array("authorities", [&] {
            for (const OtherAuthority& one : keys.authorities()) write_authority(json, one, now);
        });
        json.array("seals", [&] {
            for (const Organisation& place : directory.organisations()) {
                const auto meanings = keys.sealed_meanings(place.id);
                if (meanings.empty()) continue;
                json.object([&] {
                    wire::write_organisation(json, "organisation", place);
                    json.array("meanings", [&] {
                        for (const std::string& one : meanings) json.string(one);
                    });
                });
            }
        });
    });
    return json.take();
}

void add_certificate_routes(http::Router& router, Sessions& sessions, SigningKeys& keys, const Clock& clock) {
    const auto to = std::make_shared<Handlers>(Handlers{sessions, keys, clock});
    const auto route = [&](http::Method method, std::string_view pattern, Response (*handler)(const Handlers&, const Request&),
                           const http::RouteOptions& options = kSession) {
        router.add(method, pattern, options, [to, handler](const Request& request) { return handler(*to, request); });
    };
    route(http::Method::get, "/access/certificates", list);
    route(http::Method::post, "/access/certificates/request", request_for);
    route(http::Method::post, "/access/certificates/import", import, kSession);
    route(http::Method::post, "/access/certificates/built-in", use_built_in);
    route(http::Method::post, "/access/certificates/seal", set_seal);
    route(http::Method::post, "/access/certificates/authorities", add_authority);
    route(http::Method::post, "/access/certificates/authorities/{id}/remove", remove_authority);
    route(http::Method::post, "/access/certificates/authorities/{id}/revocation-list", import_list, kList);
    route(http::Method::post, "/access/certificates/keys/{id}/revoke", revoke);
}

}  // namespace qiao::access
