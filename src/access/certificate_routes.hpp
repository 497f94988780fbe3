#pragma once

#include "access/session.hpp"
#include "access/signing_keys.hpp"
#include "base/json.hpp"
#include "http/router.hpp"

#include <string>

/// `/access/certificates`: what the security administrator sees of the keys that sign, and does with them. Called once at
/// start; the handlers run on the worker pool.
namespace qiao::access {

void add_certificate_routes(http::Router& router, Sessions& sessions, SigningKeys& keys, const Clock& clock);

/// The whole list as JSON: people, seals, authorities. Also for `qiao ca list`.
std::string certificates_json(SigningKeys& keys, const Directory& directory, const Clock& clock);
/// The member "holder": resource, names, whether active.
void write_holder(JsonWriter& json, const Directory& directory, const Holder& holder);
/// "Practitioner/…" or "Organization/…" (its seal). Error(not_found, "signing.no_holder").
Holder holder_of(const Directory& directory, std::string_view reference);

}  // namespace qiao::access
