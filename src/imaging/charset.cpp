#include "imaging/charset.hpp"

#include "base/text.hpp"

#include <unicode/ucnv.h>
#include <unicode/ustring.h>
#include <algorithm>
#include <array>
#include <utility>

namespace qiao::imaging {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Term {
    std::string_view label;
    const char* icu_name;
};

/// Defined terms of PS3.3 C.12.1.1.2 and the ICU converter that reads them.
constexpr Term kTerms[] = {
    {"ISO_IR 100", "ISO-8859-1"}, {"ISO_IR 101", "ISO-8859-2"}, {"ISO_IR 109", "ISO-8859-3"}, {"ISO_IR 110", "ISO-8859-4"}, {"ISO_IR 144", "ISO-8859-5"},
    {"ISO_IR 127", "ISO-8859-6"}, {"ISO_IR 126", "ISO-8859-7"}, {"ISO_IR 138", "ISO-8859-8"}, {"ISO_IR 148", "ISO-8859-9"}, {"ISO_IR 203", "ISO-8859-15"},
    {"ISO_IR 166", "TIS-620"},    {"ISO_IR 13", "Shift_JIS"},   {"ISO_IR 192", "UTF-8"},      {"GB18030", "GB18030"},       {"GBK", "GBK"},
};

/// Code sets that an escape sequence of ISO 2022 designates, and how their bytes are read.
struct Escape {
    std::string_view sequence;  ///< without ESC
    const char* icu_name;
    bool high;  ///< invoked by bytes >= 0x80 (G1); otherwise by bytes < 0x80 (G0)
    bool wide;  ///< two bytes a character
};

constexpr Escape kEscapes[] = {
    {"$)A", "GB18030", true, true},    {"$)C", "EUC-KR", true, true},      {"$B", "EUC-JP", false, true},     {"$(D", "EUC-JP", false, true},
    {"(B", "US-ASCII", false, false},  {"(J", "US-ASCII", false, false},   {")I", "Shift_JIS", true, false},  {"-A", "ISO-8859-1", true, false},
    {"-B", "ISO-8859-2", true, false}, {"-C", "ISO-8859-3", true, false},  {"-D", "ISO-8859-4", true, false}, {"-L", "ISO-8859-5", true, false},
    {"-G", "ISO-8859-6", true, false}, {"-F", "ISO-8859-7", true, false},  {"-H", "ISO-8859-8", true, false}, {"-M", "ISO-8859-9", true, false},
    {"-T", "TIS-620", true, false},    {"-b", "ISO-8859-15", true, false},
};

bool is_high(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool is_ascii(std::string_view text) { return std::none_of(text.begin(), text.end(), is_high); }

/// "ISO 2022 IR 100" and "ISO_IR 100" name the same set; blanks and letter case vary in the field.
const char* icu_name_of(std::string_view label) {
    std::string wanted(trim(label));
    for (auto& c : wanted) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    if (wanted.starts_with("ISO 2022 IR")) wanted.replace(0, 11, "ISO_IR");
    if (wanted == "UTF-8" || wanted == "UTF8") return "UTF-8";
    for (const auto& term : kTerms)
        if (term.label == wanted) return term.icu_name;
    return nullptr;
}

/// Whether every high byte belongs to a pair of GB 2312's Chinese characters (rows 16-87): text in a Latin alphabet
/// practically never looks so, while Chinese names nearly always do.
bool looks_like_gb2312(std::string_view text) {
    bool any = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) continue;
        if (i + 1 >= text.size() || lead < 0xB0 || lead > 0xF7 || static_cast<unsigned char>(text[i + 1]) < 0xA1) return false;
        any = true;
        ++i;
    }
    return any;
}

/// Visible text without control characters: a value that a code set maps to controls was not written in it.
bool is_plausible(std::string_view utf8) {
    for (std::size_t i = 0; i + 1 < utf8.size(); ++i)
        if (utf8[i] == '\xC2' && static_cast<unsigned char>(utf8[i + 1]) < 0xA0) return false;
    return utf8.find(kReplacement) == std::string_view::npos;
}

}  // namespace

struct Charset::Converter {
    std::string name;
    std::unique_ptr<UConverter, decltype(&ucnv_close)> handle;
};

bool is_charset(std::string_view term) { return icu_name_of(term) != nullptr; }

Charset::Charset(std::string_view label, std::string_view site_default) {
    if (const auto* site = icu_name_of(site_default)) site_name_ = site;
    const auto terms = split(label, '\\');
    const auto first = trim(terms.front());
    const bool extensions = terms.size() > 1 || first.starts_with("ISO 2022");
    const auto* name = icu_name_of(first);
    if (name != nullptr) name_ = name;
    if (name_ == "UTF-8")
        kind_ = Kind::utf8;
    else if (name_ == "GB18030" || name_ == "GBK")
        kind_ = Kind::named;
    else if (extensions)
        kind_ = Kind::iso2022;
    else if (name_ == "ISO-8859-1")
        kind_ = Kind::latin1;
    else if (name != nullptr)
        kind_ = Kind::named;
}

Charset::~Charset() = default;
Charset::Charset(Charset&&) noexcept = default;
Charset& Charset::operator=(Charset&&) noexcept = default;

