#include "../../unit/access/house.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

std::string error_of(const http::Response& response) {
    const auto body = json::parse(response.body);
    return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "no JSON";
}

TEST(FirstRun, makes_the_first_administrator_once) {
    House house;
    const auto token = house.sessions->first_run_token();
    ASSERT_TRUE(token);
    const auto run = [&](const std::string& with, const std::string& password) {
        return house.send(Method::post, "/access/first-run",
                          R"({"token":")" + with + R"(","login":"chief","name":"林","organisation":"中心医院","password":")" + password + "\"}");
    };
    EXPECT_EQ(error_of(run("guess", "quiet-harbour-19")), "access.first_run_over");
    EXPECT_EQ(error_of(run(*token, "password12")), "access.password_common");
    const auto response = run(*token, "quiet-harbour-19");
    ASSERT_EQ(response.status, 200) << response.body;
    const auto session = *json::parse(response.body);
    EXPECT_EQ(session["memberships"].size(), 2U);
    EXPECT_EQ(session["memberships"].at(0)["organisation"]["name"].text(), "中心医院");
    EXPECT_EQ(error_of(run(*token, "quiet-harbour-19")), "access.first_run_over");
    EXPECT_FALSE(house.sessions->first_run_token());
    house.reopen();
    EXPECT_FALSE(house.sessions->first_run_token());
    EXPECT_EQ(house.sign_in("chief", "quiet-harbour-19").status, 200);
}

TEST(FirstRun, can_make_all_three_and_no_one_else) {
    House house(false, AdminSeparation::strict);
    const auto body = [&](const std::string& token, const std::string& last_role) {
        std::string people;
        for (const std::string& role : {std::string("security_admin"), std::string("system_admin"), last_role}) {
            people +=
                (people.empty() ? "" : ",") + std::string(R"({"login":")") + role + R"(","name":"n","password":"quiet-harbour-19","roles":[")" + role + "\"]}";
        }
        return R"({"token":")" + token + R"(","organisation":{"name":"H","nameEn":"H","kind":"county"},"administrators":[)" + people + "]}";
    };
    const std::string token = *house.sessions->first_run_token();
    EXPECT_EQ(error_of(house.send(Method::post, "/access/first-run", body(token, "doctor"))), "access.bad_role");
    EXPECT_EQ(house.directory->people().size(), 0U);
    EXPECT_EQ(house.send(Method::post, "/access/first-run", body(token, "audit_admin")).status, 200);
    EXPECT_EQ(house.directory->people().size(), 3U);
}

TEST(FirstRun, the_link_ends_after_a_day) {
    House house;
    const std::string token = *house.sessions->first_run_token();
    house.clock.advance(25h);
    EXPECT_EQ(error_of(house.send(Method::post, "/access/first-run",
                                  R"({"token":")" + token + R"(","login":"chief","name":"n","password":"quiet-harbour-19","organisation":"H"})")),
              "access.first_run_over");
}

struct Net : House {
    Organisation hub = place("hub", "H"), clinic = place("clinic", "C");
    Person doctor = person("doctor", clinic.id, role::kDoctor), expert = person("expert", hub.id, role::kExpert);
    Person security = person("security", hub.id, role::kSecurityAdmin), manager = person("manager", hub.id, role::kCentreManager);
    Person operator_ = person("operator", hub.id, role::kSystemAdmin);

    http::Response as(const std::string& login, Method method, const std::string& path, const std::string& body = "") {
        if (cookies[login].empty()) cookies[login] = cookie_of(login);
        return send(method, path, body, {{"cookie", cookies[login]}});
    }
    std::map<std::string, std::string> cookies;
};

TEST(OAuth, a_client_gets_a_token_for_an_hour) {
    Net house;
    const auto client = house.sessions->add_client("interface engine", "integration");
    const std::string form = "grant_type=client_credentials&client_id=" + client.id + "&client_secret=";
    const auto response = house.send(Method::post, "/oauth/token", form + client.secret, {{"content-type", "application/x-www-form-urlencoded"}});
    ASSERT_EQ(response.status, 200) << response.body;
    const auto answer = *json::parse(response.body);
    EXPECT_EQ(answer["token_type"].text(), "Bearer");
    EXPECT_EQ(answer["expires_in"].text(), "3600");
    http::Request request;
    request.headers = {{"authorization", "Bearer " + answer["access_token"].text()}};
    const auto caller = house.sessions->caller(request);
    EXPECT_EQ(caller.filter.scope, record::ReadFilter::Scope::everything);
    EXPECT_TRUE(caller.may_write_plain);
    EXPECT_EQ(caller.actor.person, 0);
    EXPECT_EQ(caller.actor.role, "integration");
    const auto basic =
        house.send(Method::post, "/oauth/token", "grant_type=client_credentials", {{"authorization", "Basic " + to_base64(client.id + ":" + client.secret)}});
    EXPECT_EQ(basic.status, 200);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_client WHERE secret_hash = '" + client.secret + "'"), 0) << "only the digest is kept";
    house.clock.advance(61min);
    EXPECT_EQ(testing::code_of([&] { house.sessions->caller(request); }), "access.no_session");
    for (const std::string& bad :
         {form + "wrong", std::string("grant_type=client_credentials"), "grant_type=client_credentials&client_id=nobody&client_secret=" + client.secret}) {
        const auto refused = house.send(Method::post, "/oauth/token", bad, {}, "10.66.0.1");
        EXPECT_EQ(refused.status, 401) << bad;
        EXPECT_EQ((*json::parse(refused.body))["error"].text(), "invalid_client");
    }
    EXPECT_EQ(house.send(Method::post, "/oauth/token", "grant_type=password", {}).status, 400);
    EXPECT_EQ(house.send(Method::post, "/oauth/token", "", {}).status, 400);
    EXPECT_EQ(house.send(Method::post, "/oauth/token", "%zz", {}).status, 400);
}

