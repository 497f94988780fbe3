#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "imaging/dicomweb.hpp"
#include "imaging/dicomweb_media.hpp"
#include "imaging/render.hpp"

#include <charconv>

namespace qiao::imaging {
namespace {

constexpr std::size_t kFramesLimit = 10'000;  // in one request
constexpr std::uint64_t kCheckPiece_bytes = 1ULL << 20U;
constexpr std::uint32_t kThumbnail_pixels = 200;

[[noreturn]] void bad(const std::string& name) { throw Error(ErrorKind::invalid, "dicom.bad_value", "the value of " + name + " is wrong"); }

double number_of(const std::string& name, std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) bad(name);
    return value;
}

std::vector<std::uint32_t> numbers_of(std::string_view list, std::int64_t frames) {
    std::vector<std::uint32_t> numbers;
    for (const auto part : split(list, ',')) {
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        if (error != std::errc() || end != part.data() + part.size() || number == 0 || numbers.size() >= kFramesLimit) bad("frames");
        if (number > frames) throw Error(ErrorKind::not_found, "dicom.not_found", "the object has no such frame");
        numbers.push_back(number);
    }
    return numbers;
}

FrameTable table_of(const Instance& instance) {
    auto table = FrameTable::unpack(instance.frame_table);
    if (!table) throw Error(ErrorKind::internal, "imaging.index_damaged", "a frame table is damaged");
    return *std::move(table);
}

Window parse_window(std::string_view text) {
    const auto parts = split(text, ',');
    if (parts.size() != 2 && parts.size() != 3) bad("window");
    Window window{number_of("window", parts[0]), number_of("window", parts[1]), Window::Function::linear};
    if (window.width <= 0) bad("window");
    const auto function = parts.size() == 3 ? lower(parts[2]) : "linear";
    if (function == "sigmoid")
        window.function = Window::Function::sigmoid;
    else if (function == "linear-exact")
        window.function = Window::Function::linear_exact;
    else if (function != "linear")
        bad("window");
    return window;
}

RenderOptions parse_options(const http::Request& request, bool thumbnail) {
    RenderOptions options;
    if (thumbnail) options.max_columns = options.max_rows = kThumbnail_pixels;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "window") {
            options.window = parse_window(value);
        } else if (name == "viewport") {
            const auto parts = split(value, ',');
            if (parts.size() != 2) bad(name);
            const auto columns = number_of(name, parts[0]);
            const auto rows = number_of(name, parts[1]);
            if (columns < 1 || rows < 1 || columns > 8'192 || rows > 8'192) bad(name);
            options.max_columns = static_cast<std::uint32_t>(columns);
            options.max_rows = static_cast<std::uint32_t>(rows);
        } else if (name == "quality") {
            const auto quality = number_of(name, value);
            if (quality < 1 || quality > 100) bad(name);
            options.quality = static_cast<int>(quality);
        } else if (name == "annotation") {
            bad(name);  // nothing is burned into pictures: names would leave with them
        } else {
            throw Error(ErrorKind::invalid, "dicom.unknown_key", "unknown parameter " + name);
        }
    }
    return options;
}

void require_jpeg(const http::Request& request) {
    for (const auto& range : accepted(request))
        if (range.type == "*/*" || range.type == "image/*" || range.type == "image/jpeg") return;
    throw Error(ErrorKind::invalid, "dicom.not_acceptable", "pictures are image/jpeg");
}

}  // namespace

std::vector<http::BodyPart> Dicomweb::frame_parts(const Instance& instance, const FrameTable& table, std::uint32_t number) {
    std::vector<http::BodyPart> parts;
    if (table.frame_bits != 0) {
        parts.emplace_back(frame_bytes(instance, table, number));
        return parts;
    }
    for (const auto& fragment : table.frame(number)) {
        std::uint32_t crc = 0;
        for (std::uint64_t at = 0; at < fragment.length; at += kCheckPiece_bytes)
            crc = crc32c(archive_.read_dataset(instance, fragment.offset + at, std::min(kCheckPiece_bytes, fragment.length - at)), crc);
        if (crc != fragment.crc32c) {
            log::error("imaging.frame_damaged", {{"segment", std::int64_t{instance.segment}}, {"instance", instance.id}, {"frame", std::int64_t{number}}});
            throw Error(ErrorKind::internal, "imaging.frame_damaged", "stored pixels differ from their checksum");
        }
        parts.emplace_back(archive_.range(instance, fragment.offset, fragment.length));
    }
    return parts;
}

