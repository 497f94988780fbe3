#include "record/match/person.hpp"

#include "base/text.hpp"
#include "clinical/national_id.hpp"
#include "record/extract/fold.hpp"

#include <algorithm>
#include <cctype>

namespace qiao::record {
namespace {

constexpr std::size_t kPhonePlaces = 8;
constexpr std::size_t kOldNumber = 15;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

/// The dot within a transcribed name (买买提·艾力) says nothing; fold_text() has made one of all kinds.
std::string without_marks(std::string_view folded) {
    std::string out = compact(folded);
    constexpr std::string_view kDot = "\xC2\xB7";
    for (std::size_t at = out.find(kDot); at != std::string::npos; at = out.find(kDot)) out.erase(at, kDot.size());
    return out;
}

/// The words as they stand, with the last one first, and with the first one last: a family name at either end.
std::vector<std::string> orders(const std::vector<std::string>& words) {
    const auto joined = [](auto begin, auto end) {
        std::string out;
        for (auto at = begin; at != end; ++at) out += *at;
        return out;
    };
    std::vector<std::string> out{joined(words.begin(), words.end())};
    if (words.size() < 2) return out;
    out.push_back(words.back() + joined(words.begin(), words.end() - 1));
    if (words.size() > 2) out.push_back(joined(words.begin() + 1, words.end()) + words.front());
    return out;
}

std::string sound_of(std::string_view text) {
    if (has_han(text)) return to_pinyin(text, true).full;
    return without_marks(fold_text(text));
}

void add_name(Person& person, const json::Value& name) {
    std::string given;
    for (const auto& one : name["given"].items()) given += (given.empty() ? "" : " ") + one.text();
    const std::string& family = name["family"].text();
    std::string text(trim(name["text"].text()));
    const bool han = has_han(text.empty() ? family + given : text);
    if (text.empty()) text = std::string(trim(family + (han ? "" : " ") + given));
    if (text.empty() || text.size() > kComparedText_bytes) return;
    PersonName out;
    out.han = han;
    out.text = without_marks(fold_text(text));
    if (han) {
        out.sound.push_back(sound_of(out.text));
        if (!family.empty() && !given.empty()) out.sound.push_back(sound_of(given + family));
    } else {
        std::vector<std::string> words;
        const std::string folded = fold_text(text);
        for (const std::string_view word : split(folded, ' ')) words.push_back(without_marks(word));
        std::erase(words, std::string());
        out.sound = orders(words);
    }
    if (!out.text.empty()) person.names.push_back(std::move(out));
}

void add_number(Person& person, const json::Value& identifier) {
    if (!is_compared_number(identifier)) return;
    const std::string& system = identifier["system"].text();
    PersonNumber number{system, comparable_number(system, identifier["value"].text())};
    number.checked = system == kNationalIdSystem && clinical::parse_national_id(number.value).has_value();
    person.numbers.push_back(std::move(number));
}

}  // namespace

std::string comparable_number(std::string_view system, std::string_view value) {
    // NFKC makes half-width of full-width digits and letters.
    std::string out = without_marks(fold_text(value));
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (system != kNationalIdSystem || out.size() != kOldNumber || !all_digits(out)) return out;
    std::string longer = out.substr(0, 6) + "19" + out.substr(6);
    if (const auto check = clinical::national_id_check_character(longer)) return longer + *check;
    return out;
}

std::string comparable_phone(std::string_view text) {
    std::string digits;
    for (const char c : fold_text(text)) {
        if (is_digit(c)) digits += c;
    }
    return digits.size() < 7 ? std::string() : digits;
}

bool is_compared_number(const json::Value& identifier) {
    const std::string& system = identifier["system"].text();
    const std::string& value = identifier["value"].text();
    return !system.empty() && system != kTemporaryIdSystem && value.size() <= kComparedText_bytes && !comparable_number(system, value).empty();
}

bool is_compared_phone(const json::Value& telecom) {
    const std::string& value = telecom["value"].text();
    return telecom["system"].text() == "phone" && value.size() <= kComparedText_bytes && !comparable_phone(value).empty();
}

Person person_of(const json::Value& patient) {
    Person person;
    for (const auto& name : patient["name"].items()) {
        if (person.names.size() < kComparedNames) add_name(person, name);
    }
    for (const auto& identifier : patient["identifier"].items()) {
        if (person.numbers.size() < kComparedNumbers) add_number(person, identifier);
    }
    person.birth_date = patient["birthDate"].text();
    const std::string& sex = patient["gender"].text();
    if (sex == "male" || sex == "female") person.sex = sex;
    for (const auto& telecom : patient["telecom"].items()) {
        if (person.phones.size() >= kComparedPhones || !is_compared_phone(telecom)) continue;
        const std::string digits = comparable_phone(telecom["value"].text());
        person.phones.push_back(digits.size() > kPhonePlaces ? digits.substr(digits.size() - kPhonePlaces) : digits);
    }
    for (const auto& address : patient["address"].items()) {
        const std::string& district = address["district"].text().empty() ? address["city"].text() : address["district"].text();
        person.district = without_marks(fold_text(district));
        for (const auto& line : address["line"].items()) person.street += without_marks(fold_text(line.text()));
        if (person.street.empty()) person.street = without_marks(fold_text(address["text"].text()));
        if (!person.district.empty() || !person.street.empty()) break;
    }
    return person;
}

}  // namespace qiao::record
