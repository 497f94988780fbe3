#include "imaging/frame_table.hpp"

#include <algorithm>

namespace qiao::imaging {
namespace {

constexpr std::uint16_t kJpegStart = 0xFFD8;
constexpr std::uint16_t kJpeg2000Start = 0xFF4F;

void put_number(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) out += static_cast<char>((value & 0x7FU) | 0x80U);
    out += static_cast<char>(value);
}

bool take_number(std::string_view& bytes, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7U) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

std::uint32_t little32(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

/// Marks the fragments whose item begins where the table says; false when it does not fit the scan.
bool cut_by_table(FrameTable& table, const std::vector<ScannedFragment>& scanned, std::string_view offsets, std::uint32_t declared) {
    if (offsets.size() != std::size_t{declared} * 4 || little32(offsets, 0) != 0) return false;
    std::size_t next = 0;
    for (auto& fragment : table.fragments) fragment.starts_frame = false;
    for (std::size_t i = 0; i < scanned.size() && next < declared; ++i) {
        if (scanned[i].item_offset != little32(offsets, next * 4)) continue;
        table.fragments[i].starts_frame = true;
        ++next;
    }
    return next == declared;
}

std::uint32_t cut_by_marker(FrameTable& table, const std::vector<ScannedFragment>& scanned) {
    std::uint32_t cuts = 0;
    for (std::size_t i = 0; i < scanned.size(); ++i) {
        table.fragments[i].starts_frame = i == 0 || scanned[i].marker == kJpegStart || scanned[i].marker == kJpeg2000Start;
        if (table.fragments[i].starts_frame) ++cuts;
    }
    return cuts;
}

}  // namespace

FrameTable divide_fragments(const std::vector<ScannedFragment>& scanned, std::string_view offset_table, std::uint32_t declared) {
    FrameTable table;
    for (const auto& found : scanned) table.fragments.push_back(found.fragment);
    if (scanned.empty()) return table;
    table.frames = declared;
    if (declared == scanned.size()) return table;  // one each
    if (declared == 1) {
        for (std::size_t i = 1; i < table.fragments.size(); ++i) table.fragments[i].starts_frame = false;
        return table;
    }
    if (cut_by_table(table, scanned, offset_table, declared)) return table;
    const auto cuts = cut_by_marker(table, scanned);
    table.uncertain = cuts != declared;
    table.frames = std::min(cuts, declared);
    return table;
}

std::vector<Fragment> FrameTable::frame(std::uint32_t number) const {
    std::vector<Fragment> found;
    if (number == 0 || number > frames) return found;
    std::uint32_t current = 0;
    for (const auto& fragment : fragments) {
        if (fragment.starts_frame) ++current;
        if (current == number) found.push_back(fragment);
        if (current > number) break;
    }
    return found;
}

std::string FrameTable::pack() const {
    std::string out;
    put_number(out, frames);
    put_number(out, (uncertain ? 1U : 0U) | (frame_bits << 1U));
    put_number(out, fragments.size());
    std::uint64_t expected = 0;
    for (const auto& fragment : fragments) {
        put_number(out, ((fragment.offset - expected) << 1U) | (fragment.starts_frame ? 1U : 0U));
        put_number(out, fragment.length);
        put_number(out, fragment.crc32c);
        expected = fragment.offset + fragment.length;
    }
    return out;
}

Result<FrameTable> FrameTable::unpack(std::string_view bytes) {
    FrameTable table;
    std::uint64_t frame_count = 0;
    std::uint64_t flags = 0;
    std::uint64_t count = 0;
    const auto size = bytes.size();
    if (bytes.empty()) return table;
    if (!take_number(bytes, frame_count) || !take_number(bytes, flags) || !take_number(bytes, count) || count > bytes.size())
        return ParseError{"frame table is damaged", size - bytes.size()};
    table.frames = static_cast<std::uint32_t>(frame_count);
    table.uncertain = (flags & 1U) != 0;
    table.frame_bits = flags >> 1U;
    table.fragments.reserve(count);
    std::uint64_t expected = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t gap = 0;
        std::uint64_t length = 0;
        std::uint64_t crc = 0;
        if (!take_number(bytes, gap) || !take_number(bytes, length) || !take_number(bytes, crc))
            return ParseError{"frame table is damaged", size - bytes.size()};
        table.fragments.push_back({expected + (gap >> 1U), length, static_cast<std::uint32_t>(crc), (gap & 1U) != 0});
        expected += (gap >> 1U) + length;
    }
    return table;
}

}  // namespace qiao::imaging
