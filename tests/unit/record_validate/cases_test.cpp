#include "../record_definitions/testdata.hpp"
#include "base/json_value.hpp"
#include "check.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace qiao::record {
namespace {

// docs/validation.md says why of each.
const std::set<std::string> kNotMet = {"bad-markdown-no-html", "contained-resource-bad-id-ignore", "json-comments-2-yes", "parameters-reference-bad",
                                       "signatures-example-2"};

TEST(ValidatorCases, TheVerdictIsThatOfTheReferenceValidator) {
    QIAO_NEED_TESTDATA();
    std::ifstream file(testdata() / "validator" / "cases.r4.ndjson");
    std::string line;
    int cases = 0;
    while (std::getline(file, line)) {
        const auto row = json::parse(line);
        ASSERT_TRUE(row);
        ++cases;
        const std::string name = (*row)["name"].text();
        const auto errors = said((*row)["input"].text());
        const bool met = errors.empty() == ((*row)["errors"].integer().value_or(0) == 0);
        EXPECT_EQ(met, !kNotMet.contains(name)) << name << (errors.empty() ? "" : ": " + errors.front());
    }
    EXPECT_EQ(cases, 82);
}

}  // namespace
}  // namespace qiao::record
