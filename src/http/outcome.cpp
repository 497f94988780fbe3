#include "http/outcome.hpp"

#include "base/json.hpp"
#include "base/log.hpp"

#include <array>
#include <typeinfo>

namespace qiao::http {
namespace {

struct KindStatus {
    ErrorKind kind;
    ErrorStatus status;
};

constexpr std::array kKinds = {
    KindStatus{ErrorKind::invalid, {400, "invalid"}},       KindStatus{ErrorKind::unauthenticated, {401, "login"}},
    KindStatus{ErrorKind::forbidden, {403, "forbidden"}},   KindStatus{ErrorKind::not_found, {404, "not-found"}},
    KindStatus{ErrorKind::conflict, {409, "conflict"}},     KindStatus{ErrorKind::too_large, {413, "too-long"}},
    KindStatus{ErrorKind::unavailable, {503, "transient"}}, KindStatus{ErrorKind::internal, {500, "exception"}},
};

/// One row a code whose status or issue type differs from its kind's. Sorted by area, for the eye.
constexpr std::array kCodes = {
    CodeStatus{"access.rate_limited", {429, "throttled"}},
    CodeStatus{"access.session_expired", {401, "expired"}},
    CodeStatus{"access.too_many_attempts", {429, "throttled"}},
    CodeStatus{"dicom.not_acceptable", {406, "not-supported"}},
    CodeStatus{"dicom.range", {416, "value"}},
    CodeStatus{"flow.bad_audio", {422, "value"}},
    CodeStatus{"flow.bad_document", {422, "value"}},
    CodeStatus{"flow.bad_field", {422, "value"}},
    CodeStatus{"flow.bad_image", {422, "value"}},
    CodeStatus{"flow.bad_occurred", {422, "value"}},
    CodeStatus{"flow.consent_text_changed", {422, "value"}},
    CodeStatus{"flow.digest_mismatch", {422, "value"}},
    CodeStatus{"flow.draft_stale", {412, "conflict"}},
    CodeStatus{"flow.missing_field", {422, "required"}},
    CodeStatus{"flow.pause_reason", {422, "value"}},
    CodeStatus{"flow.unknown_action", {422, "value"}},
    CodeStatus{"flow.unknown_machine", {422, "value"}},
    CodeStatus{"flow.value_impossible", {422, "value"}},
    CodeStatus{"flow.version_required", {428, "required"}},
    CodeStatus{"flow.version_stale", {412, "conflict"}},
    CodeStatus{"flow.voice_too_long", {422, "value"}},
    CodeStatus{"flow.witness_not_apart", {422, "value"}},
    CodeStatus{"http.bad_query", {400, "value"}},
    CodeStatus{"http.body_memory", {503, "throttled"}},
    CodeStatus{"http.busy", {503, "throttled"}},
    CodeStatus{"http.content_encoding", {415, "not-supported"}},
    CodeStatus{"http.expectation", {417, "not-supported"}},
    CodeStatus{"http.headers_too_large", {431, "too-long"}},
    CodeStatus{"http.media_type", {415, "not-supported"}},
    CodeStatus{"http.method", {405, "not-supported"}},
    CodeStatus{"http.not_acceptable", {406, "not-supported"}},
    CodeStatus{"http.range", {416, "value"}},
    CodeStatus{"http.timeout", {408, "timeout"}},
    CodeStatus{"http.too_many", {429, "throttled"}},
    CodeStatus{"http.upgrade_required", {426, "required"}},
    CodeStatus{"http.uri_too_long", {414, "too-long"}},
    CodeStatus{"http.version", {505, "not-supported"}},
    CodeStatus{"imaging.digest_mismatch", {422, "value"}},
    CodeStatus{"imaging.too_many_uploads", {429, "throttled"}},
    CodeStatus{"patch.exists", {422, "processing"}},
    CodeStatus{"patch.identity", {422, "processing"}},
    CodeStatus{"patch.no_target", {422, "processing"}},
    CodeStatus{"patch.several", {422, "processing"}},
    CodeStatus{"patch.test_failed", {422, "processing"}},
    CodeStatus{"patch.unknown_element", {422, "processing"}},
    CodeStatus{"patient.bad_death_time", {422, "value"}},
    CodeStatus{"record.bad_channel", {422, "not-supported"}},
    CodeStatus{"record.bad_criteria", {422, "not-supported"}},
    CodeStatus{"record.bad_endpoint", {422, "business-rule"}},
    CodeStatus{"record.bad_search_parameter", {422, "business-rule"}},
    CodeStatus{"record.budget", {503, "too-costly"}},
    CodeStatus{"record.bulk_too_many", {429, "throttled"}},
    CodeStatus{"record.deleted", {410, "deleted"}},
    CodeStatus{"record.if_match_required", {428, "required"}},
    CodeStatus{"record.invalid", {422, "processing"}},
    CodeStatus{"record.multiple_matches", {412, "multiple-matches"}},
    CodeStatus{"record.not_supported", {400, "not-supported"}},
    CodeStatus{"record.subsetted", {422, "business-rule"}},
    CodeStatus{"record.too_costly", {400, "too-costly"}},
    CodeStatus{"record.version_stale", {412, "conflict"}},
    CodeStatus{"signing.mismatch", {422, "value"}},
    CodeStatus{"storage.full", {503, "no-store"}},
    CodeStatus{"terminology.cannot_expand", {422, "not-found"}},
};

constexpr std::string_view kRetryAfter_s = "2";

void write_details(JsonWriter& json, const Error& error) {
    json.object("details", [&] {
        json.array("coding", [&] {
            json.object([&] {
                json.field("system", "urn:qiao:error");
                json.field("code", error.code());
            });
        });
    });
}

void write_issue(JsonWriter& json, const Error& error, const Issue& issue) {
    json.object([&] {
        json.field("severity", error.kind() == ErrorKind::internal ? "fatal" : "error");
        json.field("code", issue.code);
        write_details(json, error);
        if (!issue.diagnostics.empty()) json.field("diagnostics", issue.diagnostics);
        if (!issue.expression.empty()) json.array("expression", [&] { json.string(issue.expression); });
    });
}

}  // namespace

std::span<const CodeStatus> refined_codes() { return kCodes; }

ErrorStatus status_of(const Error& error) {
    for (const auto& row : kCodes) {
        if (row.code == error.code()) return row.status;
    }
    for (const auto& row : kKinds) {
        if (row.kind == error.kind()) return row.status;
    }
    return kKinds.back().status;
}

Response outcome(const Error& error) {
    const ErrorStatus status = status_of(error);
    const bool is_internal = error.kind() == ErrorKind::internal;
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "OperationOutcome");
        json.array("issue", [&] {
            if (is_internal || error.issues().empty()) {
                write_issue(json, error, {std::string(status.issue_code), {}, is_internal ? "internal error; see the server's log" : error.what()});
            } else {
                for (const auto& issue : error.issues()) write_issue(json, error, issue);
            }
        });
    });
    Response response{.status = status.status, .body = json.take()};
    if (status.status == 503 || status.status == 429) response.with("Retry-After", std::string(kRetryAfter_s));
    if (status.status == 401) response.with("WWW-Authenticate", "Bearer realm=\"qiao\"");
    return response;
}

Response outcome_of_current_exception(std::string_view route) {
    try {
        throw;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::internal) {
            const std::string_view file = error.where().file_name();
            log::error("http.internal_error",
                       {{"code", error.code()}, {"route", route}, {"file", file}, {"line", static_cast<std::int64_t>(error.where().line())}});
        }
        return outcome(error);
    } catch (const std::exception& error) {
        log::error("http.unexpected_exception", {{"route", route}, {"type", std::string_view(typeid(error).name())}});
        return outcome(Error(ErrorKind::internal, "http.unexpected", {}));
    }
}

}  // namespace qiao::http
