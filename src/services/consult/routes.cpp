#include "services/consult/routes.hpp"

#include "access/role.hpp"
#include "flow/case_view.hpp"
#include "flow/routes.hpp"
#include "record/extract/fold.hpp"
#include "record/extract/zone.hpp"
#include "services/consult/clinic_card.hpp"
#include "services/consult/consent.hpp"
#include "services/consult/documents.hpp"
#include "services/consult/expert_ranking.hpp"
#include "services/consult/figures.hpp"
#include "services/consult/request_form.hpp"
#include "services/consult/verification.hpp"

#include <algorithm>
#include <charconv>

namespace qiao::consult {

namespace {

using http::Method;
using http::Request;
using http::Response;
using json::Value;

struct Handlers {
    flow::Engine& engine;
    record::CallerOf caller_of;
    record::Zone zone;
    std::function<std::string()> public_url;

    [[nodiscard]] const flow::Ground& ground() const { return engine.ground(); }
};

flow::Case open_full(const Handlers& to, const record::Caller& caller, std::string_view id) {
    flow::Visible visible = to.engine.open(caller, id);
    if (visible.level != flow::Visible::Level::full) {
        throw Error(ErrorKind::not_found, "flow.no_case", "no such case");
    }
    return std::move(visible.item);
}

std::string query_value(const Request& request, std::string_view name) {
    for (const auto& [key, value] : request.query_values()) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

std::int64_t version_asked(const Request& request) {
    const std::string text = query_value(request, "version");
    std::int64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (!text.empty() && (error != std::errc() || end != text.data() + text.size() || version < 1)) {
        throw Error(ErrorKind::invalid, "flow.bad_query", "version: a number from 1");
    }
    return version;
}

Response file_answer(std::string bytes, std::string_view type, const std::string& name, bool shown) {
    Response response;
    response.content_type = type;
    response.body = std::move(bytes);
    response.with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "private, no-store")
        .with("Vary", "Cookie")
        .with("Content-Disposition", std::string(shown ? "inline" : "attachment") + "; filename=\"" + name + "\"");
    return response;
}

Response experts(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const flow::Case item = open_full(to, caller, request.param("id"));
    const std::vector<std::string> roles = to.engine.roles_of(item, caller.actor);
    if (std::find(roles.begin(), roles.end(), "coordinator") == roles.end()) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "the coordinators of the case choose the experts");
    }
    Value list = ranked_experts(to.ground(), item, record::fold_text(query_value(request, "q")));
    return flow::json_answer(Value::object({{"experts", std::move(list)}}));
}

/// Before a doctor calls: who is there now. Only for those who may ask that institution.
Response reachable(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const auto hub = to.ground().directory.organisation_by_resource(query_value(request, "receiver"));
    if (!hub || !to.ground().directory.has_contract(caller.actor.organisation, hub->id, "consult")) {
        throw Error(ErrorKind::forbidden, "flow.no_contract", "no contract with that institution");
    }
    return flow::json_answer(reachable_now(to.ground(), hub->id, query_value(request, "specialty")));
}

/// The institution that a consent is to name: the asked one, or another before the case goes there.
std::int64_t consent_receiver(const Handlers& to, const flow::Case& item, const Request& request) {
    std::int64_t receiver = item.to_org;
    if (const std::string asked = query_value(request, "receiver"); !asked.empty()) {
        const auto organisation = to.ground().directory.organisation_by_resource(asked);
        receiver = organisation ? organisation->id : 0;
    }
    if (receiver == 0) {
        throw Error(ErrorKind::invalid, "flow.missing_field", "the text names the receiving institution", {{"required", "receiver", "Organization/…"}});
    }
    return receiver;
}

Response consent_text(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const flow::Case item = open_full(to, caller, request.param("id"));
    const std::string language = query_value(request, "lang") == "en" ? "en" : "zh";
    const ConsentWords words = *consent_words(to.ground(), consent_receiver(to, item, request), item.from_org, language);
    return flow::json_answer(Value::object({{"text", words.whole()},
                                            {"language", words.language},
                                            {"version", words.version},
                                            {"digest", words.digest()},
                                            {"consultation", words.consultation},
                                            {"recording", words.recording},
                                            {"teaching", words.teaching}}));
}

Response sheet(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const flow::Case item = open_full(to, caller, request.param("id"));
    flow::note_reading(to.ground(), caller.actor, item.request, item.patient);
    const auto reader = to.ground().record.read(caller.filter);
    return file_answer(consent_sheet(to.ground(), *reader, item, consent_receiver(to, item, request)), "application/pdf", item.number + "-consent.pdf", true);
}

