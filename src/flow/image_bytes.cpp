#include "flow/image_bytes.hpp"

#include <cstdint>
#include <optional>

namespace qiao::flow {

namespace {

constexpr std::uint32_t kSideMax = 20'000;

std::uint32_t big(std::string_view bytes, std::size_t at, int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) {
        value = value << 8U | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    }
    return value;
}

std::uint32_t little(std::string_view bytes, std::size_t at, int count) {
    std::uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i) {
        value = value << 8U | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    }
    return value;
}

std::optional<ParseError> refuse_size(std::uint32_t width, std::uint32_t height, std::size_t at) {
    if (width == 0 || height == 0 || width > kSideMax || height > kSideMax) {
        return ParseError{"a picture without size, or too large", at};
    }
    return std::nullopt;
}

/// Markers of ITU-T T.81: everything up to the first scan is a list of segments.
Result<Picture> clean_jpeg(std::string_view bytes) {
    Picture picture{"image/jpeg", 0, 0, std::string(bytes.substr(0, 2))};
    std::size_t at = 2;
    while (true) {
        while (at + 1 < bytes.size() && bytes[at] == '\xff' && bytes[at + 1] == '\xff') {
            ++at;  // fill bytes
        }
        if (at + 4 > bytes.size() || bytes[at] != '\xff') {
            return ParseError{"a JPEG that ends before its picture", at};
        }
        const auto marker = static_cast<unsigned char>(bytes[at + 1]);
        const std::size_t length = big(bytes, at + 2, 2);
        if (length < 2 || at + 2 + length > bytes.size()) {
            return ParseError{"a JPEG segment that passes the end", at};
        }
        const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (frame) {
            if (length < 8) {
                return ParseError{"a JPEG frame header that is too short", at};
            }
            picture.height = static_cast<int>(big(bytes, at + 5, 2));
            picture.width = static_cast<int>(big(bytes, at + 7, 2));
            if (const auto error = refuse_size(static_cast<std::uint32_t>(picture.width), static_cast<std::uint32_t>(picture.height), at)) {
                return *error;
            }
        }
        if (marker == 0xda) {
            break;
        }
        // APP0 (JFIF), APP2 (colour profile) and APP14 (colour transform) say how to show it; the rest tells stories.
        const bool application = marker >= 0xe0 && marker <= 0xef && marker != 0xe0 && marker != 0xe2 && marker != 0xee;
        if (!application && marker != 0xfe) {
            picture.bytes.append(bytes.substr(at, 2 + length));
        }
        at += 2 + length;
    }
    const std::size_t end = bytes.rfind("\xff\xd9");
    if (picture.width == 0 || end == std::string_view::npos || end < at) {
        return ParseError{"a JPEG without a picture, or cut short", at};
    }
    picture.bytes.append(bytes.substr(at, end + 2 - at));  // what follows the end marker goes too
    return picture;
}

Result<Picture> clean_png(std::string_view bytes) {
    Picture picture{"image/png", 0, 0, std::string(bytes.substr(0, 8))};
    std::size_t at = 8;
    while (at + 12 <= bytes.size()) {
        const std::size_t length = big(bytes, at, 4);
        const std::string_view type = bytes.substr(at + 4, 4);
        if (length > bytes.size() - at - 12) {
            break;
        }
        if (at == 8) {
            if (type != "IHDR" || length != 13) {
                return ParseError{"a PNG without a header", at};
            }
            picture.width = static_cast<int>(big(bytes, at + 8, 4));
            picture.height = static_cast<int>(big(bytes, at + 12, 4));
            if (const auto error = refuse_size(big(bytes, at + 8, 4), big(bytes, at + 12, 4), at)) {
                return *error;
            }
        }
        const bool told = type == "tEXt" || type == "zTXt" || type == "iTXt" || type == "eXIf" || type == "tIME";
        if (!told) {
            picture.bytes.append(bytes.substr(at, 12 + length));
        }
        if (type == "IEND") {
            return picture;
        }
        at += 12 + length;
    }
    return ParseError{"a PNG that is cut short", at};
}

void webp_size(std::string_view type, std::string_view data, Picture& picture) {
    if (type == "VP8X" && data.size() >= 10) {
        picture.width = static_cast<int>(little(data, 4, 3) + 1);
        picture.height = static_cast<int>(little(data, 7, 3) + 1);
    } else if (type == "VP8 " && data.size() >= 10 && picture.width == 0) {
        picture.width = static_cast<int>(little(data, 6, 2) & 0x3fffU);
        picture.height = static_cast<int>(little(data, 8, 2) & 0x3fffU);
    } else if (type == "VP8L" && data.size() >= 5 && picture.width == 0) {
        const std::uint32_t bits = little(data, 1, 4);
        picture.width = static_cast<int>((bits & 0x3fffU) + 1);
        picture.height = static_cast<int>((bits >> 14U & 0x3fffU) + 1);
    }
}

Result<Picture> clean_webp(std::string_view bytes) {
    Picture picture{"image/webp", 0, 0, std::string(bytes.substr(0, 12))};
    const std::size_t end = std::size_t{8} + little(bytes, 4, 4);
    if (end > bytes.size()) {
        return ParseError{"a WebP that is cut short", bytes.size()};
    }
    bool has_pixels = false;
    for (std::size_t at = 12; at + 8 <= end;) {
        const std::string_view type = bytes.substr(at, 4);
        const std::size_t length = little(bytes, at + 4, 4);
        const std::size_t padded = length + (length & 1U);
        if (padded > end - at - 8) {
            return ParseError{"a WebP chunk that passes the end", at};
        }
        webp_size(type, bytes.substr(at + 8, length), picture);
        has_pixels = has_pixels || type == "VP8 " || type == "VP8L" || type == "ANMF";
        if (type != "EXIF" && type != "XMP ") {
            const std::size_t start = picture.bytes.size();
            picture.bytes.append(bytes.substr(at, 8 + padded));
            if (type == "VP8X" && length >= 1) {
                // The header announces EXIF (bit 3) and XMP (bit 2), which are gone.
                picture.bytes[start + 8] = static_cast<char>(static_cast<unsigned char>(picture.bytes[start + 8]) & 0xf3U);
            }
        }
        at += 8 + padded;
    }
    if (!has_pixels) {
        return ParseError{"a WebP without a picture", end};
    }
    if (const auto error = refuse_size(static_cast<std::uint32_t>(picture.width), static_cast<std::uint32_t>(picture.height), 12)) {
        return *error;
    }
    const auto size = static_cast<std::uint32_t>(picture.bytes.size() - 8);
    for (unsigned i = 0; i < 4; ++i) {
        picture.bytes[4 + i] = static_cast<char>(size >> 8U * i & 0xffU);
    }
    return picture;
}

}  // namespace

Result<Picture> clean_picture(std::string_view bytes) {
    if (bytes.starts_with("\xff\xd8\xff")) {
        return clean_jpeg(bytes);
    }
    if (bytes.starts_with(std::string_view("\x89PNG\r\n\x1a\n", 8))) {
        return clean_png(bytes);
    }
    if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") {
        return clean_webp(bytes);
    }
    return ParseError{"neither JPEG, PNG nor WebP", 0};
}

}  // namespace qiao::flow
