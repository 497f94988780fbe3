#include "record/path/evaluate.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

/// FHIRPath alone: record_fhirpath RESOURCE.json < expressions, one a line. Prints evaluations a second of each, parsed once,
/// for half a second; tests/bench/fhirpath.mjs runs it beside the npm package `fhirpath`.
int main(int argc, char** argv) {
    using namespace qiao::record::path;
    if (argc != 2) return 2;
    std::ostringstream text;
    text << std::ifstream(argv[1]).rdbuf();
    const auto resource = qiao::json::parse(text.str());
    if (!resource) return 2;
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto expression = Expression::parse(line);
        if (!expression) return 2;
        const Context context{.now = qiao::SystemClock().now()};
        const auto start = std::chrono::steady_clock::now();
        std::size_t runs = 0;
        std::size_t items = 0;
        double seconds = 0;
        while (seconds < 0.5) {
            for (int i = 0; i < 100; ++i, ++runs) items += evaluate(*expression, *resource, context).size();
            seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        }
        fmt::print("{} {}\n", static_cast<std::size_t>(static_cast<double>(runs) / seconds), items / runs);
    }
    return 0;
}
