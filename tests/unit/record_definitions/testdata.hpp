#pragma once

#include "record/validate/parse.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// The shared FHIR test data, seen from the project root; tests that need it skip where it is absent.
namespace qiao::record {

inline std::filesystem::path testdata() { return std::filesystem::path("../shared/testdata/fhir"); }

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline std::vector<std::filesystem::path> example_files() {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(testdata() / "examples")) return files;
    for (const auto& entry : std::filesystem::directory_iterator(testdata() / "examples")) files.push_back(entry.path());
    return files;
}

inline ParsedResource parsed(std::string_view text) {
    auto result = parse_resource(text);
    if (!result) ADD_FAILURE() << result.error().message << " at " << result.error().offset << " in " << text.substr(0, 200);
    return result ? *std::move(result) : *parse_resource("{}");
}

}  // namespace qiao::record

#define QIAO_NEED_TESTDATA() \
    if (!std::filesystem::exists(qiao::record::testdata())) GTEST_SKIP() << "no shared/testdata/fhir beside the project"
