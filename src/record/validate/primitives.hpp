#pragma once

#include "record/definitions/elements.hpp"

#include <string_view>

/// Syntax of FHIR primitive values (R4, datatypes page), written by hand: no regular expression runs on a write. Any thread.
namespace qiao::record {

/// "1980", "1980-05", "1980-05-17" of a day that exists.
bool is_fhir_date(std::string_view text);
/// A date, or a date with time to the second and a zone.
bool is_fhir_date_time(std::string_view text);
/// Date, time to the second, zone.
bool is_fhir_instant(std::string_view text);
/// "08:30:00", without zone.
bool is_fhir_time(std::string_view text);
/// No blank at either end, no double blank inside.
bool is_fhir_code(std::string_view text);
bool is_fhir_oid(std::string_view text);   ///< "urn:oid:1.2.3"
bool is_fhir_uuid(std::string_view text);  ///< "urn:uuid:…", lower case
bool is_fhir_base64(std::string_view text);
/// Not empty, not only blanks, no control characters but tab and line ends.
bool is_fhir_string(std::string_view text);
/// Not empty and without blanks.
bool is_fhir_uri(std::string_view text);

/// What is wrong with the text of a primitive of string form; nullptr = nothing. `type` is none of boolean, the numbers, xhtml.
const char* text_problem(ValueType type, std::string_view text);

}  // namespace qiao::record
