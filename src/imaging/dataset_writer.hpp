#pragma once

#include "imaging/dictionary.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Writes a data set in explicit VR little endian, element after element in ascending order. One thread.
namespace qiao::imaging {

class DatasetWriter {
public:
    /// Text; padded to even length. The VR is the dictionary's.
    DatasetWriter& text(Tag tag, std::string_view value);
    DatasetWriter& number(Tag tag, std::uint16_t value);        ///< US
    DatasetWriter& signed_number(Tag tag, std::int16_t value);  ///< SS
    DatasetWriter& bytes(Tag tag, Vr vr, std::string_view value);
    [[nodiscard]] const std::string& dataset() const { return out_; }

private:
    std::string out_;
    Tag last_ = 0;
};

/// A UID under 2.25 (PS3.5 B.2) that depends on `seed` alone.
std::string uid_from(std::string_view seed);

}  // namespace qiao::imaging
