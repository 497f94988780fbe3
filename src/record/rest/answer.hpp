#pragma once

#include "http/message.hpp"
#include "record/record.hpp"

#include <optional>
#include <string>
#include <string_view>

/// How the FHIR API speaks HTTP: media types, preferences, versions in headers. Plain functions; any thread.
namespace qiao::record {

/// "https://host/fhir" of this request.
std::string base_of(const http::Request& request);

/// "application/fhir+json; fhirVersion=4.0" → whether it is JSON of this version.
bool is_fhir_json(std::string_view media_type);

/// Throws Error(invalid, "http.not_acceptable") when the caller wants only what is not JSON.
void check_acceptable(const http::Request& request);
/// Throws Error(invalid, "http.media_type") unless the body is JSON.
void check_json_body(const http::Request& request);

enum class Return : std::uint8_t { representation, minimal, outcome };
struct Preferences {
    Return what = Return::representation;
    bool lenient = false;  ///< handling=lenient
};
Preferences preferences_of(const http::Request& request);

/// W/"3" or "3" of a header; nothing when the header is absent. Error(invalid) when it is no version.
std::optional<std::int64_t> version_of(std::string_view header, std::string_view name);
std::string etag_of(std::int64_t version);

/// 200 with the resource and its version headers; 304 when the caller has it already.
http::Response show(const http::Request& request, Stored found);
/// The answer to a write: 201 or 200 with Location, and what the caller prefers to get.
http::Response wrote(const http::Request& request, int status, Stored stored);
/// A document as it is; indented when `_pretty=true`.
http::Response document(const http::Request& request, std::string json);

/// OperationOutcome with one issue of severity `information` or `warning`.
std::string outcome_text(std::string_view severity, std::string_view code, std::string_view diagnostics);
/// The same JSON with line breaks and blanks.
std::string indented(std::string_view json);

}  // namespace qiao::record
