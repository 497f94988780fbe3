#include "access/grant.hpp"
#include "house.hpp"

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::House;

/// Two clinics that are strangers, a hub, and one patient of the first clinic with two observations.
struct Network : House {
    Organisation hub = place("hub", "H"), clinic = place("clinic", "C"), stranger = place("clinic", "S");
    Person doctor = person("doctor", clinic.id, role::kDoctor), colleague = person("colleague", clinic.id, role::kNurse);
    Person expert = person("expert", hub.id, role::kExpert), coordinator = person("coordinator", hub.id, role::kCoordinator);
    Person other = person("other", stranger.id, role::kDoctor), admin = person("admin", clinic.id, role::kSecurityAdmin);
    std::map<std::string, std::string> cookies;
    std::string patient, first, second;
    record::Rid patient_rid = 0, first_rid = 0, second_rid = 0;

    Network() {
        for (const char* login : {"doctor", "colleague", "expert", "coordinator", "other", "admin"}) cookies[login] = cookie_of(login);
        const auto by = caller(cookies["doctor"]);
        patient = patients->register_patient(by, {json::Value::object({{"resourceType", "Patient"},
                                                                       {"name", json::Value::array({json::Value::object({{"text", "王小明"}})})},
                                                                       {"gender", "male"},
                                                                       {"birthDate", "1980-05-06"}}),
                                                  "not_at_hand"});
        auto work = record->begin(by.filter, by.actor);
        const auto note = [&] {
            return work->create(json::Value::object({{"resourceType", "Observation"},
                                                     {"status", "final"},
                                                     {"code", json::Value::object({{"text", "pulse"}})},
                                                     {"subject", json::Value::object({{"reference", patient}})}}));
        };
        first = note(), second = note();
        work->commit();
        auto reader = record->read(record::ReadFilter::system("test"));
        patient_rid = *reader->rid_of("Patient", patient.substr(8));
        first_rid = *reader->rid_of("Observation", first.substr(12));
        second_rid = *reader->rid_of("Observation", second.substr(12));
    }
    record::ReadFilter filter(const std::string& login) { return caller(cookies[login]).filter; }
    /// Which of patient, first, second this person reads: "PFS", "F", "" …; reading and searching must agree.
    std::string sees(const std::string& login) {
        auto reader = record->read(filter(login));
        std::string seen;
        if (reader->read("Patient", patient.substr(8))) seen += 'P';
        if (reader->read("Observation", first.substr(12))) seen += 'F';
        if (reader->read("Observation", second.substr(12))) seen += 'S';
        EXPECT_EQ(reader->search("Patient", "").matches.size(), seen.find('P') == std::string::npos ? 0U : 1U);
        const std::size_t observations = seen.size() - (seen.find('P') == std::string::npos ? 0U : 1U);
        EXPECT_EQ(reader->search("Observation", "").matches.size(), observations);
        return seen;
    }
    void give(Grant grant) {
        run([&](storage::Group& group) { grants->give(group, grant); });
    }
};

TEST(Grants, only_the_staff_in_care_see_a_patient) {
    Network house;
    EXPECT_EQ(house.sees("doctor"), "PFS");
    EXPECT_EQ(house.sees("colleague"), "PFS");
    for (const char* login : {"expert", "coordinator", "other", "admin"}) EXPECT_EQ(house.sees(login), "") << login;
}

TEST(Grants, staff_of_the_owner_see_what_its_branches_care_for) {
    Network house;
    const auto branch = house.place("centre", "branch", house.stranger.id);
    const auto nurse = house.person("branch-nurse", branch.id, role::kNurse);
    house.cookies["branch-nurse"] = house.cookie_of("branch-nurse");
    house.run([&](storage::Group& group) { house.grants->begin_care(group, house.patient_rid, branch.id, nurse.id); });
    EXPECT_EQ(house.sees("branch-nurse"), "PFS");
    EXPECT_EQ(house.sees("other"), "PFS") << "the branch belongs to it, also for sessions that were open before";
    EXPECT_EQ(house.sees("expert"), "");
}

