#include "../../unit/access/signed_house.hpp"
#include "base/json.hpp"

namespace qiao::access {
namespace {

using http::Method;
using testing::HospitalAuthority;
using testing::Signed;

std::string error_of(const http::Response& response) {
    const auto body = json::parse(response.body);
    return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "no JSON";
}

struct Office : Signed {
    Person keeper = person("keeper", hub.id, role::kSecurityAdmin), manager = person("manager", hub.id, role::kCentreManager);
    std::string keeper_cookie = cookie_of("keeper");

    void prove() {
        const auto response = send(Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", keeper_cookie}});
        EXPECT_EQ(response.status, 200);
    }
    http::Response ask(Method method, const std::string& path, const json::Value& body = json::Value::object()) {
        return send(method, "/access/certificates" + path, method == Method::get ? "" : body.dump(), {{"cookie", keeper_cookie}});
    }
    json::Value list() { return *json::parse(ask(Method::get, "").body); }
};

TEST(Certificates, only_the_security_administrator_sees_and_changes_them) {
    Office office;
    for (const char* login : {"expert", "nurse", "manager"}) {
        const std::string cookie = office.cookie_of(login);
        EXPECT_EQ(error_of(office.send(Method::get, "/access/certificates", "", {{"cookie", cookie}})), "access.not_yours") << login;
        for (const char* path :
             {"/request", "/import", "/built-in", "/seal", "/authorities", "/authorities/1/remove", "/authorities/1/revocation-list", "/keys/1/revoke"}) {
            EXPECT_EQ(error_of(office.send(Method::post, std::string("/access/certificates") + path, "{}", {{"cookie", cookie}})), "access.not_yours") << path;
        }
    }
    EXPECT_EQ(error_of(office.send(Method::get, "/access/certificates")), "access.no_session");
    EXPECT_EQ(error_of(office.ask(Method::post, "/request", json::Value::object({{"holder", office.expert.resource}}))), "access.step_up_needed");
}

TEST(Certificates, from_the_request_to_the_revocation) {
    Office office;
    HospitalAuthority hospital("hospital");
    office.prove();
    const auto asked = office.ask(Method::post, "/request", json::Value::object({{"holder", office.expert.resource}}));
    ASSERT_EQ(asked.status, 200) << asked.body;
    const std::string issued = hospital.issue((*json::parse(asked.body))["pem"].text());
    const auto import = [&](const std::string& pem) {
        return office.ask(Method::post, "/import", json::Value::object({{"holder", office.expert.resource}, {"pem", pem}}));
    };
    EXPECT_EQ(error_of(import(issued)), "signing.authority_unknown");
    const auto trusted = office.ask(Method::post, "/authorities", json::Value::object({{"name", "County CA"}, {"licensed", true}, {"pem", hospital.pem()}}));
    ASSERT_EQ(trusted.status, 201) << trusted.body;
    ASSERT_EQ(import(issued).status, 201);
    EXPECT_EQ(office.ask(Method::post, "/authorities/1/revocation-list", json::Value::object({{"list", hospital.list()}})).status, 204);
    json::Value list = office.list();
    EXPECT_EQ(list["authorities"].at(0)["name"].text(), "County CA");
    EXPECT_EQ(list["authorities"].at(0)["list"]["number"].text(), "1");
    EXPECT_EQ(list["keys"].at(0)["state"].text(), "good");
    EXPECT_EQ(list["keys"].at(0)["issuer"].text(), "CN=hospital");
    EXPECT_EQ(list["keys"].at(0)["holder"]["resource"].text(), office.expert.resource);
    EXPECT_EQ(list["keys"].at(1)["state"].text(), "replaced");
    EXPECT_EQ(error_of(office.ask(Method::post, "/authorities/1/remove")), "signing.authority_in_use");
    const std::string key = list["keys"].at(0)["id"].text();
    EXPECT_EQ(error_of(office.ask(Method::post, "/keys/" + key + "/revoke", json::Value::object({{"reason", ""}}))), "signing.bad_reason");
    EXPECT_EQ(error_of(office.ask(Method::post, "/keys/nonsense/revoke", json::Value::object({{"reason", "left"}}))), "signing.no_key");
    EXPECT_EQ(office.ask(Method::post, "/keys/" + key + "/revoke", json::Value::object({{"reason", "left the hospital"}})).status, 204);
    list = office.list();
    EXPECT_EQ(list["keys"].at(0)["state"].text(), "revoked");
    EXPECT_EQ(list["keys"].at(0)["reason"].text(), "left the hospital");
    EXPECT_EQ(list["keys"].at(1)["state"].text(), "revoked") << "the same key under its first certificate";
    EXPECT_TRUE(list["keys"].at(0)["refuses"].truth()) << "who had a certificate of the hospital's own signs with nothing else";
    EXPECT_FALSE(list["keys"].at(1)["refuses"].truth());
    for (const auto& one : list["keys"].items()) EXPECT_EQ(one["wrapped"].text(), "") << "no private key in any form";
    const json::Value expert = json::Value::object({{"holder", office.expert.resource}});
    ASSERT_EQ(office.ask(Method::post, "/request", expert).status, 200);
    list = office.list();
    EXPECT_EQ(list["keys"].at(0)["state"].text(), "asked");
    EXPECT_TRUE(list["keys"].at(1)["refuses"].truth());
    EXPECT_EQ(office.ask(Method::post, "/built-in", expert).status, 204);
    list = office.list();
    EXPECT_EQ(list["keys"].at(0)["state"].text(), "good");
    EXPECT_EQ(list["keys"].at(1)["state"].text(), "replaced");
    EXPECT_FALSE(list["keys"].at(2)["refuses"].truth());
    EXPECT_EQ(error_of(office.ask(Method::post, "/built-in", expert)), "signing.built_in_already");
    EXPECT_EQ(error_of(office.ask(Method::post, "/built-in", json::Value::object({{"holder", "Practitioner/none"}}))), "signing.no_holder");
}

TEST(Certificates, the_seal_is_for_the_kinds_that_are_named) {
    Office office;
    office.prove();
    const auto seal = [&](json::Value meanings) {
        return office.ask(Method::post, "/seal", json::Value::object({{"organisation", office.hub.resource}, {"meanings", std::move(meanings)}}));
    };
    EXPECT_EQ(error_of(seal(json::Value::array({"x"}))), "signing.bad_meaning");
    EXPECT_EQ(seal(json::Value::array({"opinion"})).status, 204);
    EXPECT_EQ(office.list()["seals"].at(0)["meanings"].at(0).text(), "opinion");
    EXPECT_EQ(office.list()["keys"].at(0)["kind"].text(), "seal");
    EXPECT_EQ(seal(json::Value::array()).status, 204);
    EXPECT_EQ(office.list()["seals"].size(), 0U);
}

}  // namespace
}  // namespace qiao::access
