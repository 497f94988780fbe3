#include "service.hpp"

#include <fmt/format.h>

/// Who may write plain FHIR, and what stays closed to it.
namespace qiao::record::testing {
namespace {

TEST(WriteRules, operations_and_types_by_the_port) {
    Service service;
    EXPECT_EQ(service.send(Method::post, "/fhir/Task/t1/$move", "{}").body, "moved t1");
    EXPECT_EQ(service.send(Method::get, "/fhir/Task/t1/$move").status, 404);
    std::vector<std::string> asked;
    service.record->ports().may_write = [&](const Actor&, std::string_view type) {
        asked.emplace_back(type);
        if (type == "Task") throw Error(ErrorKind::conflict, "flow.only_by_move", "a case changes by moves only");
    };
    EXPECT_EQ(service.send(Method::post, "/fhir/Task", R"({"resourceType":"Task","status":"draft","intent":"order"})").status, 409);
    const std::string bundle =
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Task","status":"draft","intent":"order"},"request":{"method":"POST","url":"Task"}}]})";
    EXPECT_EQ(error_of(service.send(Method::post, "/fhir", bundle)), "flow.only_by_move");
    put_patient(service, "p1");
    service.send(Method::del, "/fhir/Patient/p1");
    EXPECT_EQ(asked, (std::vector<std::string>{"Task", "Task", "Patient", "Patient"}));
}

TEST(WriteRules, what_is_closed_stays_as_it_is) {
    Service service;
    put_patient(service, "p1");
    std::string closed = "Patient/p1";
    service.record->ports().keeps_closed = [&](storage::Connection&, const std::string& resource, std::span<const std::string>) {
        if (resource == closed) throw Error(ErrorKind::conflict, "test.closed", "this one is closed");
    };
    const std::string text = R"({"resourceType":"Patient","id":"p1","gender":"male"})";
    const auto patch = [&](std::string_view target) {
        return service.send(Method::patch, target, R"([{"op":"add","path":"/gender","value":"male"}])", {{"content-type", "application/json-patch+json"}});
    };
    const auto in_bundle = [&](const char* method, const std::string& resource) {
        return service.send(Method::post, "/fhir",
                            fmt::format(R"({{"resourceType":"Bundle","type":"transaction","entry":[{{{}"request":{{"method":"{}","url":"Patient/p1"}}}}]}})",
                                        resource.empty() ? "" : fmt::format(R"("resource":{},)", resource), method));
    };
    const auto meta = [&](const char* operation) {
        return service.send(Method::post, fmt::format("/fhir/Patient/p1/{}", operation),
                            R"({"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"urn:t","code":"x"}]}}]})");
    };
    for (const http::Response& refused :
         {service.send(Method::put, "/fhir/Patient/p1", text), service.send(Method::put, "/fhir/Patient?identifier=A1", text), patch("/fhir/Patient/p1"),
          patch("/fhir/Patient?identifier=A1"), service.send(Method::del, "/fhir/Patient/p1"), service.send(Method::del, "/fhir/Patient?identifier=A1"),
          in_bundle("PUT", text), in_bundle("DELETE", ""), meta("$meta-add"), service.get("/fhir/Patient/p1/$validate?mode=delete"),
          service.send(Method::post, "/fhir/Patient/p1/$validate?mode=update", text)}) {
        EXPECT_EQ(refused.status, 409) << refused.body;
        EXPECT_EQ(error_of(refused), "test.closed");
    }
    EXPECT_EQ(service.get_json("/fhir/Patient/p1")["meta"]["versionId"].text(), "1");
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient/p1/$validate", text).status, 200);
    closed.clear();
    EXPECT_EQ(service.get("/fhir/Patient/p1/$validate?mode=delete").status, 200);
    EXPECT_EQ(service.send(Method::put, "/fhir/Patient/p1", text).status, 200);
}

/// The answer to a repeated request shows what was written: it too is for who may write.
TEST(WriteRules, the_right_to_write_is_asked_first) {
    Service service;
    const std::string text = R"({"resourceType":"Patient","id":"p1","gender":"male"})";
    const std::vector<http::Header> once = {{"x-request-id", "r1"}}, once_more = {{"x-request-id", "r2"}};
    EXPECT_EQ(service.send(Method::put, "/fhir/Patient/p1", text, once).status, 201);
    EXPECT_EQ(service.send(Method::put, "/fhir/Patient/p1", text, once).status, 201);
    const std::string bundle =
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]})";
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle, once_more).status, 200);
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle, once_more).status, 200);
    service.record->ports().may_write = [&](const Actor&, std::string_view) { throw Error(ErrorKind::forbidden, "test.not_yours", "not yours"); };
    const auto entry = [](const char* request) {
        return fmt::format(R"({{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{{"resourceType":"Patient"}},"request":{{{}}}}}]}})", request);
    };
    for (const http::Response& refused :
         {service.send(Method::put, "/fhir/Patient/p1", text, once), service.send(Method::put, "/fhir/Patient/p1", "no JSON"),
          service.send(Method::put, "/fhir/Patient?identifier=none", text), service.send(Method::post, "/fhir/Patient", "no JSON"),
          service.send(Method::patch, "/fhir/Patient/none", "[]"), service.send(Method::patch, "/fhir/Patient?identifier=none", "[]"),
          service.send(Method::del, "/fhir/Patient/none"), service.send(Method::del, "/fhir/Patient?identifier=none"),
          service.send(Method::post, "/fhir/Patient/none/$meta-add", "no JSON"), service.send(Method::post, "/fhir", bundle, once_more),
          service.send(Method::post, "/fhir", entry(R"("method":"POST","url":"Patient","ifNoneExist":"_id=p1")")),
          service.send(Method::post, "/fhir", entry(R"("method":"PATCH","url":"Patient/none")"))}) {
        EXPECT_EQ(refused.status, 403) << refused.body;
        EXPECT_EQ(error_of(refused), "test.not_yours");
    }
}

}  // namespace
}  // namespace qiao::record::testing
