#pragma once

#include "access/organisation.hpp"
#include "access/role.hpp"
#include "access/session.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"

#include <string>
#include <string_view>

/// The JSON of `/access`: what is read from bodies and how people and institutions are written. For this folder's routes;
/// any thread.
namespace qiao::access::wire {

/// The body as an object; Error(invalid, "access.bad_json").
json::Value body_of(const http::Request& request);
/// A JSON answer that nobody keeps.
http::Response answer(std::string json, int status = 200);

void write_organisation(JsonWriter& json, std::string_view name, const Organisation& organisation);
void write_member(JsonWriter& json, const Directory& directory, const Member& member);
std::string session_json(const Session& session, const Directory& directory, const SessionOptions& options);
std::string organisations_json(const std::vector<Organisation>& organisations);

/// The caller, when one of their roles has this right; Error(forbidden, "access.not_yours") else.
record::Caller require_right(Sessions& sessions, const http::Request& request, bool RoleRights::*right);
/// The same at this institution.
record::Caller require_right_at(Sessions& sessions, const http::Request& request, bool RoleRights::*right, std::int64_t organisation);
std::string query_value(const http::Request& request, std::string_view name);
/// A member with a date, time and zone; Instant::max() when it is absent; Error(invalid, "access.bad_time").
Instant end_of(const json::Value& body, std::string_view name);

/// "Organization/…" or a number; 0 for an empty text; Error(invalid, "access.bad_organisation") for an unknown one.
std::int64_t organisation_of(const Directory& directory, std::string_view text);

}  // namespace qiao::access::wire

namespace qiao::access {
/// The parts of add_routes() about people and institutions, and about contracts, licences and the roster.
void add_people_routes(http::Router& router, Sessions& sessions, Directory& directory);
void add_agreement_routes(http::Router& router, Sessions& sessions, Directory& directory);
}  // namespace qiao::access
