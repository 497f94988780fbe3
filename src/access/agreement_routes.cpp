#include "access/role.hpp"
#include "access/routes.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;
using wire::end_of;
using wire::number_of;
using wire::query_value;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 64 * 1024};
constexpr std::chrono::hours kListed_max{24 * 62};  ///< of the roster in one answer

void write_end(JsonWriter& json, std::string_view name, Instant end) {
    if (end != Instant::max()) json.field(name, format_instant(end));
}

void write_contract(JsonWriter& json, const Directory& directory, const Contract& contract) {
    json.object([&] {
        json.field("id", std::to_string(contract.id));
        if (const auto from = directory.organisation(contract.from_org)) wire::write_organisation(json, "from", *from);
        if (const auto to = directory.organisation(contract.to_org)) wire::write_organisation(json, "to", *to);
        json.field("service", contract.service);
        json.field("validFrom", format_instant(contract.valid_from));
        write_end(json, "validTo", contract.valid_to);
        json.field("feeMinor", contract.terms.fee_minor);
        json.field("currency", contract.terms.currency);
        json.object("deadlines", [&] {
            for (const auto& [clock, limit] : contract.terms.deadlines) json.field(clock, std::int64_t{limit.count()});
        });
    });
}

/// Contracts of the caller's institutions: the fee is shown before a patient consents, so their doctors see them too.
Response list_contracts(Sessions& sessions, const Directory& directory, const Request& request) {
    const auto caller = sessions.caller(request);
    JsonWriter json;
    json.object([&] {
        json.array("contracts", [&] {
            for (const Contract& contract : directory.contracts(0)) {
                for (const Membership& one : directory.memberships(caller.actor.person)) {
                    if (one.organisation != contract.from_org && one.organisation != contract.to_org) continue;
                    write_contract(json, directory, contract);
                    break;
                }
            }
        });
    });
    return answer(json.take());
}

ContractTerms terms_of(const json::Value& body) {
    ContractTerms terms;
    terms.fee_minor = body["feeMinor"].is_null() ? 0 : body["feeMinor"].integer().value_or(-1);
    if (!body["currency"].is_null()) terms.currency = body["currency"].text();
    for (const auto& [clock, minutes] : body["deadlines"].members()) terms.deadlines[clock] = std::chrono::minutes(minutes.integer().value_or(-1));
    return terms;
}

Response add_contract(Sessions& sessions, Directory& directory, const Request& request) {
    const auto body = body_of(request);
    const std::int64_t from = wire::organisation_of(directory, body["from"].text());
    const std::int64_t to = wire::organisation_of(directory, body["to"].text());
    // A contract is kept by the side that gives the service: it sets the price and the deadlines.
    const auto caller = wire::require_right_at(sessions, request, &RoleRights::keeps_contracts, to);
    const Contract made = directory.add_contract(caller.actor, from, to, body["service"].text(), end_of(body, "ends"), terms_of(body));
    JsonWriter json;
    write_contract(json, directory, made);
    return answer(json.take(), 201);
}

Response end_contract(Sessions& sessions, Directory& directory, const Request& request) {
    const std::int64_t id = number_of(request.param("id"));
    std::int64_t giver = 0;
    for (const Contract& one : directory.contracts(0)) giver = one.id == id ? one.to_org : giver;
    if (giver == 0) throw Error(ErrorKind::not_found, "access.no_contract", "no such contract");
    const auto caller = wire::require_right_at(sessions, request, &RoleRights::keeps_contracts, giver);
    directory.end_contract(caller.actor, id);
    return answer({}, 204);
}

