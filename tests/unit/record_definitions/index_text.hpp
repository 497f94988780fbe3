#pragma once

#include "record/extract/extract.hpp"

#include <set>
#include <string>

/// Index values as lines of text, one a value, for comparing.
namespace qiao::record {

inline std::string code_of(ParamId id) { return std::string(find_parameter(id)->code); }

inline std::string number_text(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

inline std::string line(const TokenValue& v) { return code_of(v.param) + "=" + std::string(v.system) + "|" + std::string(v.code); }
inline std::string line(const UriValue& v) { return code_of(v.param) + "=" + std::string(v.value); }
inline std::string line(const DateValue& v) { return code_of(v.param) + "=" + std::to_string(v.lo_ms) + ".." + std::to_string(v.hi_ms); }
inline std::string line(const NumberValue& v) { return code_of(v.param) + "=" + number_text(v.lo) + ".." + number_text(v.hi); }
inline std::string line(const QuantityValue& v) {
    return code_of(v.param) + "=" + number_text(v.lo) + ".." + number_text(v.hi) + "|" + std::string(v.system) + "|" + std::string(v.code) + "|" +
           std::string(v.unit);
}
inline std::string line(const StringValue& v) {
    constexpr const char* kForms[] = {"=", "=pinyin:", "=initials:"};
    return code_of(v.param) + kForms[static_cast<int>(v.form)] + std::string(v.folded);
}
inline std::string line(const ReferenceValue& v) {
    std::string text = code_of(v.param) + "=";
    switch (v.form) {
        case ReferenceValue::Form::literal: text += std::string(type_name(v.target)) + "/" + std::string(v.id); break;
        case ReferenceValue::Form::absolute: text += "absolute:" + std::string(v.url); break;
        case ReferenceValue::Form::canonical: text += "canonical:" + std::string(v.url); break;
        case ReferenceValue::Form::conditional: text += "conditional:" + std::string(v.url); break;
        case ReferenceValue::Form::logical: text += "logical:"; break;
    }
    if (!v.version.empty()) text += " version " + std::string(v.version);
    if (!v.identifier_value.empty()) text += " identifier " + std::string(v.identifier_system) + "|" + std::string(v.identifier_value);
    return text;
}
inline std::string line(const CompositeValue& v) {
    std::string text = code_of(v.param) + ":";
    for (const auto& part : v.components) {
        text += " [";
        for (const auto& value : part) text += (text.back() == '[' ? "" : " ") + std::visit([](const auto& one) { return line(one); }, value);
        text += "]";
    }
    return text;
}

/// All values but sort date and positions.
inline std::multiset<std::string> lines(const IndexValues& values) {
    std::multiset<std::string> all;
    for (const auto& v : values.tokens) all.insert(line(v));
    for (const auto& v : values.texts) all.insert(code_of(v.param) + ":text=" + std::string(v.folded));
    for (const auto& v : values.identifier_types) {
        all.insert(code_of(v.param) + ":of-type=" + std::string(v.type_system) + "|" + std::string(v.type_code) + "|" + std::string(v.value));
    }
    for (const auto& v : values.references) all.insert(line(v));
    for (const auto& v : values.strings) all.insert(line(v));
    for (const auto& v : values.dates) all.insert(line(v));
    for (const auto& v : values.quantities) all.insert(line(v));
    for (const auto& v : values.numbers) all.insert(line(v));
    for (const auto& v : values.uris) all.insert(line(v));
    for (const auto& v : values.composites) all.insert(line(v));
    return all;
}

}  // namespace qiao::record
