#include "imaging/render.hpp"

#include "base/error.hpp"
#include "base/freed.hpp"

#include <turbojpeg.h>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

namespace qiao::imaging {
namespace {

constexpr std::int64_t kSideLimit = 65'535;

double decimal(std::string_view text, double otherwise) {
    const std::string copy(text);
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    return end == copy.c_str() || !std::isfinite(value) ? otherwise : value;
}

struct Shape {
    std::int64_t rows, columns, samples, allocated, stored, high_bit;
    bool is_signed, planar, inverted;
    std::string photometric;
};

Shape shape_of(const Walked& header) {
    Shape shape{};
    shape.rows = header.integer(tag::kRows, 0);
    shape.columns = header.integer(tag::kColumns, 0);
    shape.samples = header.integer(tag::kSamplesPerPixel, 1);
    shape.allocated = header.integer(tag::kBitsAllocated, 8);
    shape.stored = header.integer(tag::kBitsStored, shape.allocated);
    shape.high_bit = header.integer(tag::kHighBit, shape.stored - 1);
    shape.is_signed = header.integer(tag::kPixelRepresentation, 0) == 1;
    shape.planar = header.integer(tag::kPlanar, 0) == 1;
    shape.photometric = header.first(tag::kPhotometric);
    shape.inverted = shape.photometric == "MONOCHROME1";
    return shape;
}

std::uint16_t sample16(std::string_view frame, std::size_t index) {
    const auto at = index * 2;
    if (at + 1 >= frame.size()) return 0;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(frame[at]) | (static_cast<unsigned char>(frame[at + 1]) << 8U));
}

std::uint8_t sample8(std::string_view frame, std::size_t index) { return index < frame.size() ? static_cast<std::uint8_t>(frame[index]) : std::uint8_t{0}; }

/// Stored bits to the pixel's value: what lies above the high bit is not part of it, real devices leave overlays there.
std::int32_t value_of(std::uint32_t raw, const Shape& shape) {
    const auto bits = static_cast<unsigned>(shape.stored);
    auto value = (raw >> static_cast<unsigned>(shape.high_bit + 1 - shape.stored)) & ((1U << bits) - 1U);
    if (shape.is_signed && (value & (1U << (bits - 1U))) != 0) value |= ~((1U << bits) - 1U);
    return static_cast<std::int32_t>(value);
}

/// PS3.3 C.11.2.1.2 and C.11.2.1.3
std::uint8_t windowed(double x, const Window& window) {
    double y = 0;
    if (window.function == Window::Function::sigmoid) {
        y = 1.0 / (1.0 + std::exp(-4.0 * (x - window.center) / window.width));
    } else if (window.function == Window::Function::linear_exact) {
        y = (x - window.center) / window.width + 0.5;
    } else {
        y = window.width <= 1 ? (x > window.center - 0.5 ? 1.0 : 0.0) : (x - (window.center - 0.5)) / (window.width - 1) + 0.5;
    }
    return static_cast<std::uint8_t>(std::lround(std::clamp(y, 0.0, 1.0) * 255.0));
}

std::optional<Window> window_of(const Walked& header) {
    if (header.first(tag::kWindowCenter).empty() || header.first(tag::kWindowWidth).empty()) return std::nullopt;
    Window window{decimal(header.first(tag::kWindowCenter), 0), decimal(header.first(tag::kWindowWidth), 0), Window::Function::linear};
    if (header.first(tag::kVoiFunction) == "SIGMOID") window.function = Window::Function::sigmoid;
    if (header.first(tag::kVoiFunction) == "LINEAR_EXACT") window.function = Window::Function::linear_exact;
    return window.width > 0 ? std::optional(window) : std::nullopt;
}

std::uint32_t raw_at(std::string_view frame, std::size_t index, const Shape& shape) {
    if (shape.allocated == 16) return sample16(frame, index);
    if (shape.allocated == 8) return sample8(frame, index);
    return (static_cast<unsigned>(sample8(frame, index / 8)) >> (index % 8)) & 1U;
}

std::string grey_pixels(const Walked& header, std::string_view frame, const Shape& shape, const RenderOptions& options) {
    const double slope = decimal(header.first(tag::kRescaleSlope), 1);
    const double intercept = decimal(header.first(tag::kRescaleIntercept), 0);
    const auto count = static_cast<std::size_t>(shape.rows * shape.columns);
    auto window = options.window ? options.window : window_of(header);
    if (!window) {
        std::int32_t lowest = std::numeric_limits<std::int32_t>::max();
        std::int32_t highest = std::numeric_limits<std::int32_t>::min();
        for (std::size_t i = 0; i < count; ++i) {
            const auto value = value_of(raw_at(frame, i, shape), shape);
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
        const double low = std::min(lowest * slope, highest * slope) + intercept;
        const double high = std::max(lowest * slope, highest * slope) + intercept;
        window = Window{(low + high) / 2, std::max(1.0, high - low), Window::Function::linear_exact};
    }
    std::vector<std::uint8_t> table(std::size_t{1} << static_cast<unsigned>(std::max<std::int64_t>(1, shape.allocated)));
    for (std::size_t raw = 0; raw < table.size(); ++raw) {
        const auto grey = windowed(value_of(static_cast<std::uint32_t>(raw), shape) * slope + intercept, *window);
        table[raw] = shape.inverted ? static_cast<std::uint8_t>(255 - grey) : grey;
    }
    std::string pixels(count, '\0');
    for (std::size_t i = 0; i < count; ++i) pixels[i] = static_cast<char>(table[raw_at(frame, i, shape)]);
    return pixels;
}

char byte_of(double value) { return static_cast<char>(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)))); }

