#include "flow/image_bytes.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

std::string segment(char marker, const std::string& data) {
    std::string bytes = {'\xff', marker};
    const std::size_t length = data.size() + 2;
    bytes += static_cast<char>(length >> 8U & 0xffU);
    bytes += static_cast<char>(length & 0xffU);
    return bytes + data;
}

std::string jpeg(const std::string& extra) {
    const std::string frame("\x08\x00\x10\x00\x20\x01\x01\x11\x00", 9);  // 16 high, 32 wide
    return std::string("\xff\xd8") + segment('\xe0', "JFIF") + extra + segment('\xc0', frame) + segment('\xda', "scan") + "pixels\xff\xd9";
}

std::string chunk(const std::string& type, const std::string& data) {
    std::string bytes(4, '\0');
    bytes[3] = static_cast<char>(data.size());
    return bytes + type + data + "crc!";
}

std::string png(const std::string& extra) {
    return std::string("\x89PNG\r\n\x1a\n", 8) + chunk("IHDR", std::string("\x00\x00\x00\x20\x00\x00\x00\x10\x08\x06\x00\x00\x00", 13)) + extra +
           chunk("IDAT", "zz") + chunk("IEND", "");
}

TEST(ImageBytes, JpegLosesItsStory) {
    const auto picture = clean_picture(jpeg(segment('\xe1', "Exif GPS 30.1N") + segment('\xfe', "comment") + segment('\xed', "IPTC name")) + "trailing GPS");
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->content_type, "image/jpeg");
    EXPECT_EQ(picture->width, 32);
    EXPECT_EQ(picture->height, 16);
    EXPECT_EQ(picture->bytes, jpeg(""));
}

TEST(ImageBytes, PngLosesItsStory) {
    const auto picture = clean_picture(png(chunk("tEXt", "place") + chunk("eXIf", "gps") + chunk("gAMA", "keep")));
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->bytes, png(chunk("gAMA", "keep")));
    EXPECT_EQ(picture->width, 32);
}

TEST(ImageBytes, WebpLosesItsStory) {
    const auto riff = [](const std::string& body) {
        std::string size(4, '\0');
        size[0] = static_cast<char>(body.size() + 4);
        return "RIFF" + size + "WEBP" + body;
    };
    const auto part = [](const std::string& type, const std::string& data) {
        std::string size(4, '\0');
        size[0] = static_cast<char>(data.size());
        return type + size + data + std::string(data.size() & 1U, '\0');
    };
    const std::string header("\x0c\x00\x00\x00\x1f\x00\x00\x0f\x00\x00", 10);
    const std::string clean("\x00\x00\x00\x00\x1f\x00\x00\x0f\x00\x00", 10);
    const auto picture = clean_picture(riff(part("VP8X", header) + part("VP8 ", "pixelspixels") + part("EXIF", "gps") + part("XMP ", "who")));
    ASSERT_TRUE(picture);
    EXPECT_EQ(picture->width, 32);
    EXPECT_EQ(picture->height, 16);
    EXPECT_EQ(picture->bytes, riff(part("VP8X", clean) + part("VP8 ", "pixelspixels")));
}

TEST(ImageBytes, RefusesEverythingElse) {
    for (const std::string& bytes : {std::string(), std::string("<svg onload=x>"), std::string("GIF89a...."), std::string("%PDF-1.4"),
                                     std::string("\xff\xd8\xff"), std::string("\x89PNG\r\n\x1a\n", 8), std::string("RIFF\xff\xff\xff\xffWEBP", 12)}) {
        EXPECT_FALSE(clean_picture(bytes)) << to_hex(bytes);
    }
    const std::string whole = jpeg("");
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        EXPECT_FALSE(clean_picture(std::string_view(whole).substr(0, cut))) << cut;
    }
    const std::string all = png("");
    for (std::size_t cut = 0; cut < all.size(); ++cut) {
        EXPECT_FALSE(clean_picture(std::string_view(all).substr(0, cut))) << cut;
    }
}

TEST(ImageBytes, RefusesAPictureWithoutEnd) {
    std::string huge = png("");
    huge[16 + 0] = '\x7f';  // width 2 billion
    EXPECT_FALSE(clean_picture(huge));
}

}  // namespace
}  // namespace qiao::flow
