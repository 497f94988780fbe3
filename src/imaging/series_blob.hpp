#pragma once

#include "base/digest.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Metadata of a series as stored bytes that become an answer without touching JSON or zlib. An array over any number of
/// series is **one** gzip member (RFC 1952), because browsers and curl stop at the end of the first. Functions and
/// separate objects: any thread.
namespace qiao::imaging {

/// Text as deflate blocks (RFC 1951) that end on a byte, refer to nothing before them and are not the last: runs follow
/// one another in one deflate stream as they are.
struct DeflatedRun {
    std::string blocks;
    std::uint32_t crc32 = 0;   ///< of the text
    std::uint64_t length = 0;  ///< of the text, in bytes
    std::string sha256;        ///< of the text
};

/// Writes `{…},{…}` as a run.
class RunWriter {
public:
    RunWriter();
    ~RunWriter();
    RunWriter(const RunWriter&) = delete;
    RunWriter& operator=(const RunWriter&) = delete;

    void add(std::string_view object);
    DeflatedRun finish();  ///< once

private:
    struct Stream;
    void put(std::string_view text, int flush);

    std::unique_ptr<Stream> stream_;
    Sha256 digest_;
    DeflatedRun run_;
};

/// `[` + the runs with commas between + `]` as one gzip member.
std::vector<http::BodyPart> gzip_array(std::vector<DeflatedRun> runs);
/// The same array as text. Error(internal, "imaging.blob_damaged").
std::string text_array(std::vector<DeflatedRun> runs);
/// Names the array's content, for an ETag.
std::string digest_of(const std::vector<DeflatedRun>& runs);

}  // namespace qiao::imaging
