#include "house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::House;

TEST(Directory, makes_organisations_with_their_resource) {
    House house;
    const auto hub = house.place("hub", "中心医院");
    const auto branch = house.place("centre", "东院", hub.id);
    const auto clinic = house.place("clinic", "鸥岛卫生室");
    EXPECT_EQ(house.directory->subtree(hub.id), (std::vector<std::int64_t>{hub.id, branch.id}));
    EXPECT_EQ(house.directory->subtree(clinic.id), std::vector<std::int64_t>{clinic.id});
    EXPECT_TRUE(house.directory->subtree(99).empty());
    const auto kept = house.record->read(record::ReadFilter::system("test"))->get(branch.resource).value();
    EXPECT_EQ(kept["name"].text(), "东院");
    EXPECT_EQ(kept["partOf"]["reference"].text(), hub.resource);
    EXPECT_EQ(house.directory->organisation_by_resource(branch.resource)->parent, hub.id);
    EXPECT_EQ(code_of([&] { house.place("castle", "x"); }), "access.bad_organisation");
    EXPECT_EQ(code_of([&] { house.place("clinic", "x", 99); }), "access.bad_organisation");
    EXPECT_EQ(house.directory->organisations().size(), 3U);
}

TEST(Directory, everybody_sees_institutions_and_people) {
    House house;
    const auto hub = house.place("hub", "H");
    const auto clinic = house.place("clinic", "C");
    const auto expert = house.person("expert", hub.id, role::kExpert);
    house.person("doctor", clinic.id, role::kDoctor);
    const auto caller = house.caller(house.cookie_of("doctor"));
    EXPECT_TRUE(house.record->read(caller.filter)->read("Organization", hub.resource.substr(13)));
    EXPECT_TRUE(house.record->read(caller.filter)->read("Practitioner", expert.resource.substr(13)));
}

TEST(Directory, people_and_roles) {
    House house;
    const auto hub = house.place("hub", "H");
    const auto clinic = house.place("clinic", "C");
    const auto one = house.person("b-expert", hub.id, role::kExpert);
    const auto two = house.person("a-expert", hub.id, role::kExpert);
    house.directory->add_membership(House::system(), {.person = one.id, .organisation = clinic.id, .role = "doctor", .specialty = "surgery"});
    const auto experts = house.directory->members(hub.id, role::kExpert);
    ASSERT_EQ(experts.size(), 2U);
    EXPECT_EQ(experts[0].person.id, two.id);
    EXPECT_EQ(house.directory->members(hub.id, role::kExpert, "surgery").size(), 0U);
    EXPECT_EQ(house.directory->members(0, "", "surgery").size(), 1U);
    EXPECT_TRUE(house.directory->membership_of(one.id, clinic.id, role::kDoctor));
    EXPECT_FALSE(house.directory->membership_of(one.id, hub.id, role::kDoctor));
    const auto at_clinic = house.directory->membership_of(one.id, clinic.id, role::kDoctor);
    const auto resource = house.record->read(record::ReadFilter::system("test"))->get(at_clinic->resource).value();
    EXPECT_EQ(resource["practitioner"]["reference"].text(), one.resource);
    house.directory->end_membership(House::system(), at_clinic->id);
    EXPECT_FALSE(house.directory->membership_of(one.id, clinic.id, role::kDoctor));
    house.directory->set_person_active(House::system(), two.id, false);
    EXPECT_EQ(house.directory->members(hub.id, role::kExpert).size(), 1U);
    house.reopen();
    EXPECT_EQ(house.directory->members(hub.id, role::kExpert).size(), 1U);
    EXPECT_EQ(house.directory->person_by_login("b-expert")->resource, one.resource);
}

TEST(Directory, a_role_ends_by_itself) {
    House house;
    const auto hub = house.place("hub", "H");
    const auto one = house.person("locum", hub.id, role::kNurse);
    house.directory->add_membership(House::system(), {.person = one.id, .organisation = hub.id, .role = "doctor", .ends = house.clock.now() + 24h});
    EXPECT_TRUE(house.directory->membership_of(one.id, hub.id, role::kDoctor));
    house.clock.advance(25h);
    EXPECT_FALSE(house.directory->membership_of(one.id, hub.id, role::kDoctor));
}

TEST(Directory, wrong_input_is_refused) {
    House house;
    const auto hub = house.place("hub", "H");
    const auto one = house.person("one", hub.id, role::kNurse);
    EXPECT_EQ(code_of([&] { house.person("one", hub.id, role::kNurse); }), "access.login_taken");
    for (const char* login : {"", "x", "Großes", "a b", "a/b"})
        EXPECT_EQ(code_of([&] { house.person(login, hub.id, role::kNurse); }), "access.bad_person") << login;
    EXPECT_EQ(code_of([&] { house.directory->add_membership(House::system(), {.person = one.id, .organisation = hub.id, .role = "king"}); }),
              "access.bad_role");
    EXPECT_EQ(code_of([&] { house.directory->add_membership(House::system(), {.person = one.id, .organisation = hub.id, .role = "integration"}); }),
              "access.bad_role");
    EXPECT_EQ(code_of([&] { house.directory->add_membership(House::system(), {.person = 99, .organisation = hub.id, .role = "nurse"}); }), "access.bad_role");
    EXPECT_EQ(house.directory->people().size(), 1U);
}

TEST(Directory, administrators_stay_apart) {
    for (const auto separation : {AdminSeparation::strict, AdminSeparation::small_site, AdminSeparation::off}) {
        House house(false, separation);
        const auto hub = house.place("hub", "H");
        const auto one = house.person("admin", hub.id, role::kSecurityAdmin);
        const auto add = [&](std::string_view role) {
            return code_of([&] { house.directory->add_membership(House::system(), {.person = one.id, .organisation = hub.id, .role = std::string(role)}); });
        };
        EXPECT_EQ(add(role::kSystemAdmin), separation == AdminSeparation::strict ? "access.admin_roles_apart" : "");
        EXPECT_EQ(add(role::kAuditAdmin), separation == AdminSeparation::off ? "" : "access.admin_roles_apart");
        EXPECT_EQ(add(role::kDoctor), "");
    }
}

TEST(Directory, contracts_open_and_end) {
    House house;
    const auto hub = house.place("hub", "H");
    const auto clinic = house.place("clinic", "C");
    EXPECT_FALSE(house.directory->has_contract(clinic.id, hub.id, "consult"));
    house.directory->add_contract(House::system(), clinic.id, hub.id, "consult", house.clock.now() + 48h);
    EXPECT_TRUE(house.directory->has_contract(clinic.id, hub.id, "consult"));
    EXPECT_FALSE(house.directory->has_contract(hub.id, clinic.id, "consult"));
    EXPECT_FALSE(house.directory->has_contract(clinic.id, hub.id, "reading"));
    ASSERT_EQ(house.directory->partners(clinic.id, "consult").size(), 1U);
    EXPECT_EQ(house.directory->partners(clinic.id, "consult")[0].id, hub.id);
    EXPECT_EQ(house.directory->askers(hub.id, "consult")[0].id, clinic.id);
    house.clock.advance(49h);
    EXPECT_FALSE(house.directory->has_contract(clinic.id, hub.id, "consult"));
    EXPECT_TRUE(house.directory->partners(clinic.id, "consult").empty());
    EXPECT_EQ(code_of([&] { house.directory->add_contract(House::system(), hub.id, hub.id, "consult"); }), "access.bad_contract");
}

}  // namespace
}  // namespace qiao::access
