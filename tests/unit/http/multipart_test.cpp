#include "http/multipart.hpp"

#include "running_server.hpp"

#include <gtest/gtest.h>

namespace qiao::http {
namespace {

std::string body_of(std::string_view body, const Part& part) { return std::string(body.substr(part.offset, part.length)); }

/// Parses from memory and from a file and expects the same of both.
Result<std::vector<Part>> parse_both(const std::string& body, std::string_view boundary) {
    auto from_memory = parse_multipart(std::string_view(body), boundary);
    const std::string padded = "before" + body + "behind";
    const auto from_file = parse_multipart(FileRange{test::file_of(padded), 6, body.size()}, boundary);
    EXPECT_EQ(static_cast<bool>(from_memory), static_cast<bool>(from_file));
    if (from_memory && from_file) {
        EXPECT_EQ(from_memory->size(), from_file->size());
        for (std::size_t i = 0; i < from_memory->size(); ++i) {
            EXPECT_EQ((*from_memory)[i].offset, (*from_file)[i].offset);
            EXPECT_EQ((*from_memory)[i].length, (*from_file)[i].length);
            EXPECT_EQ((*from_memory)[i].headers, (*from_file)[i].headers);
        }
    } else if (!from_memory && !from_file) {
        EXPECT_EQ(from_memory.error().offset, from_file.error().offset);
    }
    return from_memory;
}

TEST(Multipart, FindsPartsHeadersAndContent) {
    const std::string body =
        "preamble\r\n--b1\r\nContent-Type: application/dicom\r\nContent-ID:  <1> \r\n\r\nDICM\r\n\r\n\r\n--b1 \t\r\n\r\nno headers\r\n--b1\r\nA: "
        "1\r\n\r\n\r\n--b1--\r\nepilogue";
    const auto parts = parse_both(body, "b1");
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 3U);
    EXPECT_EQ(body_of(body, (*parts)[0]), "DICM\r\n\r\n");
    EXPECT_EQ((*parts)[0].header("content-type"), "application/dicom");
    EXPECT_EQ((*parts)[0].header("content-id"), "<1>");
    EXPECT_EQ(body_of(body, (*parts)[1]), "no headers");
    EXPECT_EQ((*parts)[2].length, 0U);
}

TEST(Multipart, APartWithoutHeadersAndContentSwallowsNothing) {
    const std::string body = "--b\r\n\r\n--b\r\nA: 1\r\n\r\n--b--";
    const auto parts = parse_both(body, "b");
    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->size(), 2U);
    EXPECT_EQ((*parts)[0].length, 0U);
    EXPECT_EQ((*parts)[1].length, 0U);
    EXPECT_EQ((*parts)[1].header("a"), "1");
}

TEST(Multipart, NoPartsAtAll) {
    const auto parts = parse_both("--b--", "b");
    ASSERT_TRUE(parts);
    EXPECT_TRUE(parts->empty());
}

TEST(Multipart, RefusesWhatIsCutOffOrMalformed) {
    const std::vector<std::string> bad = {
        "",
        "--",
        "--b",
        "--b\r\n",
        "--b\r\nA: 1",
        "--b\r\nA: 1\r\n\r\ncontent",
        "--b\r\nA: 1\r\n\r\ncontent\r\n--b",
        "--b\r\nA: 1\r\n\r\ncontent\r\n--b\r\n",
        "--bX\r\n\r\ncontent\r\n--b--",
        "--b\r\nno colon\r\n\r\ncontent\r\n--b--",
        "--b\r\n: no name\r\n\r\ncontent\r\n--b--",
        "--b\r\nA : space\r\n\r\ncontent\r\n--b--",
        std::string("--b\r\nA: ") + '\0' + "\r\n\r\ncontent\r\n--b--",
        "--b\nA: 1\n\ncontent\n--b--",
    };
    for (const std::string& body : bad) EXPECT_FALSE(parse_both(body, "b")) << body;
    EXPECT_FALSE(parse_both("--b--", ""));
    EXPECT_FALSE(parse_both("--b--", std::string(71, 'b')));
}

TEST(Multipart, LimitsOfPartsAndHeaders) {
    const std::string part = "\r\n--b\r\n\r\nx";
    std::string body;
    for (std::size_t i = 0; i < kPartsMax; ++i) body += part;
    EXPECT_TRUE(parse_both(body + "\r\n--b--", "b"));
    EXPECT_FALSE(parse_both(body + part + "\r\n--b--", "b"));
    const auto with_header = [](std::size_t size) { return "--b\r\nA: " + std::string(size, 'h') + "\r\n\r\nx\r\n--b--"; };
    EXPECT_TRUE(parse_both(with_header(16'000), "b"));
    EXPECT_FALSE(parse_both(with_header(17'000), "b"));
    std::string many = "--b\r\n";
    for (int i = 0; i < 3'000; ++i) many += "A: 12345\r\n";
    EXPECT_FALSE(parse_both(many + "\r\nx\r\n--b--", "b"));
}

TEST(Multipart, DelimitersAcrossTheEdgesOfTheFileWindow) {
    constexpr std::size_t kWindow = 1024 * 1024;
    for (std::size_t shift = 0; shift < 24; ++shift) {
        const std::string first(kWindow - 34 + shift, '\r');
        const std::string body = "--boundary\r\n\r\n" + first + "\r\n--boundary\r\nA: 1\r\n\r\nsecond\r\n--boundary--";
        const auto parts = parse_multipart(FileRange{test::file_of(body), 0, body.size()}, "boundary");
        ASSERT_TRUE(parts) << shift;
        ASSERT_EQ(parts->size(), 2U);
        EXPECT_EQ((*parts)[0].length, first.size());
        EXPECT_EQ(body_of(body, (*parts)[1]), "second");
    }
}

TEST(Multipart, ReadsBackARangeOrSaysWhyNot) {
    const auto file = test::file_of("0123456789");
    EXPECT_EQ(read_range({file, 2, 5}), "23456");
    EXPECT_THROW(read_range({file, 8, 5}), Error);
}

TEST(Multipart, BoundaryAndParameters) {
    EXPECT_EQ(*multipart_boundary("multipart/related; type=\"application/dicom\"; boundary=\"a b\""), "a b");
    EXPECT_EQ(*multipart_boundary("Multipart/Form-Data;BOUNDARY=xyz"), "xyz");
    EXPECT_FALSE(multipart_boundary("application/json; boundary=x"));
    EXPECT_FALSE(multipart_boundary("multipart/related"));
    EXPECT_FALSE(multipart_boundary("multipart/related; boundary="));
    EXPECT_FALSE(multipart_boundary("multipart/related; boundary=\"a\r\n\""));
    EXPECT_FALSE(multipart_boundary("multipart/related; boundary=\"" + std::string(71, 'a') + "\""));
    EXPECT_FALSE(multipart_boundary("multipart/related; boundary=\"open"));
    const std::string_view disposition = R"(form-data; name="file \"x\""; filename="a;b.png")";
    EXPECT_EQ(header_parameter(disposition, "name"), "file \"x\"");
    EXPECT_EQ(header_parameter(disposition, "filename"), "a;b.png");
    EXPECT_EQ(header_parameter(disposition, "other"), "");
    EXPECT_EQ(header_parameter("a; flag; b=c", "b"), "c");
    EXPECT_EQ(header_parameter("a;;=;b=c;", "b"), "c");
}

}  // namespace
}  // namespace qiao::http
