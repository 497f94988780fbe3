#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <string>
#include <string_view>

/// Random bytes and identifiers. Thread-safe.
namespace qiao {

/// `count` bytes from the operating system's generator.
std::string random_bytes(std::size_t count);
/// UUIDv7 text (RFC 9562), 36 characters: the ids of resources; they sort by time.
std::string new_uuid(Instant now);
/// UUIDv4 text.
std::string new_random_uuid();
/// 256 random bits in base64url, 43 characters: session, client and one-time secrets.
std::string new_secret();
/// Whether `text` is a FHIR id: 1-64 of A-Z a-z 0-9 - .
bool is_fhir_id(std::string_view text);

}  // namespace qiao