bool Charset::convert(const char* icu_name, std::string_view raw, std::string& out, bool strict) {
    auto found = std::find_if(converters_.begin(), converters_.end(), [&](const Converter& c) { return c.name == icu_name; });
    UErrorCode status = U_ZERO_ERROR;
    if (found == converters_.end()) {
        std::unique_ptr<UConverter, decltype(&ucnv_close)> handle(ucnv_open(icu_name, &status), &ucnv_close);
        if (U_FAILURE(status) != 0) return false;
        converters_.push_back({icu_name, std::move(handle)});
        found = std::prev(converters_.end());
    }
    auto* converter = found->handle.get();
    ucnv_reset(converter);
    ucnv_setToUCallBack(converter, strict ? UCNV_TO_U_CALLBACK_STOP : UCNV_TO_U_CALLBACK_SUBSTITUTE, nullptr, nullptr, nullptr, &status);
    std::u16string wide(raw.size() * 2 + 8, u'\0');
    status = U_ZERO_ERROR;
    const auto units =
        ucnv_toUChars(converter, wide.data(), static_cast<std::int32_t>(wide.size()), raw.data(), static_cast<std::int32_t>(raw.size()), &status);
    if (U_FAILURE(status) != 0) return false;
    std::string utf8(static_cast<std::size_t>(units) * 3 + 1, '\0');
    std::int32_t bytes = 0;
    u_strToUTF8(utf8.data(), static_cast<std::int32_t>(utf8.size()), &bytes, wide.data(), units, &status);
    if (U_FAILURE(status) != 0) return false;
    utf8.resize(static_cast<std::size_t>(bytes));
    if (strict && !is_plausible(utf8)) return false;
    out += utf8;
    return true;
}

std::string Charset::decode(std::string_view raw) {
    if (is_ascii(raw) && (kind_ != Kind::iso2022 || raw.find('\x1B') == std::string_view::npos)) return std::string(raw);
    if (kind_ == Kind::iso2022) return decode_iso2022(raw);
    if (kind_ == Kind::ascii) return decode_unlabelled(raw);
    if (kind_ == Kind::latin1) return decode_latin1(raw);
    if (kind_ == Kind::utf8 && is_utf8(raw)) return std::string(raw);
    std::string out;
    // Labelled but not so written: the site's own set, if it reads without an error, beats replacement characters.
    if (convert(name_.c_str(), raw, out, true)) return out;
    if (is_utf8(raw) || (!site_name_.empty() && site_name_ != name_ && convert(site_name_.c_str(), raw, out, true))) {
        overruled_ = true;
        return out.empty() ? std::string(raw) : out;
    }
    if (kind_ == Kind::utf8 && looks_like_gb2312(raw) && convert("GB18030", raw, out, true)) {
        overruled_ = true;
        return out;
    }
    if (!convert(name_.c_str(), raw, out, false)) out = kReplacement;
    return out;
}

std::string Charset::decode_unlabelled(std::string_view raw) {
    std::string out;
    overruled_ = true;
    if (is_utf8(raw)) return std::string(raw);
    if (!site_name_.empty() && convert(site_name_.c_str(), raw, out, true)) return out;
    if (looks_like_gb2312(raw) && convert("GB18030", raw, out, true)) return out;
    if (!convert("ISO-8859-1", raw, out, false)) out = kReplacement;
    return out;
}

std::string Charset::decode_latin1(std::string_view raw) {
    std::string out;
    // Two Latin letters with accents side by side are rare; whole words of them that are also Chinese characters are not Latin.
    const bool chinese = looks_like_gb2312(raw);
    if (!chinese && !is_utf8(raw)) {
        if (convert("ISO-8859-1", raw, out, true)) return out;
        // Latin-1 has no printable characters at 80-9F: GBK does.
        overruled_ = true;
        if (convert(site_name_.empty() ? "GB18030" : site_name_.c_str(), raw, out, true)) return out;
        if (!convert("ISO-8859-1", raw, out, false)) out = kReplacement;
        return out;
    }
    overruled_ = true;
    if (is_utf8(raw)) return std::string(raw);
    if (convert("GB18030", raw, out, true)) return out;
    if (!convert("ISO-8859-1", raw, out, false)) out = kReplacement;
    return out;
}

std::string Charset::decode_iso2022(std::string_view raw) {
    std::string out;
    const Escape* low = nullptr;
    const Escape* high = nullptr;
    std::size_t i = 0;
    while (i < raw.size()) {
        if (raw[i] == '\x1B') {
            const auto rest = raw.substr(i + 1);
            const auto* escape = std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const Escape& e) { return rest.starts_with(e.sequence); });
            if (escape == std::end(kEscapes)) return out + std::string(kReplacement);
            (escape->high ? high : low) = escape;
            i += 1 + escape->sequence.size();
            continue;
        }
        // A run of bytes that one set reads; delimiters switch back to the first term's sets (PS3.5 6.1.2.5.3).
        const bool high_run = is_high(raw[i]);
        const bool wide_low = !high_run && low != nullptr && low->wide;
        std::size_t end = i + 1;
        while (end < raw.size() && raw[end] != '\x1B' && is_high(raw[end]) == high_run) ++end;
        std::string run(raw.substr(i, end - i));
        i = end;
        if (!high_run && !wide_low) {
            if (run.find_first_of("\\^=\r\n\t\f") != std::string::npos) high = nullptr;
            out += run;
            continue;
        }
        if (wide_low) {
            const bool supplement = low->sequence == "$(D";
            std::string shifted;
            for (std::size_t k = 0; k < run.size(); ++k) {
                if (supplement && k % 2 == 0) shifted += '\x8F';
                shifted += static_cast<char>(static_cast<unsigned char>(run[k]) | 0x80U);
            }
            run = std::move(shifted);
        }
        const auto* set = wide_low ? low->icu_name : high != nullptr ? high->icu_name : name_.empty() ? "ISO-8859-1" : name_.c_str();
        // Real files leave the escape out: without one the site's set, or GB 2312 by its looks, is the better reading.
        if (!wide_low && high == nullptr && name_.empty()) {
            out += decode_unlabelled(run);
            continue;
        }
        if (!convert(set, run, out, false)) out += kReplacement;
    }
    return out;
}

}  // namespace qiao::imaging
