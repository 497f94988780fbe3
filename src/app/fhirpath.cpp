#include "app/fhirpath.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "record/path/evaluate.hpp"
#include "record/validate/rule_check.hpp"

#include <chrono>
#include <istream>
#include <ostream>
#include <string>

namespace qiao::app {

namespace {

namespace path = record::path;

path::Collection evaluated(const json::Value& line) {
    if (!line["expression"].is_string()) throw Error(ErrorKind::invalid, "fhirpath.argument", "expression is missing");
    const auto expression = path::Expression::parse(line["expression"].text());
    if (!expression) throw Error(ErrorKind::invalid, "fhirpath.syntax", expression.error().message + " at byte " + std::to_string(expression.error().offset));
    path::Context context;
    context.now = SystemClock().now();
    const json::Value& resource = line["resource"];
    const record::Scope scope{&resource, &resource, nullptr, context.now, std::chrono::steady_clock::time_point::max()};
    const record::Known known(scope);
    context.outside = &known;
    return resource.is_null() ? path::evaluate(*expression, path::Collection(), context) : path::evaluate(*expression, resource, context);
}

/// One line's answer. The end of one evaluation: what is wrong with it is its answer.
void answer(JsonWriter& out, const json::Value& line) {
    out.object([&] {
        if (!line["n"].is_null()) out.raw_field("n", line["n"].dump());
        try {
            const path::Collection result = evaluated(line);
            out.array("result", [&] {
                for (const path::Item& item : result.items) {
                    out.object([&] {
                        out.field("type", path::shown_type(item));
                        out.field("value", path::shown_text(item));
                    });
                }
            });
        } catch (const Error& error) {
            out.field("error", std::string(error.code()) + ": " + error.what());
        }
    });
}

}  // namespace

int evaluate_lines(std::istream& in, std::ostream& out) {
    int status = 0;
    std::string text;
    while (std::getline(in, text)) {
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        JsonWriter writer;
        const auto line = text.size() > limits::kBundleBody_bytes ? Result<json::Value>(ParseError{"the line is longer than 64 MiB", 0})
                                                                  : json::parse(text, limits::kJsonDepth + 1);
        if (line && line->is_object()) {
            answer(writer, *line);
        } else {
            status = 1;
            writer.object([&] { writer.field("error", "fhirpath.line: " + (line ? std::string("no object") : line.error().message)); });
        }
        out << writer.text() << '\n' << std::flush;
    }
    return status;
}

}  // namespace qiao::app