Response list_duties(Sessions& sessions, const Directory& directory, const Request& request) {
    const auto caller = sessions.caller(request);
    const std::int64_t at = wire::organisation_of(directory, query_value(request, "organisation"));
    bool member = false;
    for (const Membership& one : directory.memberships(caller.actor.person)) member = member || one.organisation == at;
    if (!member) throw Error(ErrorKind::forbidden, "access.not_yours", "the roster is shown to the institution's own people");
    const auto from = parse_instant(query_value(request, "from"));
    const auto until = parse_instant(query_value(request, "until"));
    if (!from || !until || *until - *from > kListed_max) throw Error(ErrorKind::invalid, "access.bad_time", "from and until: at most 62 days");
    JsonWriter json;
    json.object([&] {
        json.array("duties", [&] {
            for (const Duty& duty : directory.duties(at, *from, *until)) {
                const auto who = directory.person(duty.person);
                json.object([&] {
                    json.field("id", std::to_string(duty.id));
                    json.field("practitioner", who ? who->resource : "");
                    json.field("name", who ? who->name : "");
                    json.field("nameEn", who ? who->name_en : "");
                    json.field("specialty", duty.specialty);
                    json.field("place", std::int64_t{duty.place});
                    json.field("starts", format_instant(duty.starts));
                    json.field("ends", format_instant(duty.ends));
                });
            }
        });
    });
    return answer(json.take());
}

Response add_duties(Sessions& sessions, Directory& directory, const Request& request) {
    const auto body = body_of(request);
    const std::int64_t at = wire::organisation_of(directory, body["organisation"].text());
    const auto caller = wire::require_right_at(sessions, request, &RoleRights::keeps_roster, at);
    std::vector<Duty> duties;
    for (const json::Value& one : body["duties"].items()) {
        const auto person = directory.person_by_resource(one["practitioner"].text());
        const auto starts = parse_instant(one["starts"].text());
        const auto ends = parse_instant(one["ends"].text());
        if (!starts || !ends) throw Error(ErrorKind::invalid, "access.bad_time", "starts and ends are dates with time and zone");
        duties.push_back({.organisation = at,
                          .person = person ? person->id : 0,
                          .specialty = one["specialty"].text(),
                          .place = static_cast<int>(one["place"].integer().value_or(1)),
                          .starts = *starts,
                          .ends = *ends});
    }
    directory.add_duties(caller.actor, duties);
    return answer({}, 201);
}

Response remove_duty(Sessions& sessions, Directory& directory, const Request& request) {
    const std::int64_t at = wire::organisation_of(directory, query_value(request, "organisation"));
    const auto caller = wire::require_right_at(sessions, request, &RoleRights::keeps_roster, at);
    directory.remove_duty(caller.actor, at, number_of(request.param("id")));
    return answer({}, 204);
}

Response set_licence(Sessions& sessions, Directory& directory, const Request& request) {
    const auto caller = wire::require_right(sessions, request, &RoleRights::keeps_people);
    const auto person = directory.person_by_resource("Practitioner/" + std::string(request.param("id")));
    if (!person) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    const auto body = body_of(request);
    directory.set_licence(caller.actor, person->id, body["licence"].text(), end_of(body, "licenceEnds"), body["languages"].text());
    return answer({}, 204);
}

}  // namespace

void add_agreement_routes(http::Router& router, Sessions& sessions, Directory& directory) {
    const auto add = [&](http::Method method, std::string_view pattern, Response (*handler)(Sessions&, Directory&, const Request&)) {
        router.add(method, pattern, kSession, [&sessions, &directory, handler](const Request& request) { return handler(sessions, directory, request); });
    };
    router.add(http::Method::get, "/access/contracts", kSession, [&](const Request& request) { return list_contracts(sessions, directory, request); });
    add(http::Method::post, "/access/contracts", add_contract);
    add(http::Method::post, "/access/contracts/{id}/end", end_contract);
    router.add(http::Method::get, "/access/duties", kSession, [&](const Request& request) { return list_duties(sessions, directory, request); });
    add(http::Method::post, "/access/duties", add_duties);
    add(http::Method::del, "/access/duties/{id}", remove_duty);
    add(http::Method::put, "/access/people/{id}/licence", set_licence);
}

}  // namespace qiao::access
