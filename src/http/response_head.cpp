#include "http/response_head.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::http {
namespace {

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        case 505: return "HTTP Version Not Supported";
        default: return "Status";
    }
}

bool is_clean(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number);
    out.append(digits, end.ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) { out.append(name).append(": ").append(value).append("\r\n"); }

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::uint64_t body_bytes(const Response& response) {
    if (response.parts.empty()) return response.body.size();
    std::uint64_t total = 0;
    for (const BodyPart& part : response.parts) {
        if (const auto* text = std::get_if<std::string>(&part)) {
            total += text->size();
        } else if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&part)) {
            total += (*shared)->size();
        } else {
            total += std::get<FileRange>(part).length;
        }
    }
    return total;
}

bool append_head(std::string& out, const Response& response, const HeadOptions& options) {
    if (!is_clean(response.content_type)) return false;
    bool has_length = false;
    for (const auto& [name, value] : response.headers) {
        if (!is_clean(name) || !is_clean(value)) return false;
        has_length = has_length || name == "Content-Length";  // a HEAD handler that knows it without making the body
    }
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::uint64_t>(response.status));
    out.append(" ").append(reason_of(response.status)).append("\r\n");
    append_field(out, "Date", options.date);
    if (may_have_body(response.status)) {
        const std::uint64_t length = body_bytes(response);
        if (!response.content_type.empty() && (length > 0 || has_length)) append_field(out, "Content-Type", response.content_type);
        if (!has_length) {
            out.append("Content-Length: ");
            append_number(out, length);
            out.append("\r\n");
        }
    }
    for (const auto& [name, value] : response.headers) append_field(out, name, value);
    out.append("X-Content-Type-Options: nosniff\r\n");
    if (options.tls) out.append("Strict-Transport-Security: max-age=31536000\r\n");
    if (!options.keep_alive) out.append("Connection: close\r\n");
    out.append("\r\n");
    return true;
}

}  // namespace qiao::http
