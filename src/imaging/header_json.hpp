#pragma once

#include "base/json.hpp"
#include "imaging/charset.hpp"
#include "imaging/dictionary.hpp"

#include <optional>
#include <string>
#include <string_view>

/// One element's value as DICOM JSON (PS3.18 annex F.2) and as plain text. Pure functions. Any thread.
namespace qiao::imaging {

/// VRs whose explicit header has a 32-bit length.
bool has_long_length(Vr vr);
/// Text whose bytes depend on SpecificCharacterSet.
bool is_localised(Vr vr);
/// VRs that may be bulk data when they are long.
bool may_be_bulk(Vr vr);
bool is_known_vr(Vr vr);
enum class QueryLevel : std::uint8_t { study, series, instance };
/// The level at which searches return a root attribute (PS3.18 tables 10.6.3-3 to -5 and what viewers ask besides).
std::optional<QueryLevel> query_level(Tag tag);
/// Root attributes whose text is kept although searches do not return them: the shape of the pixels.
bool is_image_attribute(Tag tag);

/// The value in UTF-8: padding removed, numbers in decimal, several values joined by `\`.
std::string value_text(Vr vr, std::string_view raw, Charset& charset);
/// Appends `"GGGGEEEE":{"vr":…}`; binary values as InlineBinary.
void write_element(JsonWriter& json, Tag tag, Vr vr, std::string_view raw, Charset& charset);

}  // namespace qiao::imaging
