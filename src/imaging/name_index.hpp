#pragma once

#include <string>
#include <string_view>
#include <vector>

/// How names of patients are made searchable: folded, with pinyin, and cut into grams, because a full-text index finds
/// nothing for a Chinese name of two characters. Pure functions. Any thread.
namespace qiao::imaging {

/// All groups of a DICOM person name, folded, `^` and `=` as blanks, then the pinyin of its Chinese part.
std::string normalise_name(std::string_view person_name);
/// Single characters and pairs of CJK text, triples of other text. Sorted, without doubles.
std::vector<std::string> grams_of(std::string_view normalised);

}  // namespace qiao::imaging
