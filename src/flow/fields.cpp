#include "flow/fields.hpp"

#include "base/limits.hpp"
#include "base/text.hpp"
#include "flow/table.hpp"

#include <fmt/format.h>

namespace qiao::flow {

namespace {

[[noreturn]] void refuse_parameters(const std::string& what) { throw Error(ErrorKind::invalid, "flow.bad_parameters", what); }

json::Value parse_parameters(std::string_view body) {
    if (body.size() > limits::kSmallBody_bytes) {
        throw Error(ErrorKind::too_large, "flow.too_large", fmt::format("the body of a move is at most {} bytes", limits::kSmallBody_bytes));
    }
    Result<json::Value> parsed = json::parse(body);
    if (!parsed) {
        throw Error(ErrorKind::invalid, "record.bad_json", fmt::format("{} at byte {}", parsed.error().message, parsed.error().offset));
    }
    json::Value value = std::move(*parsed);
    if (value["resourceType"].text() != "Parameters" || !value["parameter"].is_array()) {
        refuse_parameters("the body must be a Parameters resource with parameters");
    }
    return value;
}

/// The one `value[x]` of a parameter as a JSON value: references and everything primitive as themselves.
json::Value value_of(const json::Value& parameter, const std::string& name) {
    const json::Value* found = nullptr;
    for (const json::Value::Member& member : parameter.members()) {
        if (member.first.starts_with("value") && member.first.size() > 5) {
            if (found != nullptr) {
                refuse_parameters("parameter '" + name + "' has two values");
            }
            found = &member.second;
        }
    }
    if (found == nullptr) {
        return {};
    }
    if (found->is_object()) {
        if (!(*found)["reference"].is_string()) {
            refuse_parameters("parameter '" + name + "' has a value of a type that moves do not take");
        }
        return (*found)["reference"];
    }
    if (found->is_array() || found->is_null()) {
        refuse_parameters("parameter '" + name + "' has no value");
    }
    return *found;
}

void put(json::Value& object, const std::string& name, json::Value value) {
    if (object[name].is_null()) {
        object.set(name, std::move(value));
        return;
    }
    json::Value& present = object.member(name);
    if (!present.is_array()) {
        json::Value list = json::Value::array();
        list.push(std::move(present));
        present = std::move(list);
    }
    present.push(std::move(value));
}

void put_parts(json::Value& object, const json::Value& parts) {
    for (const json::Value& item : parts.items()) {
        const std::string& name = item["name"].text();
        if (name.empty() || !item.is_object()) {
            refuse_parameters("a part needs a name");
        }
        if (item["part"].is_array()) {
            json::Value child = json::Value::object();
            put_parts(child, item["part"]);
            put(object, name, std::move(child));
        } else {
            put(object, name, value_of(item, name));
        }
    }
}

/// Walks the parameters: `input` into `fields`, every other one to `use(name, value)`.
template <class Use>
void each_parameter(const json::Value& parameters, json::Value& fields, Use use) {
    for (const json::Value& item : parameters["parameter"].items()) {
        const std::string& name = item["name"].text();
        if (name.empty()) {
            refuse_parameters("a parameter needs a name");
        }
        if (name == "input") {
            put_parts(fields, item["part"]);
        } else if (!use(name, value_of(item, name))) {
            refuse_parameters("unknown parameter '" + name.substr(0, 64) + "'");
        }
    }
}

void require_id(const std::string& value, std::string_view name) {
    if (value.size() < 8 || value.size() > 64) {
        throw Error(ErrorKind::invalid, "flow.bad_field", fmt::format("{} must be an id of 8 to 64 characters made by the client", name),
                    {{"value", std::string(name), "8 to 64 characters"}});
    }
}

}  // namespace

CreateInput parse_create(std::string_view body) {
    const json::Value parameters = parse_parameters(body);
    CreateInput input;
    each_parameter(parameters, input.fields, [&](const std::string& name, const json::Value& value) {
        std::string* target = name == "machine"     ? &input.machine
                              : name == "create_id" ? &input.create_id
                              : name == "patient"   ? &input.patient
                              : name == "basedOn"   ? &input.based_on
                                                    : nullptr;
        if (target != nullptr) {
            *target = value.text();
        }
        return target != nullptr;
    });
    require_id(input.create_id, "create_id");
    return input;
}

MoveInput parse_move(std::string_view body) {
    const json::Value parameters = parse_parameters(body);
    MoveInput input;
    each_parameter(parameters, input.fields, [&](const std::string& name, const json::Value& value) {
        if (name == "occurred") {
            input.occurred = parse_instant(value.text());
            if (!input.occurred) {
                throw Error(ErrorKind::invalid, "flow.bad_occurred", "occurred must be an instant", {{"value", "occurred", "not an instant"}});
            }
            return true;
        }
        std::string* target = name == "action"            ? &input.action
                              : name == "move_id"         ? &input.move_id
                              : name == "reason"          ? &input.reason
                              : name == "occurred_reason" ? &input.occurred_reason
                                                          : nullptr;
        if (target != nullptr) {
            *target = value.text();
        }
        return target != nullptr;
    });
    require_id(input.move_id, "move_id");
    if (input.reason.empty() && input.fields["reason"].is_string()) {
        input.reason = input.fields["reason"].text();
    }
    if (input.reason.size() > kReason_bytes) {
        throw Error(ErrorKind::too_large, "flow.too_large", fmt::format("a reason is at most {} bytes", kReason_bytes));
    }
    return input;
}

std::vector<json::Value> list_of(const json::Value& fields, std::string_view name) {
    const json::Value& value = fields[name];
    if (value.is_null()) {
        return {};
    }
    return value.is_array() ? value.items() : std::vector<json::Value>{value};
}

bool is_given(const json::Value& value) {
    switch (value.kind()) {
        case json::Value::Kind::null: return false;
        case json::Value::Kind::string: return !trim(value.text()).empty();
        case json::Value::Kind::array:
        case json::Value::Kind::object: return value.size() > 0;
        default: return true;
    }
}

void FieldCheck::refuse(std::string_view code, std::string field, std::string what) {
    if (issues_.empty()) {
        code_ = code;
    }
    issues_.push_back({code == "flow.missing_field" ? "required" : "value", std::move(field), std::move(what)});
}

void FieldCheck::require(const json::Value& fields, std::string_view name) {
    if (!is_given(fields[name])) {
        refuse("flow.missing_field", std::string(name), "required");
    }
}

void FieldCheck::one_of(const json::Value& fields, std::string_view name, std::string_view allowed) {
    if (is_given(fields[name]) && !has_word(allowed, fields[name].text())) {
        refuse("flow.bad_field", std::string(name), fmt::format("one of: {}", allowed));
    }
}

void FieldCheck::text_limit(const json::Value& fields, std::string_view name, std::size_t limit_bytes) {
    const json::Value& value = fields[name];
    if (value.is_null()) {
        return;
    }
    if (!value.is_string()) {
        refuse("flow.bad_field", std::string(name), "must be a text");
    } else if (value.text().size() > limit_bytes) {
        refuse("flow.bad_field", std::string(name), fmt::format("at most {} bytes", limit_bytes));
    }
}

void FieldCheck::throw_if_any() const {
    if (!issues_.empty()) {
        throw Error(ErrorKind::invalid, code_, issues_.front().expression + ": " + issues_.front().diagnostics, issues_);
    }
}

json::Value part(std::string_view name, std::string_view value_type, json::Value value) {
    return json::Value::object({{"name", name}, {"value" + std::string(value_type), std::move(value)}});
}

}  // namespace qiao::flow
