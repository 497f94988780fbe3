#pragma once

#include "base/result.hpp"
#include "imaging/dataset_walker.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Native pixels to an 8-bit picture and that to JPEG: modality and VOI look-up in one table (PS3.3 C.11.2), no toolkit.
/// Pure functions. Any thread.
namespace qiao::imaging {

struct Window {
    double center = 0;
    double width = 1;
    enum class Function : std::uint8_t { linear, linear_exact, sigmoid } function = Function::linear;
};

struct RenderOptions {
    std::optional<Window> window = {};  ///< otherwise the image's first, otherwise the frame's own range
    std::uint32_t max_columns = 0;      ///< 0 = as it is; the picture is only made smaller, never distorted
    std::uint32_t max_rows = 0;
    int quality = 80;  ///< JPEG, 1-100
};

struct Picture {
    std::uint32_t columns = 0;
    std::uint32_t rows = 0;
    int samples = 1;  ///< 1 grey, 3 RGB interleaved
    std::string pixels;
};

/// @param header  walked attributes of group 0028   @param frame  its native little-endian bytes; missing ones are black
/// The error says which kind of image is not rendered.
Result<Picture> render(const Walked& header, std::string_view frame, const RenderOptions& options);
/// Error(internal, "imaging.jpeg").
std::string encode_jpeg(const Picture& picture, int quality);

}  // namespace qiao::imaging
