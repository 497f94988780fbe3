#include "house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::House;

class Roster : public ::testing::Test {
protected:
    Roster() {
        hub = house.place("hub", "H");
        clinic = house.place("clinic", "C");
        for (const char* login : {"first", "second", "general"}) people[login] = house.person(login, hub.id, role::kExpert);
    }
    Duty duty(const std::string& login, const std::string& specialty, int place, std::chrono::hours from = 0h, std::chrono::hours length = 12h) {
        return {.organisation = hub.id,
                .person = people[login].id,
                .specialty = specialty,
                .place = place,
                .starts = house.clock.now() + from,
                .ends = house.clock.now() + from + length};
    }
    std::vector<std::int64_t> rung(const std::string& specialty) {
        std::vector<std::int64_t> order;
        for (const Duty& one : house.directory->on_duty(hub.id, specialty)) order.push_back(one.person);
        return order;
    }
    void add(const std::vector<Duty>& duties) { house.directory->add_duties(House::system(), duties); }

    House house;
    Organisation hub, clinic;
    std::map<std::string, Person> people;
};

TEST_F(Roster, rings_in_the_order_of_the_roster_and_only_on_duty) {
    add({duty("general", "", 1), duty("second", "neurosurgery", 2), duty("first", "neurosurgery", 1)});
    EXPECT_EQ(rung("neurosurgery"), (std::vector<std::int64_t>{people["first"].id, people["second"].id, people["general"].id}));
    EXPECT_EQ(rung("cardiology"), std::vector<std::int64_t>{people["general"].id}) << "who takes whatever comes";
    EXPECT_TRUE(house.directory->on_duty(clinic.id, "neurosurgery").empty());
    house.clock.advance(12h);
    EXPECT_TRUE(rung("neurosurgery").empty()) << "the duty is over on the second";
}

TEST_F(Roster, a_later_duty_begins_by_itself_and_outlives_a_restart) {
    add({duty("first", "neurosurgery", 1, 24h)});
    EXPECT_TRUE(rung("neurosurgery").empty());
    house.clock.advance(24h);
    house.reopen();
    EXPECT_EQ(rung("neurosurgery").size(), 1U);
    const auto all = house.directory->duties(hub.id, house.clock.now() - 1h, house.clock.now() + 1h);
    ASSERT_EQ(all.size(), 1U);
    house.directory->remove_duty(House::system(), hub.id, all[0].id);
    EXPECT_TRUE(rung("neurosurgery").empty());
    EXPECT_EQ(code_of([&] { house.directory->remove_duty(House::system(), hub.id, all[0].id); }), "access.no_duty");
    EXPECT_EQ(house.number("SELECT COUNT(*) FROM access_audit WHERE action = 'duty'"), 2);
}

TEST_F(Roster, nobody_is_rung_whose_licence_ended_or_who_left) {
    add({duty("first", "neurosurgery", 1), duty("second", "neurosurgery", 2)});
    house.directory->set_licence(House::system(), people["first"].id, "110-22", house.clock.now() + 1h, "zh en");
    EXPECT_EQ(rung("neurosurgery").size(), 2U);
    house.clock.advance(1h);
    EXPECT_EQ(rung("neurosurgery"), std::vector<std::int64_t>{people["second"].id});
    house.directory->set_person_active(House::system(), people["second"].id, false);
    EXPECT_TRUE(rung("neurosurgery").empty());
    const auto kept = house.record->read(record::ReadFilter::system("test"))->get(people["first"].resource).value();
    EXPECT_EQ(kept["qualification"].at(0)["identifier"].at(0)["value"].text(), "110-22");
    EXPECT_EQ(kept["communication"].size(), 2U);
}

TEST_F(Roster, wrong_duties_and_licences_are_refused_whole) {
    const auto refused = [&](std::vector<Duty> duties) { return code_of([&] { add(duties); }); };
    Duty stranger = duty("first", "neurosurgery", 1);
    stranger.organisation = clinic.id;
    EXPECT_EQ(refused({duty("second", "neurosurgery", 1), stranger}), "access.bad_duty");
    EXPECT_EQ(refused({duty("first", "x", 0)}), "access.bad_duty");
    EXPECT_EQ(refused({duty("first", "x", 1, 0h, 200h)}), "access.bad_duty");
    EXPECT_EQ(refused({duty("first", "x", 1, -48h)}), "access.bad_duty");
    EXPECT_EQ(refused({}), "access.bad_duty");
    EXPECT_TRUE(rung("neurosurgery").empty());
    EXPECT_EQ(code_of([&] { house.directory->set_licence(House::system(), people["first"].id, "1", Instant::max(), "Chinese"); }), "access.bad_licence");
}

TEST_F(Roster, a_contract_keeps_its_price_and_deadlines) {
    const auto made =
        house.directory->add_contract(House::system(), clinic.id, hub.id, "consult", Instant::max(), {.fee_minor = 12000, .deadlines = {{"check", 30min}}});
    EXPECT_EQ(made.terms.fee_minor, 12000);
    house.directory->add_contract(House::system(), clinic.id, hub.id, "consult", Instant::max(), {.fee_minor = 9000, .currency = "EUR"});
    house.reopen();
    const auto live = house.directory->contract(clinic.id, hub.id, "consult");
    ASSERT_TRUE(live);
    EXPECT_EQ(live->terms.fee_minor, 9000) << "the newer one replaced it";
    EXPECT_EQ(live->terms.currency, "EUR");
    EXPECT_TRUE(live->terms.deadlines.empty());
    EXPECT_EQ(house.directory->contracts(clinic.id).size(), 1U);
    house.directory->end_contract(House::system(), live->id);
    EXPECT_FALSE(house.directory->has_contract(clinic.id, hub.id, "consult"));
    EXPECT_EQ(code_of([&] { house.directory->end_contract(House::system(), live->id); }), "access.no_contract");
    const auto bad = [&](ContractTerms terms) {
        return code_of([&] { house.directory->add_contract(House::system(), clinic.id, hub.id, "consult", Instant::max(), std::move(terms)); });
    };
    EXPECT_EQ(bad({.fee_minor = -1}), "access.bad_contract");
    EXPECT_EQ(bad({.currency = "yuan"}), "access.bad_contract");
    EXPECT_EQ(bad({.deadlines = {{"check", 0min}}}), "access.bad_contract");
}

}  // namespace
}  // namespace qiao::access
