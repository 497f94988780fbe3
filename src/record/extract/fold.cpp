#include "record/extract/fold.hpp"

#include "base/error.hpp"

#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <memory>
#include <span>
#include <unordered_map>

namespace qiao::record {

namespace {

bool is_ascii(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
}

/// ASCII and the unified ideographs U+4E00 to U+9FFF alone: no normalisation changes these, they have no case and no marks.
bool is_ascii_or_unified_han(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) continue;
        if (lead < 0xE4 || lead > 0xE9 || text.size() - i < 3) return false;
        const auto second = static_cast<unsigned char>(text[i + 1]);
        const auto third = static_cast<unsigned char>(text[i + 2]);
        if (second < (lead == 0xE4 ? 0xB8 : 0x80) || second > 0xBF || third < 0x80 || third > 0xBF) return false;
        i += 2;
    }
    return true;
}

bool is_han(UChar32 c) {
    if (c < 0x2E80) return false;
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0xF900 && c <= 0xFAFF);
}

/// Calls `use(code point, bytes)` for each character.
template <class Use>
void for_each_character(std::string_view text, Use use) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto size = static_cast<int32_t>(text.size());
    for (int32_t at = 0; at < size;) {
        const int32_t begin = at;
        UChar32 c = 0;
        U8_NEXT(bytes, at, size, c);
        use(c, text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin)));
    }
}

/// ASCII lower case with blanks squeezed and trimmed, in one pass.
std::string squeeze(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool blank = false;
    for (char c : text) {
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            blank = !out.empty();
            continue;
        }
        if (blank) out.push_back(' ');
        blank = false;
        out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    return out;
}

/// Letters that have no decomposition and yet are looked for without their mark.
std::string_view plain_letter(UChar32 c) {
    switch (c) {
        case 0x00F8: return "o";   // ø
        case 0x0111: return "d";   // đ
        case 0x0142: return "l";   // ł
        case 0x0131: return "i";   // ı
        case 0x00E6: return "ae";  // æ
        case 0x0153: return "oe";  // œ
        case 0x00B7:
        case 0x2022:
        case 0x2027:
        case 0x30FB: return "\xC2\xB7";  // the dots within transcribed names, as one
        default: return {};
    }
}

/// The pinyin reader of one thread: ICU's transliterator takes milliseconds to make and is not shared between threads while it
/// works; single characters are remembered.
class HanReader {
public:
    static HanReader& mine() {
        thread_local HanReader reader;
        return reader;
    }

    /// Toneless pinyin of one Chinese character; empty when it has none.
    const std::string& read(UChar32 c) {
        const auto found = known_.find(c);
        if (found != known_.end()) return found->second;
        icu::UnicodeString text(c);
        transliterator_->transliterate(text);
        std::string latin;
        text.toUTF8String(latin);
        std::string plain;
        if (!is_han_text(latin)) plain = compact(latin);
        if (known_.size() >= kKnownCharacters) known_.clear();
        return known_.emplace(c, std::move(plain)).first->second;
    }

private:
    HanReader() {
        // Made once for all threads; each gets a clone. u with diaeresis is written v, as on Chinese keyboards.
        static const std::unique_ptr<icu::Transliterator> prototype = make();
        transliterator_.reset(prototype->clone());
    }

    static std::unique_ptr<icu::Transliterator> make() {
        UErrorCode status = U_ZERO_ERROR;
        UParseError where{};
        const icu::UnicodeString rules = icu::UnicodeString::fromUTF8(
            ":: Han-Latin; :: NFC; \\u00fc > v; \\u01d6 > v; \\u01d8 > v; \\u01da > v; \\u01dc > v; :: NFD; :: [:Nonspacing Mark:] Remove; :: Lower;");
        std::unique_ptr<icu::Transliterator> made(icu::Transliterator::createFromRules("qiao-pinyin", rules, UTRANS_FORWARD, where, status));
        if (U_FAILURE(status) || made == nullptr) throw Error(ErrorKind::internal, "record.pinyin_missing", "ICU has no Han-Latin transliterator");
        return made;
    }

    static bool is_han_text(std::string_view text) { return has_han(text); }

    static constexpr std::size_t kKnownCharacters = 20'000;
    std::unique_ptr<icu::Transliterator> transliterator_;
    std::unordered_map<UChar32, std::string> known_;
};

struct Reading {
    std::string_view hanzi;
    std::string_view first, second;  ///< syllables
};

/// Characters that ICU reads in another way than names and places do.
constexpr Reading kReadings[] = {
    {"重庆", "chong", "qing"}, {"重慶", "chong", "qing"}, {"厦门", "xia", "men"}, {"六安", "lu", "an"}, {"蚌埠", "beng", "bu"},
    {"长", "chang", ""},       {"長", "chang", ""},       {"都", "du", ""},       {"藏", "zang", ""},
};

