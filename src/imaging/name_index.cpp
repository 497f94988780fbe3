#include "imaging/name_index.hpp"

#include "record/extract/fold.hpp"

#include <algorithm>

namespace qiao::imaging {
namespace {

/// The characters of valid UTF-8.
std::vector<std::string_view> characters(std::string_view text) {
    std::vector<std::string_view> found;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t length = 1;
        while (at + length < text.size() && (static_cast<unsigned char>(text[at + length]) & 0xC0U) == 0x80U) ++length;
        found.push_back(text.substr(at, length));
        at += length;
    }
    return found;
}

bool is_cjk(std::string_view character) { return character.size() >= 3; }

}  // namespace

std::string normalise_name(std::string_view person_name) {
    std::string plain(person_name);
    std::replace(plain.begin(), plain.end(), '^', ' ');
    std::replace(plain.begin(), plain.end(), '=', ' ');
    auto folded = record::fold_text(plain);
    if (record::has_han(plain)) folded += " " + record::to_pinyin(plain, true).full;
    return folded;
}

std::vector<std::string> grams_of(std::string_view normalised) {
    std::vector<std::string> grams;
    const auto all = characters(normalised);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i] == " ") continue;
        if (is_cjk(all[i])) {
            grams.emplace_back(all[i]);
            if (i + 1 < all.size() && is_cjk(all[i + 1])) grams.push_back(std::string(all[i]) + std::string(all[i + 1]));
        } else if (i + 2 < all.size() && all[i + 1] != " " && all[i + 2] != " " && !is_cjk(all[i + 1]) && !is_cjk(all[i + 2])) {
            grams.push_back(std::string(all[i]) + std::string(all[i + 1]) + std::string(all[i + 2]));
        }
    }
    std::sort(grams.begin(), grams.end());
    grams.erase(std::unique(grams.begin(), grams.end()), grams.end());
    return grams;
}

}  // namespace qiao::imaging
