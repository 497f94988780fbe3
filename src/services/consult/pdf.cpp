#include "services/consult/pdf.hpp"

#include "base/error.hpp"
#include "base/freed.hpp"

#include <cairo/cairo-pdf.h>
#include <pango/pangocairo.h>
#include <qrencode.h>

#include <algorithm>
#include <cstring>

namespace qiao::consult {

namespace {

constexpr double kWidth = 595.28;  // A4 in points
constexpr double kHeight = 841.89;
constexpr double kMargin = 51;
constexpr double kFooter = 40;
constexpr double kTextWidth = kWidth - 2 * kMargin;
constexpr double kQr = 79;  // 28 mm
constexpr double kBoxPadding = 6;
constexpr double kBeforeLabel = 4;
constexpr const char* kFont = "Noto Sans CJK SC, Noto Sans, Sans";

using Surface = std::unique_ptr<cairo_surface_t, Freed<cairo_surface_destroy>>;
using Context = std::unique_ptr<cairo_t, Freed<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Freed<g_object_unref>>;
using Font = std::unique_ptr<PangoFontDescription, Freed<pango_font_description_free>>;
using Attributes = std::unique_ptr<PangoAttrList, Freed<pango_attr_list_unref>>;
using Lines = std::unique_ptr<PangoLayoutIter, Freed<pango_layout_iter_free>>;

cairo_status_t append(void* closure, const unsigned char* data, unsigned length) {
    static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
    return CAIRO_STATUS_SUCCESS;
}

struct Source {
    std::string_view rest;
};

cairo_status_t take(void* closure, unsigned char* data, unsigned length) {
    auto* source = static_cast<Source*>(closure);
    if (source->rest.size() < length) {
        return CAIRO_STATUS_READ_ERROR;
    }
    std::memcpy(data, source->rest.data(), length);
    source->rest.remove_prefix(length);
    return CAIRO_STATUS_SUCCESS;
}

}  // namespace

struct Pdf::State {
    std::string bytes;
    std::string footer;
    Surface surface;
    Context context;
    double y = kMargin;
    double qr_until = 0;  ///< text keeps left of the code down to here
    int page = 1;
};

Pdf::Pdf(const std::string& title, std::string footer) : state_(std::make_unique<State>()) {
    state_->footer = std::move(footer);
    state_->surface.reset(cairo_pdf_surface_create_for_stream(append, &state_->bytes, kWidth, kHeight));
    cairo_pdf_surface_set_metadata(state_->surface.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
    cairo_pdf_surface_set_metadata(state_->surface.get(), CAIRO_PDF_METADATA_CREATOR, "Qiao");
    state_->context.reset(cairo_create(state_->surface.get()));
}

Pdf::~Pdf() = default;

void Pdf::lines(std::string_view text, double size_points, bool bold, double grey, double left, double width) {
    const Layout layout(pango_cairo_create_layout(state_->context.get()));
    const Font font(pango_font_description_from_string(kFont));
    pango_font_description_set_absolute_size(font.get(), size_points * PANGO_SCALE);
    pango_font_description_set_weight(font.get(), bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout.get(), font.get());
    pango_layout_set_width(layout.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));
    const Lines iterator(pango_layout_get_iter(layout.get()));
    do {
        PangoRectangle extents;
        pango_layout_iter_get_line_extents(iterator.get(), nullptr, &extents);
        const double height = static_cast<double>(extents.height) / PANGO_SCALE;
        const double baseline = static_cast<double>(pango_layout_iter_get_baseline(iterator.get()) - extents.y) / PANGO_SCALE;
        need(height);
        cairo_set_source_rgb(state_->context.get(), grey, grey, grey);
        cairo_move_to(state_->context.get(), left, state_->y + baseline);
        pango_cairo_show_layout_line(state_->context.get(), pango_layout_iter_get_line_readonly(iterator.get()));
        state_->y += height;
    } while (pango_layout_iter_next_line(iterator.get()) != 0);
}

void Pdf::need(double height_points) {
    if (state_->y + height_points > kHeight - kMargin - kFooter) {
        end_page();
        state_->y = kMargin;
        state_->qr_until = 0;
    }
}

void Pdf::end_page() {
    const double y = state_->y;
    state_->y = kHeight - kMargin - kFooter / 2;
    const Layout layout(pango_cairo_create_layout(state_->context.get()));
    const Font font(pango_font_description_from_string(kFont));
    pango_font_description_set_absolute_size(font.get(), 7 * PANGO_SCALE);
    pango_layout_set_font_description(layout.get(), font.get());
    pango_layout_set_width(layout.get(), static_cast<int>(kTextWidth * PANGO_SCALE));
    // Who copies a link out of the page wants its letters: kerning sets some so far apart that readers put a blank between them.
    const Attributes attributes(pango_attr_list_new());
    pango_attr_list_insert(attributes.get(), pango_attr_font_features_new("kern=0, liga=0"));
    pango_layout_set_attributes(layout.get(), attributes.get());
    const std::string text = state_->footer + "  ·  " + std::to_string(state_->page++);
    pango_layout_set_text(layout.get(), text.c_str(), -1);
    cairo_set_source_rgb(state_->context.get(), 0.35, 0.35, 0.35);
    cairo_move_to(state_->context.get(), kMargin, state_->y);
    pango_cairo_show_layout(state_->context.get(), layout.get());
    cairo_show_page(state_->context.get());
    state_->y = y;
}

void Pdf::heading(std::string_view text) {
    const bool beside_code = state_->y < state_->qr_until;
    lines(text, 15, true, 0, kMargin, beside_code ? kTextWidth - kQr - 12 : kTextWidth);
    gap(3);
}

void Pdf::label(std::string_view text) {
    if (state_->y > kMargin) gap(kBeforeLabel);
    caption(text);
}

void Pdf::caption(std::string_view text) {
    const bool beside_code = state_->y < state_->qr_until;
    lines(text, 8, false, 0.35, kMargin, beside_code ? kTextWidth - kQr - 12 : kTextWidth);
}

void Pdf::text(std::string_view text, bool bold) {
    const bool beside_code = state_->y < state_->qr_until;
    lines(text, 10.5, bold, 0, kMargin, beside_code ? kTextWidth - kQr - 12 : kTextWidth);
}

void Pdf::boxed(std::string_view label, std::string_view text) {
    state_->y = std::max(state_->y, state_->qr_until);
    need(50);
    const int page = state_->page;
    const double top = state_->y;
    state_->y += kBoxPadding;
    lines(label, 8, true, 0.25, kMargin + kBoxPadding, kTextWidth - 2 * kBoxPadding);
    lines(text, 10.5, false, 0, kMargin + kBoxPadding, kTextWidth - 2 * kBoxPadding);
    state_->y += kBoxPadding;
    if (page == state_->page) {  // a box that passes a page end has no frame
        cairo_set_source_rgb(state_->context.get(), 0.4, 0.4, 0.4);
        cairo_set_line_width(state_->context.get(), 0.7);
        cairo_rectangle(state_->context.get(), kMargin, top, kTextWidth, state_->y - top);
        cairo_stroke(state_->context.get());
    }
    gap(4);
}

void Pdf::gap(double points) { state_->y += points; }

void Pdf::rule() {
    state_->y = std::max(state_->y, state_->qr_until) + 3;
    cairo_set_source_rgb(state_->context.get(), 0.6, 0.6, 0.6);
    cairo_set_line_width(state_->context.get(), 0.5);
    cairo_move_to(state_->context.get(), kMargin, state_->y);
    cairo_line_to(state_->context.get(), kWidth - kMargin, state_->y);
    cairo_stroke(state_->context.get());
    state_->y += 6;
}

void Pdf::png(std::string_view bytes, std::string_view caption) {
    Source source{bytes};
    const Surface image(cairo_image_surface_create_from_png_stream(take, &source));
    if (cairo_surface_status(image.get()) != CAIRO_STATUS_SUCCESS) {
        return;
    }
    const double width = cairo_image_surface_get_width(image.get());
    const double height = cairo_image_surface_get_height(image.get());
    const double scale = std::min({kTextWidth / width, kHeight / 3 / height, 1.0});
    need(height * scale + 14);
    cairo_save(state_->context.get());
    cairo_translate(state_->context.get(), kMargin, state_->y);
    cairo_scale(state_->context.get(), scale, scale);
    cairo_set_source_surface(state_->context.get(), image.get(), 0, 0);
    cairo_paint(state_->context.get());
    cairo_restore(state_->context.get());
    state_->y += height * scale + 2;
    this->caption(caption);
    gap();
}

void Pdf::qr(const std::string& content, std::string_view caption) {
    const std::unique_ptr<QRcode, Freed<QRcode_free>> code(QRcode_encodeString(content.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1));
    if (code == nullptr) {
        throw Error(ErrorKind::internal, "consult.qr", "the content does not fit a QR code");
    }
    const double module = kQr / (code->width + 2);
    const double left = kWidth - kMargin - kQr;
    cairo_set_source_rgb(state_->context.get(), 0, 0, 0);
    for (int row = 0; row < code->width; ++row) {
        for (int column = 0; column < code->width; ++column) {
            if ((code->data[row * code->width + column] & 1) != 0) {
                cairo_rectangle(state_->context.get(), left + module * (column + 1), state_->y + module * (row + 1), module, module);
            }
        }
    }
    cairo_fill(state_->context.get());
    const double y = state_->y;
    state_->y += kQr;
    lines(caption, 7, false, 0.35, left + module, kQr);
    state_->qr_until = state_->y + 4;
    state_->y = y;
}

std::string Pdf::finish() {
    end_page();
    state_->context.reset();
    cairo_surface_finish(state_->surface.get());
    if (cairo_surface_status(state_->surface.get()) != CAIRO_STATUS_SUCCESS) {
        throw Error(ErrorKind::internal, "consult.pdf", "the document could not be drawn");
    }
    state_->surface.reset();
    return std::move(state_->bytes);
}

}  // namespace qiao::consult
