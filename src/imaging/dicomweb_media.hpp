#pragma once

#include "http/message.hpp"
#include "imaging/rows.hpp"
#include "imaging/transfer_syntax.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a DICOMweb client accepts, and the bodies that answer it. Pure functions. Any thread.
namespace qiao::imaging {

/// One range of an Accept header.
struct MediaRange {
    std::string type;  ///< "image/jpeg"; of multipart/related the type of its parts; "*/*"
    bool multipart = false;
    std::string transfer_syntax;  ///< "*", a UID, or empty
};
/// In the client's order. Accepts `type=` with and without quotes. An absent header is one `*/*`.
std::vector<MediaRange> accepted(const http::Request& request);

/// How pixels or whole objects go out.
struct Delivery {
    bool multipart = true;
    std::string media_type;  ///< of one part
};
/// Frames or bulk pixel data of `syntax`, as stored. Error(invalid, "dicom.not_acceptable") names the stored syntax.
Delivery choose_frame_delivery(const http::Request& request, const TransferSyntax& syntax);
/// Whole objects.
Delivery choose_object_delivery(const http::Request& request, const TransferSyntax& syntax);
[[noreturn]] void not_acceptable(const TransferSyntax& syntax);

struct PartBody {
    std::string content_type;
    std::string location;  ///< empty = none
    std::vector<http::BodyPart> body;
};
/// multipart/related of `media_type` parts.
http::Response multipart_response(std::string_view media_type, std::vector<PartBody> parts);
/// One part without multipart.
http::Response single_response(PartBody part);

/// `Cache-Control: private, max-age=86400, immutable` and `Vary: Cookie`: the next person at a shared PC must not get
/// pixels from the browser's cache.
void make_cacheable(http::Response& response, const std::string& etag);
/// Whether the client has this ETag.
bool is_known(const http::Request& request, const std::string& etag);
/// 304 when it has.
std::optional<http::Response> not_modified(const http::Request& request, const std::string& etag);
/// Answers `Range: bytes=` on a response without multipart.
http::Response apply_range(const http::Request& request, http::Response response);
std::uint64_t length_of(const http::BodyPart& part);

}  // namespace qiao::imaging