/// Surnames whose reading differs from the common one of their characters, two characters first.
constexpr Reading kSurnames[] = {
    {"长孙", "zhang", "sun"}, {"長孫", "zhang", "sun"}, {"尉迟", "yu", "chi"}, {"尉遲", "yu", "chi"}, {"万俟", "mo", "qi"}, {"澹台", "tan", "tai"},
    {"澹臺", "tan", "tai"},   {"单于", "chan", "yu"},   {"单", "shan", ""},    {"單", "shan", ""},    {"仇", "qiu", ""},    {"曾", "zeng", ""},
    {"解", "xie", ""},        {"区", "ou", ""},         {"區", "ou", ""},      {"查", "zha", ""},     {"朴", "piao", ""},   {"翟", "zhai", ""},
    {"盖", "ge", ""},         {"蓋", "ge", ""},         {"缪", "miao", ""},    {"繆", "miao", ""},    {"乐", "yue", ""},    {"樂", "yue", ""},
    {"员", "yun", ""},        {"員", "yun", ""},        {"种", "chong", ""},   {"秘", "bi", ""},      {"折", "she", ""},    {"召", "shao", ""},
    {"覃", "qin", ""},        {"洗", "xian", ""},       {"繁", "po", ""},      {"乜", "nie", ""},     {"句", "gou", ""},    {"都", "du", ""},
    {"祭", "zhai", ""},       {"薄", "bo", ""},         {"阚", "kan", ""},     {"佴", "nai", ""},     {"藏", "zang", ""},
};

void add_syllable(Pinyin& out, std::string_view syllable) {
    if (syllable.empty()) return;
    out.full.append(syllable);
    out.initials.push_back(syllable.front());
}

/// Takes the reading that `rest` starts with off its front.
bool take_reading(std::span<const Reading> readings, std::string_view& rest, Pinyin& out) {
    for (const Reading& reading : readings) {
        if (!rest.starts_with(reading.hanzi)) continue;
        add_syllable(out, reading.first);
        add_syllable(out, reading.second);
        rest.remove_prefix(reading.hanzi.size());
        return true;
    }
    return false;
}

}  // namespace

std::string fold_text(std::string_view text) {
    if (is_ascii_or_unified_han(text)) return squeeze(text);
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
    const icu::Normalizer2* decompose = icu::Normalizer2::getNFKDInstance(status);
    if (U_FAILURE(status)) throw Error(ErrorKind::internal, "record.normalizer_missing", "ICU has no normalisation data");
    const auto source = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
    const icu::UnicodeString folded = decompose->normalize(fold->normalize(source, status), status);
    std::string out;
    for (int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
        const UChar32 c = folded.char32At(i);
        const auto category = static_cast<UCharCategory>(u_charType(c));
        if (category == U_NON_SPACING_MARK) {
            // Marks of Latin, Greek and Cyrillic are accents; those of other scripts are letters of their words.
            if (c < 0x0370 || (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF)) continue;
        }
        if (u_isUWhiteSpace(c) != 0) {
            out.push_back(' ');
        } else if (const auto plain = plain_letter(c); !plain.empty()) {
            out.append(plain);
        } else {
            icu::UnicodeString(c).toUTF8String(out);
        }
    }
    return squeeze(out);
}

std::string compact(std::string_view folded) {
    std::string out;
    out.reserve(folded.size());
    for (const char c : folded) {
        if (c != ' ' && c != '\'' && c != '.' && c != '-') out.push_back(c);
    }
    return out;
}

std::string umlauts_as_v(std::string_view text) {
    if (is_ascii(text)) return std::string(text);
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* compose = icu::Normalizer2::getNFCInstance(status);
    if (U_FAILURE(status)) throw Error(ErrorKind::internal, "record.normalizer_missing", "ICU has no normalisation data");
    icu::UnicodeString composed = compose->normalize(icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size()))), status);
    // ü, and ü with the four tones, large and small.
    for (const char16_t c : u"\u00fc\u00dc\u01d5\u01d6\u01d7\u01d8\u01d9\u01da\u01db\u01dc") {
        if (c != 0) composed.findAndReplace(icu::UnicodeString(c), icu::UnicodeString(u'v'));
    }
    std::string out;
    composed.toUTF8String(out);
    return out;
}

bool has_han(std::string_view text) {
    if (is_ascii(text)) return false;
    bool found = false;
    for_each_character(text, [&](UChar32 c, std::string_view) { found = found || is_han(c); });
    return found;
}

Pinyin to_pinyin(std::string_view text, bool is_person) {
    Pinyin out;
    if (!has_han(text)) return out;
    const std::string folded = fold_text(text);
    std::string_view rest = folded;
    if (is_person) take_reading(kSurnames, rest, out);
    bool in_word = false;  // of letters: a Latin word counts one initial
    while (!rest.empty()) {
        if (take_reading(kReadings, rest, out)) {
            in_word = false;
            continue;
        }
        UChar32 c = 0;
        int32_t length = 0;
        U8_NEXT(reinterpret_cast<const std::uint8_t*>(rest.data()), length, static_cast<int32_t>(rest.size()), c);
        const std::string_view bytes = rest.substr(0, static_cast<std::size_t>(length));
        if (is_han(c)) {
            add_syllable(out, HanReader::mine().read(c));
            in_word = false;
        } else if (u_isalnum(c) != 0) {
            out.full.append(bytes);
            if (!in_word) out.initials.append(bytes);
            in_word = true;
        } else {
            in_word = false;
        }
        rest.remove_prefix(static_cast<std::size_t>(length));
    }
    return out;
}

}  // namespace qiao::record
