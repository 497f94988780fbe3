#pragma once

#include <string>
#include <string_view>
#include <vector>

/// How text is compared in string searches: NFKD, without accents, case folded, blanks squeezed; Chinese stays Chinese.
/// The same functions serve the stored side and the search side. Any thread.
namespace qiao::record {

/// "  Müller-LÜDENSCHEIDT " → "muller-ludenscheidt". Invalid UTF-8 must not come here.
std::string fold_text(std::string_view text);
/// `folded` without blanks, apostrophes, dots and hyphens: pinyin is stored so, and a search value is tried so as well
/// ("wang wei" and "Wang Wei" find "wangwei").
std::string compact(std::string_view folded);

/// `text` with each ü, with or without a tone, as v: "lǚ" → "lv".
std::string umlauts_as_v(std::string_view text);

/// Whether `text` has at least one Chinese character.
bool has_han(std::string_view text);

struct Pinyin {
    std::string full;      ///< "wangwei"
    std::string initials;  ///< "ww"
};
/// Toneless pinyin of Chinese text, other letters folded and kept; ü is written v. Surnames that are read
/// specially (单 shan, 仇 qiu, 曾 zeng, 尉迟 yuchi …) are read so at the start when `is_person` is true. Empty when `text` has no Chinese.
Pinyin to_pinyin(std::string_view text, bool is_person);

}  // namespace qiao::record
