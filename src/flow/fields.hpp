#pragma once

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The inputs of `$create` and `$move` as one JSON object, whatever way the FHIR Parameters carried them
/// (docs/case-api.md part 1). Pure functions; any thread.
namespace qiao::flow {

inline constexpr std::size_t kText_bytes = 64 * 1024;
inline constexpr std::size_t kReason_bytes = 2 * 1024;

struct CreateInput {
    std::string machine;
    std::string create_id;
    std::string patient;  ///< "Patient/…"
    std::string based_on;
    json::Value fields = json::Value::object();
};

struct MoveInput {
    std::string action;
    std::string move_id;
    std::optional<Instant> occurred;
    std::string occurred_reason;
    std::string reason;
    json::Value fields = json::Value::object();
};

/// Error(invalid, "flow.bad_parameters") for what is no such Parameters resource, "flow.bad_field" naming a field.
CreateInput parse_create(std::string_view body);
MoveInput parse_move(std::string_view body);

/// `fields[name]` as a list: a single value is a list of one, nothing is empty.
std::vector<json::Value> list_of(const json::Value& fields, std::string_view name);
/// Whether a required field says something: not null, no blank text, no empty list or object.
bool is_given(const json::Value& value);

/// What is wrong with the fields of one input; throws all of it at once.
class FieldCheck {
public:
    /// @param code  "flow.missing_field", "flow.bad_field", "flow.value_impossible"
    void refuse(std::string_view code, std::string field, std::string what);
    void require(const json::Value& fields, std::string_view name);
    /// One of the words of `allowed` (parted by blanks); does nothing when the field is absent.
    void one_of(const json::Value& fields, std::string_view name, std::string_view allowed);
    void text_limit(const json::Value& fields, std::string_view name, std::size_t limit_bytes);
    /// Error(invalid) with one issue for each defect, under the code of the first.
    void throw_if_any() const;

private:
    std::string_view code_;
    std::vector<Issue> issues_;
};

/// Parts from JSON, the other way round, for answers.
json::Value part(std::string_view name, std::string_view value_type, json::Value value);

}  // namespace qiao::flow
