#pragma once

#include <memory>
#include <string>
#include <string_view>

/// A4 pages of text, boxes, pictures and a QR code, drawn with cairo and pango. One object a document, one thread.
namespace qiao::consult {

class Pdf {
public:
    /// @param title  of the document's properties; no name in it   @param footer  on every page
    Pdf(const std::string& title, std::string footer);
    ~Pdf();
    Pdf(const Pdf&) = delete;
    Pdf& operator=(const Pdf&) = delete;

    void heading(std::string_view text);
    void label(std::string_view text);  ///< small, grey, above what it names
    void text(std::string_view text, bool bold = false);
    void boxed(std::string_view label, std::string_view text);
    void gap(double points = 6);
    void rule();
    /// Scaled to the width of the text, at most a third of the page high; nothing when the bytes are no PNG.
    void png(std::string_view bytes, std::string_view caption);
    /// At the right edge beside what is written next; 28 mm and a caption of one line.
    void qr(const std::string& content, std::string_view caption);

    [[nodiscard]] std::string finish();  ///< the bytes; the object is spent

private:
    struct State;
    void lines(std::string_view text, double size_points, bool bold, double grey, double left, double width);
    void caption(std::string_view text);
    void need(double height_points);  ///< a new page when it does not fit
    void end_page();

    std::unique_ptr<State> state_;
};

}  // namespace qiao::consult
