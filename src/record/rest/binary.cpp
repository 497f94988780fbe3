#include "record/rest/binary.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"
#include "record/rest/answer.hpp"

#include <algorithm>

namespace qiao::record {
namespace {

bool accepts(std::string_view accept, std::string_view media_type) {
    if (trim(accept).empty()) return true;
    const std::string type = lower(trim(split(media_type, ';').front()));
    const auto list = split(accept, ',');
    return std::any_of(list.begin(), list.end(), [&](std::string_view one) {
        const std::string name = lower(trim(split(one, ';').front()));
        return name == "*/*" || name == type || (name.ends_with("/*") && type.starts_with(std::string_view(name).substr(0, name.size() - 1)));
    });
}

}  // namespace

std::optional<std::string> binary_sent(const http::Request& request, std::string_view type, std::string_view id) {
    if (type != kBinary) check_acceptable(request);
    if (type != kBinary || request.header("content-type").empty() || is_fhir_json(request.header("content-type"))) {
        check_json_body(request);
        return std::nullopt;
    }
    if (request.body.size() > kContent_bytes) {
        throw Error(ErrorKind::too_large, "record.content_too_large", "the content of a Binary has at most 11 MiB",
                    {{"too-long", "Binary.data", "the content of a Binary has at most 11 MiB"}});
    }
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", kBinary);
        if (!id.empty()) json.field("id", id);
        json.field("contentType", trim(request.header("content-type")));
        if (const std::string_view context = request.header("x-security-context"); !context.empty())
            json.object("securityContext", [&] { json.field("reference", context); });
        if (!request.body.empty()) json.field("data", to_base64(request.body));
    });
    return json.take();
}

bool wants_content(const http::Request& request, std::string_view type) {
    if (type != kBinary) return false;
    for (const auto& [name, value] : request.query_values()) {
        if (name == "_format") return false;
    }
    const auto list = split(request.header("accept"), ',');
    return std::none_of(list.begin(), list.end(), is_fhir_json);
}

http::Response content_of(const http::Request& request, Stored found) {
    json::Value binary;
    if (!found.deleted) binary = found.value();
    http::Response response = show(request, std::move(found));
    if (response.status != 200) return response;
    const std::string type(binary["contentType"].text());
    if (!accepts(request.header("accept"), type)) throw Error(ErrorKind::invalid, "http.not_acceptable", "the content has another media type");
    response.content_type = type;
    response.body = from_base64(binary["data"].text()).value_or("");
    return response.with("Content-Disposition", "attachment").with("Content-Security-Policy", "sandbox; default-src 'none'");
}

}  // namespace qiao::record
