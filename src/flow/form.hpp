#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A filled form as JSON and as FHIR: QuestionnaireResponse items, narrative text, and back. Pure functions; any thread.
namespace qiao::flow {

/// QuestionnaireResponse.item of an object: a member is an item with its name as linkId, an object a group, a list the item
/// repeated.
json::Value items_of_form(const json::Value& form);
/// The other way. Members named in `lists` are lists also when they came once.
json::Value form_of_items(const json::Value& items, const std::vector<std::string>& lists = {"values", "items"});

/// Narrative {status: "generated", div} of plain text; line breaks are kept.
json::Value narrative(std::string_view text);
/// The plain text of what narrative() made.
std::string plain_text(const json::Value& narrative);
/// For XML and HTML text and attributes; control characters that XML forbids become blanks.
std::string escape_markup(std::string_view text);

struct Age {
    int years = 0;
    int months = 0;
    int days = 0;
};
/// On the local day of `now` in UTC+offset; nothing for a birth date that is no full or partial FHIR date, or in the future.
std::optional<Age> age_at(std::string_view birth_date, Instant now);
/// "34 y", under 3 years "14 mo", under 2 months "20 d"; empty when unknown.
std::string age_text(std::string_view birth_date, Instant now);
/// The name that a person is shown under: text, else family and given (no blank between Chinese characters).
std::string name_text(const json::Value& patient);

}  // namespace qiao::flow
