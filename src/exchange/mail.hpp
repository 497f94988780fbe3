#pragma once

#include "base/time.hpp"
#include "exchange/message.hpp"

#include <string>
#include <string_view>

/// The text of an e-mail (RFC 5322, RFC 2045, RFC 2047). Pure; any thread.
namespace qiao::exchange {

/// Header and body with CRLF, UTF-8 in base64. `Message-ID` is made of the message's key, so a second copy can be known.
std::string mail_text(const Message& message, std::string_view from, Instant now);

}  // namespace qiao::exchange
