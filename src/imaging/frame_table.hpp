#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Where the frames of an object lie: fragments of the data set with their checksums, in order. Plain values, no I/O.
/// Any thread.
namespace qiao::imaging {

struct Fragment {
    std::uint64_t offset = 0;  ///< from the start of the data set
    std::uint64_t length = 0;
    std::uint32_t crc32c = 0;
    bool starts_frame = true;
};

struct FrameTable {
    std::vector<Fragment> fragments;
    std::uint32_t frames = 0;  ///< that can be served, from the first on
    /// The fragments could not be divided into the declared frames with certainty.
    bool uncertain = false;
    /// Set when frames of one bit a pixel do not end at byte borders: then there is one fragment and a frame is cut from its bits.
    std::uint64_t frame_bits = 0;

    /// Fragments of frame `number` (from 1); empty when there is no such frame.
    [[nodiscard]] std::vector<Fragment> frame(std::uint32_t number) const;
    /// Compact form for the index row.
    [[nodiscard]] std::string pack() const;
    static Result<FrameTable> unpack(std::string_view bytes);
};

/// A fragment of encapsulated pixel data as the walker met it.
struct ScannedFragment {
    Fragment fragment;
    std::uint64_t item_offset = 0;  ///< of its item header, counted from the first fragment's, as offset tables count
    std::uint16_t marker = 0;       ///< its first two bytes, big endian
};

/// Divides scanned fragments into `declared` frames: the scan is the truth, the basic offset table a hint that is used
/// only where it agrees with the scan (PS3.5 A.4).
FrameTable divide_fragments(const std::vector<ScannedFragment>& scanned, std::string_view offset_table, std::uint32_t declared);

}  // namespace qiao::imaging
