#include "access/wire.hpp"

#include "base/error.hpp"
#include "http/outcome.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::access::wire {

json::Value body_of(const http::Request& request) {
    auto body = json::parse(request.body, 8);
    if (!body || !body->is_object()) throw Error(ErrorKind::invalid, "access.bad_json", "the body is no JSON object");
    return *std::move(body);
}

http::Response answer(std::string json, int status) {
    http::Response response{.status = status, .content_type = "application/json; charset=utf-8", .body = std::move(json)};
    response.with("Cache-Control", "no-store");
    return response;
}

namespace {

void write_fields(JsonWriter& json, const Organisation& organisation) {
    json.field("id", std::to_string(organisation.id));
    json.field("name", organisation.name);
    json.field("nameEn", organisation.name_en);
    json.field("kind", organisation.kind);
    json.field("resource", organisation.resource);
    if (organisation.office_approval) json.field("officeApproval", true);
}

}  // namespace

void write_organisation(JsonWriter& json, std::string_view name, const Organisation& organisation) {
    json.object(name, [&] { write_fields(json, organisation); });
}

std::string organisations_json(const std::vector<Organisation>& organisations) {
    JsonWriter json;
    json.object([&] {
        json.array("organisations", [&] {
            for (const auto& one : organisations) json.object([&] { write_fields(json, one); });
        });
    });
    return json.take();
}

void write_member(JsonWriter& json, const Directory& directory, const Member& member) {
    json.object([&] {
        json.field("id", std::to_string(member.person.id));
        json.field("practitioner", member.person.resource);
        json.field("name", member.person.name);
        json.field("nameEn", member.person.name_en);
        json.field("role", member.membership.role);
        json.field("specialty", member.membership.specialty);
        json.field("rank", member.membership.rank);
        if (!member.person.licence.empty()) json.field("licence", member.person.licence);
        if (member.person.licence_ends != Instant::max()) json.field("licenceEnds", format_instant(member.person.licence_ends));
        if (!member.person.languages.empty()) json.field("languages", member.person.languages);
        if (const auto where = directory.organisation(member.membership.organisation)) write_organisation(json, "organisation", *where);
    });
}

std::string session_json(const Session& session, const Directory& directory, const SessionOptions& options) {
    JsonWriter json;
    json.object([&] {
        const auto person = directory.person(session.person);
        if (person) {
            json.object("person", [&] {
                json.field("id", std::to_string(person->id));
                json.field("name", person->name);
                json.field("nameEn", person->name_en);
                json.field("login", person->login);
                json.field("practitioner", person->resource);
            });
        }
        json.array("memberships", [&] {
            for (const auto& one : directory.memberships(session.person)) {
                json.object([&] {
                    if (const auto where = directory.organisation(one.organisation)) write_organisation(json, "organisation", *where);
                    json.field("role", one.role);
                    json.field("specialty", one.specialty);
                    json.field("rank", one.rank);
                });
            }
        });
        if (!session.client.empty()) json.field("client", session.client);
        json.field("demo", options.demo);
        json.field("expiresAt", format_instant(session.absolute_end));
        json.field("idleMinutes", static_cast<std::int64_t>(options.idle.count()));
        if (!session.must.empty()) json.field("must", session.must);
        if (session.reset != 0) json.field("resetUnconfirmed", true);
        if (session.step_up_until != Instant{}) json.field("stepUpUntil", format_instant(session.step_up_until));
    });
    return json.take();
}

namespace {

/// `token` empty = the cookie is taken away.
std::string cookie(const http::Request& request, std::string_view token) {
    std::string text = request.tls ? "__Host-qiao=" : "qiao=";
    text += token;
    text += "; Path=/; HttpOnly; SameSite=Strict";
    if (request.tls) text += "; Secure";
    if (token.empty()) text += "; Max-Age=0";
    return text;
}

}  // namespace

http::Response signed_in(const http::Request& request, const Opened& opened, const Sessions& sessions) {
    http::Response response = answer(session_json(opened.session, sessions.directory(), sessions.options()));
    response.with("Set-Cookie", cookie(request, opened.token));
    // Somebody was here before in this browser: nothing that they saw may be shown from its cache.
    if (!request.cookie(request.tls ? "__Host-qiao" : "qiao").empty()) response.with("Clear-Site-Data", "\"cache\"");
    return response;
}

void write_question(JsonWriter& json, const std::string& challenge, const FactorKinds& kinds, const std::vector<std::string>& keys) {
    json.field("challenge", challenge);
    json.array("kinds", [&] {
        if (kinds.totp) json.string(factor::kTotp);
        if (!keys.empty()) json.string(factor::kSecurityKey);
        if (kinds.device) json.string(factor::kDevice);
        if (kinds.recovery_left > 0) json.string(factor::kRecovery);
    });
    json.array("securityKeys", [&] {
        for (const auto& id : keys) json.string(id);
    });
}

