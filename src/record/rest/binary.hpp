#pragma once

#include "http/message.hpp"
#include "record/record.hpp"

#include <optional>
#include <string>
#include <string_view>

/// A Binary as its content (R4 binary.html section 2.36.4): what is sent as another media type than FHIR JSON is the content of one, and
/// who does not ask for FHIR gets the content back. Plain functions; any thread.
namespace qiao::record {

inline constexpr std::string_view kBinary = "Binary";
/// Within limits::kJsonContent_bytes as base64.
inline constexpr std::size_t kContent_bytes = 11ULL << 20U;

/// The Binary whose content is the body of a request that writes; nothing when the body is FHIR JSON. `id` is the one of the URL, if any.
/// Error(invalid, "http.media_type" or "http.not_acceptable"), Error(too_large, "record.content_too_large").
std::optional<std::string> binary_sent(const http::Request& request, std::string_view type, std::string_view id);

/// Whether this read wants the content of a Binary.
bool wants_content(const http::Request& request, std::string_view type);
/// Its content as it was sent, for saving and never shown as part of this site. Error(invalid, "http.not_acceptable").
http::Response content_of(const http::Request& request, Stored found);

}  // namespace qiao::record
