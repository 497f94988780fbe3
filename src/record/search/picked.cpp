#include "record/search/picked.hpp"

#include "record/definitions/contacts.hpp"
#include "record/search/values.hpp"

namespace qiao::record {
namespace {

/// "123" is "phone|123". What names another system finds nothing, as "|123" does.
std::string in_system(std::string_view system, std::string_view value) {
    const auto pieces = split_escaped(value, '|');
    std::string text;
    if (pieces.size() == 1) text = system;
    if (pieces.size() != 2 || pieces[0] == system) return text.append(text.empty() ? "" : "|").append(value);
    return text.append("|").append(pieces[1].empty() ? pieces[0] : pieces[1]);
}

}  // namespace

Picked::Picked(const Named& named) : named_{named.type, telecom_of(named.type), named.definition, named.modifier, {}} {
    const std::string_view system = picked_system(named.how.id);
    if (named.modifier == "missing") {
        check_missing_value(named);
        texts_.push_back(std::string(system) + "|");
        named_.modifier = named.values.front() == "true" ? "not" : "";
    } else if (named.modifier.empty() || named.modifier == "not") {
        for (const std::string_view value : named.values) texts_.push_back(in_system(system, value));
    } else {
        throw_bad_modifier(named.definition.code, named.modifier);
    }
    named_.values.assign(texts_.begin(), texts_.end());
}

}  // namespace qiao::record
