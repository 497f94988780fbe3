#include "http/multipart.hpp"

#include <cstdlib>

/// Any bytes as a multipart body: the parts lie inside the body, in order and apart.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace qiao::http;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto split = input.find('\n');
    const std::string_view content_type = input.substr(0, split);
    const std::string_view body = split == std::string_view::npos ? std::string_view() : input.substr(split + 1);
    const auto boundary = multipart_boundary(content_type);
    const auto parts = parse_multipart(body, boundary ? std::string_view(*boundary) : std::string_view("b"));
    if (!parts) {
        if (parts.error().offset > body.size()) std::abort();
        return 0;
    }
    std::uint64_t end = 0;
    for (const Part& part : *parts) {
        if (part.offset < end || part.offset + part.length > body.size()) std::abort();
        end = part.offset + part.length;
        (void)header_parameter(part.header("content-disposition"), "name");
    }
    return 0;
}
