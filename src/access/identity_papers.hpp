#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>

/// The checks of a Patient's papers at registration. Pure; any thread.
namespace qiao::access {

/// Throws Error(invalid) with the code of the first defect; brings identifiers into the form that they are kept in (no
/// blanks around them, the check character of a national number in upper case).
void check_identity(json::Value& patient, std::string_view no_id_reason, Instant now);
/// The name to compare: `name[0].text`, else family and given.
std::string name_of(const json::Value& patient);
/// Toneless pinyin of a Chinese name, other names folded; both without blanks.
std::string comparable_name(std::string_view name);
/// Temporary identity for somebody without papers, with the reason in an extension.
json::Value temporary_identifier(std::string_view reason, Instant now);

}  // namespace qiao::access
