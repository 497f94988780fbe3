#include "record/validate/primitives.hpp"

#include "base/id.hpp"
#include "record/extract/dates.hpp"

#include <algorithm>
#include <cstddef>

namespace qiao::record {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Number at [at, at + count); -1 when these are not all digits.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (!is_digit(text[i])) return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// Length of the "08:30:00[.123]" at `at`; 0 when there is none.
std::size_t time_length(std::string_view text, std::size_t at) {
    const int hour = digits(text, at, 2);
    const int minute = digits(text, at + 3, 2);
    const int second = digits(text, at + 6, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return 0;
    if (text[at + 2] != ':' || text[at + 5] != ':') return 0;
    std::size_t end = at + 8;
    if (end < text.size() && text[end] == '.') {
        const std::size_t fraction = ++end;
        while (end < text.size() && is_digit(text[end])) ++end;
        if (end == fraction) return 0;
    }
    return end - at;
}

/// Whether the rest from `at` is "Z" or "+08:00" within 14 hours.
bool is_zone(std::string_view text, std::size_t at) {
    const std::string_view zone = text.substr(at);
    if (zone == "Z") return true;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return false;
    const int hours = digits(zone, 1, 2);
    const int minutes = digits(zone, 4, 2);
    return hours >= 0 && minutes >= 0 && minutes <= 59 && hours * 60 + minutes <= 14 * 60;
}

bool is_full_date(std::string_view text) {
    if (text.size() < 10 || text[4] != '-' || text[7] != '-') return false;
    const int year = digits(text, 0, 4);
    return year > 0 && is_calendar_day(year, digits(text, 5, 2), digits(text, 8, 2));
}

}  // namespace

bool is_fhir_date(std::string_view text) {
    if (text.size() == 10) return is_full_date(text);
    const int year = digits(text, 0, 4);
    if (year <= 0) return false;
    if (text.size() == 4) return true;
    const int month = digits(text, 5, 2);
    return text.size() == 7 && text[4] == '-' && month >= 1 && month <= 12;
}

bool is_fhir_instant(std::string_view text) {
    if (!is_full_date(text) || text.size() < 11 || text[10] != 'T') return false;
    const std::size_t length = time_length(text, 11);
    return length != 0 && is_zone(text, 11 + length);
}

bool is_fhir_date_time(std::string_view text) { return text.size() <= 10 ? is_fhir_date(text) : is_fhir_instant(text); }

bool is_fhir_time(std::string_view text) { return !text.empty() && time_length(text, 0) == text.size(); }

bool is_fhir_code(std::string_view text) {
    bool blank = true;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 && !is_blank(c)) return false;
        if (is_blank(c) && blank) return false;
        blank = is_blank(c);
    }
    return !blank;
}

bool is_fhir_oid(std::string_view text) {
    constexpr std::string_view kPrefix = "urn:oid:";
    if (!text.starts_with(kPrefix)) return false;
    text.remove_prefix(kPrefix.size());
    if (text.size() < 3 || text[0] < '0' || text[0] > '2' || text[1] != '.') return false;
    for (std::size_t at = 1; at < text.size();) {
        if (text[at] != '.') return false;
        const std::size_t begin = ++at;
        while (at < text.size() && is_digit(text[at])) ++at;
        if (at == begin || (text[begin] == '0' && at - begin > 1)) return false;
    }
    return true;
}

bool is_fhir_uuid(std::string_view text) {
    constexpr std::string_view kPrefix = "urn:uuid:";
    if (!text.starts_with(kPrefix)) return false;
    text.remove_prefix(kPrefix.size());
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : !is_digit(text[i]) && (text[i] < 'a' || text[i] > 'f')) return false;
    }
    return true;
}

bool is_fhir_base64(std::string_view text) {
    std::size_t count = 0;
    std::size_t padding = 0;
    for (const char c : text) {
        if (is_blank(c)) continue;
        if (c == '=') {
            ++padding;
        } else if (padding != 0 || !(is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/')) {
            return false;
        }
        ++count;
    }
    return count != 0 && count % 4 == 0 && padding <= 2;
}

bool is_fhir_string(std::string_view text) {
    bool something = false;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
        something = something || !is_blank(c);
    }
    return something;
}

bool is_fhir_uri(std::string_view text) {
    return !text.empty() && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

const char* text_problem(ValueType type, std::string_view text) {
    switch (type) {
        case ValueType::string:
        case ValueType::markdown:
        case ValueType::system_string: return is_fhir_string(text) ? nullptr : "the text is empty, blank, or holds control characters";
        case ValueType::code: return is_fhir_code(text) ? nullptr : "a code is not empty and has no blank at its ends and no double blank";
        case ValueType::id: return is_fhir_id(text) ? nullptr : "an id has 1 to 64 of A-Z a-z 0-9 - .";
        case ValueType::uri:
        case ValueType::url:
        case ValueType::canonical: return is_fhir_uri(text) ? nullptr : "a URI is not empty and has no blanks";
        case ValueType::oid: return is_fhir_oid(text) ? nullptr : "no OID in the form urn:oid:1.2.3";
        case ValueType::uuid: return is_fhir_uuid(text) ? nullptr : "no UUID in the form urn:uuid:, lower case";
        case ValueType::base64_binary: return is_fhir_base64(text) ? nullptr : "no base64";
        case ValueType::date: return is_fhir_date(text) ? nullptr : "no date that exists, as YYYY, YYYY-MM or YYYY-MM-DD";
        case ValueType::date_time: return is_fhir_date_time(text) ? nullptr : "no date or time that exists; a time has seconds and a zone";
        case ValueType::instant: return is_fhir_instant(text) ? nullptr : "no instant: date, time with seconds, and zone";
        case ValueType::time: return is_fhir_time(text) ? nullptr : "no time as hh:mm:ss";
        default: return nullptr;
    }
}

}  // namespace qiao::record