TEST(OAuth, a_revoked_client_is_out_at_once) {
    Net house;
    const auto client = house.sessions->add_client("engine", "integration");
    http::Request request;
    const auto opened = house.sessions->client_token(client.id, client.secret, request);
    ASSERT_TRUE(opened);
    request.headers = {{"authorization", "Bearer " + opened->token}};
    EXPECT_EQ(testing::code_of([&] { house.sessions->caller(request); }), "");
    house.sessions->revoke_client(client.id);
    EXPECT_EQ(testing::code_of([&] { house.sessions->caller(request); }), "access.no_session");
    EXPECT_FALSE(house.sessions->client_token(client.id, client.secret, {}));
    EXPECT_EQ(testing::code_of([&] { house.sessions->add_client("engine", "doctor"); }), "access.bad_role");
}

TEST(Scopes, metrics_are_for_the_machine_itself_and_for_operators) {
    Net house;
    EXPECT_EQ(house.send(Method::get, "/metrics", "", {}, "127.0.0.1").status, 200);
    EXPECT_EQ(house.send(Method::get, "/metrics", "", {}, "::1").status, 200);
    EXPECT_EQ(house.send(Method::get, "/metrics", "", {{"x-forwarded-for", "10.0.0.1"}}, "127.0.0.1").status, 404);
    EXPECT_EQ(house.send(Method::get, "/metrics", "", {}, "10.0.0.1").status, 404);
    EXPECT_EQ(house.as("doctor", Method::get, "/metrics").status, 404);
    EXPECT_EQ(house.as("operator", Method::get, "/metrics").status, 200);
    const auto client = house.sessions->add_client("prometheus", "metrics");
    const std::string token = house.sessions->client_token(client.id, client.secret, {})->token;
    const auto with = [&](const std::string& path) { return house.send(Method::get, path, "", {{"authorization", "Bearer " + token}}, "10.0.0.1").status; };
    EXPECT_EQ(with("/metrics"), 200);
    EXPECT_EQ(with("/test/who"), 403);
    EXPECT_EQ(with("/access/organisations"), 403);
}

/// Every route with every role: what is not listed as open answers nobody, and nobody's right leaks to another role.
TEST(Scopes, every_route_refuses_who_is_not_signed_in) {
    Net house;
    int closed = 0;
    for (const auto& route : house.router->routes()) {
        if (route.options.scope == http::Scope::open) continue;
        ++closed;
        const auto response = house.send(route.method, route.pattern);
        EXPECT_TRUE(response.status == 401 || response.status == 404) << route.pattern;
        EXPECT_EQ(response.status == 401, route.options.scope == http::Scope::session) << route.pattern;
    }
    EXPECT_GE(closed, 10);
}

TEST(Directory, lists_experts_with_their_institution) {
    Net house;
    const auto body = *json::parse(house.as("doctor", Method::get, "/access/directory?role=expert&organisation=" + house.hub.resource).body);
    ASSERT_EQ(body["people"].size(), 1U);
    const auto& expert = body["people"].at(0);
    EXPECT_EQ(expert["practitioner"].text(), house.expert.resource);
    EXPECT_EQ(expert["organisation"]["name"].text(), "H");
    EXPECT_EQ(expert["specialty"].text(), "neurology");
    EXPECT_TRUE(expert["login"].is_null()) << "a login is nobody else's business";
    EXPECT_EQ((*json::parse(house.as("doctor", Method::get, "/access/directory?role=expert&specialty=surgery").body))["people"].size(), 0U);
    EXPECT_EQ(house.as("doctor", Method::get, "/access/directory?organisation=Organization/none").status, 400);
    EXPECT_EQ((*json::parse(house.as("doctor", Method::get, "/access/organisations").body))["organisations"].size(), 2U);
    EXPECT_EQ((*json::parse(house.as("doctor", Method::get, "/access/organisations?service=consult").body))["organisations"].size(), 0U);
    house.directory->add_contract(House::system(), house.clinic.id, house.hub.id, "consult");
    EXPECT_EQ((*json::parse(house.as("doctor", Method::get, "/access/organisations?service=consult").body))["organisations"].at(0)["resource"].text(),
              house.hub.resource);
}

