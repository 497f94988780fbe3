#include "access/manifest.hpp"

#include "base/digest.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

void write_sorted(JsonWriter& json, const json::Value& value) {
    if (value.is_array()) {
        json.array([&] {
            for (const auto& item : value.items()) write_sorted(json, item);
        });
    } else if (value.is_object()) {
        std::vector<const json::Value::Member*> members;
        for (const auto& member : value.members()) members.push_back(&member);
        std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
        json.object([&] {
            for (const auto* member : members) {
                json.key(member->first);
                write_sorted(json, member->second);
            }
        });
    } else {
        json.raw(value.dump());
    }
}

}  // namespace

std::string canonical_text(const json::Value& resource) {
    json::Value kept = resource;
    kept.remove("id");
    if (kept["meta"].is_object()) {
        json::Value& meta = kept.member("meta");
        meta.remove("versionId");
        meta.remove("lastUpdated");
        if (meta.size() == 0) kept.remove("meta");
    }
    JsonWriter json;
    write_sorted(json, kept);
    return json.take();
}

SignedItem signed_item(const json::Value& resource, std::string_view id, std::int64_t version) {
    return {resource["resourceType"].text(), std::string(id), version, to_hex(sha256(canonical_text(resource)))};
}

std::string manifest_bytes(const Manifest& manifest) {
    JsonWriter json;
    json.object([&] {
        json.field("format", "qiao-manifest-1");
        json.field("meaning", manifest.meaning);
        json.field("case", manifest.case_id);
        json.field("signer", manifest.signer);
        json.field("signerName", manifest.signer_name);
        json.field("organisation", manifest.organisation);
        json.field("occurred", format_instant(manifest.occurred));
        json.field("recorded", format_instant(manifest.recorded));
        json.array("items", [&] {
            for (const auto& item : manifest.items) {
                json.object([&] {
                    json.field("type", item.type);
                    json.field("id", item.id);
                    json.field("version", item.version);
                    json.field("sha256", item.digest);
                });
            }
        });
        json.array("attachments", [&] {
            for (const auto& attachment : manifest.attachments) {
                json.object([&] {
                    json.field("name", attachment.name);
                    json.field("contentType", attachment.content_type);
                    json.field("sha256", attachment.digest);
                });
            }
        });
    });
    return json.take();
}

}  // namespace qiao::access
