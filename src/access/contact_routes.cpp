#include "access/contact_routes.hpp"

#include "access/role.hpp"
#include "access/wire.hpp"
#include "base/error.hpp"
#include "record/extract/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace qiao::access {

namespace {

using http::Request;
using http::Response;
using wire::answer;

constexpr http::RouteOptions kSession{.scope = http::Scope::session, .body_limit_bytes = 4 * 1024};

record::Caller require_person(Sessions& sessions, const Request& request) {
    record::Caller caller = sessions.caller(request);
    if (caller.actor.person == 0) throw Error(ErrorKind::forbidden, "access.not_yours", "this is for people");
    return caller;
}

Person person_of(const Sessions& sessions, const Request& request) {
    const auto person = sessions.directory().person_by_resource("Practitioner/" + std::string(request.param("id")));
    if (!person) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    return *person;
}

std::string time_text(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

/// "22:30" in minutes; -1 for anything else, which the check of the contact then refuses.
int minute_of(std::string_view text) {
    int hours = 0;
    int minutes = 0;
    if (text.size() != 5 || text[2] != ':') return -1;
    const auto [hours_end, hours_error] = std::from_chars(text.data(), text.data() + 2, hours);
    const auto [minutes_end, minutes_error] = std::from_chars(text.data() + 3, text.data() + 5, minutes);
    const bool whole = hours_error == std::errc() && minutes_error == std::errc() && hours_end == text.data() + 2 && minutes_end == text.data() + 5;
    return whole && hours < 24 && minutes < 60 ? hours * 60 + minutes : -1;
}

void write_channels(JsonWriter& json, const Contact& contact) {
    json.array("channels", [&] {
        for (const std::string& channel : contact.channels) json.string(channel);
    });
}

Response contact_answer(const Sessions& sessions, const Contact& contact) {
    JsonWriter json;
    json.object([&] {
        json.field("phone", contact.phone);
        json.field("email", contact.email);
        write_channels(json, contact);
        json.field("language", contact.language);
        if (contact.quiet) {
            json.object("quiet", [&] {
                json.field("from", time_text(contact.quiet->from_minute));
                json.field("to", time_text(contact.quiet->to_minute));
            });
        } else {
            json.raw_field("quiet", "null");
        }
        if (const auto by = sessions.directory().person(contact.changed_by)) {
            json.field("changed", format_instant(contact.changed));
            json.field("changedBy", by->name);
            json.field("changedByEn", by->name_en);
        }
    });
    return answer(json.take());
}

Contact contact_of(const Request& request) {
    const json::Value body = wire::body_of(request);
    for (const auto& [name, value] : body.members()) {
        constexpr std::string_view kKnown[] = {"phone", "email", "channels", "language", "quiet"};
        if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
            throw Error(ErrorKind::invalid, "access.bad_contact", "unknown member", {{"structure", name.substr(0, 64), "unknown member"}});
        }
    }
    Contact contact;
    contact.phone = body["phone"].text();
    contact.email = body["email"].text();
    for (const json::Value& one : body["channels"].items()) contact.channels.push_back(one.text());
    if (!body["language"].is_null()) contact.language = body["language"].text();
    if (body["quiet"].is_object()) contact.quiet = QuietHours{minute_of(body["quiet"]["from"].text()), minute_of(body["quiet"]["to"].text())};
    return contact;
}

constexpr std::size_t kListed = 100;

/// Everybody with a role whose name or institution has `q` in it, those without a number first, the numbers masked.
Response list(Sessions& sessions, const Contacts& contacts, const Request& request) {
    wire::require_right(sessions, request, &RoleRights::keeps_people);
    const Directory& directory = sessions.directory();
    std::string asked;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "q") asked = record::fold_text(value);
    }
    struct Row {
        Person person;
        Membership membership;
        std::optional<Organisation> where;
        Contact contact;
        [[nodiscard]] bool is_silent() const { return contact.phone.empty() && contact.email.empty(); }
    };
    std::vector<Row> rows;
    for (const Person& person : directory.people()) {
        const auto memberships = directory.memberships(person.id);
        if (memberships.empty()) continue;
        Row row{person, memberships.front(), directory.organisation(memberships.front().organisation), contacts.of(person.id)};
        const std::string text = person.name + " " + person.name_en + " " + person.login + " " + (row.where ? row.where->name + " " + row.where->name_en : "");
        if (record::fold_text(text).find(asked) != std::string::npos) rows.push_back(std::move(row));
    }
    std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return row.is_silent(); });
    JsonWriter json;
    json.object([&] {
        json.field("count", static_cast<std::int64_t>(rows.size()));
        json.array("people", [&] {
            for (std::size_t i = 0; i < std::min(rows.size(), kListed); ++i) {
                const auto& [person, membership, where, contact] = rows[i];
                json.object([&, &person = person, &membership = membership, &where = where, &contact = contact] {
                    json.field("practitioner", person.resource);
                    json.field("name", person.name);
                    json.field("nameEn", person.name_en);
                    json.field("role", membership.role);
                    if (where) wire::write_organisation(json, "organisation", *where);
                    json.field("phone", contact.phone.empty() ? std::string() : masked_phone(contact.phone));
                    json.field("email", contact.email.empty() ? std::string() : masked_email(contact.email));
                    write_channels(json, contact);
                    json.field("language", contact.language);
                });
            }
        });
    });
    return answer(json.take());
}

}  // namespace

void add_contact_routes(http::Router& router, Sessions& sessions, Contacts& contacts) {
    router.add(http::Method::get, "/access/contact", kSession,
               [&](const Request& request) { return contact_answer(sessions, contacts.of(require_person(sessions, request).actor.person)); });
    router.add(http::Method::put, "/access/contact", kSession, [&](const Request& request) {
        const record::Caller caller = require_person(sessions, request);
        return contact_answer(sessions, contacts.put(caller.actor, caller.actor.person, contact_of(request)));
    });
    router.add(http::Method::get, "/access/contacts", kSession, [&](const Request& request) { return list(sessions, contacts, request); });
    router.add(http::Method::get, "/access/people/{id}/contact", kSession, [&](const Request& request) {
        wire::require_right(sessions, request, &RoleRights::keeps_people);
        return contact_answer(sessions, contacts.of(person_of(sessions, request).id));
    });
    router.add(http::Method::put, "/access/people/{id}/contact", kSession, [&](const Request& request) {
        const record::Caller caller = wire::require_right(sessions, request, &RoleRights::keeps_people);
        return contact_answer(sessions, contacts.put(caller.actor, person_of(sessions, request).id, contact_of(request)));
    });
}

}  // namespace qiao::access
