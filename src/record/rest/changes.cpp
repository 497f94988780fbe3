#include "base/error.hpp"
#include "base/id.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/binary.hpp"
#include "record/rest/handlers.hpp"
#include "record/rest/writes.hpp"
#include "record/store/core.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

namespace qiao::record {

http::Response repeated(const Api& api, const http::Request& request, const Caller& caller, const std::vector<Outcome>& outcomes) {
    http::Response response;
    if (outcomes.empty() || outcomes.front().status == 204) {
        response.status = 204;
        return response;
    }
    const Outcome& outcome = outcomes.front();
    const std::size_t slash = outcome.reference.find('/');
    auto stored =
        api.record.read(caller.filter)
            ->read_version(std::string_view(outcome.reference).substr(0, slash), std::string_view(outcome.reference).substr(slash + 1), outcome.version);
    if (stored) return wrote(request, outcome.status, std::move(*stored));
    response.status = outcome.status;
    response.with("Location", fmt::format("{}/{}/_history/{}", base_of(request), outcome.reference, outcome.version)).with("ETag", etag_of(outcome.version));
    return response;
}

namespace {

/// Commits a work of one write. Nothing when it was skipped.
std::optional<http::Response> answer_of(const http::Request& request, Work& work, const std::string& reference) {
    const Commit commit = work.commit();
    if (commit.skipped) return std::nullopt;
    return wrote(request, commit.changes.front().operation == 'C' ? 201 : 200, work.written(reference));
}

}  // namespace

http::Response create_resource(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string type(request.param("type"));
    known_type(type);
    check_may_write(api.record, caller, type);
    const auto content = binary_sent(request, type, {});
    const std::string_view body = content ? *content : request.body;
    Repeatable repeatable(api.record, caller, request);
    std::string query(request.header("if-none-exist"));
    if (const std::size_t mark = query.find('?'); mark != std::string::npos) query = query.substr(mark + 1);
    return until_settled(request, [&]() -> std::optional<http::Response> {
        if (const auto before = repeatable.before()) return repeated(api, request, caller, *before);
        auto work = plain_work(api.record, caller);
        if (!query.empty()) {
            if (auto found = single_match(work->reader(), type, query)) return wrote(request, 200, std::move(*found));
            still_matches(api.record, *work, caller, type, query, "");
        }
        const std::string id = new_uuid(api.clock.now());
        create_fresh(*work, type, id, body);
        const std::string reference = type + "/" + id;
        repeatable.keep(*work, {{reference}});
        return answer_of(request, *work, reference);
    });
}

http::Response update_resource(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string type(request.param("type"));
    const std::string id(request.param("id"));
    known_type(type);
    if (!is_fhir_id(id)) throw Error(ErrorKind::invalid, "record.bad_id", "an id has 1 to 64 of A-Z a-z 0-9 - .");
    check_may_write(api.record, caller, type);
    const auto content = binary_sent(request, type, id);
    const std::string_view body = content ? *content : request.body;
    Repeatable repeatable(api.record, caller, request);
    const auto expected = version_of(request.header("if-match"), "If-Match");
    const std::string reference = type + "/" + id;
    return until_settled(request, [&]() -> std::optional<http::Response> {
        if (const auto before = repeatable.before()) return repeated(api, request, caller, *before);
        auto work = plain_work(api.record, caller);
        work->update_text(type, id, body, expected.value_or(0));
        check_body_id(body, id);
        repeatable.keep(*work, {{reference}});
        return answer_of(request, *work, reference);
    });
}

http::Response update_matching(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string type(request.param("type"));
    known_type(type);
    check_may_write(api.record, caller, type);
    check_acceptable(request);
    check_json_body(request);
    Repeatable repeatable(api.record, caller, request);
    const auto expected = version_of(request.header("if-match"), "If-Match");
    return until_settled(request, [&]() -> std::optional<http::Response> {
        if (const auto before = repeatable.before()) return repeated(api, request, caller, *before);
        auto work = plain_work(api.record, caller);
        const auto found = single_match(work->reader(), type, request.query);
        const std::string id = found ? found->id : new_uuid(api.clock.now());
        work->update_text(type, id, request.body, expected.value_or(0));
        if (found && raw_member(request.body, "id")) check_body_id(request.body, id);
        still_matches(api.record, *work, caller, type, request.query, found ? found->id : "");
        repeatable.keep(*work, {{type + "/" + id}});
        return answer_of(request, *work, type + "/" + id);
    });
}

namespace {

std::optional<http::Response> removed(const http::Request& request, Work& work, const Stored& found) {
    work.remove(found.type, found.id, version_of(request.header("if-match"), "If-Match").value_or(0));
    const Commit commit = work.commit();
    if (commit.skipped) return std::nullopt;
    http::Response response;
    response.status = 204;
    if (!commit.changes.empty()) response.with("ETag", etag_of(commit.changes.front().version));
    return response;
}

}  // namespace

http::Response delete_resource(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string type(request.param("type"));
    const std::string id(request.param("id"));
    known_type(type);
    if (!is_fhir_id(id)) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");  // "_history"
    check_may_write(api.record, caller, type);
    auto work = plain_work(api.record, caller);
    const auto found = work->reader().read(type, id);
    if (!found) {
        // For those who see everything deleting is idempotent; for others "foreign" and "not there" are the same.
        if (caller.filter.scope != ReadFilter::Scope::everything) throw Error(ErrorKind::not_found, "record.not_found", "no such resource");
        http::Response response;
        response.status = 204;
        return response;
    }
    if (found->deleted) {
        http::Response response;
        response.status = 204;
        return response;
    }
    return *removed(request, *work, *found);
}

http::Response delete_matching(const Api& api, const http::Request& request, const Caller& caller) {
    const std::string type(request.param("type"));
    known_type(type);
    check_may_write(api.record, caller, type);
    return until_settled(request, [&]() -> std::optional<http::Response> {
        auto work = plain_work(api.record, caller);
        const auto found = single_match(work->reader(), type, request.query);
        if (!found) {
            http::Response response;
            response.status = 204;
            return response;
        }
        still_matches(api.record, *work, caller, type, request.query, found->id);
        return removed(request, *work, *found);
    });
}

}  // namespace qiao::record
