#include "flow/identity.hpp"

#include "flow/form.hpp"
#include "record/extract/fold.hpp"

#include <algorithm>

namespace qiao::flow {

namespace {

using json::Value;

/// A name as it is compared: folded, without the separators of DICOM and blanks.
std::string bare(std::string_view name) {
    std::string text(name);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '^' || c == ','; }, ' ');
    return record::compact(record::fold_text(text));
}

/// Every way in which a patient's names may be written: Chinese, pinyin, family and given in both orders.
std::vector<std::string> spellings(const Value& patient) {
    std::vector<std::string> list;
    for (const Value& name : patient["name"].items()) {
        std::string given;
        for (const Value& one : name["given"].items()) {
            given += one.text();
        }
        for (const std::string& text : {name["text"].text(), name["family"].text() + given, given + name["family"].text()}) {
            if (text.empty()) {
                continue;
            }
            list.push_back(bare(text));
            if (record::has_han(text)) {
                list.push_back(bare(record::to_pinyin(text, true).full));
            }
        }
    }
    return list;
}

bool same_name(const std::string& dicom_name, const Value& patient) {
    const std::vector<std::string> known = spellings(patient);
    std::size_t at = 0;
    while (at <= dicom_name.size()) {  // component groups: alphabetic=ideographic=phonetic
        const std::size_t end = std::min(dicom_name.find('=', at), dicom_name.size());
        const std::string name = bare(std::string_view(dicom_name).substr(at, end - at));
        if (!name.empty() && std::find(known.begin(), known.end(), name) != known.end()) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

bool same_id(const std::string& id, const Value& patient) {
    const auto& identifiers = patient["identifier"].items();
    return std::any_of(identifiers.begin(), identifiers.end(), [&](const Value& one) { return one["value"].text() == id; });
}

}  // namespace

StudyIdentity identity_of(const Value& patient) {
    StudyIdentity identity;
    identity.name = name_text(patient);
    for (const Value& one : patient["identifier"].items()) {
        identity.id = identity.id.empty() ? one["value"].text() : identity.id;
    }
    identity.birth_date = patient["birthDate"].text();
    identity.sex = patient["gender"].text();
    return identity;
}

std::vector<std::string> identity_differences(const StudyIdentity& study, const Value& patient) {
    std::vector<std::string> differences;
    if (!same_name(study.name, patient)) {
        differences.emplace_back("name");
    }
    if (!same_id(study.id, patient)) {
        differences.emplace_back("id");
    }
    if (study.birth_date != patient["birthDate"].text()) {
        differences.emplace_back("birth_date");
    }
    if (study.sex != patient["gender"].text()) {
        differences.emplace_back("sex");
    }
    return differences;
}

}  // namespace qiao::flow
