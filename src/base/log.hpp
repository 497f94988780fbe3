#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <variant>

/// Operating log: JSON lines on stderr. Thread-safe. Nothing personal: no names, no identifiers of patients, no query
/// values; a field is a number, a code, a route template or a digest.
namespace qiao::log {

enum class Level { info, warning, error };

using Field = std::pair<std::string_view, std::variant<std::int64_t, std::string_view>>;

/// @param event  a stable literal, "area.what_happened"
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) { write(Level::error, event, fields); }

}  // namespace qiao::log
