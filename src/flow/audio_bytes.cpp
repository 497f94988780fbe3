#include "flow/audio_bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace qiao::flow {

namespace {

// Elements of RFC 9559.
constexpr std::uint32_t kEbml = 0x1a45dfa3;
constexpr std::uint32_t kDocType = 0x4282;
constexpr std::uint32_t kSegment = 0x18538067;
constexpr std::uint32_t kInfo = 0x1549a966;
constexpr std::uint32_t kTimestampScale = 0x2ad7b1;
constexpr std::uint32_t kTracks = 0x1654ae6b;
constexpr std::uint32_t kTrackEntry = 0xae;
constexpr std::uint32_t kTrackType = 0x83;
constexpr std::uint32_t kCluster = 0x1f43b675;
constexpr std::uint32_t kTimestamp = 0xe7;
constexpr std::uint32_t kBlockGroup = 0xa0;
constexpr std::uint32_t kBlock = 0xa1;
constexpr std::uint32_t kSimpleBlock = 0xa3;
constexpr std::uint64_t kSound = 2;
constexpr std::uint64_t kMillisecond_ns = 1'000'000;
constexpr std::int64_t kOpusRate = 48'000;  ///< RFC 7845: granule positions of Opus are 48 kHz whatever was recorded

struct Element {
    std::uint32_t id = 0;
    std::size_t data = 0;
    std::size_t end = 0;  ///< where an unknown size reaches to the end of the bytes
};

std::uint64_t unsigned_of(std::string_view data) {
    std::uint64_t value = 0;
    for (const char byte : data.substr(0, 8)) {
        value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
}

std::optional<Element> element_at(std::string_view bytes, std::size_t at) {
    if (at >= bytes.size()) {
        return std::nullopt;
    }
    const auto length_of = [&](std::size_t place) -> std::size_t {
        const auto first = static_cast<unsigned char>(bytes[place]);
        std::size_t length = 1;
        while (length <= 8 && (first & 0x80U >> (length - 1)) == 0) {
            ++length;
        }
        return length;
    };
    const std::size_t id_length = length_of(at);
    if (id_length > 4 || at + id_length >= bytes.size()) {
        return std::nullopt;
    }
    const std::size_t size_at = at + id_length;
    const std::size_t size_length = length_of(size_at);
    if (size_length > 8 || size_at + size_length > bytes.size()) {
        return std::nullopt;
    }
    const std::uint64_t mask = (std::uint64_t{1} << 7U * size_length) - 1;
    const std::uint64_t size = unsigned_of(bytes.substr(size_at, size_length)) & mask;
    Element element;
    element.id = static_cast<std::uint32_t>(unsigned_of(bytes.substr(at, id_length)));
    element.data = size_at + size_length;
    // The last piece of a recording that was stopped may announce more than there is.
    element.end = size == mask || size > bytes.size() - element.data ? bytes.size() : element.data + static_cast<std::size_t>(size);
    return element;
}

Result<Sound> sniff_webm(std::string_view bytes) {
    std::uint64_t scale_ns = kMillisecond_ns;
    std::uint64_t cluster = 0;
    std::uint64_t last = 0;
    bool is_webm = false;
    bool has_sound = false;
    bool has_block = false;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::optional<Element> element = element_at(bytes, at);
        if (!element) {
            return ParseError{"a WebM element that passes the end", at};
        }
        const std::string_view data = bytes.substr(element->data, element->end - element->data);
        switch (element->id) {
            case kEbml:
            case kSegment:
            case kInfo:
            case kTracks:
            case kTrackEntry:
            case kCluster:
            case kBlockGroup: at = element->data; continue;  // what is in it comes next
            case kDocType: is_webm = data == "webm"; break;
            case kTimestampScale: scale_ns = unsigned_of(data); break;
            case kTimestamp: cluster = unsigned_of(data); break;
            case kTrackType:
                if (unsigned_of(data) != kSound) {
                    return ParseError{"a WebM with more than sound", at};
                }
                has_sound = true;
                break;
            case kSimpleBlock:
            case kBlock:
                if (data.size() < 4) {
                    return ParseError{"a WebM block without its head", at};
                }
                // Track number of one byte, then 16 bits of time against the cluster, signed.
                last =
                    std::max(last, cluster + static_cast<std::uint64_t>(std::max<std::int16_t>(0, static_cast<std::int16_t>(unsigned_of(data.substr(1, 2))))));
                has_block = true;
                break;
            default: break;
        }
        at = element->end;
    }
    if (!is_webm || !has_sound || !has_block || scale_ns == 0 || scale_ns > 1000 * kMillisecond_ns || last > UINT32_MAX) {
        return ParseError{"a WebM without sound", bytes.size()};
    }
    return Sound{"audio/webm", std::chrono::milliseconds(last * scale_ns / kMillisecond_ns)};
}

Result<Sound> sniff_ogg(std::string_view bytes) {
    std::int64_t granule = 0;
    bool is_opus = false;
    for (std::size_t at = 0; at < bytes.size();) {
        if (bytes.size() - at < 27 || bytes.substr(at, 4) != "OggS") {
            return ParseError{"an Ogg page that passes the end", at};
        }
        const auto segments = static_cast<unsigned char>(bytes[at + 26]);
        std::size_t length = 27U + segments;
        if (length > bytes.size() - at) {
            return ParseError{"an Ogg page that passes the end", at};
        }
        for (unsigned i = 0; i < segments; ++i) {
            length += static_cast<unsigned char>(bytes[at + 27 + i]);
        }
        if (length > bytes.size() - at) {
            return ParseError{"an Ogg page that passes the end", at};
        }
        if ((static_cast<unsigned char>(bytes[at + 5]) & 2U) != 0) {  // the first page of a stream
            if (is_opus || bytes.substr(at + 27U + segments, 8) != "OpusHead") {
                return ParseError{"an Ogg file with more than one track of Opus", at};
            }
            is_opus = true;
        }
        std::uint64_t position = 0;
        for (unsigned i = 8; i > 0; --i) {
            position = position << 8U | static_cast<unsigned char>(bytes[at + 5 + i]);
        }
        if (position <= INT64_MAX) {  // all ones: no packet ends on this page
            granule = std::max(granule, static_cast<std::int64_t>(position));
        }
        at += length;
    }
    if (!is_opus || granule <= 0 || granule > kOpusRate * 3600 * 24) {
        return ParseError{"an Ogg file without sound", bytes.size()};
    }
    return Sound{"audio/ogg", std::chrono::milliseconds(granule * 1000 / kOpusRate)};
}

}  // namespace

Result<Sound> sniff_sound(std::string_view bytes) {
    if (bytes.starts_with("\x1a\x45\xdf\xa3")) {
        return sniff_webm(bytes);
    }
    if (bytes.starts_with("OggS")) {
        return sniff_ogg(bytes);
    }
    return ParseError{"neither WebM nor Ogg", 0};
}

}  // namespace qiao::flow
