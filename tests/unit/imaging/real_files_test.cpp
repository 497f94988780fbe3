// Real objects of the Debian packages python3-pydicom: each is read like DCMTK's dcm2json reads it, or refused for a known reason.
#include "base/json_value.hpp"
#include "base/text.hpp"
#include "imaging/dataset_walker.hpp"
#include "imaging/part10.hpp"
#include "imaging/transfer_syntax.hpp"

#include <gtest/gtest.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace qiao::imaging {
namespace {

const std::string kFolder = "/usr/lib/python3/dist-packages/pydicom/data/test_files";

std::string read_all(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string output_of(const std::string& command) {
    std::string out;
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
    std::array<char, 65536> buffer{};
    while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) out.append(buffer.data(), got);
    return out;
}

/// Numbers by value, bulk data as its bare presence, empty values and items dropped: what the two writers may differ in.
json::Value normalised(const json::Value& value) {
    if (value.kind() == json::Value::Kind::number) {
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "%.7g", std::strtod(value.text().c_str(), nullptr));
        return {std::string(text.data())};
    }
    if (value.is_array()) {
        auto items = json::Value::array();
        for (const auto& entry : value.items()) items.push(entry.is_object() && entry.members().empty() ? json::Value() : normalised(entry));
        return items;
    }
    if (!value.is_object()) return value.is_string() ? json::Value(std::string(trim(value.text()))) : value;
    std::map<std::string, json::Value> sorted;
    for (const auto& [name, member] : value.members()) {
        // What an implicit or unknown VR stands for depends on the reader's private dictionary.
        const bool is_private = name.size() == 8 && (name[3] & 1) != 0 && name.find_first_not_of("0123456789ABCDEF") == std::string::npos;
        if (is_private || name == "00080005" || (name.size() == 8 && name >= "7FE00010") || name.substr(0, 4) == "0002") continue;
        const bool bulk = name == "BulkDataURI" || name == "InlineBinary";
        if (name == "Value" && member.size() == 0) continue;
        sorted[bulk ? "bulk" : name] = bulk ? json::Value("") : normalised(member);
    }
    auto object = json::Value::object();
    for (auto& [name, member] : sorted) object.set(name, std::move(member));
    return object;
}

struct Refusal {
    const char* file;
    const char* reason;
};

const Refusal kRefused[] = {
    {"rtplan_truncated.dcm", "the data set ends inside an element"},
    {"ExplVR_BigEndNoMeta.dcm", "this is not a DICOM object"},
    {"no_meta.dcm", "this is not a DICOM object"},
    {"MR_truncated.dcm", "the data set ends inside an element"},
};

/// The reason why the file must be refused, or nothing.
std::string expected_refusal(const std::string& path) {
    for (const auto& refusal : kRefused)
        if (std::filesystem::path(path).filename() == refusal.file) return refusal.reason;
    return {};
}

void compare(const std::string& path, int& compared) {
    const auto file = read_all(path);
    const auto refusal = expected_refusal(path);
    const auto meta = read_file_meta(file);
    if (!meta) {
        EXPECT_EQ(meta.error().message, refusal);
        return;
    }
    const auto syntax = transfer_syntax(meta->transfer_syntax);
    if (!syntax.stored) return;  // refused before the walker
    WalkOptions options;
    options.implicit = syntax.implicit;
    options.encapsulated = syntax.encapsulated;
    options.scope = JsonScope::all;
    const auto walked = walk(std::string_view(file).substr(meta->dataset_offset), options);
    if (!walked) {
        EXPECT_EQ(walked.error().message, refusal) << walked.error().offset;
        return;
    }
    EXPECT_EQ(refusal, "");
    const auto ours = json::parse(walked->json);
    ASSERT_TRUE(ours) << ours.error().message;
    auto text = output_of("dcm2json -fc '" + path + "' 2>/dev/null");
    // DCMTK 3.6.7 leaves a comma where it gives up on encapsulated PixelData: compare what stands before.
    if (text.ends_with(",}")) text.replace(text.size() - 2, 2, "}");
    const auto theirs = json::parse(text, 200);
    if (!theirs) return;  // dcm2json gives up on it
    EXPECT_EQ(normalised(*ours).dump(), normalised(*theirs).dump());
    ++compared;
}

TEST(RealFiles, ReadLikeDcm2json) {
    if (!std::filesystem::exists(kFolder)) GTEST_SKIP() << "python3-pydicom is not installed: its test files are the input";
    if (std::system("command -v dcm2json > /dev/null") != 0) GTEST_SKIP() << "dcmtk is not installed: dcm2json is the reference";
    int compared = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
        if (entry.path().extension() != ".dcm") continue;
        SCOPED_TRACE(entry.path().string());
        compare(entry.path().string(), compared);
    }
    EXPECT_GT(compared, 50);
}

}  // namespace
}  // namespace qiao::imaging
