#include "http/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace qiao::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: window bits + 16 = gzip wrapper
constexpr std::size_t kPiece_bytes = 64 * 1024;

struct Inflater {
    Inflater() {
        if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
    }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    z_stream stream{};
};

}  // namespace

Gunzipped gunzip(std::string_view bytes, std::uint64_t limit_bytes) {
    Inflater inflater;
    z_stream& stream = inflater.stream;
    Gunzipped result{.state = Gunzipped::State::damaged};
    std::array<unsigned char, kPiece_bytes> piece;
    int code = Z_OK;
    while (code == Z_OK || (code == Z_STREAM_END && !(bytes.empty() && stream.avail_in == 0))) {
        if (code == Z_STREAM_END) inflateReset(&stream);
        if (stream.avail_in == 0 && !bytes.empty()) {
            const std::size_t count = std::min<std::size_t>(bytes.size(), std::numeric_limits<uInt>::max());
            stream.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
            stream.avail_in = static_cast<uInt>(count);
            bytes.remove_prefix(count);
        }
        stream.next_out = piece.data();
        stream.avail_out = static_cast<uInt>(piece.size());
        code = inflate(&stream, Z_NO_FLUSH);  // without input and output to give: Z_BUF_ERROR, the end of a cut-off member
        const std::size_t count = piece.size() - stream.avail_out;
        if (result.text.size() + count > limit_bytes) return {.state = Gunzipped::State::too_long};
        result.text.append(reinterpret_cast<const char*>(piece.data()), count);
    }
    if (code == Z_STREAM_END) {
        result.state = Gunzipped::State::whole;
    } else {
        result.text.clear();
    }
    return result;
}

}  // namespace qiao::http
