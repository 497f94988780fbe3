#include "record/rest/patches.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"
#include "record/rest/writes.hpp"
#include "record/store/core.hpp"
#include "record/transact/json_patch.hpp"

#include <fmt/format.h>

namespace qiao::record {
namespace {

constexpr std::string_view kJsonPatch = "application/json-patch+json";

[[noreturn]] void throw_bad_patch(std::string_view why) {
    throw Error(ErrorKind::invalid, "record.bad_patch", "this is no patch", {{"structure", "", std::string(why)}});
}

std::string media_type_of(std::string_view header) { return lower(trim(split(header, ';').front())); }

json::Value parsed(std::string_view text) {
    auto value = json::parse(text, limits::kJsonDepth);
    if (!value) throw_bad_patch(value.error().message);
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

std::string patched(const Patch& patch, const Stored& existing) {
    json::Value result;
    if (media_type_of(patch.media_type) == kJsonPatch) {
        result = apply_json_patch(existing.value(), parsed(patch.body));
    } else {
        throw Error(ErrorKind::invalid, "http.media_type", "a patch is application/json-patch+json, in a bundle a Binary of that type");
    }
    if (result["resourceType"].text() != existing.type || result["id"].text() != existing.id)
        throw Error(ErrorKind::invalid, "record.patch_failed", "a patch cannot change type or id",
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
    check_acceptable(request);
    const Patch patch{std::string(request.header("content-type")), request.body};
    const auto expected = version_of(request.header("if-match"), "If-Match");
    Repeatable repeatable(api.record, caller, request);
    return until_settled([&]() -> std::optional<http::Response> {
        if (const auto before = repeatable.before()) return repeated(api, request, caller, *before);
        auto work = api.record.begin(caller.filter, caller.actor);
        const auto existing = find(work->reader());
        if (!existing) {
            if (!caller.may_write_plain) check_may_write(api.record, caller, nullptr, request.param("type"));
            throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        }
        check_may_write(api.record, caller, &*existing, existing->type);
        if (existing->deleted) throw Error(ErrorKind::not_found, "record.deleted", "the resource was deleted");
        if (expected && *expected != existing->version) throw Error(ErrorKind::conflict, "record.version_stale", "the resource was changed meanwhile");
        work->update_text(existing->type, existing->id, patched(patch, *existing));
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
