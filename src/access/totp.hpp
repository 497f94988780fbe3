#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Time-based one-time codes (RFC 6238): HMAC-SHA-1, 30 s, 6 digits, as every authenticator program reads them. Pure
/// functions; any thread.
namespace qiao::access::totp {

/// 20 random bytes, the length that RFC 4226 section 4 recommends.
std::string new_secret();
/// The code of one 30-second step (RFC 4226 section 5.3).
std::string code_at(std::string_view secret, std::int64_t step, int digits = 6);
std::int64_t step_of(Instant now);
/// The step within one of `now` whose code this is, later than `last_used`, so that a code counts once; nothing otherwise.
std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, Instant now, std::int64_t last_used);
/// RFC 4648 base32 without padding: how people type a secret.
std::string to_base32(std::string_view bytes);
/// What the QR code says: `otpauth://totp/<issuer>:<account>?secret=…`.
std::string uri(std::string_view secret, std::string_view issuer, std::string_view account);

}  // namespace qiao::access::totp
