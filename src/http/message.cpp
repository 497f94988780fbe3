#include "http/message.hpp"

#include "base/text.hpp"

#include <unistd.h>

namespace qiao::http {

OpenFile::~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

std::string_view Request::param(std::string_view name) const {
    for (const auto& [key, value] : params) {
        if (key == name) return value;
    }
    return {};
}

std::string_view Request::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

std::string_view Request::cookie(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key != "cookie") continue;
        for (std::string_view pair : split(value, ';')) {
            pair = trim(pair);
            const auto equals = pair.find('=');
            if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
        }
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> Request::query_values() const {
    std::vector<std::pair<std::string, std::string>> values;
    if (query.empty()) return values;
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos ? std::optional<std::string>(std::string()) : percent_decode(pair.substr(equals + 1), true);
        if (!name || !value || !is_utf8(*name) || !is_utf8(*value) || name->find('\0') != std::string::npos || value->find('\0') != std::string::npos) {
            throw Error(ErrorKind::invalid, "http.bad_query", "the query is not percent-encoded UTF-8 text");
        }
        values.emplace_back(std::move(*name), std::move(*value));
    }
    return values;
}

bool is_same_origin(const Request& request) {
    const std::string_view origin = request.header("origin");
    if (origin.empty()) return true;
    const std::string_view scheme = request.tls ? "https://" : "http://";
    return origin.starts_with(scheme) && lower(origin.substr(scheme.size())) == lower(request.header("host"));
}

}  // namespace qiao::http
