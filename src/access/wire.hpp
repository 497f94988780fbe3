#pragma once

#include "access/entrance.hpp"
#include "access/organisation.hpp"
#include "access/role.hpp"
#include "access/role_request.hpp"
#include "access/session.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"

#include <string>
#include <string_view>

/// The JSON of `/access`: what is read from bodies, how people and institutions are written, and who may ask. For this folder's
/// routes, the last also for those of the rows above; any thread.
namespace qiao::access::wire {

/// The body as an object; Error(invalid, "access.bad_json").
json::Value body_of(const http::Request& request);
/// A JSON answer that nobody keeps.
http::Response answer(std::string json, int status = 200);

void write_organisation(JsonWriter& json, std::string_view name, const Organisation& organisation);
/// Name and Practitioner of a person; nothing when there is none.
void write_person(JsonWriter& json, std::string_view name, const Directory& directory, std::int64_t id);
void write_member(JsonWriter& json, const Directory& directory, const Member& member);
std::string session_json(const Session& session, const Directory& directory, const SessionOptions& options);
std::string organisations_json(const std::vector<Organisation>& organisations);

/// The caller, when one of their roles has this right; Error(forbidden, "access.not_yours") else.
record::Caller require_right(Sessions& sessions, const http::Request& request, bool RoleRights::*right);
/// The same when one of several rights is enough.
record::Caller require_right(Sessions& sessions, const http::Request& request, std::initializer_list<bool RoleRights::*> rights);
/// The same at this institution.
record::Caller require_right_at(Sessions& sessions, const http::Request& request, bool RoleRights::*right, std::int64_t organisation);
/// A row number in a path; 0 when it is none.
std::int64_t number_of(std::string_view text);
/// Sensitivity labels as an array of their codes.
void write_labels(JsonWriter& json, std::string_view name, std::int64_t labels);
std::string query_value(const http::Request& request, std::string_view name);
/// A member with a date, time and zone; Instant::max() when it is absent; Error(invalid, "access.bad_time").
Instant end_of(const json::Value& body, std::string_view name);
/// The answer to a sign-in: who it is, and the cookie.
http::Response signed_in(const http::Request& request, const Opened& opened, const Sessions& sessions);
/// The challenge of a question and the ways to answer it.
void write_question(JsonWriter& json, const std::string& challenge, const FactorKinds& kinds, const std::vector<std::string>& keys);
/// 401 with the code that every client reads, and beside it what the second step needs.
http::Response second_needed(const SignInSteps::Waiting& waiting);
/// Takes the browser's cookie away.
http::Response& forget_cookie(const http::Request& request, http::Response& response);
/// 429 with the true Retry-After.
http::Response too_many(std::chrono::seconds wait);
/// Error(forbidden, "access.step_up_needed").
void require_step_up(const Sessions& sessions, const record::Actor& actor);
/// "Practitioner/…" or its id; Error(not_found, "access.no_person").
Person person_of(const Directory& directory, std::string_view text);
void write_session(JsonWriter& json, const Session& session, std::string_view own_key);

/// "Organization/…" or a number; 0 for an empty text; Error(invalid, "access.bad_organisation") for an unknown one.
std::int64_t organisation_of(const Directory& directory, std::string_view text);

}  // namespace qiao::access::wire

namespace qiao::access {
/// The parts of add_routes() about people and institutions, and about contracts, licences and the roster.
void add_people_routes(http::Router& router, Sessions& sessions, Directory& directory, RoleRequests& role_requests);
/// Administrator roles that wait for a second administrator.
void add_role_request_routes(http::Router& router, Sessions& sessions, RoleRequests& requests);
void add_agreement_routes(http::Router& router, Sessions& sessions, Directory& directory);
/// Signing in and out, step-up, the demo's people, the first run, the password of a reset.
void add_sign_in_routes(http::Router& router, Sessions& sessions, Entrance& entrance);
/// `/access/me`: a person's own factors and sessions.
void add_me_routes(http::Router& router, Sessions& sessions, Entrance& entrance);
/// Resets by two persons, other people's sessions, codes for a colleague's phone.
void add_reset_routes(http::Router& router, Sessions& sessions, Entrance& entrance);
}  // namespace qiao::access
