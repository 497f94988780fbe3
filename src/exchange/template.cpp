#include "exchange/template.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace qiao::exchange {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";

std::string value_of(std::string_view name, const Message& message) {
    return name == "number"     ? message.address
           : name == "text"     ? message.text
           : name == "language" ? message.language
           : name == "callback" ? message.callback
           : name == "key"      ? message.key
                                : message.urgency;
}

/// Calls `literal` and `name` for the pieces of a text in order.
template <class Literal, class Name>
void walk(std::string_view text, Literal literal, Name name) {
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == std::string_view::npos ? open : text.find_first_not_of(kLetters, open + 1);
        const bool found = close != std::string_view::npos && close > open + 1 && text[close] == '}';
        if (open == std::string_view::npos) {
            literal(text);
            return;
        }
        if (!found) {
            literal(text.substr(0, open + 1));
            text.remove_prefix(open + 1);
            continue;
        }
        literal(text.substr(0, open));
        name(text.substr(open + 1, close - open - 1));
        text.remove_prefix(close + 1);
    }
}

}  // namespace

std::vector<std::string> placeholders_in(std::string_view text) {
    std::vector<std::string> names;
    walk(text, [](std::string_view) {}, [&](std::string_view name) { names.emplace_back(name); });
    return names;
}

bool is_placeholder(std::string_view name) {
    constexpr std::string_view kNames[] = {"number", "text", "language", "callback", "key", "urgency"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::string filled(std::string_view text, const Message& message) {
    std::string out;
    walk(text, [&](std::string_view literal) { out += literal; }, [&](std::string_view name) { out += value_of(name, message); });
    return out;
}

json::Value filled(const json::Value& tree, const Message& message) {
    if (tree.is_string()) {
        return filled(std::string_view(tree.text()), message);
    }
    if (tree.is_array()) {
        json::Value list = json::Value::array();
        for (const json::Value& one : tree.items()) {
            list.push(filled(one, message));
        }
        return list;
    }
    if (tree.is_object()) {
        json::Value object = json::Value::object();
        for (const auto& [name, value] : tree.members()) {
            object.set(name, filled(value, message));
        }
        return object;
    }
    return tree;
}

std::string form_text(const json::Value& fields) {
    std::string out;
    for (const auto& [name, value] : fields.members()) {
        out += (out.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value.text());
    }
    return out;
}

}  // namespace qiao::exchange
