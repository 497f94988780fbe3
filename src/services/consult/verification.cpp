#include "services/consult/verification.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "flow/form.hpp"

#include <fmt/format.h>

namespace qiao::consult {

namespace {

using json::Value;

struct Words {
    std::string_view zh;
    std::string_view en;
    std::string_view colour;
};

Words words_of(std::optional<OpinionState> state) {
    if (!state) {
        return {"未找到", "Not found", "#555555"};
    }
    switch (*state) {
        case OpinionState::valid: return {"有效", "Valid", "#1B7F4B"};
        case OpinionState::amended: return {"已修订：另有新版本", "Amended: there is a newer version", "#9A5B00"};
        case OpinionState::altered: break;
    }
    return {"无效：内容已被改动", "Altered: not what was signed", "#C62828"};
}

bool is_opinion(const Value& manifest) { return flow::has_word("opinion amendment", manifest["meaning"].text()); }

}  // namespace

std::string_view code_of(OpinionState state) { return state == OpinionState::valid ? "valid" : state == OpinionState::amended ? "amended" : "altered"; }

OpinionState verdict_of(const flow::Ground& ground, const access::Signature& signature) {
    const access::Verdict verdict = ground.signing.verify(signature);
    if (verdict != access::Verdict::valid && verdict != access::Verdict::valid_certificate_expired) {
        return OpinionState::altered;
    }
    const Result<Value> manifest = json::parse(signature.manifest);
    if (!manifest) {
        return OpinionState::altered;
    }
    bool newer = false;
    const auto reader = ground.record.read(record::ReadFilter::system("the page behind the QR code compares digests"));
    for (const Value& item : (*manifest)["items"].items()) {
        const std::string& type = item["type"].text();
        const std::string& id = item["id"].text();
        const std::int64_t version = item["version"].integer().value_or(0);
        const std::optional<record::Stored> signed_version = reader->read_version(type, id, version);
        if (!signed_version || signed_version->deleted || access::signed_item(signed_version->value(), id, version).digest != item["sha256"].text()) {
            return OpinionState::altered;
        }
        const std::optional<record::Stored> present = reader->read(type, id);
        newer = newer || !present || present->version != version;
    }
    return newer ? OpinionState::amended : OpinionState::valid;
}

std::string signature_of_version(const flow::Case& item, std::int64_t version) {
    for (const Value& one : item.notes["opinion"]["versions"].items()) {
        if (one["version"].integer() == version) {
            return one["signature"].text();
        }
    }
    return {};
}

http::Response verification_page(const flow::Ground& ground, std::string_view reference) {
    std::optional<access::Signature> signature = reference.size() <= 100 ? ground.signing.find(reference) : std::nullopt;
    Value manifest;
    if (signature) {
        if (Result<Value> parsed = json::parse(signature->manifest); parsed) {
            manifest = *std::move(parsed);
        }
        if (!manifest.is_null() && !is_opinion(manifest)) {
            signature.reset();  // only opinions carry a code; other signatures are nobody's business here
        }
    }
    const std::optional<OpinionState> state = signature ? std::optional(verdict_of(ground, *signature)) : std::nullopt;
    const Words words = words_of(state);
    std::string facts;
    if (signature) {
        const auto organisation = ground.directory.organisation_by_resource(manifest["organisation"].text());
        facts = fmt::format("<p>{}<br>{}</p><p>{}</p>", flow::escape_markup(organisation ? organisation->name : ""),
                            flow::escape_markup(organisation ? organisation->name_en : ""), format_instant(signature->signed_at).substr(0, 10));
    }
    const std::string style = fmt::format(
        "body{{font:18px sans-serif;max-width:32em;margin:3em auto;padding:0 1em}}h1{{font-size:1.2em}}strong{{font-size:1.6em;color:{}}}", words.colour);
    http::Response response;
    response.status = signature ? 200 : 404;
    response.content_type = "text/html; charset=utf-8";
    response.body = fmt::format(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" "
        "content=\"noindex\"><title>会诊意见核验 · Opinion check</title><style>{}</style></head><body><h1>会诊意见核验<br>Check of a consultation opinion</h1>"
        "<p><strong>{}<br>{}</strong></p>{}</body></html>",
        style, words.zh, words.en, facts);
    response
        .with("Content-Security-Policy",
              fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", to_base64(sha256(style))))
        .with("X-Content-Type-Options", "nosniff")
        .with("Referrer-Policy", "no-referrer")
        .with("Cache-Control", "no-store");
    return response;
}

}  // namespace qiao::consult
