#include "service.hpp"

/// Binary as its content, and what the writes of bundles share with plain ones.
namespace qiao::record::testing {
namespace {

const std::string kBytes("\x89PNG\r\n\0\xff", 8);

std::string header_of(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

http::Response read(const Service& service, const std::string& path, const std::string& accept) {
    return service.send(Method::get, path, {}, accept.empty() ? std::vector<http::Header>{} : std::vector<http::Header>{{"accept", accept}});
}

TEST(Binary, content_comes_back_as_it_was_sent) {
    Service service;
    const auto made = service.send(Method::post, "/fhir/Binary", kBytes, {{"content-type", "image/png"}, {"x-security-context", "Patient/p1"}});
    ASSERT_EQ(made.status, 201) << made.body;
    const auto resource = *json::parse(made.body);
    EXPECT_EQ(resource["contentType"].text(), "image/png");
    EXPECT_EQ(resource["securityContext"]["reference"].text(), "Patient/p1");
    const std::string path = "/fhir/Binary/" + std::string(resource["id"].text());
    for (const char* accept : {"image/png", "image/*", "*/*", "text/html, image/*;q=0.5", ""}) {
        const auto content = read(service, path, accept);
        EXPECT_EQ(content.status, 200) << accept;
        EXPECT_EQ(content.body, kBytes) << accept;
        EXPECT_EQ(content.content_type, "image/png");
        EXPECT_EQ(header_of(content, "Content-Disposition"), "attachment");
        EXPECT_EQ(header_of(content, "Content-Security-Policy"), "sandbox; default-src 'none'");
        EXPECT_EQ(header_of(content, "ETag"), "W/\"1\"");
    }
    EXPECT_EQ(read(service, path, "application/pdf").status, 406);
    EXPECT_EQ((*json::parse(read(service, path, "application/fhir+json, */*;q=0.1").body))["data"].text(), resource["data"].text());
    EXPECT_EQ((*json::parse(service.get(path + "?_format=json").body))["resourceType"].text(), "Binary");
    EXPECT_EQ(service.send(Method::get, path, {}, {{"accept", "image/png"}, {"if-none-match", "W/\"1\""}}).status, 304);
    EXPECT_EQ(service.send(Method::put, path, "text", {{"content-type", "text/plain"}}).status, 200);
    EXPECT_EQ(read(service, path, "text/plain").body, "text");
    EXPECT_EQ(read(service, path + "/_history/1", "image/png").body, kBytes);
    service.send(Method::del, path);
    EXPECT_EQ(read(service, path, "text/plain").status, 410);
}

TEST(Binary, limits_and_other_types) {
    Service service;
    const auto long_one = service.send(Method::post, "/fhir/Binary", std::string((11U << 20U) + 1, 'x'), {{"content-type", "text/plain"}});
    EXPECT_EQ(long_one.status, 413);
    EXPECT_EQ(error_of(long_one), "record.content_too_large");
    std::string content(11U << 20U, 'x');
    for (std::size_t at = 0; at < content.size(); at += 97) content[at] = static_cast<char>(at * 31 % 256);
    const auto made = service.send(Method::post, "/fhir/Binary", content, {{"content-type", "application/octet-stream"}});
    ASSERT_EQ(made.status, 201);
    const std::string location = header(made, "Location");
    EXPECT_TRUE(read(service, location.substr(location.find("/fhir/")), "application/octet-stream").body == content);
    EXPECT_EQ(service.send(Method::post, "/fhir/Patient", kBytes, {{"content-type", "image/png"}}).status, 415);
    EXPECT_EQ(service.send(Method::get, "/fhir/Patient", {}, {{"accept", "image/png"}}).status, 406);
    EXPECT_EQ(service.send(Method::post, "/fhir/Binary", R"({"resourceType":"Binary"})").status, 422) << "a contentType is required";
}

TEST(Conditions, how_a_list_is_shown_is_no_criterion) {
    Service service;
    put_patient(service, "p1");
    for (const char* query : {"_count=0", "_sort=family", "_include=Patient:organization", "_cursor=x"}) {
        EXPECT_EQ(service.send(Method::put, std::string("/fhir/Patient?") + query, R"({"resourceType":"Patient"})").status, 412) << query;
        EXPECT_EQ(service.send(Method::del, std::string("/fhir/Patient?") + query).status, 412) << query;
    }
    const auto found = service.send(Method::post, "/fhir/Patient", kPatient, {{"if-none-exist", "identifier=urn:mrn|A1&_count=0&_revinclude=*"}});
    EXPECT_EQ(found.status, 200) << found.body;
}

TEST(Bundles, an_update_names_its_resource_in_the_body) {
    Service service;
    const auto put = [&](const std::string& url, const std::string& id) {
        const std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Basic",)" + id +
                                   R"("code":{"text":"x"}},"request":{"method":"PUT","url":")" + url + R"("}}]})";
        return service.send(Method::post, "/fhir", bundle);
    };
    const auto other = put("Basic/a", R"("id":"b",)");
    EXPECT_EQ(other.status, 400);
    EXPECT_EQ(error_of(other), "record.id_mismatch");
    EXPECT_EQ((*json::parse(other.body))["issue"].at(0)["expression"].at(0).text(), "Bundle.entry[0].resource.id");
    EXPECT_EQ(put("Basic/a", "").status, 400);
    EXPECT_EQ(put("Basic/a", R"("id":"a",)").status, 200);
    EXPECT_EQ(put("Basic?_id=a", R"("id":"c",)").status, 400);
    EXPECT_EQ(put("Basic?_id=a", "").status, 200);
}

}  // namespace
}  // namespace qiao::record::testing
