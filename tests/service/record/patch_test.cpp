#include "service.hpp"

#include "record/patch/patch.hpp"

namespace qiao::record::testing {
namespace {

const http::Header kJsonPatch = {"content-type", "application/json-patch+json"};

/// Examples in the manner of RFC 6902 appendix A: document, patch, result or the code of the error.
TEST(JsonPatch, operations) {
    struct Row {
        const char* document;
        const char* patch;
        const char* result;
    };
    const std::vector<Row> table = {
        {R"({"a":1})", R"([{"op":"add","path":"/b","value":[2]}])", R"({"a":1,"b":[2]})"},
        {R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4}])", R"({"a":[1,2,3,4]})"},
        {R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])", R"({"b":2})"},
        {R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/1"}])", R"({"a":[1,3]})"},
        {R"({"a":7.10})", R"([{"op":"replace","path":"/a","value":7.20}])", R"({"a":7.20})"},
        {R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])", R"({"a":{},"c":{"d":1}})"},
        {R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])", R"({"a":[2,3,1]})"},
        {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])", R"({"a":{"b":1},"c":{"b":1}})"},
        {R"({"a/b":1,"m~n":2})", R"([{"op":"test","path":"/a~1b","value":1},{"op":"replace","path":"/m~0n","value":3}])", R"({"a/b":1,"m~n":3})"},
        {R"({"a":{"x":1,"y":[true,null]}})", R"([{"op":"test","path":"/a","value":{"y":[true,null],"x":1.0e0}}])", R"({"a":{"x":1,"y":[true,null]}})"},
        {R"({"a":0.10})", R"([{"op":"test","path":"/a","value":1e-1}])", R"({"a":0.10})"},
        {R"({"a":0})", R"([{"op":"test","path":"/a","value":-0.0}])", R"({"a":0})"},
        {R"({"a":"1"})", R"([{"op":"test","path":"/a","value":1}])", "patch.test_failed"},
        {R"({"a":9007199254740993})", R"([{"op":"test","path":"/a","value":9007199254740992}])", "patch.test_failed"},
        {R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])", "patch.no_target"},
        {R"({"a":1})", R"([{"op":"remove","path":"/b"}])", "patch.no_target"},
        {R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])", "patch.no_target"},
        {R"({"a":1})", R"([{"op":"add","path":"/b/c","value":1}])", "patch.no_target"},
        {R"({"a":1})", R"([{"op":"add","path":"/a/c","value":1}])", "patch.no_target"},
        {R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])", "patch.no_target"},
        {R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])", "patch.no_target"},
        {R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/01"}])", "patch.no_target"},
        {R"({"a":{"b":{}}})", R"([{"op":"move","from":"/a","path":"/a/b/c"}])", "patch.malformed"},
        {R"({"a":1})", R"([{"op":"add","path":"/b"}])", "patch.malformed"},
        {R"({"a":1})", R"([{"op":"add","path":"b","value":1}])", "patch.malformed"},
        {R"({"a":1})", R"([{"op":"add","path":"/b~2","value":1}])", "patch.malformed"},
        {R"({"a":1})", R"([{"op":"spam","path":"/b"}])", "patch.malformed"},
        {R"({"a":1})", R"([{"op":"move","path":"/b"}])", "patch.malformed"},
        {R"({"a":1})", R"({"op":"remove","path":"/a"})", "patch.malformed"},
    };
    for (const Row& row : table) {
        std::string result;
        const std::string code = code_of([&] { result = apply_json_patch(*json::parse(row.document), *json::parse(row.patch)).dump(); });
        EXPECT_EQ(code.empty() ? result : code, row.result) << row.document << " " << row.patch;
    }
    // Copies of copies double: bounded in length and in depth.
    std::string doubling = R"([{"op":"add","path":"/a","value":[0,0,0,0,0,0,0,0]})";
    for (int i = 0; i < 100; ++i) doubling += R"(,{"op":"copy","from":"/a","path":"/a/-"})";
    EXPECT_EQ(code_of([&] { apply_json_patch(*json::parse("{}"), *json::parse(doubling + "]")); }), "patch.too_long");
    std::string many = R"([{"op":"test","path":"/a","value":1})";
    for (int i = 0; i < 1000; ++i) many += R"(,{"op":"test","path":"/a","value":1})";
    EXPECT_EQ(code_of([&] { apply_json_patch(*json::parse(R"({"a":1})"), *json::parse(many + "]")); }), "patch.too_long");
}

struct Patched : Service {
    Patched() { put_patient(*this, "p"); }
    http::Response patch(const std::string& target, const std::string& body, std::vector<http::Header> headers = {}) {
        if (headers.empty() || headers.front().first != "content-type") headers.insert(headers.begin(), kJsonPatch);
        return send(Method::patch, target, body, std::move(headers));
    }
};

