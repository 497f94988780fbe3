#pragma once

#include "base/json_value.hpp"
#include "exchange/message.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The body of a gateway's request as the configuration writes it: a tree whose texts hold placeholders `{number}`,
/// `{text}`, `{language}`, `{callback}`, `{key}`, `{urgency}`. Values are put into texts of the tree, never into its
/// syntax, so no message can change the shape of a request. Free functions; any thread.
namespace qiao::exchange {

/// The placeholders in `text`, with those that nobody knows.
std::vector<std::string> placeholders_in(std::string_view text);
bool is_placeholder(std::string_view name);

std::string filled(std::string_view text, const Message& message);
/// The tree with every text filled.
json::Value filled(const json::Value& tree, const Message& message);
/// `application/x-www-form-urlencoded` of an object of texts.
std::string form_text(const json::Value& fields);

}  // namespace qiao::exchange
