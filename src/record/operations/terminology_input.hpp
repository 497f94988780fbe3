#pragma once

#include "base/json_value.hpp"
#include "record/operations/input.hpp"
#include "record/terminology/record_shelf.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the operations on terminology share: codes from their parameters and `Parameters` as the answer. Handler threads.
namespace qiao::record {

struct Coded {
    std::string system, version, code, display;
};

/// `codeableConcept`, `coding` or `code` with `system`, in this order; Error(invalid) when there is none or one has no code.
std::vector<Coded> codes_from(const Input& input, std::string_view system_name = "system", std::string_view version_name = "version");
/// A Coding parameter; nothing when it is not there.
std::optional<Coded> coding_from(const Input& input, std::string_view name);
/// "true" or "false"; Error(invalid) for anything else.
bool flag_from(const Input& input, std::string_view name, bool usual);

/// Built-in or of the record. Error(not_found, "terminology.unknown_code_system") when nothing is known of its codes.
terminology::CodeSystem::Ptr known_code_system(const terminology::Shelf& shelf, std::string_view url, std::string_view version);
[[noreturn]] void throw_unknown_code_system(std::string_view url, std::string_view version);
/// By a canonical URL, `|version` or `version` for another than the current. Error(not_found, "terminology.unknown_value_set").
terminology::ValueSet::Ptr known_value_set(const terminology::Shelf& shelf, std::string_view canonical, std::string_view version = {});

/// Whether two texts for people are the same but for case, accents and blanks.
bool is_same_display(std::string_view one, std::string_view other);
/// Whether `display` is that of the concept or of one of its designations.
bool has_display(const terminology::Concept& one, std::string_view display);
/// The designation in a language ("zh" also takes "zh-CN"), else the display.
std::string display_for(const terminology::Concept& one, std::string_view language);

/// A `Parameters` resource, part after part.
class Answer {
public:
    Answer& boolean(std::string_view name, bool value);
    /// Left out when it is empty.
    Answer& text(std::string_view name, std::string_view value, std::string_view type = "valueString");
    Answer& parts(std::string_view name, std::vector<json::Value> parts);
    [[nodiscard]] std::string take() const;

private:
    json::Value parameters_ = json::Value::array();
};
/// One `part`.
json::Value part_of(std::string_view name, std::string_view type, json::Value value);

}  // namespace qiao::record
