#pragma once

#include "access/organisation.hpp"
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

/// "Organization/…" or a number; 0 for an empty text; Error(invalid, "access.bad_organisation") for an unknown one.
std::int64_t organisation_of(const Directory& directory, std::string_view text);

}  // namespace qiao::access::wire

namespace qiao::access {
/// The part of add_routes() about people, institutions and contracts.
void add_people_routes(http::Router& router, Sessions& sessions, Directory& directory);
}  // namespace qiao::access
