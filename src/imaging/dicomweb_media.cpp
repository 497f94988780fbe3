#include "imaging/dicomweb_media.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "http/multipart.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::imaging {
namespace {

constexpr std::string_view kOctets = "application/octet-stream";
constexpr std::string_view kDicom = "application/dicom";

/// Splits at commas that are outside quotes.
std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> parts;
    bool quoted = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '"') quoted = !quoted;
        if (i < text.size() && (quoted || text[i] != ',')) continue;
        parts.push_back(trim(text.substr(start, i - start)));
        start = i + 1;
    }
    return parts;
}

bool takes(const MediaRange& range, std::string_view media_type) {
    if (range.type == "*/*" || range.type == media_type) return true;
    return range.type.ends_with("/*") && media_type.substr(0, range.type.size() - 1) == std::string_view(range.type).substr(0, range.type.size() - 1);
}

}  // namespace

std::vector<MediaRange> accepted(const http::Request& request) {
    std::vector<MediaRange> ranges;
    const auto header = request.header("accept");
    for (const auto part : split_list(header.empty() ? std::string_view("*/*") : header)) {
        if (part.empty()) continue;
        MediaRange range;
        range.type = lower(trim(part.substr(0, part.find(';'))));
        range.transfer_syntax = http::header_parameter(part, "transfer-syntax");
        if (range.type == "multipart/related") {
            range.multipart = true;
            range.type = lower(http::header_parameter(part, "type"));
            if (range.type.empty()) range.type = "*/*";
        }
        ranges.push_back(std::move(range));
    }
    return ranges;
}

void not_acceptable(const TransferSyntax& syntax) {
    const auto name = syntax.name.empty() ? std::string(syntax.uid) : std::string(syntax.name) + " (" + std::string(syntax.uid) + ")";
    throw Error(ErrorKind::invalid, "dicom.not_acceptable", "the pixels are stored as " + name + " and are not converted; ask for transfer-syntax=*");
}

Delivery choose_frame_delivery(const http::Request& request, const TransferSyntax& syntax) {
    for (const auto& range : accepted(request)) {
        const bool multipart = range.multipart || range.type == "*/*";
        const std::string stored_type(syntax.native ? kOctets : syntax.media_type);
        if (range.transfer_syntax == "*" || range.transfer_syntax == syntax.uid) return {multipart, stored_type};
        const bool wants_plain = range.transfer_syntax.empty() || range.transfer_syntax == kExplicitLittle;
        if (syntax.native && wants_plain && takes(range, kOctets)) return {multipart, std::string(kOctets)};
        if (!syntax.native && range.transfer_syntax.empty() && range.type != "*/*" && range.type != kOctets && takes(range, stored_type))
            return {multipart, stored_type};
    }
    not_acceptable(syntax);
}

Delivery choose_object_delivery(const http::Request& request, const TransferSyntax& syntax) {
    for (const auto& range : accepted(request)) {
        if (!takes(range, kDicom)) continue;
        const bool multipart = range.multipart || range.type == "*/*";
        const bool wants_plain = range.transfer_syntax.empty() || range.transfer_syntax == kExplicitLittle;
        if (range.transfer_syntax == "*" || range.transfer_syntax == syntax.uid || (syntax.native && wants_plain)) return {multipart, std::string(kDicom)};
    }
    not_acceptable(syntax);
}

http::Response multipart_response(std::string_view media_type, std::vector<PartBody> parts) {
    const auto boundary = "qiao-" + to_hex(random_bytes(12));
    http::Response response;
    response.content_type = "multipart/related; type=\"" + std::string(media_type) + "\"; boundary=" + boundary;
    std::string glue;
    for (auto& part : parts) {
        glue += "--" + boundary + "\r\nContent-Type: " + part.content_type + "\r\n";
        if (!part.location.empty()) glue += "Content-Location: " + part.location + "\r\n";
        glue += "\r\n";
        response.parts.emplace_back(std::move(glue));
        for (auto& piece : part.body) response.parts.push_back(std::move(piece));
        glue = "\r\n";
    }
    response.parts.emplace_back(glue + "--" + boundary + "--\r\n");
    return response;
}

http::Response single_response(PartBody part) {
    http::Response response;
    response.content_type = std::move(part.content_type);
    response.parts = std::move(part.body);
    return response;
}

void make_cacheable(http::Response& response, const std::string& etag) {
    response.with("ETag", etag).with("Cache-Control", "private, max-age=86400, immutable").with("Vary", "Cookie, Accept");
}

bool is_known(const http::Request& request, const std::string& etag) {
    for (const auto known : split_list(request.header("if-none-match"))) {
        if (known == etag || known == "*" || known == "W/" + etag) return true;
    }
    return false;
}

std::optional<http::Response> not_modified(const http::Request& request, const std::string& etag) {
    if (!is_known(request, etag)) return std::nullopt;
    http::Response response;
    response.status = 304;
    make_cacheable(response, etag);
    return response;
}

std::uint64_t length_of(const http::BodyPart& part) {
    if (const auto* text = std::get_if<std::string>(&part)) return text->size();
    if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&part)) return (*shared)->size();
    return std::get<http::FileRange>(part).length;
}

namespace {

/// `bytes=a-b`, `bytes=a-`, `bytes=-n`; nothing for anything else, which is then ignored as RFC 9110 allows.
std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_range(std::string_view header, std::uint64_t total, bool& impossible) {
    if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return std::nullopt;
    const auto spec = header.substr(6);
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto number = [](std::string_view text) -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
        return value;
    };
    const auto first = number(spec.substr(0, dash));
    const auto last = number(spec.substr(dash + 1));
    if (!first && !last) return std::nullopt;
    const auto from = first ? *first : total - std::min(total, *last);
    const auto to = first && last ? std::min(*last + 1, total) : total;
    impossible = from >= to;
    return std::pair(from, to);
}

http::BodyPart slice(http::BodyPart part, std::uint64_t from, std::uint64_t length) {
    if (auto* range = std::get_if<http::FileRange>(&part)) return http::FileRange{range->file, range->offset + from, length};
    if (auto* text = std::get_if<std::string>(&part)) return text->substr(from, length);
    return std::get<std::shared_ptr<const std::string>>(part)->substr(from, length);
}

}  // namespace

http::Response apply_range(const http::Request& request, http::Response response) {
    response.with("Accept-Ranges", "bytes");
    std::uint64_t total = 0;
    for (const auto& part : response.parts) total += length_of(part);
    bool impossible = false;
    const auto range = parse_range(request.header("range"), total, impossible);
    if (!range || response.status != 200) return response;
    if (impossible) throw Error(ErrorKind::invalid, "dicom.range", "the range lies outside the content");
    std::vector<http::BodyPart> kept;
    std::uint64_t at = 0;
    for (auto& part : response.parts) {
        const auto length = length_of(part);
        const auto from = std::max(at, range->first);
        const auto to = std::min(at + length, range->second);
        if (from < to) kept.push_back(slice(std::move(part), from - at, to - from));
        at += length;
    }
    response.parts = std::move(kept);
    response.status = 206;
    response.with("Content-Range", "bytes " + std::to_string(range->first) + "-" + std::to_string(range->second - 1) + "/" + std::to_string(total));
    return response;
}

}  // namespace qiao::imaging
