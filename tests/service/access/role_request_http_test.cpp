#include "../../unit/access/house.hpp"
#include "base/text.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::House;

/// Two security administrators, one of the system, one of the audit, and somebody who is to become one.
struct Board : House {
    Organisation hub = place("hub", "H");
    Person first = person("first", hub.id, role::kSecurityAdmin), second = person("second", hub.id, role::kSecurityAdmin),
           machine = person("machine", hub.id, role::kSystemAdmin), auditor = person("auditor", hub.id, role::kAuditAdmin), doctor = person("doctor", hub.id, role::kDoctor);

    std::string proved(const std::string& login) {
        const std::string cookie = cookie_of(login);
        send(Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", cookie}});
        return cookie;
    }
    json::Value post(const std::string& as, const std::string& path, const std::string& body = "{}") {
        last = send(Method::post, path, body, {{"cookie", as}});
        const auto value = json::parse(last.body);
        return value ? *value : json::Value();
    }
    json::Value give(const std::string& as, const Person& to, std::string_view role) {
        return post(as, "/access/memberships",
                    R"({"practitioner":")" + to.resource + R"(","organisation":")" + hub.resource + R"(","role":")" + std::string(role) + "\"}");
    }
    std::string error() const {
        const auto body = json::parse(last.body);
        return body ? (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text() : "";
    }
    json::Value waiting(const std::string& as) {
        last = send(Method::get, "/access/role-requests", "", {{"cookie", as}});
        const auto value = json::parse(last.body);
        return value ? (*value)["requests"] : json::Value();
    }
    bool has(const Person& who, std::string_view role) { return directory->membership_of(who.id, hub.id, role).has_value(); }
    http::Response last;
};

TEST(RoleRequest, an_administrator_s_role_takes_a_second_administrator) {
    Board house;
    const std::string first = house.proved("first"), second = house.proved("second");
    house.give(house.cookie_of("first"), house.doctor, role::kSystemAdmin);
    EXPECT_EQ(house.error(), "access.step_up_needed");
    const std::string id = house.give(first, house.doctor, role::kSystemAdmin)["request"].text();
    ASSERT_EQ(house.last.status, 202) << house.last.body;
    EXPECT_FALSE(house.has(house.doctor, role::kSystemAdmin)) << "nothing changes before the second person";
    house.give(first, house.doctor, role::kSystemAdmin);
    EXPECT_EQ(house.error(), "access.role_requested");
    EXPECT_FALSE(house.waiting(first).at(0)["mayConfirm"].truth());
    EXPECT_TRUE(house.waiting(second).at(0)["mayConfirm"].truth());
    EXPECT_FALSE(house.waiting(house.cookie_of("machine")).at(0)["mayConfirm"].truth());
    house.waiting(house.cookie_of("doctor"));
    EXPECT_EQ(house.error(), "access.not_yours");
    const std::string confirm = "/access/role-requests/" + id + "/confirm";
    house.post(first, confirm);
    EXPECT_EQ(house.error(), "access.own_request");
    house.post(house.proved("machine"), confirm);
    EXPECT_EQ(house.error(), "access.not_yours") << "where there is another security administrator it is theirs";
    house.post(house.proved("doctor"), confirm);
    EXPECT_EQ(house.error(), "access.not_yours");
    house.post(house.cookie_of("second"), confirm);
    EXPECT_EQ(house.error(), "access.step_up_needed");
    house.post(second, confirm);
    EXPECT_EQ(house.last.status, 204) << house.last.body;
    EXPECT_TRUE(house.has(house.doctor, role::kSystemAdmin));
    house.post(second, confirm);
    EXPECT_EQ(house.error(), "access.no_request") << "once";
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'role-request' AND outcome = 'success'"), 2);
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_security_notice WHERE code = 'role_requested' AND person = " + std::to_string(house.second.id)), 1);
}

TEST(RoleRequest, it_is_over_after_a_quarter_of_an_hour_or_when_refused) {
    Board house;
    const std::string first = house.proved("first");
    const std::string late = house.give(first, house.doctor, role::kAuditAdmin)["request"].text();
    house.clock.advance(14min);
    const std::string second = house.proved("second");
    EXPECT_EQ(house.waiting(second).size(), 1U);
    house.clock.advance(2min);
    EXPECT_EQ(house.waiting(second).size(), 0U);
    house.post(second, "/access/role-requests/" + late + "/confirm");
    EXPECT_EQ(house.error(), "access.no_request");
    const std::string again = house.give(house.proved("first"), house.doctor, role::kAuditAdmin)["request"].text();
    house.post(house.proved("machine"), "/access/role-requests/" + again + "/refuse");
    EXPECT_EQ(house.error(), "access.not_yours");
    house.post(second, "/access/role-requests/" + again + "/refuse");
    EXPECT_EQ(house.last.status, 204);
    EXPECT_EQ(house.waiting(second).size(), 0U);
    EXPECT_FALSE(house.has(house.doctor, role::kAuditAdmin));
}

TEST(RoleRequest, roles_that_stay_apart_stay_apart_and_other_roles_take_one_person) {
    Board house;
    const std::string first = house.proved("first");
    const std::string id = house.give(first, house.machine, role::kAuditAdmin)["request"].text();
    house.post(house.proved("second"), "/access/role-requests/" + id + "/confirm");
    EXPECT_EQ(house.error(), "access.admin_roles_apart");
    EXPECT_FALSE(house.has(house.machine, role::kAuditAdmin));
    house.give(house.cookie_of("first"), house.doctor, role::kCoordinator);
    EXPECT_EQ(house.last.status, 201) << house.last.body;
}

/// A small site: one person keeps people and machine, another the audit.
TEST(RoleRequest, the_first_administrator_gets_going_alone_and_then_never_again) {
    House house;
    const auto hub = house.place("hub", "H");
    const auto chief = house.person("chief", hub.id, role::kSecurityAdmin);
    const auto audit = house.person("audit", hub.id, role::kDoctor), next = house.person("next", hub.id, role::kDoctor);
    const auto prove = [&](const std::string& login) {
        const std::string cookie = house.cookie_of(login);
        house.send(Method::post, "/access/step-up", R"({"password":")" + std::string(testing::kPassword) + "\"}", {{"cookie", cookie}});
        return cookie;
    };
    const std::string cookie = prove("chief");
    const auto give = [&](const Person& to, std::string_view role) {
        return house.send(Method::post, "/access/memberships",
                          R"({"practitioner":")" + to.resource + R"(","organisation":")" + hub.resource + R"(","role":")" + std::string(role) + "\"}", {{"cookie", cookie}});
    };
    EXPECT_EQ(give(audit, role::kAuditAdmin).status, 201) << "nobody else is there to confirm";
    const auto asked = give(next, role::kSecurityAdmin);
    ASSERT_EQ(asked.status, 202) << asked.body;
    const std::string id = (*json::parse(asked.body))["request"].text();
    EXPECT_EQ(house.send(Method::post, "/access/role-requests/" + id + "/confirm", "{}", {{"cookie", prove("next")}}).status, 403);
    EXPECT_EQ(house.send(Method::post, "/access/role-requests/" + id + "/confirm", "{}", {{"cookie", prove("audit")}}).status, 204);
    EXPECT_TRUE(house.directory->membership_of(next.id, hub.id, role::kSecurityAdmin));
    EXPECT_NE(chief.id, next.id);
}

}  // namespace
}  // namespace qiao::access
