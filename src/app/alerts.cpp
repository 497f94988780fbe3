#include "app/alerts.hpp"

#include "access/role.hpp"
#include "base/id.hpp"
#include "flow/notice_store.hpp"

#include <algorithm>
#include <array>

namespace qiao::app {
namespace {

constexpr auto kSilent = std::chrono::minutes(15);
constexpr auto kLook = std::chrono::hours(1);  ///< for certificates
constexpr std::string_view kGatewayOffline = "imaging.gateway_offline";
constexpr std::array kCertificateDays{std::chrono::days(0), std::chrono::days(1), std::chrono::days(7), access::kEndsSoon};
constexpr std::string_view kCertificateEnds = "access.certificate_ends";
constexpr std::string_view kAuditDamaged = "access.audit_damaged";

/// Where the person reads more.
std::string page_of(std::string_view code) {
    if (code == kGatewayOffline) return "/app/imaging/gateways";
    if (code == kAuditDamaged) return "/app/access/audit";
    if (code == kCertificateEnds) return "/app/access/certificates";
    if (code == "access.role_requested") return "/app/access/role-requests";
    if (code == "access.glass_broken" || code == "access.glass_review_overdue") return "/app/access/glass-reviews";
    return "/app/access/me";
}

flow::store::LeavingNotice notice_of(std::string_view code, std::int64_t person, Instant now) {
    flow::store::LeavingNotice notice;
    notice.id = new_uuid(now);
    notice.code = code;
    notice.urgency = "urgent";
    notice.params.set("page", page_of(code));
    notice.person = person;
    notice.created = now;
    notice.check = now;
    return notice;
}

}  // namespace

void Alerts::of_person(storage::Group& group, std::int64_t person, std::string_view code) const {
    const flow::Ground& ground = engine_.ground();
    const std::string full = "access." + std::string(code);
    if (ground.pack->notify_rule(full, "urgent") == nullptr) return;
    flow::store::add_notice(group.connection(), notice_of(full, person, ground.clock.now()));
}

void Alerts::tell(std::string_view code, std::initializer_list<std::string_view> roles, Instant since) const {
    const flow::Ground& ground = engine_.ground();
    if (ground.pack->notify_rule(code, "urgent") == nullptr) return;
    std::vector<std::int64_t> people;
    for (const std::string_view role : roles) {
        for (const access::Member& one : ground.directory.members(0, role)) {
            if (std::find(people.begin(), people.end(), one.person.id) == people.end()) people.push_back(one.person.id);
        }
    }
    {
        const auto snapshot = ground.database.read();
        std::erase_if(people, [&](std::int64_t person) { return flow::store::was_told(snapshot->connection(), "", code, person, since); });
    }
    if (people.empty()) return;
    ground.writer.submit({{}, [&](storage::Group& group) {
                              for (const std::int64_t person : people) flow::store::add_notice(group.connection(), notice_of(code, person, ground.clock.now()));
                          }});
}

void Alerts::audit_damaged() const { tell(kAuditDamaged, {access::role::kAuditAdmin, access::role::kSecurityAdmin}, engine_.ground().clock.now()); }

void Alerts::certificates() const {
    const Instant now = engine_.ground().clock.now();
    Instant reached{};
    for (const access::SigningKey& key : engine_.ground().signing.keys().need_care()) {
        if (key.revoked != Instant{}) continue;  // the security administrators did it, or imported the list that did
        const auto days = std::find_if(kCertificateDays.begin(), kCertificateDays.end(), [&](std::chrono::days one) { return key.expires - one <= now; });
        if (days != kCertificateDays.end()) reached = std::max(reached, key.expires - *days);
    }
    // Whoever was told since the newest of these days knows; what ended long ago is on the pages.
    if (now - reached < access::kEndsSoon) tell(kCertificateEnds, {access::role::kSecurityAdmin}, reached);
}

void Alerts::gateways() const {
    const Instant now = engine_.ground().clock.now();
    Instant silent_since{};
    for (const imaging::Gateway& one : gateways_.all()) {
        const imaging::GatewayReport report = gateways_.report(one.id);
        if (imaging::state_of(one, report, now) != imaging::GatewayState::lost) continue;
        const Instant seen = std::max(one.enrolled, report.at);
        if (now - seen >= kSilent) silent_since = std::max(silent_since, seen);
    }
    // Whoever was told since the last one of them was heard of knows.
    if (silent_since != Instant{}) tell(kGatewayOffline, {access::role::kSystemAdmin}, silent_since);
}

void Alerts::tick() {
    gateways();
    const Instant now = engine_.ground().clock.now();
    if (now - certificates_looked_ < kLook) return;
    certificates();
    certificates_looked_ = now;
}

}  // namespace qiao::app
