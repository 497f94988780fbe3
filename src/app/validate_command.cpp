#include "app/validate_command.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "record/validate/verdict.hpp"

#include <istream>
#include <ostream>
#include <string>

namespace qiao::app {

int validate_lines(std::istream& in, std::ostream& out) {
    std::string line;
    while (std::getline(in, line)) {
        if (trim(line).empty()) continue;
        out << record::verdict_text(record::findings_of(line, record::TypeId::none, {}, SystemClock().now())) << '\n' << std::flush;
    }
    return 0;
}

}  // namespace qiao::app
