#include "imaging/series_blob.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "http/gzip.hpp"

#include <zlib.h>

#include <array>

namespace qiao::imaging {
namespace {

constexpr int kRawWindow = -15;  // zlib: negative window bits = deflate without a wrapper
constexpr int kLevel = 6;
constexpr int kMemory = 8;
constexpr std::string_view kGzipHeader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);  // deflate, no time, any system

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// One character as a stored block (RFC 1951 section 3.2.4).
std::string stored_block(char text, bool last) { return {last ? '\x01' : '\x00', '\x01', '\x00', '\xfe', '\xff', text}; }

/// The checksum and length of a text that is put together from pieces.
struct Sum {
    std::uint32_t crc32 = 0;
    std::uint64_t length = 0;

    void add(char text) {
        const std::string_view one(&text, 1);
        crc32 = static_cast<std::uint32_t>(::crc32_z(crc32, bytes_of(one), 1));
        ++length;
    }
    void add(const DeflatedRun& run) {
        crc32 = static_cast<std::uint32_t>(::crc32_combine(crc32, run.crc32, static_cast<z_off_t>(run.length)));
        length += run.length;
    }
    [[nodiscard]] std::string trailer() const {
        std::string bytes;
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((crc32 >> shift) & 0xFFU);
        for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((length >> shift) & 0xFFU);
        return bytes;
    }
};

}  // namespace

struct RunWriter::Stream {
    z_stream zlib{};
};

RunWriter::RunWriter() : stream_(std::make_unique<Stream>()) {
    if (deflateInit2(&stream_->zlib, kLevel, Z_DEFLATED, kRawWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw Error(ErrorKind::internal, "imaging.deflate", "deflate cannot start");
    }
}

RunWriter::~RunWriter() { deflateEnd(&stream_->zlib); }

void RunWriter::put(std::string_view text, int flush) {
    if (!text.empty()) run_.crc32 = static_cast<std::uint32_t>(::crc32_z(run_.crc32, bytes_of(text), text.size()));  // without bytes it starts anew
    run_.length += text.size();
    digest_.update(text);
    z_stream& zlib = stream_->zlib;
    zlib.next_in = const_cast<unsigned char*>(bytes_of(text));
    zlib.avail_in = static_cast<uInt>(text.size());
    std::array<unsigned char, 16384> piece{};
    do {
        zlib.next_out = piece.data();
        zlib.avail_out = static_cast<uInt>(piece.size());
        deflate(&zlib, flush);
        run_.blocks.append(reinterpret_cast<const char*>(piece.data()), piece.size() - zlib.avail_out);
    } while (zlib.avail_out == 0);
}

void RunWriter::add(std::string_view object) {
    if (run_.length > 0) put(",", Z_NO_FLUSH);
    put(object, Z_NO_FLUSH);
}

DeflatedRun RunWriter::finish() {
    put({}, Z_SYNC_FLUSH);
    run_.sha256 = digest_.finish();
    return std::move(run_);
}

std::vector<http::BodyPart> gzip_array(std::vector<DeflatedRun> runs) {
    Sum sum;
    sum.add('[');
    std::string glue = std::string(kGzipHeader) + stored_block('[', false);
    std::vector<http::BodyPart> parts;
    for (auto& run : runs) {
        if (!parts.empty()) {
            sum.add(',');
            glue = stored_block(',', false);
        }
        sum.add(run);
        parts.emplace_back(std::move(glue));
        parts.emplace_back(std::move(run.blocks));
        glue.clear();
    }
    sum.add(']');
    parts.emplace_back(glue + stored_block(']', true) + sum.trailer());
    return parts;
}

std::string text_array(std::vector<DeflatedRun> runs) {
    std::uint64_t length = 2;
    for (const auto& run : runs) length += run.length + 1;
    std::string member;
    for (const auto& part : gzip_array(std::move(runs))) member += std::get<std::string>(part);
    http::Gunzipped text = http::gunzip(member, length);
    if (text.state != http::Gunzipped::State::whole) throw Error(ErrorKind::internal, "imaging.blob_damaged", "stored metadata cannot be read");
    return std::move(text.text);
}

std::string digest_of(const std::vector<DeflatedRun>& runs) {
    Sha256 all;
    for (const auto& run : runs) all.update(run.sha256);
    return to_hex(all.finish()).substr(0, 32);
}

}  // namespace qiao::imaging