TEST(Grants, a_case_opens_the_patient_to_one_person_until_it_ends) {
    Network house;
    house.give({.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1", .reason = "consult.expert"});
    EXPECT_EQ(house.sees("expert"), "PFS");
    EXPECT_EQ(house.sees("coordinator"), "");
    const auto epoch = house.grants->epoch();
    house.run([&](storage::Group& group) { house.grants->end_case(group, "case-1"); });
    EXPECT_GT(house.grants->epoch(), epoch);
    EXPECT_EQ(house.sees("expert"), "");
    EXPECT_EQ(house.sees("doctor"), "PFS");
}

TEST(Grants, a_desk_is_a_role_at_one_institution) {
    Network house;
    house.give({.grantee = desk_key(house.hub.id, role::kCoordinator), .patient = house.patient_rid, .case_id = "case-1"});
    EXPECT_EQ(house.sees("coordinator"), "PFS");
    EXPECT_EQ(house.sees("expert"), "");
}

TEST(Grants, a_time_limit_ends_by_itself) {
    Network house;
    house.give({.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1", .ends = house.clock.now() + 5min});
    EXPECT_EQ(house.sees("expert"), "PFS");
    house.clock.advance(6min);
    EXPECT_EQ(house.sees("expert"), "");
}

TEST(Grants, one_that_starts_later_waits) {
    Network house;
    house.give({.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1", .starts = house.clock.now() + 5min});
    EXPECT_EQ(house.sees("expert"), "");
    house.clock.advance(6min);
    EXPECT_EQ(house.sees("expert"), "PFS");
}

TEST(Grants, shrinks_to_what_the_opinion_used) {
    Network house;
    const auto key = person_key(house.expert.id);
    house.give({.grantee = key, .patient = house.patient_rid, .case_id = "case-1"});
    house.give({.grantee = desk_key(house.hub.id, role::kCoordinator), .patient = house.patient_rid, .case_id = "case-1"});
    const std::vector<record::Rid> used = {house.first_rid};
    house.run([&](storage::Group& group) { house.grants->shrink_to_items(group, "case-1", key, used); });
    EXPECT_EQ(house.sees("expert"), "F");
    EXPECT_EQ(house.sees("coordinator"), "PFS") << "the others keep what they have";
    house.run([&](storage::Group& group) { house.grants->end_grantee(group, "case-1", key); });
    EXPECT_EQ(house.sees("expert"), "");
    house.run([&](storage::Group& group) { house.grants->shrink_to_items(group, "case-1", key, used); });
    EXPECT_EQ(house.sees("expert"), "") << "what has ended does not come back";
    house.run([&](storage::Group& group) { house.grants->end_case(group, "case-1"); });
    EXPECT_EQ(house.sees("coordinator"), "");
}

TEST(Grants, given_again_only_what_is_new_is_written) {
    Network house;
    const auto rows = [&] {
        const auto snapshot = house.database->read();
        auto found = snapshot->connection().query("SELECT id, item, revoked_us FROM access_grant ORDER BY id");
        std::vector<std::vector<std::int64_t>> all;
        while (found.next()) all.push_back({found.integer(0), found.integer(1), found.integer(2)});
        return all;
    };
    Grant grant{.grantee = person_key(house.expert.id), .items = {house.first_rid}, .case_id = "case-1", .reason = "consult.expert"};
    house.give(grant);
    const auto before = rows();
    const auto epoch = house.grants->epoch();
    house.clock.advance(1min);
    house.give(grant);
    EXPECT_EQ(rows(), before);
    grant.items.push_back(house.second_rid);
    house.give(grant);
    EXPECT_EQ(rows().size(), before.size() + 1);
    EXPECT_EQ(rows().front(), before.front());
    EXPECT_EQ(house.grants->epoch(), epoch) << "nothing was taken away";
    EXPECT_EQ(house.sees("expert"), "FS");
    grant.items = {house.second_rid};
    house.give(grant);
    EXPECT_EQ(house.sees("expert"), "S");
    EXPECT_GT(house.grants->epoch(), epoch);
    grant.ends = house.clock.now() + 5min;
    house.give(grant);
    house.clock.advance(6min);
    EXPECT_EQ(house.sees("expert"), "") << "another end replaces the first";
    grant.patient = house.patient_rid;
    grant.ends = Instant::max();
    house.give(grant);
    EXPECT_EQ(house.sees("expert"), "PFS");
    house.give(grant);
    EXPECT_EQ(house.sees("expert"), "PFS");
    grant.patient = 0;
    house.give(grant);
    EXPECT_EQ(house.sees("expert"), "S");
}

TEST(Grants, two_cases_do_not_end_each_other) {
    Network house;
    const auto key = person_key(house.expert.id);
    house.give({.grantee = key, .patient = house.patient_rid, .case_id = "case-1"});
    house.give({.grantee = key, .items = {house.second_rid}, .case_id = "case-2"});
    house.run([&](storage::Group& group) { house.grants->end_case(group, "case-1"); });
    EXPECT_EQ(house.sees("expert"), "S");
}

TEST(Grants, say_why_and_until_when) {
    Network house;
    const Instant ends = house.clock.now() + 2h;
    house.give({.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1", .reason = "consult.expert", .ends = ends});
    const auto expert = house.grants->why(house.filter("expert"), house.patient_rid);
    ASSERT_EQ(expert.size(), 1U);
    EXPECT_EQ(expert[0].kind, "case");
    EXPECT_EQ(expert[0].case_id, "case-1");
    EXPECT_EQ(expert[0].reason, "consult.expert");
    EXPECT_EQ(expert[0].ends, ends);
    const auto doctor = house.grants->why(house.filter("doctor"), house.patient_rid);
    ASSERT_EQ(doctor.size(), 1U);
    EXPECT_EQ(doctor[0].kind, "care");
    EXPECT_EQ(doctor[0].ends, Instant::max());
    EXPECT_TRUE(house.grants->why(house.filter("other"), house.patient_rid).empty());
    EXPECT_EQ(house.grants->of_case("case-1").size(), 1U);
    house.clock.advance(3h);
    EXPECT_TRUE(house.grants->of_case("case-1").empty());
}

TEST(Grants, care_ends) {
    Network house;
    house.run([&](storage::Group& group) { house.grants->end_care(group, house.patient_rid, house.clinic.id); });
    EXPECT_EQ(house.sees("doctor"), "");
    house.run([&](storage::Group& group) { house.grants->begin_care(group, house.patient_rid, house.clinic.id, 1); });
    EXPECT_EQ(house.sees("doctor"), "PFS");
}

TEST(Grants, who_leaves_sees_nothing_any_more) {
    Network house;
    const auto membership = house.directory->memberships(house.doctor.id).front();
    house.directory->end_membership(House::system(), membership.id);
    EXPECT_EQ(house.sees("doctor"), "") << "an open session is rebuilt at once";
}

TEST(Grants, what_a_patient_denies_an_institution_is_closed_to_its_people_and_desks_until_allowed) {
    Network house;
    house.give({.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1", .reason = "consult.expert"});
    house.give({.grantee = desk_key(house.hub.id, role::kCoordinator), .items = {house.first_rid}, .case_id = "case-1", .reason = "consult.desk"});
    ASSERT_EQ(house.sees("expert"), "PFS");
    ASSERT_EQ(house.sees("coordinator"), "F");
    const auto epoch = house.grants->epoch();
    house.run([&](storage::Group& group) { house.grants->deny(group, house.patient_rid, house.hub.id, "withdrawn", house.doctor.id); });
    EXPECT_GT(house.grants->epoch(), epoch);
    EXPECT_EQ(house.sees("expert"), "");
    EXPECT_EQ(house.sees("coordinator"), "");
    EXPECT_EQ(house.sees("doctor"), "PFS");
    const Grant new_case{.grantee = person_key(house.expert.id), .items = {house.second_rid}, .case_id = "case-2", .reason = "consult.expert"};
    EXPECT_EQ(testing::code_of([&] { house.give(new_case); }), "access.consent_denied");
    house.give(
        {.grantee = person_key(house.expert.id), .patient = house.patient_rid, .items = {house.first_rid}, .case_id = "case-1", .reason = "consult.expert"});
    EXPECT_EQ(house.sees("expert"), "");  // the case goes on, and opens nothing
    house.run([&](storage::Group& group) { house.grants->allow(group, house.patient_rid, house.hub.id, house.doctor.id); });
    EXPECT_EQ(house.sees("expert"), "PFS");
    house.give(new_case);
}

TEST(Grants, who_treats_the_patient_keeps_the_record_that_the_patient_denies) {
    Network house;
    house.give({.grantee = person_key(house.doctor.id), .items = {house.first_rid}, .case_id = "case-1", .reason = "consult.expert"});
    house.run([&](storage::Group& group) { house.grants->deny(group, house.patient_rid, house.clinic.id, "objection", 1); });
    EXPECT_EQ(house.sees("doctor"), "PFS");
    EXPECT_EQ(house.sees("colleague"), "PFS");
    house.run([&](storage::Group& group) { house.grants->end_care(group, house.patient_rid, house.clinic.id); });
    EXPECT_EQ(house.sees("doctor"), "") << "without the care the case opens nothing";
}

TEST(Grants, a_denial_that_is_lifted_is_lifted_for_who_left_and_not_for_who_works_for_another_denied_institution) {
    Network house;
    const auto actor = house.caller(house.cookies["admin"]).actor;
    const auto denied = [&](const Person& who) {
        return house.number("SELECT COUNT(*) FROM reach_denied WHERE grantee = " + std::to_string(person_key(who.id))) != 0;
    };
    house.directory->add_membership(actor, {.person = house.expert.id, .organisation = house.stranger.id, .role = std::string(role::kExpert)});
    house.run([&](storage::Group& group) {
        for (const Organisation& one : {house.hub, house.stranger}) house.grants->deny(group, house.patient_rid, one.id, "withdrawn", 1);
    });
    house.directory->end_membership(actor, house.directory->memberships(house.coordinator.id).front().id);
    ASSERT_TRUE(denied(house.coordinator));
    house.run([&](storage::Group& group) { house.grants->allow(group, house.patient_rid, house.hub.id, 1); });
    EXPECT_FALSE(denied(house.coordinator));
    EXPECT_TRUE(denied(house.expert));
    EXPECT_TRUE(denied(house.other));
    house.run([&](storage::Group& group) { house.grants->allow(group, house.patient_rid, house.stranger.id, 1); });
    EXPECT_FALSE(denied(house.expert));
}

TEST(Grants, a_case_shows_the_labels_that_it_was_told_to) {
    Network house;
    const auto label = [&](record::Rid rid, std::int64_t labels) {
        house.run([&](storage::Group& group) { house.record->set_added_labels(group, rid, labels); });
    };
    label(house.first_rid, record::label_bit("PSY"));
    label(house.second_rid, record::label_bit("HIV"));
    Grant grant{.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1", .reason = "consult.expert"};
    house.give(grant);
    EXPECT_EQ(house.sees("expert"), "P");
    grant.labels = record::label_bit("PSY");
    house.give(grant);
    EXPECT_EQ(house.sees("expert"), "PF");
    // Labels of the case itself: who takes part goes on seeing its items, colleagues do not.
    grant.items = {house.second_rid};
    house.give(grant);
    house.run([&](storage::Group& group) { house.grants->label_case(group, "case-1", record::label_bit("HIV")); });
    EXPECT_EQ(house.sees("expert"), "PFS");
    EXPECT_EQ(house.sees("colleague"), "P");
}

TEST(Grants, work_that_is_undone_grants_nothing) {
    Network house;
    EXPECT_EQ(testing::code_of([&] {
                  house.run([&](storage::Group& group) {
                      house.grants->give(group, {.grantee = person_key(house.expert.id), .patient = house.patient_rid, .case_id = "case-1"});
                      throw Error(ErrorKind::conflict, "test.no", "no");
                  });
              }),
              "test.no");
    EXPECT_EQ(house.sees("expert"), "");
    EXPECT_TRUE(house.grants->of_case("case-1").empty());
}

}  // namespace
}  // namespace qiao::access