std::string Dicomweb::frame_bytes(const Instance& instance, const FrameTable& table, std::uint32_t number) {
    if (table.frame_bits == 0) {
        std::string bytes;
        for (const auto& fragment : table.frame(number)) {
            bytes += archive_.read_dataset(instance, fragment.offset, fragment.length);
            if (crc32c(std::string_view(bytes).substr(bytes.size() - fragment.length)) != fragment.crc32c)
                throw Error(ErrorKind::internal, "imaging.frame_damaged", "stored pixels differ from their checksum");
        }
        return bytes;
    }
    // One bit a pixel, frames packed without padding: shift this frame's bits to the front.
    const auto& all = table.fragments.front();
    const auto first_bit = table.frame_bits * (number - 1);
    const auto first = first_bit / 8;
    const auto source = archive_.read_dataset(instance, all.offset + first, std::min((table.frame_bits + 7) / 8 + 1, all.length - std::min(all.length, first)));
    std::string bytes((table.frame_bits + 7) / 8, '\0');
    for (std::uint64_t i = 0; i < table.frame_bits; ++i) {
        const auto from = first_bit % 8 + i;
        if (from / 8 >= source.size()) break;
        const auto bit = (static_cast<unsigned char>(source[from / 8]) >> (from % 8)) & 1U;
        bytes[i / 8] = static_cast<char>(static_cast<unsigned char>(bytes[i / 8]) | (bit << (i % 8)));
    }
    return bytes;
}

http::Response Dicomweb::frames(const http::Request& request) {
    const auto instance = instance_of(request);
    const auto syntax = transfer_syntax(instance.syntax);
    const auto table = table_of(instance);
    const auto numbers = numbers_of(request.param("frames"), table.frames);
    const auto etag = '"' + to_hex(instance.sha256).substr(0, 32) + "-f" + std::string(request.param("frames")) + '"';
    if (auto known = not_modified(request, etag)) return *std::move(known);
    const auto delivery = choose_frame_delivery(request, syntax);
    // Native pixels are little endian in either VR form, so they go out as what the standard takes for the default.
    const std::string sent_syntax(syntax.native ? kExplicitLittle : syntax.uid);
    std::vector<PartBody> parts;
    for (const auto number : numbers) {
        parts.push_back({delivery.media_type + "; transfer-syntax=" + sent_syntax, instance_path(instance) + "/frames/" + std::to_string(number),
                         frame_parts(instance, table, number)});
    }
    const bool single = !delivery.multipart && parts.size() == 1;
    auto response = single ? single_response(std::move(parts.front())) : multipart_response(delivery.media_type, std::move(parts));
    make_cacheable(response, etag);
    return single ? apply_range(request, std::move(response)) : response;
}

http::Response Dicomweb::image(const http::Request& request, const Instance& instance, std::uint32_t frame, bool thumbnail) {
    const auto syntax = transfer_syntax(instance.syntax);
    const auto options = parse_options(request, thumbnail);
    require_jpeg(request);
    const auto etag = '"' + to_hex(sha256(instance.sha256 + request.path + '?' + request.query)).substr(0, 32) + '"';
    if (auto known = not_modified(request, etag)) return *std::move(known);
    const auto table = table_of(instance);
    if (table.frames == 0) throw Error(ErrorKind::invalid, "dicom.not_acceptable", "the object has no picture");
    if (!syntax.native) not_acceptable(syntax);
    if (frame > table.frames) throw Error(ErrorKind::not_found, "dicom.not_found", "the object has no such frame");
    const auto picture = render(archive_.walk_header(instance, JsonScope::query), frame_bytes(instance, table, frame), options);
    if (!picture) throw Error(ErrorKind::invalid, "dicom.not_acceptable", picture.error().message);
    http::Response response;
    response.content_type = "image/jpeg";
    response.body = encode_jpeg(*picture, options.quality);
    make_cacheable(response, etag);
    return response;
}

http::Response Dicomweb::rendered(const http::Request& request) {
    const auto instance = instance_of(request);
    const auto wanted = request.param("frames");
    const auto numbers = numbers_of(wanted.empty() ? "1" : wanted, std::max<std::int64_t>(1, instance.frames));
    if (numbers.size() != 1) bad("frames");
    return image(request, instance, numbers.front(), false);
}

http::Response Dicomweb::thumbnail(const http::Request& request) {
    const auto instances = instances_of(request);
    // The middle of a series shows more of it than its first image; for a study, the middle of its first series.
    std::size_t of_series = 0;
    while (of_series < instances.size() && instances[of_series].series_id == instances.front().series_id) ++of_series;
    const auto& instance = instances[of_series / 2];
    const auto wanted = request.param("frames");
    const auto middle = std::to_string(std::max<std::int64_t>(1, (instance.frames + 1) / 2));
    const auto numbers = numbers_of(wanted.empty() ? middle : std::string(wanted), std::max<std::int64_t>(1, instance.frames));
    return image(request, instance, numbers.front(), true);
}

}  // namespace qiao::imaging