http::Response second_needed(const SignInSteps::Waiting& waiting) {
    const Error error(ErrorKind::unauthenticated, "access.second_factor_needed", "the second step is missing");
    const auto outcome = json::parse(http::outcome(error).body);
    JsonWriter json;
    json.object([&] {
        json.raw_field("issue", (*outcome)["issue"].dump());
        json.object("second", [&] {
            json.field("token", waiting.token);
            write_question(json, waiting.challenge, waiting.kinds, waiting.security_keys);
        });
    });
    return answer(json.take(), 401);
}

http::Response& forget_cookie(const http::Request& request, http::Response& response) { return response.with("Set-Cookie", cookie(request, {})); }

http::Response too_many(std::chrono::seconds wait) {
    http::Response response = http::outcome(Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again"));
    std::erase_if(response.headers, [](const http::Header& one) { return one.first == "Retry-After"; });
    response.with("Retry-After", std::to_string(wait.count()));
    return response;
}

std::int64_t number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

void write_person(JsonWriter& json, std::string_view name, const Directory& directory, std::int64_t id) {
    const auto person = directory.person(id);
    if (!person) return;
    json.object(name, [&] {
        json.field("practitioner", person->resource);
        json.field("name", person->name);
        json.field("nameEn", person->name_en);
    });
}

namespace {

record::Caller caller_with(Sessions& sessions, const http::Request& request, std::initializer_list<bool RoleRights::*> wanted, std::int64_t organisation) {
    record::Caller caller = sessions.caller(request);
    const auto memberships = sessions.directory().memberships(caller.actor.person);
    const bool may = std::any_of(memberships.begin(), memberships.end(), [&](const Membership& one) {
        const RoleRights* rights = find_role(one.role);
        const bool enough = rights != nullptr && std::any_of(wanted.begin(), wanted.end(), [&](const auto right) { return rights->*right; });
        return enough && (organisation == 0 || one.organisation == organisation);
    });
    if (!may) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for another role");
    return caller;
}

}  // namespace

record::Caller require_right(Sessions& sessions, const http::Request& request, bool RoleRights::*right) { return caller_with(sessions, request, {right}, 0); }

record::Caller require_right(Sessions& sessions, const http::Request& request, std::initializer_list<bool RoleRights::*> rights) {
    return caller_with(sessions, request, rights, 0);
}

record::Caller require_right_at(Sessions& sessions, const http::Request& request, bool RoleRights::*right, std::int64_t organisation) {
    if (organisation == 0) throw Error(ErrorKind::invalid, "access.bad_organisation", "which institution?");
    return caller_with(sessions, request, {right}, organisation);
}

std::string query_value(const http::Request& request, std::string_view name) {
    for (auto& [key, value] : request.query_values()) {
        if (key == name) return value;
    }
    return {};
}

Instant end_of(const json::Value& body, std::string_view name) {
    if (body[name].is_null()) return Instant::max();
    const auto end = parse_instant(body[name].text());
    if (!end) throw Error(ErrorKind::invalid, "access.bad_time", "an end is a date with time and zone");
    return *end;
}

void require_step_up(const Sessions& sessions, const record::Actor& actor) {
    if (!sessions.stepped_up(actor)) throw Error(ErrorKind::forbidden, "access.step_up_needed", "prove again who you are first");
}

Person person_of(const Directory& directory, std::string_view text) {
    const auto person = directory.person_by_resource(text.starts_with("Practitioner/") ? std::string(text) : "Practitioner/" + std::string(text));
    if (!person) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    return *person;
}

void write_session(JsonWriter& json, const Session& session, std::string_view own_key) {
    json.object([&] {
        json.field("id", session.key.substr(0, 16));
        json.field("agent", session.agent);
        json.field("address", session.address);
        json.field("since", format_instant(session.created));
        json.field("used", format_instant(session.used));
        json.field("factor", session.factor);
        json.field("program", !session.by_cookie);
        json.field("own", session.key == own_key);
    });
}

void write_labels(JsonWriter& json, std::string_view name, std::int64_t labels) {
    json.array(name, [&] {
        for (const std::string_view code : record::codes_of(labels)) json.string(code);
    });
}

std::int64_t organisation_of(const Directory& directory, std::string_view text) {
    if (text.empty()) return 0;
    if (const auto named = directory.organisation_by_resource(text)) return named->id;
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size() || !directory.organisation(id)) {
        throw Error(ErrorKind::invalid, "access.bad_organisation", "no such institution");
    }
    return id;
}

}  // namespace qiao::access::wire