Response opinion(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const flow::Case item = open_full(to, caller, request.param("id"));
    flow::note_reading(to.ground(), caller.actor.in_case(item.id), item.notes["opinion"]["resource"].text(), item.patient, "export");
    const auto reader = to.ground().record.read(caller.filter);
    return file_answer(opinion_pdf(to.ground(), *reader, item, version_asked(request), {to.zone, to.public_url()}), "application/pdf", item.number + ".pdf",
                       true);
}

Response receipt(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const flow::Case item = open_full(to, caller, request.param("id"));
    flow::note_reading(to.ground(), caller.actor.in_case(item.id), item.request, item.patient, "export");
    const auto reader = to.ground().record.read(caller.filter);
    return file_answer(receipt_pdf(to.ground(), *reader, item, to.zone), "application/pdf", item.number + "-receipt.pdf", true);
}

/// A file of the export; nothing where the signature has none of that name.
std::optional<std::string> file_of(const access::Signature& signature, std::string_view name) {
    if (name == "manifest.bin") return signature.manifest;
    if (name == "signature.der") return signature.der;
    if (name == "cert.pem") return signature.certificate_pem;
    if (name == "chain.pem") return signature.chain_pem;
    if (name == "signature.jws" && !signature.jws.empty()) return signature.jws;
    if (!signature.seal) return std::nullopt;
    if (name == "seal.der") return signature.seal->der;
    if (name == "seal-cert.pem") return signature.seal->certificate_pem;
    if (name == "seal-chain.pem") return signature.seal->chain_pem;
    return std::nullopt;
}

Response evidence(const Handlers& to, const Request& request) {
    const record::Caller caller = to.caller_of(request);
    const flow::Case item = open_full(to, caller, request.param("id"));
    const std::int64_t newest = item.notes["opinion"]["version"].integer().value_or(0);
    const std::int64_t asked = version_asked(request);
    std::optional<access::Signature> signature;
    {
        const auto reader = to.ground().record.read(caller.filter);
        const std::string& reference = item.notes["opinion"]["resource"].text();
        const std::size_t slash = reference.find('/');
        if (slash != std::string::npos && reader->read(reference.substr(0, slash), reference.substr(slash + 1))) {
            signature = to.ground().signing.find(signature_of_version(item, asked == 0 ? newest : asked));
        }
    }
    const std::string_view name = request.param("file");
    const std::optional<std::string> bytes = signature ? file_of(*signature, name) : std::nullopt;
    if (!bytes) {
        throw Error(ErrorKind::not_found, "flow.no_opinion", "no such signed opinion");
    }
    flow::note_reading(to.ground(), caller.actor.in_case(item.id), item.notes["opinion"]["resource"].text(), item.patient, "export");
    return file_answer(*bytes, name.ends_with(".pem") ? "application/x-pem-file" : "application/octet-stream", std::string(name), false);
}

}  // namespace

void add_routes(http::Router& router, flow::Engine& engine, record::CallerOf caller_of, PrintOptions print) {
    const auto to = std::make_shared<Handlers>(Handlers{engine, std::move(caller_of), record::Zone(print.zone), std::move(print.public_url)});
    const auto get = [&](std::string_view pattern, Response (*handler)(const Handlers&, const Request&)) {
        router.add(Method::get, pattern, {}, [to, handler](const Request& request) { return handler(*to, request); });
    };
    get("/flow/cases/{id}/experts", experts);
    get("/flow/reachable", reachable);
    get("/flow/cases/{id}/consent-text", consent_text);
    get("/flow/cases/{id}/consent-sheet.pdf", sheet);
    get("/flow/cases/{id}/opinion.pdf", opinion);
    get("/flow/cases/{id}/receipt.pdf", receipt);
    get("/flow/cases/{id}/opinion/{file}", evidence);
    add_figure_routes(router, engine, to->caller_of);
    router.add(Method::get, "/flow/clinic-card", {}, [to](const Request& request) {
        const record::Caller caller = to->caller_of(request);
        const Value card = clinic_card(to->ground(), caller.actor.organisation);
        return flow::json_answer(card.is_null() ? Value::object({{"drugs", Value::array()}, {"devices", Value::array()}}) : card);
    });
    router.add(Method::put, "/flow/clinic-card", {}, [to](const Request& request) {
        const record::Caller caller = to->caller_of(request);
        put_clinic_card(to->ground(), caller, flow::body_object(request, "drugs devices transport phone"));
        return flow::json_answer(clinic_card(to->ground(), caller.actor.organisation));
    });
    add_verification_routes(router, engine);
}

}  // namespace qiao::consult
