#pragma once

#include "base/result.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Finds the parts of multipart/related and multipart/form-data bodies (RFC 2046, RFC 7578) in memory or in a file, without
/// copying them. Pure but for reading the file; any thread, blocks on the disk.
namespace qiao::http {

struct Part {
    std::vector<Header> headers = {};  ///< names in lower case, values trimmed
    std::uint64_t offset = 0;          ///< of the content, from the start of the body
    std::uint64_t length = 0;

    [[nodiscard]] std::string_view header(std::string_view name) const;  ///< `name` in lower case; empty when absent
};

inline constexpr std::size_t kPartsMax = 10'000;
inline constexpr std::size_t kPartHeader_bytes = 16 * 1024;
inline constexpr std::size_t kBoundary_bytes = 70;

/// A parameter of a header value, unquoted: `header_parameter("form-data; name=\"a\"", "name")` is "a". Empty when absent or
/// malformed. `name` in lower case.
std::string header_parameter(std::string_view value, std::string_view name);

/// The boundary of a Content-Type, 1-70 of the characters of RFC 2046.
Result<std::string> multipart_boundary(std::string_view content_type);

/// The parts in order. Refuses a body that does not end with its closing delimiter, so that a cut-off upload is no upload.
Result<std::vector<Part>> parse_multipart(std::string_view body, std::string_view boundary);
Result<std::vector<Part>> parse_multipart(const FileRange& body, std::string_view boundary);

/// The content of one part in memory; `length` was checked against the caller's limit. Throws Error(unavailable,
/// "http.body_read") when the file cannot be read.
std::string read_range(const FileRange& range);

}  // namespace qiao::http
