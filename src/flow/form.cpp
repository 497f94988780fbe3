#include "flow/form.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::flow {

namespace {

using json::Value;

Value answer_of(const Value& value) {
    switch (value.kind()) {
        case Value::Kind::boolean: return Value::object({{"valueBoolean", value}});
        case Value::Kind::number: return Value::object({{"valueDecimal", value}});
        default: return Value::object({{"valueString", value}});
    }
}

Value item_of(const std::string& name, const Value& value) {
    Value item = Value::object({{"linkId", name}});
    if (value.is_object()) {
        item.set("item", items_of_form(value));
    } else {
        item.set("answer", Value::array({answer_of(value)}));
    }
    return item;
}

bool says_something(const Value& value) {
    return !value.is_null() && !(value.is_string() && value.text().empty()) && !((value.is_object() || value.is_array()) && value.size() == 0);
}

std::optional<int> number_of(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

constexpr std::string_view kDivStart = R"(<div xmlns="http://www.w3.org/1999/xhtml"><p>)";
constexpr std::string_view kDivEnd = "</p></div>";
constexpr std::string_view kBreak = "<br/>";

}  // namespace

Value items_of_form(const Value& form) {
    Value items = Value::array();
    for (const Value::Member& member : form.members()) {
        if (!says_something(member.second)) {
            continue;
        }
        if (!member.second.is_array()) {
            items.push(item_of(member.first, member.second));
            continue;
        }
        for (const Value& one : member.second.items()) {
            if (says_something(one)) {
                items.push(item_of(member.first, one));
            }
        }
    }
    return items;
}

Value form_of_items(const Value& items, const std::vector<std::string>& lists) {
    Value form = Value::object();
    for (const Value& item : items.items()) {
        const std::string& name = item["linkId"].text();
        Value value = item["item"].is_array() ? form_of_items(item["item"], lists) : Value();
        for (const Value::Member& member : item["answer"].at(0).members()) {
            value = member.second;
        }
        const bool list = std::find(lists.begin(), lists.end(), name) != lists.end();
        if (form[name].is_null()) {
            form.set(name, list ? Value::array({std::move(value)}) : std::move(value));
            continue;
        }
        Value& present = form.member(name);
        if (!present.is_array()) {
            Value first = std::move(present);
            present = Value::array({std::move(first)});
        }
        present.push(std::move(value));
    }
    return form;
}

std::string escape_markup(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 16);
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
        }
    }
    return out;
}

Value narrative(std::string_view text) {
    std::string div(kDivStart);
    for (const char c : escape_markup(text)) {
        if (c == '\n') {
            div += kBreak;
        } else {
            div += c;
        }
    }
    div += kDivEnd;
    return Value::object({{"status", "generated"}, {"div", std::move(div)}});
}

std::string plain_text(const Value& narrative) {
    std::string_view div = narrative["div"].text();
    if (!div.starts_with(kDivStart) || !div.ends_with(kDivEnd)) {
        return {};
    }
    div = div.substr(kDivStart.size(), div.size() - kDivStart.size() - kDivEnd.size());
    static constexpr std::pair<std::string_view, char> kMarks[] = {{kBreak, '\n'}, {"&amp;", '&'},  {"&lt;", '<'},
                                                                   {"&gt;", '>'},  {"&quot;", '"'}, {"&#39;", '\''}};
    std::string out;
    while (!div.empty()) {
        const auto* mark = std::find_if(std::begin(kMarks), std::end(kMarks), [&](const auto& one) { return div.starts_with(one.first); });
        out += mark == std::end(kMarks) ? div.front() : mark->second;
        div.remove_prefix(mark == std::end(kMarks) ? 1 : mark->first.size());
    }
    return out;
}

std::optional<Age> age_at(std::string_view birth_date, Instant now) {
    using namespace std::chrono;
    if (birth_date.size() < 4) {
        return std::nullopt;
    }
    const std::optional<int> y = number_of(birth_date.substr(0, 4));
    const std::optional<int> m = birth_date.size() >= 7 ? number_of(birth_date.substr(5, 2)) : std::optional(1);
    const std::optional<int> d = birth_date.size() >= 10 ? number_of(birth_date.substr(8, 2)) : std::optional(1);
    if (!y || !m || !d) {
        return std::nullopt;
    }
    const year_month_day birth{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
    const sys_days today = floor<days>(now);
    if (!birth.ok() || sys_days{birth} > today + days{1}) {
        return std::nullopt;
    }
    const year_month_day at{today};
    int whole_months = (static_cast<int>(at.year()) - *y) * 12 + static_cast<int>(static_cast<unsigned>(at.month())) - *m;
    if (static_cast<unsigned>(at.day()) < static_cast<unsigned>(*d)) {
        --whole_months;
    }
    whole_months = std::max(whole_months, 0);
    return Age{whole_months / 12, whole_months, std::max(static_cast<int>((today - sys_days{birth}).count()), 0)};
}

std::string age_text(std::string_view birth_date, Instant now) {
    const std::optional<Age> age = age_at(birth_date, now);
    if (!age) {
        return {};
    }
    if (age->months < 2) {
        return std::to_string(age->days) + " d";
    }
    return age->years < 3 ? std::to_string(age->months) + " mo" : std::to_string(age->years) + " y";
}

std::string name_text(const Value& patient) {
    const Value* chosen = &patient["name"].at(0);
    for (const Value& name : patient["name"].items()) {
        if (name["use"].text() == "official") {
            chosen = &name;
            break;
        }
    }
    if (!(*chosen)["text"].text().empty()) {
        return (*chosen)["text"].text();
    }
    std::string text = (*chosen)["family"].text();
    for (const Value& given : (*chosen)["given"].items()) {
        const bool latin = !text.empty() && static_cast<unsigned char>(text.back()) < 0x80;
        text += (latin ? " " : "") + given.text();
    }
    return text;
}

}  // namespace qiao::flow