const std::string kMale = R"([{"op":"add","path":"/gender","value":"male"}])";

TEST(Patch, of_a_resource) {
    Patched service;
    const auto done = service.patch("/fhir/Patient/p", kMale);
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(header(done, "ETag"), "W/\"2\"");
    EXPECT_EQ((*json::parse(done.body))["gender"].text(), "male");
    EXPECT_EQ(service.get_json("/fhir/Patient?gender=male")["total"].text(), "1") << "the index follows";
    EXPECT_EQ(service.patch("/fhir/Patient/p", kMale, {{"if-match", "W/\"1\""}}).status, 412);
    EXPECT_EQ(service.patch("/fhir/Patient/p", kMale, {{"prefer", "return=minimal"}, {"if-match", "W/\"2\""}}).body, "");

    struct Row {
        std::string target, body;
        std::vector<http::Header> headers;
        int status;
        std::string code;
    };
    const std::vector<Row> table = {
        {"/fhir/Patient/p", R"([{"op":"test","path":"/gender","value":"female"}])", {}, 422, "patch.test_failed"},
        {"/fhir/Patient/p", R"([{"op":"remove","path":"/nothing"}])", {}, 422, "patch.no_target"},
        {"/fhir/Patient/p", R"([{"op":"replace","path":"/gender","value":"?"}])", {}, 422, "record.invalid"},
        {"/fhir/Patient/p", R"([{"op":"replace","path":"/id","value":"q"}])", {}, 422, "patch.identity"},
        {"/fhir/Patient/p", R"([{"op":"replace","path":"","value":{"resourceType":"Basic","id":"p"}}])", {}, 422, "patch.identity"},
        {"/fhir/Patient/p", "{", {}, 400, "patch.malformed"},
        {"/fhir/Patient/p", kMale, {{"content-type", "application/xml-patch+xml"}}, 415, "http.media_type"},
        {"/fhir/Patient/none", kMale, {}, 404, "record.not_found"},
        {"/fhir/Nothing/p", kMale, {}, 404, "record.unknown_type"},
        {"/fhir/Patient/p", kMale, {kJsonPatch, {"x-test-caller", "reader"}}, 403, "record.no_plain_write"},
        {"/fhir/Patient/none", kMale, {kJsonPatch, {"x-test-caller", "reader"}}, 403, "record.no_plain_write"},
        {"/fhir/Patient/p", kMale, {kJsonPatch, {"x-test-caller", "two"}}, 404, "record.not_found"},
    };
    for (const Row& row : table) {
        const auto answer = service.patch(row.target, row.body, row.headers);
        EXPECT_EQ(answer.status, row.status) << row.target << " " << row.body << "\n" << answer.body;
        EXPECT_EQ(error_of(answer), row.code) << row.target << " " << row.body;
    }
    EXPECT_EQ(header(service.get("/fhir/Patient/p"), "ETag"), "W/\"3\"") << "what was refused changed nothing";
    service.send(Method::del, "/fhir/Patient/p");
    EXPECT_EQ(service.patch("/fhir/Patient/p", kMale).status, 410);
}

TEST(Patch, by_fhirpath) {
    Patched service;
    const http::Header fhir = {"content-type", "application/fhir+json"};
    const auto change = [](std::string_view type, std::string_view rest) {
        return R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":")" + std::string(type) + R"("},)" +
               std::string(rest) + "]}]}";
    };
    const std::string to_male =
        change("add", R"({"name":"path","valueString":"Patient"},{"name":"name","valueString":"gender"},{"name":"value","valueCode":"male"})");
    EXPECT_EQ(service.patch("/fhir/Patient/p", to_male, {fhir}).status, 200);
    EXPECT_EQ(error_of(service.patch("/fhir/Patient/p", to_male, {fhir})), "patch.exists");
    EXPECT_EQ(service.get_json("/fhir/Patient/p")["gender"].text(), "male");
    EXPECT_EQ(service.patch("/fhir/Patient/p", to_male, {fhir, {"if-match", "W/\"1\""}}).status, 412);
    const auto nothing =
        service.patch("/fhir/Patient/p", change("replace", R"({"name":"path","valueString":"Patient.deceased"},{"name":"value","valueBoolean":true})"), {fhir});
    EXPECT_EQ(nothing.status, 422) << nothing.body;
    EXPECT_EQ(error_of(nothing), "patch.no_target");
    const auto other =
        service.patch("/fhir/Patient/p", change("replace", R"({"name":"path","valueString":"Patient.id"},{"name":"value","valueId":"q"})"), {fhir});
    EXPECT_EQ(error_of(other), "patch.identity") << other.body;
    const auto no_patch = service.patch("/fhir/Patient/p", R"({"resourceType":"Patient","id":"p"})", {fhir});
    EXPECT_EQ(no_patch.status, 400);
    EXPECT_EQ(error_of(no_patch), "patch.malformed");
    EXPECT_EQ(header(service.get("/fhir/Patient/p"), "ETag"), "W/\"2\"") << "what was refused changed nothing";
    EXPECT_EQ(service.patch("/fhir/Patient/p", to_male, {fhir, {"x-test-caller", "two"}}).status, 404);
}

