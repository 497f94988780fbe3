#include "access/entrance.hpp"
#include "access/totp.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;
using wire::body_of;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 32 * 1024};
constexpr std::string_view kIssuer = "Qiao";

struct Own {
    record::Caller caller;
    Session session;
    Person person;
};

Own own(Sessions& sessions, const Request& request) {
    Own result{sessions.own_caller(request), {}, {}};
    const auto session = sessions.find(request);
    const auto person = sessions.directory().person(result.caller.actor.person);
    if (!session || !person) throw Error(ErrorKind::forbidden, "access.not_yours", "only people have this");
    result.session = *session;
    result.person = *person;
    return result;
}

/// Who changes what proves them has just proved it; whoever must add a first factor gave the password a moment ago.
Own own_to_change(Sessions& sessions, const Request& request) {
    Own result = own(sessions, request);
    if (result.session.reset != 0) throw Error(ErrorKind::forbidden, "access.reset_unconfirmed", "a second person has to confirm first");
    if (result.session.must.empty()) wire::require_step_up(sessions, result.caller.actor);
    return result;
}

void write_codes(JsonWriter& json, const std::vector<std::string>& codes) {
    json.array("recoveryCodes", [&] {
        for (const auto& code : codes) json.string(code);
    });
}

/// After a factor was added: the first one comes with recovery codes, and a session that had to add one begins anew, with a new
/// token, as at every change of what somebody may do.
Response added(Sessions& sessions, Entrance& entrance, const Request& request, const Own& who, std::string_view factor, const std::string& device = {}) {
    std::vector<std::string> codes;
    if (entrance.factors.kinds(who.person.id).recovery_left == 0) codes = entrance.factors.new_recovery_codes(who.caller.actor);
    Response response;
    std::string session = "null";
    if (!who.session.must.empty()) {
        response = wire::signed_in(request, sessions.open_for(who.person.id, {.factor = std::string(factor)}, request), sessions);
        session = response.body;
    } else {
        response = answer({});
    }
    JsonWriter json;
    json.object([&] {
        write_codes(json, codes);
        json.raw_field("session", session);
        if (!device.empty()) json.field("device", device);
    });
    response.body = json.take();
    return response;
}

void write_security(JsonWriter& json, Entrance& entrance, const Own& who) {
    json.array("factors", [&] {
        for (const Factor& one : entrance.factors.of(who.person.id)) {
            json.object([&] {
                json.field("id", std::to_string(one.id));
                json.field("kind", one.kind);
                json.field("name", one.name);
                json.field("handle", one.kind == factor::kTotp ? std::string() : one.handle);
                json.field("host", one.rp_id);
                json.field("since", format_instant(one.created));
                if (one.used != Instant{}) json.field("used", format_instant(one.used));
                json.field("locked", one.locked());
            });
        }
    });
    json.field("recoveryLeft", entrance.factors.kinds(who.person.id).recovery_left);
    json.field("required", entrance.steps.requires_factor(who.person.id));
    json.array("notices", [&] {
        for (const SecurityNotice& one : entrance.notices.of(who.person.id)) {
            json.object([&] {
                json.field("at", format_instant(one.at));
                json.field("code", one.code);
                json.field("detail", one.detail);
                json.field("address", one.address);
            });
        }
    });
}

