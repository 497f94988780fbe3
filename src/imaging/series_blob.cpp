#include "imaging/series_blob.hpp"

#include "base/error.hpp"

#include <zlib.h>
#include <array>

namespace qiao::imaging {
namespace {

constexpr std::size_t kBlockObjects = 64;
constexpr int kGzipWindow = 15 + 16;  // zlib: window bits + 16 = gzip wrapper

unsigned char* writable(std::string_view text) { return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())); }

}  // namespace

std::string gzip_member(std::string_view text) {
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw Error(ErrorKind::internal, "imaging.gzip", "gzip cannot start");
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = writable(text);
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = writable(out);
    stream.avail_out = static_cast<uInt>(out.size());
    const int code = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (code != Z_STREAM_END) throw Error(ErrorKind::internal, "imaging.gzip", "gzip does not end");
    return out;
}

std::string gunzip(std::string_view bytes) {
    std::string out;
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw Error(ErrorKind::internal, "imaging.gzip", "gzip cannot start");
    stream.next_in = writable(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::array<unsigned char, 65536> buffer{};
    int code = Z_OK;
    while (code == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0)) {
        stream.next_out = buffer.data();
        stream.avail_out = static_cast<uInt>(buffer.size());
        code = inflate(&stream, Z_NO_FLUSH);
        out.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
        if (code == Z_STREAM_END && stream.avail_in > 0) code = inflateReset(&stream);
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END && !bytes.empty()) throw Error(ErrorKind::internal, "imaging.blob_damaged", "stored metadata cannot be read");
    return out;
}

std::string series_members(const std::vector<std::string>& objects) {
    std::string out;
    std::string block;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (i > 0) block += ',';
        block += objects[i];
        if ((i + 1) % kBlockObjects == 0 || i + 1 == objects.size()) {
            out += gzip_member(block);
            block.clear();
        }
    }
    return out;
}

}  // namespace qiao::imaging
