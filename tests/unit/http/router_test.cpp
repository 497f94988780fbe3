#include "http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qiao::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Handler says(std::string text) {
    return [text = std::move(text)](const Request&) { return Response{.body = text}; };
}

std::string_view header_of(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

Response ask(const Router& router, Method method, std::string path) {
    Request request{.method = method, .path = std::move(path)};
    return router.handle(request);
}

TEST(Router, LiteralWinsOverVariableAndVariableOverRest) {
    Router router;
    router.add(Method::get, "/fhir/{type}", {}, says("type"));
    router.add(Method::get, "/fhir/metadata", {}, says("metadata"));
    router.add(Method::get, "/fhir/{rest*}", {}, says("rest"));
    EXPECT_EQ(ask(router, Method::get, "/fhir/metadata").body, "metadata");
    EXPECT_EQ(ask(router, Method::get, "/fhir/Patient").body, "type");
    EXPECT_EQ(ask(router, Method::get, "/fhir/Patient/1/_history").body, "rest");
}

TEST(Router, TakesTheNextCandidateWhenTheMoreSpecificOneEndsNowhere) {
    Router router;
    router.add(Method::get, "/a/b/c", {}, says("literal"));
    router.add(Method::get, "/a/{x}/d", {}, says("variable"));
    router.add(Method::post, "/a/b", {}, says("post"));
    router.add(Method::get, "/a/{x}", {}, says("get"));
    EXPECT_EQ(ask(router, Method::get, "/a/b/d").body, "variable");
    EXPECT_EQ(ask(router, Method::get, "/a/b").body, "get");
}

TEST(Router, FillsParametersAndRoute) {
    Router router;
    router.add(Method::get, "/fhir/{type}/{id}", {}, [](const Request& request) {
        EXPECT_EQ(request.route, "/fhir/{type}/{id}");
        return Response{.body = std::string(request.param("type")) + "|" + std::string(request.param("id")) + "|" + std::string(request.param("none"))};
    });
    router.add(Method::get, "/assets/{path*}", {}, [](const Request& request) { return Response{.body = std::string(request.param("path"))}; });
    EXPECT_EQ(ask(router, Method::get, "/fhir/Patient/42").body, "Patient|42|");
    EXPECT_EQ(ask(router, Method::get, "/assets/a/b.js").body, "a/b.js");
    EXPECT_EQ(ask(router, Method::get, "/assets/").status, 200);
    EXPECT_EQ(ask(router, Method::get, "/assets").status, 404);
}

TEST(Router, UnknownPathIs404AndUnknownMethod405WithAllow) {
    Router router;
    router.add(Method::get, "/fhir/{type}", {}, says("search"));
    router.add(Method::post, "/fhir/{type}", {}, says("create"));
    const Response response = ask(router, Method::del, "/fhir/Patient");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(header_of(response, "Allow"), "GET, HEAD, POST");
    EXPECT_THAT(response.body, HasSubstr("http.method"));
    EXPECT_EQ(ask(router, Method::other, "/fhir/Patient").status, 405);
    EXPECT_EQ(ask(router, Method::get, "/nothing").status, 404);
    EXPECT_EQ(ask(router, Method::get, "/").status, 404);
    EXPECT_EQ(ask(router, Method::get, "/fhir//Patient").status, 404);
    EXPECT_EQ(ask(router, Method::get, "").status, 404);
}

TEST(Router, HeadRunsGetUnlessAdded) {
    Router router;
    router.add(Method::get, "/a", {}, says("get"));
    router.add(Method::get, "/b", {}, says("get"));
    router.add(Method::head, "/b", {}, says("head"));
    EXPECT_EQ(ask(router, Method::head, "/a").body, "get");
    EXPECT_EQ(ask(router, Method::head, "/b").body, "head");
}

TEST(Router, OneSlashAtTheEndDoesNotMatter) {
    Router router;
    router.add(Method::post, "/fhir", {}, says("bundle"));
    router.add(Method::get, "/", {}, says("root"));
    EXPECT_EQ(ask(router, Method::post, "/fhir/").body, "bundle");
    EXPECT_EQ(ask(router, Method::post, "/fhir//").status, 404);
    EXPECT_EQ(ask(router, Method::get, "/").body, "root");
}

TEST(Router, OptionsOfTheRouteBeforeItRuns) {
    Router router;
    router.add(Method::post, "/dicomweb/studies", {.body_limit_bytes = limits::kStowBody_bytes, .spill = true}, says(""));
    const auto options = router.options_of(Method::post, "/dicomweb/studies");
    ASSERT_TRUE(options);
    EXPECT_TRUE(options->spill);
    EXPECT_EQ(options->body_limit_bytes, limits::kStowBody_bytes);
    EXPECT_FALSE(router.options_of(Method::get, "/dicomweb/studies"));
    EXPECT_FALSE(router.options_of(Method::post, "*"));
}

TEST(Router, RefusesTheSameRouteTwice) {
    Router router;
    router.add(Method::get, "/a/{x}", {}, says(""));
    EXPECT_THROW(router.add(Method::get, "/a/{y}", {}, says("")), Error);
    EXPECT_THROW(router.add(Method::get, "a", {}, says("")), Error);
    EXPECT_THROW(router.add(Method::get, "/{x*}/b", {}, says("")), Error);
    EXPECT_EQ(router.routes().size(), 1U);
}

TEST(Router, ExceptionsBecomeOutcomes) {
    Router router;
    router.add(Method::get, "/error", {}, [](const Request&) -> Response { throw Error(ErrorKind::forbidden, "access.no", "no"); });
    router.add(Method::get, "/bug", {}, [](const Request&) -> Response { throw std::logic_error("secret"); });
    EXPECT_EQ(ask(router, Method::get, "/error").status, 403);
    const Response bug = ask(router, Method::get, "/bug");
    EXPECT_EQ(bug.status, 500);
    EXPECT_THAT(bug.body, Not(HasSubstr("secret")));
}

TEST(Router, GuardSeesRequestAndOptions) {
    Router router;
    router.set_guard([](const Request& request, const RouteOptions& options) {
        if (options.scope == Scope::open) return false;
        if (request.header("authorization").empty()) throw Error(ErrorKind::unauthenticated, "access.unauthenticated", "sign in");
        return true;
    });
    router.add(Method::get, "/open", {.scope = Scope::open}, says("welcome"));
    router.add(Method::get, "/closed", {}, says("secret"));
    EXPECT_EQ(ask(router, Method::get, "/open").body, "welcome");
    EXPECT_EQ(ask(router, Method::get, "/closed").status, 401);
    Request request{.path = "/closed", .headers = {{"authorization", "Bearer x"}}};
    EXPECT_FALSE(router.refusal(request));
    EXPECT_TRUE(request.signed_in);
    EXPECT_EQ(router.handle(request).headers, (std::vector<Header>{{"Cache-Control", "no-store"}}));
    request.headers.clear();
    EXPECT_EQ(router.refusal(request)->status, 401);
    Request other{.method = Method::put, .path = "/open"};
    EXPECT_EQ(router.refusal(other)->status, 405);
    EXPECT_FALSE(other.signed_in);
    Request open{.path = "/open"};
    EXPECT_FALSE(router.refusal(open));
    EXPECT_TRUE(router.handle(open).headers.empty());
    EXPECT_FALSE(open.signed_in);
}

TEST(Request, ReadsCookiesHeadersAndQueries) {
    Request request;
    request.headers = {{"cookie", "a=1; __Host-qiao=s3cret; b="}, {"accept", "x"}};
    EXPECT_EQ(request.cookie("__Host-qiao"), "s3cret");
    EXPECT_EQ(request.cookie("qiao"), "");
    EXPECT_EQ(request.header("accept"), "x");
    request.query = "name=%E5%BC%A0+x&_count=5&&flag";
    const auto values = request.query_values();
    ASSERT_EQ(values.size(), 3U);
    EXPECT_EQ(values[0].second, "张 x");
    EXPECT_EQ(values[2].first, "flag");
    for (const char* bad : {"a=%", "a=%zz", "a=%ff", "a=%00"}) {
        request.query = bad;
        EXPECT_THROW((void)request.query_values(), Error) << bad;
    }
}

TEST(Request, OriginMustBeThisServer) {
    Request request;
    request.headers = {{"host", "Centre.example:8080"}};
    EXPECT_TRUE(is_same_origin(request));
    request.headers.emplace_back("origin", "http://centre.example:8080");
    EXPECT_TRUE(is_same_origin(request));
    request.tls = true;
    EXPECT_FALSE(is_same_origin(request));
    request.headers.back().second = "https://evil.example";
    EXPECT_FALSE(is_same_origin(request));
    request.headers.back().second = "null";
    EXPECT_FALSE(is_same_origin(request));
}

}  // namespace
}  // namespace qiao::http
