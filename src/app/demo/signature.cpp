#include "app/demo/cases.hpp"
#include "app/demo/health.hpp"

#include <cairo/cairo.h>

#include <memory>

namespace qiao::app::demo {
namespace {

constexpr int kWidth_px = 320;
constexpr int kHeight_px = 120;

cairo_status_t append(void* out, const unsigned char* bytes, unsigned length) {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), length);
    return CAIRO_STATUS_SUCCESS;
}

}  // namespace

std::string signature_png(int seed) {
    const std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, kWidth_px, kHeight_px),
                                                                                     &cairo_surface_destroy);
    const std::unique_ptr<cairo_t, decltype(&cairo_destroy)> pen(cairo_create(surface.get()), &cairo_destroy);
    cairo_set_source_rgb(pen.get(), 1, 1, 1);
    cairo_paint(pen.get());
    cairo_set_source_rgb(pen.get(), 0.05, 0.1, 0.35);
    cairo_set_line_width(pen.get(), 3);
    Dice dice(static_cast<std::uint64_t>(seed) * 7919);
    cairo_move_to(pen.get(), 30, 60 + dice.below(20));
    for (int stroke = 0; stroke < 5; ++stroke) {
        const double x = 30 + stroke * 50;
        cairo_curve_to(pen.get(), x + dice.below(40), 15 + dice.below(90), x + 20 + dice.below(40), 15 + dice.below(90), x + 50, 45 + dice.below(40));
    }
    cairo_stroke(pen.get());
    std::string png;
    cairo_surface_write_to_png_stream(surface.get(), append, &png);
    return png;
}

}  // namespace qiao::app::demo
