#include "app/setup/steps.hpp"

#include "access/role.hpp"

#include <algorithm>
#include <chrono>

namespace qiao::app::setup {
namespace {

using access::Directory;
namespace role = access::role;

constexpr std::chrono::days kDrillCounts{35};  // as `qiao check`
constexpr std::size_t kPeopleNamed = 10;
constexpr std::string_view kService = "consult";

/// The roles of `wanted` that nobody has at `organisation` (0 = anywhere).
std::vector<std::string> nobody_is(const Directory& directory, std::int64_t organisation, std::initializer_list<std::string_view> wanted) {
    std::vector<std::string> missing;
    for (const std::string_view one : wanted) {
        if (directory.members(organisation, one).empty()) missing.emplace_back(one);
    }
    return missing;
}

bool gives_opinions(const access::Organisation& one) { return one.kind == "hub" || one.kind == "county" || one.kind == "centre"; }

/// What the institution that is nearest to giving opinions still lacks.
Step giving_side(const Directory& directory) {
    Step step{.name = "giving_side", .by = role::kSecurityAdmin, .missing = {"institution"}};
    for (const access::Organisation& one : directory.organisations()) {
        if (!gives_opinions(one)) continue;
        auto missing = nobody_is(directory, one.id, {role::kCentreManager, role::kCoordinator, role::kExpert});
        if (step.missing.front() == "institution" || missing.size() < step.missing.size()) step.missing = std::move(missing);
        if (step.missing.empty()) break;
    }
    step.done = step.missing.empty();
    return step;
}

Step asking_side(const Directory& directory) {
    Step step{.name = "asking_side", .by = role::kSecurityAdmin};
    const auto organisations = directory.organisations();
    if (organisations.size() < 2) step.missing.emplace_back("institution");
    // A doctor of the only hospital asks nobody: there must be one at an institution beside one that gives opinions.
    const bool asks = std::any_of(organisations.begin(), organisations.end(), [&](const access::Organisation& one) {
        const bool another =
            std::any_of(organisations.begin(), organisations.end(), [&](const auto& other) { return other.id != one.id && gives_opinions(other); });
        return another && !directory.members(one.id, role::kDoctor).empty();
    });
    if (!asks) step.missing.emplace_back(role::kDoctor);
    step.done = step.missing.empty();
    return step;
}

Step roster(const Directory& directory, Instant now) {
    Step step{.name = "roster", .needed = false, .by = role::kCentreManager};
    for (const access::Organisation& one : directory.organisations()) step.done |= !directory.duties(one.id, now, now + std::chrono::seconds(1)).empty();
    return step;
}

Step contacts(const Directory& directory, const Facts& facts) {
    Step step{
        .name = "contacts", .needed = false, .done = facts.unreachable.empty() && !directory.members(0, role::kExpert).empty(), .by = role::kCentreManager};
    for (const std::int64_t id : facts.unreachable) {
        if (step.people.size() == kPeopleNamed) break;
        if (const auto person = directory.person(id)) step.people.push_back(person->name);
    }
    return step;
}

Step backup(const Facts& facts) {
    Step step{.name = "backup", .by = role::kSystemAdmin};
    if (!facts.recovery_key) step.missing.emplace_back("key");
    if (facts.backup == Instant{}) step.missing.emplace_back("backup");
    step.done = step.missing.empty();
    return step;
}

}  // namespace

std::vector<Step> steps(const Directory& directory, const Facts& facts, Instant now) {
    auto administrators = nobody_is(directory, 0, {role::kSecurityAdmin, role::kSystemAdmin, role::kAuditAdmin});
    const bool apart = administrators.empty();
    const auto contracts = directory.contracts(0);
    const bool contract = std::any_of(contracts.begin(), contracts.end(), [](const access::Contract& one) { return one.service == kService; });
    const bool drilled = facts.restored != Instant{} && now - facts.restored < kDrillCounts;
    return {
        {.name = "administrators", .done = apart, .by = role::kSecurityAdmin, .missing = std::move(administrators)},
        giving_side(directory),
        asking_side(directory),
        {.name = "contract", .done = contract, .by = role::kCentreManager},
        contacts(directory, facts),
        {.name = "notices", .needed = false, .done = facts.notices, .by = role::kSystemAdmin},
        roster(directory, now),
        {.name = "device", .needed = false, .done = facts.device, .by = role::kSystemAdmin},
        {.name = "reachable", .needed = false, .done = facts.reachable, .by = role::kSystemAdmin},
        {.name = "first_opinion", .done = facts.opinion_signed, .by = role::kDoctor},
        backup(facts),
        {.name = "restore", .done = drilled, .by = role::kSystemAdmin},
    };
}

bool finished(const std::vector<Step>& steps) {
    return std::all_of(steps.begin(), steps.end(), [](const Step& one) { return one.done || !one.needed; });
}

}  // namespace qiao::app::setup
