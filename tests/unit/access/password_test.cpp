#include "access/password.hpp"
#include "access/role.hpp"
#include "access/throttle.hpp"
#include "house.hpp"

#include <atomic>
#include <set>
#include <thread>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;
using testing::code_of;

constexpr PasswordCost kQuick{.memory_bytes = 64 * 1024, .passes = 1, .at_once = 1, .waiting_limit = 2};

TEST(Password, only_the_right_one_matches) {
    PasswordHasher hasher(kQuick);
    const std::string kept = hasher.hash("maple-river-77");
    EXPECT_TRUE(kept.starts_with("$argon2id$"));
    EXPECT_TRUE(hasher.matches(kept, "maple-river-77"));
    EXPECT_FALSE(hasher.matches(kept, "maple-river-78"));
    EXPECT_FALSE(hasher.matches(kept, ""));
    EXPECT_NE(kept, hasher.hash("maple-river-77"));
}

TEST(Password, an_unknown_name_is_never_right) {
    PasswordHasher hasher(kQuick);
    EXPECT_FALSE(hasher.matches("", "a name that nobody has"));
}

TEST(Password, the_default_cost_is_64_MiB_in_3_passes) {
    PasswordHasher hasher;
    EXPECT_TRUE(hasher.hash("x").starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
}

TEST(Password, easy_ones_are_refused) {
    EXPECT_EQ(code_of([] { PasswordHasher::require_good("short", "li"); }), "access.password_short");
    EXPECT_EQ(code_of([] { PasswordHasher::require_good(std::string(300, 'a'), "li"); }), "access.password_long");
    for (const char* easy : {"password123", "1234567890", "aaaaaaaaaaaa", "Administrator1", "qwertyuiop12", "abcdefghijkl", "987654321098"}) {
        EXPECT_EQ(code_of([&] { PasswordHasher::require_good(easy, "li"); }), "access.password_common") << easy;
    }
    EXPECT_EQ(code_of([] { PasswordHasher::require_good("wangwei-wangwei", "wangwei"); }), "access.password_common");
    EXPECT_EQ(code_of([] { PasswordHasher::require_good(testing::kPassword, "li"); }), "");
    EXPECT_EQ(code_of([] { PasswordHasher::require_good("海上生明月天涯共此时", "li"); }), "");  // ten characters
}

TEST(Password, too_many_at_once_are_turned_away) {
    PasswordHasher hasher({.memory_bytes = 32U << 20U, .passes = 3, .at_once = 1, .waiting_limit = 2});
    std::atomic<int> done{0};
    std::atomic<int> refused{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
        threads.emplace_back([&] {
            if (code_of([&] { static_cast<void>(hasher.hash("x")); }) == "access.busy") {
                ++refused;
            } else {
                ++done;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(done + refused, 12);
    EXPECT_GT(refused, 0);
    EXPECT_GE(done, 3);
}

TEST(Throttle, waits_longer_with_each_failure_up_to_a_quarter_of_an_hour) {
    ShiftedClock clock;
    Throttle throttle(clock);
    for (int i = 0; i < 4; ++i) throttle.began("li", "10.0.0.1");
    EXPECT_LE(throttle.wait("li", "10.0.0.1"), 0s);
    throttle.began("li", "10.0.0.1");
    EXPECT_GT(throttle.wait("li", "10.0.0.1"), 0s);
    EXPECT_LE(throttle.wait("li", "10.0.0.1"), 1s);
    for (int i = 0; i < 20; ++i) throttle.began("li", "10.0.0.1");
    EXPECT_GT(throttle.wait("li", "10.0.0.1"), 14min);
    EXPECT_LE(throttle.wait("li", "10.0.0.1"), 15min);
    EXPECT_GT(throttle.wait("li", "10.0.0.77"), 14min) << "the same /24";
    EXPECT_LE(throttle.wait("li", "10.9.0.1"), 30s) << "nobody far away can keep the owner out for long";
    EXPECT_LE(throttle.wait("wang", "10.0.0.1"), 0s) << "a colleague in the same hospital";
    clock.advance(16min);
    EXPECT_LE(throttle.wait("li", "10.0.0.1"), 0s);
}

TEST(Throttle, a_success_starts_anew) {
    ShiftedClock clock;
    Throttle throttle(clock);
    for (int i = 0; i < 10; ++i) throttle.began("li", "10.0.0.1");
    throttle.succeeded("li", "10.0.0.1");
    EXPECT_LE(throttle.wait("li", "10.0.0.1"), 0s);
}

TEST(Throttle, one_address_with_many_names_is_slowed) {
    ShiftedClock clock;
    Throttle throttle(clock);
    for (int i = 0; i < 80; ++i) throttle.began("name" + std::to_string(i), "10.0.0.1");
    EXPECT_GT(throttle.wait("another", "10.0.0.9"), 0s);
    EXPECT_LE(throttle.wait("another", "10.0.1.9"), 0s);
}

TEST(Throttle, networks) {
    EXPECT_EQ(Throttle::network_of("192.168.7.9"), "192.168.7");
    EXPECT_EQ(Throttle::network_of("::ffff:192.168.7.9"), "192.168.7");
    EXPECT_EQ(Throttle::network_of("2001:db8:1:2::5"), "2001:db8:1");
    EXPECT_EQ(Throttle::network_of("2001:db8:1:3::5"), "2001:db8:1");
    EXPECT_NE(Throttle::network_of("2001:db8:2:3::5"), "2001:db8:1");
}

TEST(Role, keys_never_collide_and_read_back) {
    std::set<std::int64_t> keys;
    std::size_t count = 0;
    for (const std::int64_t id : {1LL, 2LL, 255LL, 1LL << 32}) {
        keys.insert(person_key(id)), keys.insert(organisation_key(id)), count += 2;
        for (const auto& role : roles()) keys.insert(desk_key(id, role.code)), ++count;
    }
    EXPECT_EQ(keys.size(), count);
    const auto desk = grantee_of(desk_key(77, role::kCoordinator));
    EXPECT_EQ(desk.kind, GranteeKind::desk);
    EXPECT_EQ(desk.id, 77);
    EXPECT_EQ(desk.role, role::kCoordinator);
    EXPECT_EQ(grantee_of(person_key(9)).kind, GranteeKind::person);
    EXPECT_EQ(grantee_of(organisation_key(9)).id, 9);
    EXPECT_EQ(grantee_of(12345).kind, GranteeKind::none);
    EXPECT_EQ(code_of([] { desk_key(1, "king"); }), "access.unknown_role");
}

TEST(Role, no_administrator_has_a_clinical_right) {
    for (const auto& role : roles()) {
        EXPECT_FALSE(role.administrator && (role.clinical_staff || role.stands_at_desk || role.signs || role.registers_patients || role.whole_record)) << role.code;
    }
}

}  // namespace
}  // namespace qiao::access
