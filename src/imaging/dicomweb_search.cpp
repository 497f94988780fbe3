#include "base/error.hpp"
#include "imaging/dicomweb.hpp"

#include <charconv>

namespace qiao::imaging {
namespace {

constexpr std::int64_t kPageLimit = 1'000;
constexpr std::int64_t kOffsetLimit = 10'000'000;

std::int64_t bounded(const std::string& name, const std::string& text, std::int64_t lowest, std::int64_t highest) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < lowest)
        throw Error(ErrorKind::invalid, "dicom.bad_value", "the value of " + name + " is not a number in range");
    return std::min(value, highest);
}

}  // namespace

http::Response Dicomweb::search(const http::Request& request, QueryLevel level) {
    const auto viewer = ports_.viewer(request);
    StudyQuery query;
    query.level = level;
    query.study_uid = request.param("study");
    query.series_uid = request.param("series");
    bool fuzzy = false;
    for (auto& [name, value] : request.query_values()) {
        if (name == "limit") {
            query.limit = bounded(name, value, 1, kPageLimit);
        } else if (name == "offset") {
            query.offset = bounded(name, value, 0, kOffsetLimit);
        } else if (name == "includefield") {
            continue;  // every stored attribute of the level is returned anyway
        } else if (name == "fuzzymatching") {
            fuzzy = value == "true";
        } else {
            query.matches.emplace_back(std::move(name), std::move(value));
        }
    }
    auto found = search_studies(archive_.store(), viewer, query, archive_.clock().now());
    http::Response response;
    response.content_type = "application/dicom+json";
    response.body = std::move(found.json);
    response.with("Cache-Control", "private, no-store");
    if (fuzzy) response.with("Warning", R"(299 qiao "The fuzzymatching parameter is not supported. Only literal matching has been performed.")");
    if (found.more) response.with("Warning", R"(299 qiao "There are more results. Use limit and offset.")");
    return response;
}

}  // namespace qiao::imaging
