#include "base/error.hpp"
#include "record/path/evaluate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

/// The official FHIRPath cases for R4. docs/fhirpath.md explains each one that is not met.
namespace qiao::record::path {
namespace {

std::filesystem::path folder() { return "../shared/testdata/fhir/fhirpath"; }

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

const json::Value& input(const std::string& name) {
    static std::map<std::string, json::Value> inputs;
    auto found = inputs.find(name);
    if (found == inputs.end()) {
        auto file = folder() / name;
        auto parsed = json::parse(read_file(file.replace_extension(".json")));
        EXPECT_TRUE(parsed) << name;
        found = inputs.emplace(name, parsed ? *std::move(parsed) : json::Value()).first;
    }
    return found->second;
}

struct Outcome {
    bool failed = false;
    std::string error;
    std::vector<std::pair<std::string, std::string>> values;  ///< type and text
};

Outcome outcome_of(const json::Value& row) {
    const auto expression = Expression::parse(row["expression"].text());
    if (!expression) return {true, expression.error().message, {}};
    Context context;
    context.now = SystemClock().now();
    try {
        const std::string& name = row["inputfile"].text();
        Collection result = name.empty() ? evaluate(*expression, Collection(), context) : evaluate(*expression, input(name), context);
        if (row["predicate"].text() == "true") result = truth(result) ? Collection(Item(*truth(result))) : Collection();
        Outcome outcome;
        for (const Item& item : result.items) outcome.values.emplace_back(shown_type(item), shown_text(item));
        return outcome;
    } catch (const Error& error) {
        return {true, std::string(error.code()) + ": " + error.what(), {}};
    }
}

bool met(const json::Value& row, Outcome outcome) {
    if (row["invalid"].is_string()) return outcome.failed;
    if (outcome.failed) return false;
    std::vector<std::pair<std::string, std::string>> wanted;
    for (const json::Value& value : row["output"].items()) wanted.emplace_back(value["type"].text(), value["value"].text());
    if (wanted.size() != outcome.values.size()) return false;
    if (row["ordered"].text() == "false") {
        std::ranges::sort(wanted);
        std::ranges::sort(outcome.values);
    }
    return std::ranges::equal(wanted, outcome.values,
                              [](const auto& want, const auto& got) { return (want.first.empty() || want.first == got.first) && want.second == got.second; });
}

std::string shown(const Outcome& outcome) {
    if (outcome.failed) return "error " + outcome.error;
    std::string out;
    for (const auto& [type, text] : outcome.values) out += type + ":" + text + " ; ";
    return out;
}

TEST(FhirPathCases, AreMetButForThoseThatTheDocumentationNames) {
    if (!std::filesystem::exists(folder() / "cases.r4.ndjson"))
        GTEST_SKIP() << "no shared/testdata/fhir/fhirpath beside the project: the official cases did not run";
    const std::string documentation = read_file("docs/fhirpath.md");
    std::ifstream file(folder() / "cases.r4.ndjson");
    std::string line;
    std::size_t count = 0;
    std::size_t good = 0;
    while (std::getline(file, line)) {
        const auto row = json::parse(line);
        ASSERT_TRUE(row) << line;
        ++count;
        const Outcome outcome = outcome_of(*row);
        if (met(*row, outcome)) {
            ++good;
            continue;
        }
        const std::string& name = (*row)["name"].text();
        EXPECT_NE(documentation.find("`" + name + "`"), std::string::npos)
            << name << ": " << (*row)["expression"].text() << "\n  wanted " << (*row)["output"].dump() << ' ' << (*row)["invalid"].text() << "\n  got "
            << shown(outcome);
    }
    std::printf("%zu of %zu official cases are met\n", good, count);
    EXPECT_EQ(count, 702U);
    EXPECT_GE(good, 680U);
}

}  // namespace
}  // namespace qiao::record::path
