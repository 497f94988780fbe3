// The part of DatasetWalker that deals with PixelData: laying out native frames, scanning fragments, checksums.
#include "base/digest.hpp"
#include "imaging/dataset_walker.hpp"

#include <algorithm>

namespace qiao::imaging {
namespace {

constexpr std::uint32_t kUndefined = 0xFFFFFFFFU;
constexpr std::size_t kOffsetTableLimit_bytes = 8ULL << 20U;
constexpr std::int64_t kFrameLimit = 1'000'000;

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

}  // namespace

bool DatasetWalker::begin_pixels(std::uint64_t length, bool undefined) {
    if (walked_.pixel_offset != 0) return fail("more than one kind of pixel data");
    if (undefined != options_.encapsulated)
        return fail(undefined ? "fragments in a native transfer syntax" : "native pixels in an encapsulated transfer syntax");
    if (!frame_bits(walked_, options_.limits.frame_bytes)) return fail("a decoded frame would exceed the limit");
    const auto declared = walked_.integer(tag::kFrames, 1);
    if (declared > kFrameLimit) return fail("more frames than the limit");
    declared_frames_ = declared < 1 ? 1 : static_cast<std::uint32_t>(declared);
    walked_.header_length = element_offset_;
    walked_.pixel_offset = value_offset_;
    pixels_ = true;
    if (undefined) {
        offset_table_seen_ = false;
        state_ = State::fragment_item;
        return true;
    }
    walked_.pixel_length = length;
    remaining_ = length;
    if (!lay_out_native(length)) return false;
    state_ = State::bulk;
    return true;
}

/// Frames of native pixels follow from arithmetic, checked against the bytes that are there. The last row may be missing:
/// real devices do that.
bool DatasetWalker::lay_out_native(std::uint64_t length) {
    const auto bits = frame_bits(walked_, options_.limits.frame_bytes).value_or(0);
    auto& table = walked_.frames;
    if (bits == 0 || length == 0) return true;
    const auto total_bits = bits * declared_frames_;  // ≤ 2^32 bits × 2^20 frames
    const auto total = (total_bits + 7) / 8;
    const auto row = bits / static_cast<std::uint64_t>(std::max<std::int64_t>(1, walked_.integer(tag::kRows, 1))) / 8;
    if (length + row < total) return fail("PixelData is shorter than its rows, columns and frames");
    table.frames = declared_frames_;
    table.uncertain = length < total;
    if (bits % 8 != 0 && declared_frames_ > 1) {
        table.frame_bits = bits;
        table.fragments.push_back({value_offset_, std::min(length, total), 0, true});
        return true;
    }
    const auto frame = (bits + 7) / 8;
    for (std::uint32_t i = 0; i < declared_frames_; ++i) {
        const auto offset = frame * i;
        if (offset >= length) {
            table.frames = i;
            break;
        }
        table.fragments.push_back({value_offset_ + offset, std::min(frame, length - offset), 0, true});
    }
    return true;
}

void DatasetWalker::checksum_native(std::string_view bytes) {
    auto position = position_;
    auto& fragments = walked_.frames.fragments;
    while (!bytes.empty() && native_frame_ < fragments.size()) {
        auto& frame = fragments[native_frame_];
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), frame.offset + frame.length - position));
        frame.crc32c = crc32c(bytes.substr(0, taken), frame.crc32c);
        bytes.remove_prefix(taken);
        position += taken;
        if (position == frame.offset + frame.length) ++native_frame_;
    }
}

bool DatasetWalker::step_bulk() {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, chunk_.size()));
    const auto bytes = chunk_.substr(0, taken);
    if (pixels_) checksum_native(bytes);
    chunk_.remove_prefix(taken);
    position_ += taken;
    remaining_ -= taken;
    if (remaining_ > 0) return false;
    if (pixels_) {
        pixels_ = false;
        if (writes()) write_bulk(walked_.pixel_offset, walked_.pixel_length);
    }
    return close_levels();
}

bool DatasetWalker::step_fragment_item() {
    const auto bytes = need(8);
    if (!bytes) return false;
    const auto found = (little(*bytes, 0, 2) << 16U) | little(*bytes, 2, 2);
    const auto length = little(*bytes, 4, 4);
    if (found == tag::kSequenceEnd) {
        end_fragments();
        return error_ ? false : close_levels();
    }
    if (found != tag::kItem || length == kUndefined) return fail("something else than a fragment in encapsulated pixel data");
    if (++items_ > options_.limits.items) return fail("more fragments than the limit");
    if (top().end != kOpen && length > top().end - std::min(top().end, position_)) return fail("a fragment is longer than its item");
    remaining_ = length;
    if (!offset_table_seen_) {
        offset_table_seen_ = true;
        if (length > kOffsetTableLimit_bytes) return fail("an offset table exceeds the limit");
        state_ = State::offset_table;
        return true;
    }
    if (pixels_) {
        if (scanned_.empty()) fragments_offset_ = position_ - 8;
        scanned_.push_back({{position_, length, 0, true}, position_ - 8 - fragments_offset_, 0});
    }
    state_ = State::fragment;
    return true;
}

bool DatasetWalker::step_offset_table() {
    const auto bytes = need(remaining_);
    if (!bytes) return false;
    if (pixels_) offset_table_ = *bytes;
    state_ = State::fragment_item;
    return true;
}

bool DatasetWalker::step_fragment() {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, chunk_.size()));
    const auto bytes = chunk_.substr(0, taken);
    if (pixels_) {
        auto& current = scanned_.back();
        const auto seen = current.fragment.length - remaining_;
        for (std::size_t i = 0; i < taken && seen + i < 2; ++i)
            current.marker = static_cast<std::uint16_t>((current.marker << 8U) | static_cast<unsigned char>(bytes[i]));
        current.fragment.crc32c = crc32c(bytes, current.fragment.crc32c);
    }
    chunk_.remove_prefix(taken);
    position_ += taken;
    remaining_ -= taken;
    if (remaining_ > 0) return false;
    state_ = State::fragment_item;
    return true;
}

void DatasetWalker::end_fragments() {
    if (writes()) write_bulk(value_offset_, position_ - value_offset_);
    if (!pixels_) return;
    pixels_ = false;
    walked_.pixel_length = position_ - walked_.pixel_offset;
    walked_.frames = divide_fragments(scanned_, offset_table_, declared_frames_);
    scanned_.clear();
}

}  // namespace qiao::imaging
