#include "record/rest/patches.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/patch/patch.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"
#include "record/rest/writes.hpp"
#include "record/store/core.hpp"

#include <fmt/format.h>

namespace qiao::record {
namespace {

constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kFhirJson = "application/fhir+json";

std::string media_type_of(std::string_view header) { return lower(trim(split(header, ';').front())); }

json::Value parsed(std::string_view text) {
    auto value = json::parse(text, limits::kJsonDepth);
    if (!value) throw Error(ErrorKind::invalid, "patch.malformed", "this is no patch", {{"structure", "", value.error().message}});
    return std::move(*value);
}

}  // namespace

Patch patch_in(std::string_view resource) {
    const auto entry = json::parse(resource, limits::kJsonDepth);
    if (!entry) return {};
    if ((*entry)["resourceType"].text() != "Binary") return {"application/fhir+json", std::string(resource)};
    auto body = from_base64((*entry)["data"].text());
    if (!body) return {};
    return {(*entry)["contentType"].text(), std::move(*body)};
}

std::string patched(const Patch& patch, const Stored& existing, Instant now) {
    const std::string type = media_type_of(patch.media_type);
    json::Value result;
    if (type == kJsonPatch) {
        result = apply_json_patch(existing.value(), parsed(patch.body));
    } else if (type == kFhirJson) {
        result = apply_fhirpath_patch(existing.value(), parsed(patch.body), now);
    } else {
        throw Error(ErrorKind::invalid, "http.media_type",
                    "a patch is application/json-patch+json, in a bundle a Binary of that type, or a Parameters resource as application/fhir+json");
    }
    if (result["resourceType"].text() != existing.type || result["id"].text() != existing.id)
        throw Error(ErrorKind::invalid, "patch.identity", "a patch cannot change type or id",
                    {{"processing", existing.type + ".id", "a patch cannot change type or id"}});
    return result.dump();
}

void still_version(Record& record, Work& work, const Caller& caller, const Stored& patched) {
    work.skip_if([&record, filter = caller.filter, type = patched.type, id = patched.id, version = patched.version](storage::Group& group) {
        const auto now = record.read_in(group, filter)->read(type, id);
        return !now || now->version != version;
    });
}

namespace {

using Find = std::function<std::optional<Stored>(Reader&)>;

http::Response patch_found(const Api& api, const http::Request& request, const Caller& caller, const Find& find, bool conditional) {
    check_may_write(api.record, caller, request.param("type"));
    check_acceptable(request);
    const Patch patch{std::string(request.header("content-type")), request.body};
    const auto expected = version_of(request.header("if-match"), "If-Match");
    Repeatable repeatable(api.record, caller, request);
    return until_settled(request, [&]() -> std::optional<http::Response> {
        if (const auto before = repeatable.before()) return repeated(api, request, caller, *before);
        auto work = plain_work(api.record, caller);
        const auto existing = find(work->reader());
        if (!existing) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        if (existing->deleted) throw Error(ErrorKind::not_found, "record.deleted", "the resource was deleted");
        if (expected && *expected != existing->version) throw Error(ErrorKind::conflict, "record.version_stale", "the resource was changed meanwhile");
        work->update_text(existing->type, existing->id, patched(patch, *existing, api.clock.now()));
        still_version(api.record, *work, caller, *existing);
        if (conditional) still_matches(api.record, *work, caller, existing->type, request.query, existing->id);
        const std::string reference = existing->reference();
        repeatable.keep(*work, {{reference}});
        if (work->commit().skipped) return std::nullopt;
        return wrote(request, 200, work->written(reference));
    });
}

}  // namespace

http::Response patch_resource(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known_type(type);
    return patch_found(
        api, request, caller, [&](Reader& reader) { return reader.read(type, request.param("id")); }, false);
}

http::Response patch_matching(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string_view type = request.param("type");
    known_type(type);
    return patch_found(
        api, request, caller, [&](Reader& reader) { return single_match(reader, type, request.query); }, true);
}

}  // namespace qiao::record
