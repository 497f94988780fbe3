#include "imaging/header_json.hpp"

#include "base/json_value.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace qiao::imaging {
namespace {

constexpr Vr kAE = vr_code("AE"), kAS = vr_code("AS"), kAT = vr_code("AT"), kCS = vr_code("CS"), kDA = vr_code("DA"), kDS = vr_code("DS"), kDT = vr_code("DT"),
             kFD = vr_code("FD"), kFL = vr_code("FL"), kIS = vr_code("IS"), kLO = vr_code("LO"), kLT = vr_code("LT"), kOB = vr_code("OB"), kOD = vr_code("OD"),
             kOF = vr_code("OF"), kOL = vr_code("OL"), kOV = vr_code("OV"), kOW = vr_code("OW"), kPN = vr_code("PN"), kSH = vr_code("SH"), kSL = vr_code("SL"),
             kSQ = vr_code("SQ"), kSS = vr_code("SS"), kST = vr_code("ST"), kSV = vr_code("SV"), kTM = vr_code("TM"), kUC = vr_code("UC"), kUI = vr_code("UI"),
             kUL = vr_code("UL"), kUN = vr_code("UN"), kUR = vr_code("UR"), kUS = vr_code("US"), kUT = vr_code("UT"), kUV = vr_code("UV");

template <std::size_t N>
bool is_one_of(Vr vr, const Vr (&list)[N]) {
    return std::find(std::begin(list), std::end(list), vr) != std::end(list);
}

constexpr Vr kLong[] = {kOB, kOD, kOF, kOL, kOV, kOW, kSQ, kSV, kUC, kUN, kUR, kUT, kUV};
constexpr Vr kShort[] = {kAE, kAS, kAT, kCS, kDA, kDS, kDT, kFD, kFL, kIS, kLO, kLT, kPN, kSH, kSL, kSS, kST, kTM, kUI, kUL, kUS};
constexpr Vr kBinary[] = {kOB, kOD, kOF, kOL, kOV, kOW, kUN};
constexpr Vr kNumbers[] = {kAT, kFD, kFL, kSL, kSS, kSV, kUL, kUS, kUV};

struct Leveled {
    Tag tag;
    QueryLevel level;
};

constexpr auto kStudy = QueryLevel::study;
constexpr auto kSeries = QueryLevel::series;
constexpr auto kInstance = QueryLevel::instance;
/// Sorted by tag.
constexpr Leveled kQueryAttributes[] = {
    {0x00080008, kInstance}, {0x00080012, kInstance}, {0x00080013, kInstance}, {0x00080016, kInstance}, {0x00080018, kInstance}, {0x00080020, kStudy},
    {0x00080021, kSeries},   {0x00080022, kInstance}, {0x00080023, kInstance}, {0x00080030, kStudy},    {0x00080031, kSeries},   {0x00080032, kInstance},
    {0x00080033, kInstance}, {0x00080050, kStudy},    {0x00080060, kSeries},   {0x00080064, kInstance}, {0x00080070, kSeries},   {0x00080080, kSeries},
    {0x00080090, kStudy},    {0x00080201, kStudy},    {0x00081010, kSeries},   {0x00081030, kStudy},    {0x0008103E, kSeries},   {0x00081040, kSeries},
    {0x00081060, kStudy},    {0x00081090, kSeries},   {0x00100010, kStudy},    {0x00100020, kStudy},    {0x00100021, kStudy},    {0x00100030, kStudy},
    {0x00100032, kStudy},    {0x00100040, kStudy},    {0x00101010, kStudy},    {0x00101020, kStudy},    {0x00101030, kStudy},    {0x00180015, kSeries},
    {0x00180050, kInstance}, {0x00180088, kInstance}, {0x00181030, kSeries},   {0x00185100, kSeries},   {0x0020000D, kStudy},    {0x0020000E, kSeries},
    {0x00200010, kStudy},    {0x00200011, kSeries},   {0x00200012, kInstance}, {0x00200013, kInstance}, {0x00200032, kInstance}, {0x00200037, kInstance},
    {0x00200052, kSeries},   {0x00200060, kSeries},   {0x00201041, kInstance}, {0x00204000, kInstance}, {0x00280002, kInstance}, {0x00280004, kInstance},
    {0x00280008, kInstance}, {0x00280010, kInstance}, {0x00280011, kInstance}, {0x00280030, kInstance}, {0x00280100, kInstance}, {0x00280101, kInstance},
    {0x00280102, kInstance}, {0x00280103, kInstance}, {0x00400244, kSeries},   {0x00400245, kSeries},   {0x00400253, kSeries},   {0x00400254, kSeries},
    {0x00400275, kSeries},
};

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

std::size_t width_of(Vr vr) {
    if (vr == kUS || vr == kSS) return 2;
    if (vr == kFD || vr == kSV || vr == kUV) return 8;
    return 4;  // UL, SL, FL, AT
}

/// Shortest decimal that reads back as the same number; JSON has no word for the others, so they are strings (PS3.18 F.2.3).
template <class Real>
std::string real_text(Real value) {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value > 0 ? "\"inf\"" : "\"-inf\"";
    std::array<char, 40> text{};
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

/// Number `index` of a binary value as JSON.
std::string number_text(Vr vr, std::string_view raw, std::size_t index) {
    const auto width = width_of(vr);
    const auto bits = little(raw, index * width, width);
    if (vr == kAT) return '"' + tag_text(static_cast<Tag>(((bits & 0xFFFFU) << 16U) | (bits >> 16U))) + '"';
    if (vr == kFL) return real_text(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    if (vr == kFD) return real_text(std::bit_cast<double>(bits));
    if (vr == kSS) return std::to_string(static_cast<std::int16_t>(bits));
    if (vr == kSL) return std::to_string(static_cast<std::int32_t>(bits));
    if (vr == kSV) return std::to_string(static_cast<std::int64_t>(bits));
    return std::to_string(bits);
}

std::string_view without_padding(std::string_view text, bool leading) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    while (leading && !text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

bool is_free_text(Vr vr) { return vr == kLT || vr == kST || vr == kUT || vr == kUR; }

/// IS and DS as they stand in files to a JSON number: a plus sign, leading zeros and bare points are legal there.
std::string decimal_json(std::string_view text) {
    std::string number;
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
        if (text.front() == '-') number = "-";
        text.remove_prefix(1);
    }
    while (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') text.remove_prefix(1);
    if (!text.empty() && text.front() == '.') number += '0';
    const auto point = text.find('.');
    if (point != std::string_view::npos && (point + 1 == text.size() || text[point + 1] == 'e' || text[point + 1] == 'E')) {
        number += text.substr(0, point);
        number += text.substr(point + 1);
    } else {
        number += text;
    }
    return json::is_number(number) ? number : json_quoted(text);
}

void write_person_name(JsonWriter& json, std::string_view name) {
    static constexpr std::string_view kGroups[] = {"Alphabetic", "Ideographic", "Phonetic"};
    json.object([&] {
        std::size_t group = 0;
        for (const auto part : split(name, '=')) {
            const auto text = without_padding(part, true);
            if (group < std::size(kGroups) && !text.empty()) json.field(kGroups[group], text);
            ++group;
        }
    });
}

void write_text_values(JsonWriter& json, Vr vr, std::string_view text) {
    if (is_free_text(vr)) {
        json.array("Value", [&] { json.string(without_padding(text, false)); });
        return;
    }
    json.array("Value", [&] {
        for (const auto part : split(text, '\\')) {
            const auto value = without_padding(part, vr != kUC);
            if (value.empty())
                json.raw("null");
            else if (vr == kPN)
                write_person_name(json, value);
            else if (vr == kDS || vr == kIS)
                json.raw(decimal_json(value));
            else
                json.string(value);
        }
    });
}

}  // namespace

bool has_long_length(Vr vr) { return is_one_of(vr, kLong) || !is_one_of(vr, kShort); }
bool is_known_vr(Vr vr) { return is_one_of(vr, kLong) || is_one_of(vr, kShort); }
bool may_be_bulk(Vr vr) { return is_one_of(vr, kBinary) || is_one_of(vr, kNumbers) || vr == kUT || vr == kUC; }

bool is_localised(Vr vr) {
    static constexpr Vr kLocalised[] = {kLO, kLT, kPN, kSH, kST, kUC, kUT};
    return is_one_of(vr, kLocalised);
}

std::optional<QueryLevel> query_level(Tag tag) {
    const auto* found = std::lower_bound(std::begin(kQueryAttributes), std::end(kQueryAttributes), tag, [](const Leveled& row, Tag t) { return row.tag < t; });
    if (found == std::end(kQueryAttributes) || found->tag != tag) return std::nullopt;
    return found->level;
}

bool is_image_attribute(Tag tag) { return (tag >> 16U) == 0x0028; }

std::string value_text(Vr vr, std::string_view raw, Charset& charset) {
    if (is_one_of(vr, kBinary) || vr == kSQ) return {};
    std::string text;
    if (is_one_of(vr, kNumbers)) {
        for (std::size_t i = 0; i < raw.size() / width_of(vr); ++i) text += (i == 0 ? "" : "\\") + number_text(vr, raw, i);
        text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
        return text;
    }
    const auto decoded = charset.decode(raw);
    if (is_free_text(vr)) return std::string(without_padding(decoded, false));
    for (const auto part : split(decoded, '\\')) {
        text += without_padding(part, true);
        text += '\\';
    }
    text.pop_back();
    return text;
}

void write_element(JsonWriter& json, Tag tag, Vr vr, std::string_view raw, Charset& charset) {
    json.object(tag_text(tag), [&] {
        const char letters[2] = {static_cast<char>(vr >> 8U), static_cast<char>(vr & 0xFFU)};
        json.field("vr", std::string_view(letters, 2));
        if (raw.empty()) return;
        if (is_one_of(vr, kBinary)) {
            json.field("InlineBinary", to_base64(raw));
            return;
        }
        if (is_one_of(vr, kNumbers)) {
            const auto count = raw.size() / width_of(vr);
            if (count == 0) return;
            json.array("Value", [&] {
                for (std::size_t i = 0; i < count; ++i) json.raw(number_text(vr, raw, i));
            });
            return;
        }
        const auto decoded = charset.decode(raw);
        if (!without_padding(decoded, true).empty()) write_text_values(json, vr, decoded);
    });
}

}  // namespace qiao::imaging
