#include "access/certificate.hpp"
#include "access/rate_limit.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "flow/form.hpp"
#include "http/multipart.hpp"
#include "services/consult/verification.hpp"

#include <fmt/format.h>

#include <memory>

namespace qiao::consult {

namespace {

using http::Request;
using http::Response;
using json::Value;

constexpr http::RouteOptions kRead{.scope = http::Scope::open};
constexpr http::RouteOptions kUpload{.scope = http::Scope::open, .body_limit_bytes = 512 * 1024};
constexpr std::size_t kManifest_bytes = 256 * 1024;
constexpr std::size_t kSignature_bytes = 1024;
constexpr std::size_t kCertificate_bytes = 64 * 1024;
constexpr int kUses = 60;
constexpr std::chrono::minutes kWindow{1};

constexpr std::string_view kStyle =
    "body{font:17px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em;color:#1c2430;background:#fff}"
    "h1{font-size:1.15em;margin:0 0 1em}h2{font-size:1em;margin:2em 0 .5em}"
    ".v{border-left:.4em solid;padding:.4em .8em;font-size:1.35em;font-weight:600}.ok{color:#1B7F4B}.warn{color:#9A5B00}.bad{color:#C62828}.none{color:#555}"
    "ul{padding-left:1.1em}li{margin:.4em 0}small,.d{color:#4a5563;font-size:.88em}label{display:block;margin:.9em 0 .2em}"
    "input{font:inherit;max-width:100%}button{font:inherit;padding:.5em 1.2em;margin-top:1.2em;min-height:44px;border:1px solid #0b5cad;border-radius:6px;"
    "background:#0b5cad;color:#fff;cursor:pointer}a{color:#0b5cad}"
    "@media(prefers-color-scheme:dark){body{background:#14181f;color:#e6e9ee}small,.d{color:#a7b0bd}.ok{color:#5cc98f}.warn{color:#e0a85a}.bad{color:#ff8a80}"
    ".none{color:#b5bcc7}a{color:#7db7f0}}";

struct Said {
    std::string_view zh;
    std::string_view en;
    std::string_view look;
};

Said said_of(std::optional<OpinionState> state) {
    if (!state) {
        return {"未找到", "Not found", "none"};
    }
    switch (*state) {
        case OpinionState::valid: return {"有效", "Valid", "ok"};
        case OpinionState::certificate_expired: return {"有效（证书在签署后到期）", "Valid; the certificate has expired since", "ok"};
        case OpinionState::amended: return {"已修订：另有新版本", "Amended: there is a newer version", "warn"};
        case OpinionState::unknown_signer: return {"无效：签名人的证书不受信任", "Not valid: no trusted authority knows the signer", "bad"};
        case OpinionState::revoked_before: return {"无效：签署前证书已被吊销", "Not valid: the certificate was revoked before signing", "bad"};
        case OpinionState::altered: break;
    }
    return {"无效：内容已被改动", "Altered: not what was signed", "bad"};
}

std::string verdict_html(const Said& said) { return fmt::format("<p class=\"v {}\" role=\"status\">{}<br>{}</p>", said.look, said.zh, said.en); }

std::string_view algorithm_words(std::string_view certificate_pem) { return access::uses_sm2(certificate_pem) ? "SM2 / SM3" : "ECDSA P-256 / SHA-256"; }

/// Only opinions and what patients take along carry a code; other signatures are nobody's business here.
bool is_opinion(const Value& manifest) { return flow::has_word("opinion amendment", manifest["meaning"].text()); }
/// The institution alone signs it.
bool is_patients_paper(const Value& manifest) { return flow::has_word("patient_page patient_export", manifest["meaning"].text()); }

/// Institution, day and kinds of signatures: nobody's name.
std::string facts_html(const flow::Ground& ground, const access::Signature& signature, const access::Checked& checked, const Value& manifest) {
    const auto place = ground.directory.organisation_by_resource(manifest["organisation"].text());
    std::string html;
    if (place) {
        html += fmt::format("<p>{}<br>{}</p>", flow::escape_markup(place->name), flow::escape_markup(place->name_en));
    }
    html += fmt::format("<p>{}</p><ul>", format_instant(signature.signed_at).substr(0, 10));
    html += fmt::format("<li>{} · {}", is_patients_paper(manifest) ? "机构印章 Seal of the institution" : "医师签名 Signature of the doctor",
                        algorithm_words(signature.certificate_pem));
    if (checked.origin.known) {
        const Words worth = worth_of(checked.origin);
        html += fmt::format("<br><small>{}<br>{}</small>", flow::escape_markup(worth.zh), flow::escape_markup(worth.en));
    }
    html += "</li>";
    if (signature.seal) {
        const access::Checked seal = ground.signing.check_seal(signature);
        const auto sealing = ground.directory.organisation(signature.seal->organisation);
        html += fmt::format("<li>机构印章 Seal of the institution · {} · {} · {}", sealing ? flow::escape_markup(sealing->name) : "",
                            algorithm_words(signature.seal->certificate_pem),
                            access::is_good(seal.verdict) ? "有效 valid" : "<span class=\"bad\">无效 not valid</span>");
        if (seal.origin.known) {
            const Words worth = worth_of(seal.origin);
            html += fmt::format("<br><small>{}<br>{}</small>", flow::escape_markup(worth.zh), flow::escape_markup(worth.en));
        }
        html += "</li>";
    }
    return html + "</ul>";
}

Response page(int status, const std::string& content) {
    Response response;
    response.status = status;
    response.content_type = "text/html; charset=utf-8";
    response.body = fmt::format(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta "
        "name=\"robots\" content=\"noindex\"><title>文件核验 · Document check</title><style>{}</style></head><body><main><h1>文件核验<br>Check of a "
        "document</h1>{}</main></body></html>",
        kStyle, content);
    response
        .with("Content-Security-Policy",
              fmt::format("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", to_base64(sha256(kStyle))))
        .with("X-Content-Type-Options", "nosniff")
        .with("Referrer-Policy", "same-origin")
        .with("Cache-Control", "no-store");
    return response;
}

constexpr std::string_view kForm =
    "<h2>核验导出的文件 Check exported files</h2><p class=\"d\">选择导出的三个文件。文件只用于本次核验，不会保存。<br>Choose the three exported files. They "
    "are "
    "checked and not kept.</p><form method=\"post\" action=\"/verify\" enctype=\"multipart/form-data\">"
    "<label for=\"m\">manifest.bin</label><input id=\"m\" name=\"manifest\" type=\"file\" required>"
    "<label for=\"s\">signature.der / seal.der</label><input id=\"s\" name=\"signature\" type=\"file\" required>"
    "<label for=\"c\">cert.pem / seal-cert.pem</label><input id=\"c\" name=\"certificate\" type=\"file\" required>"
    "<br><button type=\"submit\">核验 Check</button></form>";

Value parsed(std::string_view text) {
    Result<Value> value = json::parse(text);
    return value ? *std::move(value) : Value();
}

Response by_reference(const flow::Ground& ground, std::string_view reference) {
    const std::optional<access::Signature> signature = reference.size() <= 100 ? ground.signing.find(reference) : std::nullopt;
    const Value manifest = signature ? parsed(signature->manifest) : Value();
    const std::string more = "<p><a href=\"/verify\">核验导出的文件 Check exported files</a></p>";
    if (!signature || (!manifest.is_null() && !is_opinion(manifest) && !is_patients_paper(manifest))) {
        return page(404, verdict_html(said_of(std::nullopt)) + more);
    }
    return page(200, verdict_html(said_of(state_of(ground, *signature))) + facts_html(ground, *signature, ground.signing.check(*signature), manifest) + more);
}

struct Files {
    std::string manifest;
    std::string signature;
    std::string certificate;
};

Files files_of(const Request& request) {
    const auto refuse = [] { throw Error(ErrorKind::invalid, "consult.bad_evidence", "manifest.bin, a signature and a certificate are expected"); };
    const auto boundary = http::multipart_boundary(request.header("content-type"));
    const auto parts = boundary ? http::parse_multipart(request.body, *boundary) : Result<std::vector<http::Part>>(std::vector<http::Part>());
    if (!parts || parts->size() != 3) {
        refuse();
    }
    Files files;
    for (const http::Part& part : *parts) {
        const std::string name = http::header_parameter(part.header("content-disposition"), "name");
        std::string& into = name == "manifest" ? files.manifest : name == "signature" ? files.signature : files.certificate;
        into = request.body.substr(part.offset, part.length);
    }
    if (files.manifest.empty() || files.manifest.size() > kManifest_bytes || files.signature.empty() || files.signature.size() > kSignature_bytes ||
        files.certificate.empty() || files.certificate.size() > kCertificate_bytes) {
        refuse();
    }
    return files;
}

/// What was signed elsewhere, or is not in this centre's keeping: the time is the signer's word, so a revoked key is worth
/// nothing whatever time it names.
Response by_files_alone(const flow::Ground& ground, const Files& files) {
    const Value manifest = parsed(files.manifest);
    access::Signature signature;
    signature.signed_at = parse_instant(manifest["recorded"].text()).value_or(ground.clock.now());
    signature.certificate_pem = files.certificate;
    access::Checked checked = ground.signing.check(files.manifest, files.signature, files.certificate, signature.signed_at);
    if (access::is_good(checked.verdict) && ground.signing.keys().revoked_at(checked.origin.authority, access::serial_of(files.certificate))) {
        checked.verdict = access::Verdict::revoked_before;
    }
    const OpinionState state = state_of(checked.verdict);
    std::string facts;
    if (is_good(state)) {
        facts = facts_html(ground, signature, checked, manifest) +
                "<p class=\"warn\">本中心没有保存此签名：日期仅为文件所述。<br>This centre does not keep this signature: the day is what the file says.</p>";
    }
    return page(200, verdict_html(said_of(state)) + facts + std::string(kForm));
}

Response by_files(const flow::Ground& ground, const Request& request) {
    const Files files = files_of(request);
    // The bytes in hand first: a kept signature does not make another file good.
    if (!access::is_signature(files.manifest, files.signature, files.certificate)) {
        return page(200, verdict_html(said_of(OpinionState::altered)) + std::string(kForm));
    }
    const auto kept = ground.signing.find_der(files.signature);
    if (!kept || kept->manifest != files.manifest) {
        return by_files_alone(ground, files);
    }
    const Value manifest = parsed(kept->manifest);
    return page(200, verdict_html(said_of(state_of(ground, *kept))) + facts_html(ground, *kept, ground.signing.check(*kept), manifest) + std::string(kForm));
}

}  // namespace

void add_verification_routes(http::Router& router, flow::Engine& engine) {
    const auto limit = std::make_shared<access::RateLimit>(engine.ground().clock, kUses, kWindow);
    router.add(http::Method::get, "/verify", kRead, [](const Request&) { return page(200, std::string(kForm)); });
    router.add(http::Method::get, "/verify/{ref}", kRead, [&engine, limit](const Request& request) {
        limit->use(request.peer_address);
        return by_reference(engine.ground(), request.param("ref"));
    });
    router.add(http::Method::post, "/verify", kUpload, [&engine, limit](const Request& request) {
        limit->use(request.peer_address);
        return by_files(engine.ground(), request);
    });
}

}  // namespace qiao::consult
