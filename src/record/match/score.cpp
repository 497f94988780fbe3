#include "record/match/score.hpp"

#include "record/extract/fold.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace qiao::record {
namespace {

// ---- the starting table, in bits -------------------------------------------------------------------------------------

/// One candidate in about 65,000 is the person that is looked for: the patients of a county hospital.
constexpr double kPrior = -16;
constexpr double kProbable = 0.5;
constexpr double kPossible = 0.02;
constexpr double kCertain = 0.999;

/// A paper is one person's; a number is mistyped, or another's card is shown, a few times in a thousand.
constexpr double kNumberSame = 40;
/// One digit or two neighbours exchanged: what hands get wrong.
constexpr double kNumberNear = 8;
/// Two different right national numbers are two people; of other papers one person may have several.
constexpr double kNationalNumberOther = -15;
constexpr double kNumberOther = -4;

/// A name is written otherwise between visits about once in a thousand; twins differ in nothing else.
constexpr double kNameOther = -10;
constexpr double kNameMost = 15;
/// Written otherwise but sounding alike: eight times as many people, and one in ten records of one person.
constexpr double kSoundLess = 6;
constexpr double kLatinName = 10;
constexpr double kLatinNear = 5;

/// A day of about seventy years.
constexpr double kBirthDateSame = 12;
/// 1 January and 1 July stand for an unknown day.
constexpr double kBirthDateVague = 7;
constexpr double kBirthDateSwapped = 4;
constexpr double kBirthDateNear = 2;
constexpr double kBirthYear = 5;
constexpr double kBirthDateOther = -6;

constexpr double kSexSame = 1;
constexpr double kSexOther = -5;
constexpr double kPhoneSame = 12;
constexpr double kPhoneOther = -1;
constexpr double kDistrictSame = 2;
constexpr double kStreetSame = 4;
constexpr double kDistrictOther = -1;

struct Surname {
    std::string_view hanzi;
    double share;  ///< of people
};
/// Rounded; the first five are 30.8 % of all people (Ministry of Public Security, national report on names, 2020). The rest, and
/// what is not listed, are estimates.
constexpr std::array<Surname, 20> kSurnames = {{{"王", 0.071}, {"李", 0.070}, {"张", 0.067}, {"刘", 0.051}, {"陈", 0.049}, {"杨", 0.031}, {"黄", 0.023},
                                                {"赵", 0.020}, {"吴", 0.020}, {"周", 0.019}, {"徐", 0.014}, {"孙", 0.014}, {"马", 0.013}, {"朱", 0.013},
                                                {"胡", 0.013}, {"郭", 0.012}, {"何", 0.012}, {"林", 0.012}, {"高", 0.011}, {"罗", 0.010}}};
constexpr double kOtherSurname = 0.003;
constexpr double kGivenOfOne = 1.0 / 350;
constexpr double kGivenOfTwo = 1.0 / 3000;

// ---- fields ----------------------------------------------------------------------------------------------------------

/// Bytes of one Chinese character of the common planes in UTF-8.
constexpr std::size_t kHan_bytes = 3;

double name_bits(const PersonName& name) {
    if (!name.han) return kLatinName;
    double share = kOtherSurname;
    for (const Surname& one : kSurnames) {
        if (name.text.starts_with(one.hanzi)) share = one.share;
    }
    const double given = name.text.size() > 2 * kHan_bytes ? kGivenOfTwo : kGivenOfOne;
    return std::min(kNameMost, -std::log2(share) - std::log2(given));
}

/// Edits (insert, delete, replace) from one text to the other, up to `most` + 1.
std::size_t edits(std::string_view a, std::string_view b, std::size_t most) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > most) return most + 1;
    std::vector<std::size_t> row(a.size() + 1);
    for (std::size_t i = 0; i <= a.size(); ++i) row[i] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
        std::size_t diagonal = row[0];
        row[0] = j;
        for (std::size_t i = 1; i <= a.size(); ++i) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[i];
            row[i] = std::min({row[i] + 1, row[i - 1] + 1, replaced});
        }
    }
    return row[a.size()];
}

bool shares_sound(const PersonName& a, const PersonName& b) {
    return std::any_of(a.sound.begin(), a.sound.end(), [&](const std::string& one) { return std::find(b.sound.begin(), b.sound.end(), one) != b.sound.end(); });
}

FieldScore of_names(const PersonName& a, const PersonName& b) {
    if (a.text == b.text) return {"name", Agreement::exact, name_bits(a)};
    if (shares_sound(a, b)) {
        // Latin words in another order are the same name.
        if (!a.han && !b.han) return {"name", Agreement::exact, kLatinName};
        const double bits = a.han && b.han ? std::min(name_bits(a), name_bits(b)) : name_bits(a.han ? a : b);
        return {"name", Agreement::near, bits - kSoundLess};
    }
    if (!a.han && !b.han) {
        const std::size_t allowed = std::min(a.text.size(), b.text.size()) >= 10 ? 2 : std::min(a.text.size(), b.text.size()) >= 5 ? 1 : 0;
        if (allowed > 0 && edits(a.text, b.text, allowed) <= allowed) return {"name", Agreement::near, kLatinNear};
    }
    return {"name", Agreement::disagree, kNameOther};
}

/// Whether one digit differs or two neighbours are exchanged.
bool is_slip(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    std::vector<std::size_t> at;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i]) at.push_back(i);
    }
    if (at.size() == 1) return true;
    return at.size() == 2 && at[1] == at[0] + 1 && a[at[0]] == b[at[1]] && a[at[1]] == b[at[0]];
}