void add_factor_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    router.add(http::Method::get, "/access/me/security", kSession, [&](const Request& request) {
        const Own who = own(sessions, request);
        JsonWriter json;
        json.object([&] { write_security(json, entrance, who); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/me/totp", kSession, [&](const Request& request) {
        const Own who = own_to_change(sessions, request);
        const std::string secret = entrance.factors.begin_totp(who.person.id);
        JsonWriter json;
        json.object([&] {
            json.field("secret", totp::to_base32(secret));
            json.field("uri", totp::uri(secret, kIssuer, who.person.login));
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/me/totp/confirm", kSession, [&](const Request& request) {
        const Own who = own_to_change(sessions, request);
        const auto body = body_of(request);
        entrance.factors.confirm_totp(who.caller.actor, body["code"].text(), body["name"].text());
        return added(sessions, entrance, request, who, factor::kTotp);
    });
    router.add(http::Method::post, "/access/me/recovery-codes", kSession, [&](const Request& request) {
        const Own who = own_to_change(sessions, request);
        JsonWriter json;
        json.object([&] { write_codes(json, entrance.factors.new_recovery_codes(who.caller.actor)); });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/me/factors/{id}/remove", kSession, [&](const Request& request) {
        const Own who = own_to_change(sessions, request);
        const std::string_view text = request.param("id");
        std::int64_t id = 0;
        std::from_chars(text.data(), text.data() + text.size(), id);
        if (entrance.factors.of(who.person.id).size() == 1 && entrance.steps.requires_factor(who.person.id)) {
            throw Error(ErrorKind::conflict, "access.last_factor", "add another one first: your role needs a second factor");
        }
        entrance.factors.remove(who.caller.actor, who.person.id, id);
        return answer({}, 204);
    });
}

void add_key_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    router.add(http::Method::post, "/access/me/security-keys", kSession, [&](const Request& request) {
        const Own who = own_to_change(sessions, request);
        const auto body = body_of(request);
        const auto client_data = from_base64(body["clientDataJSON"].text());
        const auto attestation = from_base64(body["attestationObject"].text());
        if (!client_data || !attestation) throw Error(ErrorKind::invalid, "access.bad_security_key", "fields are base64url");
        const auto expected = entrance.steps.expected(who.session, request);
        const auto key = webauthn::read_registration(*client_data, *attestation, expected);
        entrance.factors.add_security_key(who.caller.actor, body["name"].text(), key, webauthn::rp_id_of(expected.host));
        return added(sessions, entrance, request, who, factor::kSecurityKey);
    });
    router.add(http::Method::post, "/access/me/devices", kSession, [&](const Request& request) {
        const Own who = own_to_change(sessions, request);
        const auto body = body_of(request);
        const auto spki = from_base64(body["publicKey"].text());
        const auto signature = from_base64(body["signature"].text());
        const auto key = spki ? PublicKey::from_spki(*spki) : std::nullopt;
        const auto expected = entrance.steps.expected(who.session, request);
        const bool holds = key && key->algorithm() == SignatureAlgorithm::es256 && signature && !expected.challenge.empty() &&
                           key->verifies_raw(device_text(expected.challenge, expected.host), *signature);
        if (!holds) throw Error(ErrorKind::invalid, "access.bad_device_key", "the phone has to prove that it holds the key");
        Factors::require_good_pin(body["pin"].text());  // before the code is used up
        const std::int64_t by = entrance.device_codes.take(who.person.id, body["code"].text());
        const std::string device = entrance.factors.add_device(who.caller.actor, body["name"].text(), *key, body["pin"].text(), by);
        return added(sessions, entrance, request, who, factor::kDevice, device);
    });
}

void add_seal_route(http::Router& router, Sessions& sessions, Entrance& entrance) {
    router.add(http::Method::post, "/access/me/device-seal", kSession, [&](const Request& request) {
        const Own who = own(sessions, request);
        require_nothing_else(who.session);
        const auto device = from_base64(body_of(request)["device"].text());
        if (!device || device->size() != DeviceSeal::kDevice_bytes) throw Error(ErrorKind::invalid, "access.bad_device", "device: 16 bytes in base64url");
        JsonWriter json;
        json.object([&] { json.field("key", to_base64url(entrance.device_seal.key(who.person.id, *device))); });
        return answer(json.take());
    });
}

void add_discard_route(http::Router& router, Sessions& sessions) {
    router.add(http::Method::post, "/access/me/discards", kSession, [&](const Request& request) {
        const auto caller = sessions.caller(request);
        const auto body = body_of(request);
        const std::string& what = body["what"].text();
        const std::string& case_id = body["case"].text();
        const std::string& reason = body["reason"].text();
        const auto is_word = [](std::string_view text) {
            return !text.empty() && text.size() <= 32 && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
        };
        const bool is_id =
            case_id.size() <= 64 && std::all_of(case_id.begin(), case_id.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.'; });
        if (!is_word(what) || !is_word(reason) || !is_id) throw Error(ErrorKind::invalid, "access.bad_discard", "what and reason: words; case: an id or empty");
        sessions.note_discard(caller.actor, what, case_id, reason);
        return answer({}, 204);
    });
}

void add_own_session_routes(http::Router& router, Sessions& sessions) {
    router.add(http::Method::get, "/access/me/sessions", kSession, [&](const Request& request) {
        const Own who = own(sessions, request);
        JsonWriter json;
        json.object([&] {
            json.array("sessions", [&] {
                for (const Session& one : sessions.sessions_of(who.person.id)) wire::write_session(json, one, who.session.key);
            });
        });
        return answer(json.take());
    });
    router.add(http::Method::post, "/access/me/sessions/{id}/end", kSession, [&](const Request& request) {
        const Own who = own(sessions, request);
        const auto all = sessions.sessions_of(who.person.id);
        const std::string_view id = request.param("id");
        const auto found = std::find_if(all.begin(), all.end(), [&](const Session& one) { return id.size() == 16 && one.key.starts_with(id); });
        if (found == all.end()) throw Error(ErrorKind::not_found, "access.no_such_session", "it has ended already");
        sessions.end_session(who.caller.actor, *found);
        return answer({}, 204);
    });
    router.add(http::Method::post, "/access/me/sessions/end-others", kSession, [&](const Request& request) {
        const Own who = own(sessions, request);
        for (const Session& one : sessions.sessions_of(who.person.id)) {
            if (one.key != who.session.key) sessions.end_session(who.caller.actor, one);
        }
        return answer({}, 204);
    });
}

}  // namespace

void add_me_routes(http::Router& router, Sessions& sessions, Entrance& entrance) {
    add_factor_routes(router, sessions, entrance);
    add_key_routes(router, sessions, entrance);
    add_seal_route(router, sessions, entrance);
    add_discard_route(router, sessions);
    add_own_session_routes(router, sessions);
}

}  // namespace qiao::access
