#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// Pictures as they come from phones: what they really are, how large, and without what they tell about place, device and
/// person. Nothing is decoded: markers and chunks only. Pure functions over outside bytes; any thread.
namespace qiao::flow {

struct Picture {
    std::string content_type;  ///< image/jpeg, image/png, image/webp
    int width = 0;
    int height = 0;
    std::string bytes;  ///< without EXIF, XMP, IPTC, comments and text; the pixels are untouched
};

/// Refuses what is none of the three, is cut short, or is more than 20,000 pixels wide or high.
Result<Picture> clean_picture(std::string_view bytes);

}  // namespace qiao::flow
