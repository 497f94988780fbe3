#pragma once

#include "http/message.hpp"

#include <string>
#include <string_view>

/// The head of a response as text. Pure functions, any thread.
namespace qiao::http {

struct HeadOptions {
    bool keep_alive = true;
    bool tls = false;
    std::string_view date = {};  ///< HTTP-date of now
};

/// Bytes that the body or parts of `response` hold.
std::uint64_t body_bytes(const Response& response);

/// Appends status line, headers and the empty line. False, with nothing appended, when a header holds CR, LF or NUL: data
/// from outside must not end a header.
bool append_head(std::string& out, const Response& response, const HeadOptions& options);

}  // namespace qiao::http