FieldScore of_numbers(const PersonNumber& a, const PersonNumber& b) {
    if (a.system != b.system) return {"number", Agreement::missing, 0};
    if (a.value == b.value) return {"number", Agreement::exact, kNumberSame};
    // Two right national numbers that differ in one digit cannot be: the check character finds every single slip.
    const bool both_right = a.checked && b.checked;
    if (!both_right && a.value.size() >= 6 && is_slip(a.value, b.value)) return {"number", Agreement::near, kNumberNear};
    return {"number", Agreement::disagree, both_right ? kNationalNumberOther : kNumberOther};
}

FieldScore of_birth_dates(const std::string& a, const std::string& b) {
    if (a.size() < 4 || b.size() < 4) return {"birthDate", Agreement::missing, 0};
    if (a == b) {
        if (a.size() < 10) return {"birthDate", Agreement::near, kBirthYear};
        const bool vague = a.ends_with("-01-01") || a.ends_with("-07-01");
        return {"birthDate", Agreement::exact, vague ? kBirthDateVague : kBirthDateSame};
    }
    const std::size_t common = std::min(a.size(), b.size());
    if (common < 10) {
        if (a.compare(0, common, b, 0, common) == 0) return {"birthDate", Agreement::near, kBirthYear};
        return {"birthDate", Agreement::disagree, kBirthDateOther};
    }
    if (a.compare(0, 4, b, 0, 4) == 0 && a.compare(5, 2, b, 8, 2) == 0 && a.compare(8, 2, b, 5, 2) == 0) {
        return {"birthDate", Agreement::near, kBirthDateSwapped};
    }
    if (is_slip(a, b)) return {"birthDate", Agreement::near, kBirthDateNear};
    return {"birthDate", Agreement::disagree, kBirthDateOther};
}

FieldScore of_sexes(const std::string& a, const std::string& b) {
    if (a.empty() || b.empty()) return {"gender", Agreement::missing, 0};
    return a == b ? FieldScore{"gender", Agreement::exact, kSexSame} : FieldScore{"gender", Agreement::disagree, kSexOther};
}

FieldScore of_phones(const Person& a, const Person& b) {
    if (a.phones.empty() || b.phones.empty()) return {"phone", Agreement::missing, 0};
    for (const std::string& one : a.phones) {
        if (std::find(b.phones.begin(), b.phones.end(), one) != b.phones.end()) return {"phone", Agreement::exact, kPhoneSame};
    }
    return {"phone", Agreement::disagree, kPhoneOther};
}

FieldScore of_addresses(const Person& a, const Person& b) {
    const bool comparable = !a.district.empty() && !b.district.empty();
    if (comparable && a.district != b.district) return {"address", Agreement::disagree, kDistrictOther};
    if (!a.street.empty() && a.street == b.street) return {"address", Agreement::exact, kStreetSame};
    // Texts that differ may be one place in other words.
    if (!comparable) return {"address", Agreement::missing, 0};
    return {"address", Agreement::near, kDistrictSame};
}

/// The best of all pairs; what is missing in all of them is missing.
template <class Items, class Of>
FieldScore best_of(std::string_view field, const Items& a, const Items& b, Of of) {
    FieldScore best{field, Agreement::missing, 0};
    for (const auto& one : a) {
        for (const auto& other : b) {
            const FieldScore score = of(one, other);
            if (score.how == Agreement::missing) continue;
            if (best.how == Agreement::missing || score.bits > best.bits) best = score;
        }
    }
    return best;
}

Grade grade_of(const Score& score) {
    if (score.probability < kPossible) return Grade::none;
    if (score.probability < kProbable) return Grade::possible;
    const auto is = [&](std::string_view field, Agreement how) {
        return std::any_of(score.fields.begin(), score.fields.end(), [&](const FieldScore& one) { return one.field == field && one.how == how; });
    };
    const bool contradicted = is("name", Agreement::disagree) || is("birthDate", Agreement::disagree) || is("gender", Agreement::disagree);
    return score.probability >= kCertain && is("number", Agreement::exact) && !contradicted ? Grade::certain : Grade::probable;
}

}  // namespace

std::string_view grade_code(Grade grade) {
    switch (grade) {
        case Grade::certain: return "certain";
        case Grade::probable: return "probable";
        case Grade::possible: return "possible";
        default: return "certainly-not";
    }
}

Score compare(const Person& a, const Person& b) {
    Score score;
    const FieldScore name = best_of("name", a.names, b.names, of_names);
    score.fields.push_back(best_of("number", a.numbers, b.numbers, of_numbers));
    score.fields.push_back(name);
    score.fields.push_back(of_birth_dates(a.birth_date, b.birth_date));
    score.fields.push_back(of_sexes(a.sex, b.sex));
    FieldScore phone = of_phones(a, b);
    FieldScore address = of_addresses(a, b);
    // A family shares telephone and address, and twins the birth date: with another name they say nothing.
    if (name.how == Agreement::disagree) {
        phone.bits = std::min(phone.bits, 0.0);
        address.bits = std::min(address.bits, 0.0);
    }
    score.fields.push_back(phone);
    score.fields.push_back(address);
    for (const FieldScore& one : score.fields) score.bits += one.bits;
    score.probability = 1 / (1 + std::exp2(-(score.bits + kPrior)));
    score.grade = grade_of(score);
    return score;
}

}  // namespace qiao::record
