#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Turns text of a DICOM data set (PS3.5 chapter 6, PS3.3 C.12.1.1.2) into UTF-8, also where the label is missing or
/// wrong: Chinese modalities send GBK without (0008,0005) or labelled ISO_IR 100. A value is decoded whole, *before* it is
/// split at `\`, `^` or `=`, because those are legal second bytes in GBK. An object belongs to one thread.
namespace qiao::imaging {

/// Whether `term` is one that Charset can read by itself, e.g. "GB18030", "ISO_IR 192".
bool is_charset(std::string_view term);

class Charset {
public:
    /// @param label         value of SpecificCharacterSet as received; may be empty or hold several terms
    /// @param site_default  the term of the sending AE for unlabelled text, e.g. "GB18030"; empty = none
    Charset(std::string_view label, std::string_view site_default);
    ~Charset();
    Charset(Charset&&) noexcept;
    Charset& operator=(Charset&&) noexcept;

    /// Always valid UTF-8; a byte that cannot be read becomes U+FFFD.
    [[nodiscard]] std::string decode(std::string_view raw);
    /// Whether some value was read in another character set than its label says.
    [[nodiscard]] bool overruled() const { return overruled_; }

private:
    struct Converter;
    enum class Kind : std::uint8_t { ascii, latin1, utf8, named, iso2022 };

    bool convert(const char* icu_name, std::string_view raw, std::string& out, bool strict);
    std::string decode_unlabelled(std::string_view raw);
    std::string decode_latin1(std::string_view raw);
    std::string decode_iso2022(std::string_view raw);

    Kind kind_ = Kind::ascii;
    std::string name_;       ///< ICU name of a `named` set, or of the first term under ISO 2022
    std::string site_name_;  ///< ICU name of the site's default
    bool overruled_ = false;
    std::vector<Converter> converters_;
};

}  // namespace qiao::imaging