TEST(People, are_kept_by_the_security_administrator_alone) {
    Net house;
    const std::string body = R"({"login":"nurse-1","name":"周","nameEn":"Zhou","password":"quiet-harbour-19"})";
    for (const char* login : {"doctor", "expert", "manager", "operator"}) {
        EXPECT_EQ(error_of(house.as(login, Method::post, "/access/people", body)), "access.not_yours") << login;
        EXPECT_EQ(error_of(house.as(login, Method::post, "/access/organisations", R"({"kind":"clinic","name":"N"})")), "access.not_yours") << login;
    }
    const auto made = house.as("security", Method::post, "/access/people", body);
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string practitioner = (*json::parse(made.body))["practitioner"].text();
    EXPECT_EQ(house.as("security", Method::post, "/access/people", body).status, 409);
    EXPECT_EQ(house
                  .as("security", Method::post, "/access/memberships",
                      R"({"practitioner":")" + practitioner + R"(","organisation":")" + house.clinic.resource + R"(","role":"nurse"})")
                  .status,
              201);
    EXPECT_EQ(house.as("nurse-1", Method::get, "/access/session").status, 204) << "nobody is signed in: another password";
    EXPECT_EQ(house.sign_in("nurse-1", "quiet-harbour-19").status, 200);
    EXPECT_EQ(house.as("security", Method::post, "/access/people/" + practitioner.substr(13) + "/end").status, 204);
    EXPECT_EQ(house.sign_in("nurse-1", "quiet-harbour-19").status, 401);
    EXPECT_EQ(house.as("security", Method::post, "/access/organisations", R"({"kind":"clinic","name":"N"})").status, 201);
}

TEST(People, contracts_are_the_centre_managers) {
    Net house;
    const std::string body = R"({"from":")" + house.clinic.resource + R"(","to":")" + house.hub.resource + R"(","service":"consult"})";
    EXPECT_EQ(house.as("security", Method::post, "/access/contracts", body).status, 403);
    EXPECT_EQ(house.as("manager", Method::post, "/access/contracts", body).status, 201);
    EXPECT_TRUE(house.directory->has_contract(house.clinic.id, house.hub.id, "consult"));
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'contract' AND person = " + std::to_string(house.manager.id)), 1);
}

TEST(People, a_contract_has_terms_that_both_sides_read) {
    Net house;
    const std::string pair = R"({"from":")" + house.clinic.resource + R"(","to":")" + house.hub.resource + R"(","service":"consult",)";
    const auto made = house.as("manager", Method::post, "/access/contracts", pair + R"("feeMinor":12000,"deadlines":{"check":60}})");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(house.as("manager", Method::post, "/access/contracts", pair + R"("feeMinor":"much"})").status, 400);
    const auto shown = json::parse(house.as("manager", Method::get, "/access/contracts", "").body);
    ASSERT_EQ((*shown)["contracts"].size(), 1U);
    EXPECT_EQ((*shown)["contracts"].at(0)["feeMinor"].integer(), 12000);
    EXPECT_EQ((*shown)["contracts"].at(0)["deadlines"]["check"].integer(), 60);
    const std::string id = (*shown)["contracts"].at(0)["id"].text();
    EXPECT_EQ(house.as("security", Method::post, "/access/contracts/" + id + "/end", "{}").status, 403);
    EXPECT_EQ(house.as("manager", Method::post, "/access/contracts/" + id + "/end", "{}").status, 204);
    EXPECT_FALSE(house.directory->has_contract(house.clinic.id, house.hub.id, "consult"));
}

TEST(People, the_roster_is_kept_and_seen_by_the_own_institution) {
    Net house;
    const auto expert = house.person("neuro", house.hub.id, role::kExpert);
    const std::string starts = format_instant(house.clock.now());
    const std::string ends = format_instant(house.clock.now() + std::chrono::hours(8));
    const std::string body = R"({"organisation":")" + house.hub.resource + R"(","duties":[{"practitioner":")" + expert.resource +
                             R"(","specialty":"neurosurgery","place":1,"starts":")" + starts + R"(","ends":")" + ends + R"("}]})";
    EXPECT_EQ(house.as("security", Method::post, "/access/duties", body).status, 403);
    ASSERT_EQ(house.as("manager", Method::post, "/access/duties", body).status, 201);
    const std::string query = "?organisation=" + house.hub.resource + "&from=" + starts + "&until=" + ends;
    const auto shown = json::parse(house.as("neuro", Method::get, "/access/duties" + query, "").body);
    ASSERT_EQ((*shown)["duties"].size(), 1U);
    EXPECT_EQ((*shown)["duties"].at(0)["specialty"].text(), "neurosurgery");
    const std::string id = (*shown)["duties"].at(0)["id"].text();
    EXPECT_EQ(house.as("neuro", Method::del, "/access/duties/" + id + "?organisation=" + house.hub.resource, "").status, 403);
    EXPECT_EQ(house.as("manager", Method::del, "/access/duties/" + id + "?organisation=" + house.hub.resource, "").status, 204);
    EXPECT_EQ(house.as("manager", Method::get, "/access/duties?organisation=" + house.hub.resource, "").status, 400);
}

}  // namespace
}  // namespace qiao::access