TEST(Patch, by_condition) {
    Patched service;
    EXPECT_EQ(service.patch("/fhir/Patient?identifier=urn:mrn|A1", kMale).status, 200);
    EXPECT_EQ(service.patch("/fhir/Patient?identifier=urn:mrn|A2", kMale).status, 404);
    EXPECT_EQ(service.patch("/fhir/Patient?identifier=urn:mrn|A1", kMale, {kJsonPatch, {"x-test-caller", "two"}}).status, 404);
    put_patient(service, "q");
    EXPECT_EQ(service.patch("/fhir/Patient?identifier=urn:mrn|A1", kMale).status, 412);
    EXPECT_EQ(service.patch("/fhir/Patient", kMale).status, 412);
}

TEST(Patch, none_is_lost_among_many) {
    Patched service;
    service.patch("/fhir/Patient/p", R"([{"op":"add","path":"/telecom","value":[]}, {"op":"add","path":"/telecom/-","value":{"value":"x"}}])");
    std::vector<std::jthread> threads;
    std::atomic<int> done = 0;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            const std::string body = R"([{"op":"add","path":"/telecom/-","value":{"value":")" + std::to_string(i) + R"("}}])";
            for (int attempt = 0; attempt < 50; ++attempt) {
                const int status = service.patch("/fhir/Patient/p", body).status;
                if (status == 200) {
                    ++done;
                    return;
                }
                EXPECT_EQ(status, 503);
            }
        });
    }
    threads.clear();
    EXPECT_EQ(done, 8);
    EXPECT_EQ(service.get_json("/fhir/Patient/p")["telecom"].size(), 9U);
}

std::string entry(const std::string& url, const std::string& patch) {
    return R"({"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":")" + to_base64(patch) +
           R"("},"request":{"method":"PATCH","url":")" + url + R"("}})";
}

TEST(Patch, in_bundles_all_or_nothing) {
    Patched service;
    put_patient(service, "q");
    const auto bundle = [](const std::string& type, const std::string& entries) {
        return R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)" + entries + "]}";
    };
    const std::string fails = R"([{"op":"test","path":"/gender","value":"female"}])";
    const auto refused = service.send(Method::post, "/fhir", bundle("transaction", entry("Patient/p", kMale) + "," + entry("Patient/q", fails)));
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_EQ(header(service.get("/fhir/Patient/p"), "ETag"), "W/\"1\"");
    const std::string made =
        R"({"fullUrl":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a","resource":{"resourceType":"Organization","name":"New"},"request":{"method":"POST","url":"Organization"}})";
    const std::string refers = R"([{"op":"add","path":"/managingOrganization","value":{"reference":"urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"}}])";
    const auto answer = *json::parse(service.send(Method::post, "/fhir", bundle("transaction", entry("Patient/p", refers) + "," + made)).body);
    EXPECT_EQ(answer["entry"].at(0)["response"]["status"].text(), "200 OK");
    EXPECT_EQ(answer["entry"].at(1)["response"]["status"].text(), "201 Created");
    EXPECT_TRUE(service.get_json("/fhir/Patient/p")["managingOrganization"]["reference"].text().starts_with("Organization/"));
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle("transaction", entry("Patient?identifier=urn:mrn|none", kMale))).status, 404);
    EXPECT_EQ(service.send(Method::post, "/fhir", bundle("transaction", entry("Patient/p", kMale)), {{"x-test-caller", "two"}}).status, 404);

    const std::string broken =
        R"({"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"%"},"request":{"method":"PATCH","url":"Patient/q"}})";
    const auto batch =
        *json::parse(service.send(Method::post, "/fhir", bundle("batch", entry("Patient/p", fails) + "," + broken + "," + entry("Patient/q", kMale))).body);
    std::string statuses;
    for (const auto& one : batch["entry"].items()) statuses += one["response"]["status"].text().substr(0, 3) + " ";
    EXPECT_EQ(statuses, "422 415 200 ");
}

}  // namespace
}  // namespace qiao::record::testing