std::string colour_pixels(std::string_view frame, const Shape& shape) {
    const auto count = static_cast<std::size_t>(shape.rows * shape.columns);
    const bool halved = shape.photometric == "YBR_FULL_422";
    const bool ybr = halved || shape.photometric == "YBR_FULL";
    std::string pixels(count * 3, '\0');
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t a = i * 3;
        std::size_t b = a + 1;
        std::size_t c = a + 2;
        if (halved) {  // Y Y Cb Cr for two pixels
            a = i / 2 * 4 + i % 2;
            b = i / 2 * 4 + 2;
            c = b + 1;
        } else if (shape.planar) {
            a = i;
            b = i + count;
            c = i + 2 * count;
        }
        const double x = sample8(frame, a);
        const double y = sample8(frame, b);
        const double z = sample8(frame, c);
        // PS3.3 C.7.6.3.1.2
        pixels[i * 3] = byte_of(ybr ? x + 1.402 * (z - 128) : x);
        pixels[i * 3 + 1] = byte_of(ybr ? x - 0.344136 * (y - 128) - 0.714136 * (z - 128) : y);
        pixels[i * 3 + 2] = byte_of(ybr ? x + 1.772 * (y - 128) : z);
    }
    return pixels;
}

/// Averages the source pixels that fall on each pixel of the smaller picture.
Picture shrunk(const Picture& source, std::uint32_t columns, std::uint32_t rows) {
    Picture small{columns, rows, source.samples, std::string(std::size_t{columns} * rows * static_cast<unsigned>(source.samples), '\0')};
    const auto samples = static_cast<std::size_t>(source.samples);
    for (std::uint32_t y = 0; y < rows; ++y) {
        const auto top = static_cast<std::uint64_t>(y) * source.rows / rows;
        const auto bottom = std::max(top + 1, (static_cast<std::uint64_t>(y) + 1) * source.rows / rows);
        for (std::uint32_t x = 0; x < columns; ++x) {
            const auto left = static_cast<std::uint64_t>(x) * source.columns / columns;
            const auto right = std::max(left + 1, (static_cast<std::uint64_t>(x) + 1) * source.columns / columns);
            for (std::size_t s = 0; s < samples; ++s) {
                std::uint64_t sum = 0;
                for (auto v = top; v < bottom; ++v)
                    for (auto u = left; u < right; ++u) sum += static_cast<std::uint8_t>(source.pixels[(v * source.columns + u) * samples + s]);
                small.pixels[(std::size_t{y} * columns + x) * samples + s] = static_cast<char>(sum / ((bottom - top) * (right - left)));
            }
        }
    }
    return small;
}

}  // namespace

Result<Picture> render(const Walked& header, std::string_view frame, const RenderOptions& options) {
    const auto shape = shape_of(header);
    if (shape.rows < 1 || shape.columns < 1 || shape.rows > kSideLimit || shape.columns > kSideLimit) return ParseError{"the object has no image", 0};
    if (shape.stored < 1 || shape.stored > shape.allocated || shape.high_bit < shape.stored - 1 || shape.high_bit >= shape.allocated)
        return ParseError{"the bits of the pixels contradict each other", 0};
    Picture picture{static_cast<std::uint32_t>(shape.columns), static_cast<std::uint32_t>(shape.rows), 1, {}};
    const bool grey = shape.samples == 1 && (shape.photometric == "MONOCHROME1" || shape.photometric == "MONOCHROME2");
    const bool colour =
        shape.samples == 3 && shape.allocated == 8 && (shape.photometric == "RGB" || shape.photometric == "YBR_FULL" || shape.photometric == "YBR_FULL_422");
    if (grey && (shape.allocated == 1 || shape.allocated == 8 || shape.allocated == 16)) {
        picture.pixels = grey_pixels(header, frame, shape, options);
    } else if (colour) {
        picture.samples = 3;
        picture.pixels = colour_pixels(frame, shape);
    } else {
        return ParseError{"pixels of this kind are not rendered", 0};
    }
    double scale = 1;
    if (options.max_columns > 0) scale = std::min(scale, static_cast<double>(options.max_columns) / picture.columns);
    if (options.max_rows > 0) scale = std::min(scale, static_cast<double>(options.max_rows) / picture.rows);
    if (scale >= 1) return picture;
    const auto scaled = [&](std::uint32_t side) { return std::max(1U, static_cast<std::uint32_t>(std::lround(side * scale))); };
    return shrunk(picture, scaled(picture.columns), scaled(picture.rows));
}

std::string encode_jpeg(const Picture& picture, int quality) {
    const std::unique_ptr<void, Freed<tjDestroy>> encoder(tjInitCompress());
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    const int code = encoder == nullptr
                         ? -1
                         : tjCompress2(encoder.get(), reinterpret_cast<const unsigned char*>(picture.pixels.data()), static_cast<int>(picture.columns), 0,
                                       static_cast<int>(picture.rows), picture.samples == 1 ? TJPF_GRAY : TJPF_RGB, &bytes, &size,
                                       picture.samples == 1 ? TJSAMP_GRAY : TJSAMP_444, quality, TJFLAG_FASTDCT);
    const std::unique_ptr<unsigned char, Freed<tjFree>> owner(bytes);
    if (code != 0) throw Error(ErrorKind::internal, "imaging.jpeg", "the picture cannot be encoded");
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace qiao::imaging
