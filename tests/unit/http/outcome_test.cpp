#include "http/outcome.hpp"

#include "base/json_value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace qiao::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// http://hl7.org/fhir/R4/valueset-issue-type.html
const std::set<std::string_view> kIssueTypes = {"invalid",          "structure", "required",     "value",      "invariant",    "security",      "login",
                                                "unknown",          "expired",   "forbidden",    "suppressed", "processing",   "not-supported", "duplicate",
                                                "multiple-matches", "not-found", "deleted",      "too-long",   "code-invalid", "extension",     "too-costly",
                                                "business-rule",    "conflict",  "transient",    "lock-error", "no-store",     "exception",     "timeout",
                                                "incomplete",       "throttled", "informational"};

TEST(Outcome, EveryKindHasItsStatus) {
    const auto status = [](ErrorKind kind) { return status_of(Error(kind, "test.unlisted", "")).status; };
    EXPECT_EQ(status(ErrorKind::invalid), 400);
    EXPECT_EQ(status(ErrorKind::unauthenticated), 401);
    EXPECT_EQ(status(ErrorKind::forbidden), 403);
    EXPECT_EQ(status(ErrorKind::not_found), 404);
    EXPECT_EQ(status(ErrorKind::conflict), 409);
    EXPECT_EQ(status(ErrorKind::too_large), 413);
    EXPECT_EQ(status(ErrorKind::unavailable), 503);
    EXPECT_EQ(status(ErrorKind::internal), 500);
}

TEST(Outcome, CodeWinsOverKind) {
    EXPECT_EQ(status_of(Error(ErrorKind::conflict, "record.version_stale", "")).status, 412);
    EXPECT_EQ(status_of(Error(ErrorKind::not_found, "record.deleted", "")).status, 410);
    EXPECT_EQ(status_of(Error(ErrorKind::invalid, "flow.version_required", "")).status, 428);
    EXPECT_EQ(status_of(Error(ErrorKind::invalid, "record.invalid", "")).issue_code, "processing");
}

TEST(Outcome, RowsAreUniqueAndLegal) {
    std::set<std::string_view> seen;
    for (const auto& row : refined_codes()) {
        EXPECT_TRUE(seen.insert(row.code).second) << row.code;
        EXPECT_TRUE(kIssueTypes.contains(row.status.issue_code)) << row.code;
        EXPECT_GE(row.status.status, 400) << row.code;
        EXPECT_LE(row.status.status, 599) << row.code;
        EXPECT_NE(row.code.find('.'), std::string_view::npos) << row.code;
    }
}

TEST(Outcome, BodyIsAnOperationOutcomeInFhirOrder) {
    const Response response = outcome(Error(ErrorKind::conflict, "flow.not_open", "that step is \"closed\""));
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(response.content_type, "application/fhir+json; charset=utf-8");
    EXPECT_EQ(
        response.body,
        R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"conflict","details":{"coding":[{"system":"urn:qiao:error","code":"flow.not_open"}]},)"
        R"("diagnostics":"that step is \"closed\""}]})");
}

TEST(Outcome, EveryIssueOfTheErrorIsOneOfTheOutcome) {
    const Response response = outcome(
        Error(ErrorKind::invalid, "record.invalid", "2 defects", {{"required", "Patient.name", "missing"}, {"value", "Patient.birthDate", "no such day"}}));
    EXPECT_EQ(response.status, 422);
    const auto body = json::parse(response.body);
    ASSERT_TRUE(body);
    ASSERT_EQ((*body)["issue"].size(), 2U);
    EXPECT_EQ((*body)["issue"].at(1)["expression"].at(0).text(), "Patient.birthDate");
    EXPECT_EQ((*body)["issue"].at(1)["code"].text(), "value");
    EXPECT_EQ((*body)["issue"].at(1)["details"]["coding"].at(0)["code"].text(), "record.invalid");
}

TEST(Outcome, InternalErrorsSayNothing) {
    const Response response = outcome(Error(ErrorKind::internal, "storage.sql", "secret table name", {{"x", "y", "secret column"}}));
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST(Outcome, UnavailableSaysWhenToComeBack) {
    const Response response = outcome(Error(ErrorKind::unavailable, "http.busy", ""));
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0].first, "Retry-After");
    EXPECT_EQ(response.headers[0].second, "2");
}

}  // namespace
}  // namespace qiao::http
