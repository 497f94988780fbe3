#include "base/log.hpp"

#include "base/json.hpp"
#include "base/time.hpp"

#include <unistd.h>

#include <array>

namespace qiao::log {

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    static constexpr std::array kNames = {"info", "warning", "error"};
    JsonWriter json;
    json.object([&] {
        json.field("time", format_instant(SystemClock().now()));
        json.field("level", kNames.at(static_cast<std::size_t>(level)));
        json.field("event", event);
        for (const auto& [name, value] : fields) {
            if (const auto* number = std::get_if<std::int64_t>(&value)) {
                json.field(name, *number);
            } else {
                json.field(name, std::get<std::string_view>(value));
            }
        }
    });
    std::string line = json.take();
    line += '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());  // one write a line: lines do not mix
}

}  // namespace qiao::log
