#include "access/role.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace qiao::access {
namespace {

constexpr std::array kRoles = {
    RoleRights{
        .code = role::kDoctor, .number = 1, .clinical_staff = true, .stands_at_desk = true, .registers_patients = true, .signs = true, .breaks_glass = true},
    RoleRights{.code = role::kExpert, .number = 2, .stands_at_desk = true, .signs = true, .breaks_glass = true},
    RoleRights{.code = role::kCoordinator, .number = 3, .stands_at_desk = true, .signs = true},
    RoleRights{.code = role::kNurse, .number = 4, .clinical_staff = true, .stands_at_desk = true, .registers_patients = true, .breaks_glass = true},
    RoleRights{.code = role::kTechnician, .number = 5, .clinical_staff = true, .stands_at_desk = true, .registers_patients = true},
    RoleRights{.code = role::kDutyLead, .number = 6, .stands_at_desk = true, .keeps_roster = true},
    RoleRights{.code = role::kCentreManager, .number = 7, .stands_at_desk = true, .keeps_contracts = true, .keeps_roster = true},
    RoleRights{.code = role::kSystemAdmin, .number = 8, .keeps_nodes = true, .administrator = true},
    RoleRights{.code = role::kSecurityAdmin, .number = 9, .keeps_people = true, .administrator = true},
    RoleRights{.code = role::kAuditAdmin, .number = 10, .reads_audit = true, .administrator = true},
    RoleRights{.code = role::kPrivacyOfficer, .number = 11, .answers_patients = true, .keeps_privacy = true, .reviews_glass = true},
    RoleRights{.code = role::kIntegration, .number = 12, .whole_record = true},
    RoleRights{.code = role::kMetrics, .number = 13, .keeps_nodes = true},
    RoleRights{.code = role::kGateway, .number = 14},
    RoleRights{.code = role::kOperator, .number = 15},
};

constexpr int kKindShift = 56;
constexpr int kRoleShift = 40;
constexpr std::int64_t kOrganisationMask = (std::int64_t{1} << kRoleShift) - 1;
constexpr std::int64_t kIdMask = (std::int64_t{1} << kKindShift) - 1;

std::int64_t key(GranteeKind kind, std::int64_t rest) { return (static_cast<std::int64_t>(kind) << kKindShift) | rest; }

}  // namespace

std::span<const RoleRights> roles() { return kRoles; }

const RoleRights* find_role(std::string_view code) {
    const auto* row = std::find_if(kRoles.begin(), kRoles.end(), [&](const RoleRights& one) { return one.code == code; });
    return row == kRoles.end() ? nullptr : row;
}

std::int64_t person_key(std::int64_t person) { return key(GranteeKind::person, person); }

std::int64_t organisation_key(std::int64_t organisation) { return key(GranteeKind::organisation, organisation); }

std::int64_t patient_key(std::int64_t account) { return key(GranteeKind::patient, account); }

std::int64_t desk_key(std::int64_t organisation, std::string_view role) {
    const RoleRights* row = find_role(role);
    if (row == nullptr) throw Error(ErrorKind::internal, "access.unknown_role", "no such role: " + std::string(role));
    return key(GranteeKind::desk, (row->number << kRoleShift) | organisation);
}

Grantee grantee_of(std::int64_t key) {
    const auto kind = key >> kKindShift;
    const std::int64_t rest = key & kIdMask;
    if (kind == static_cast<std::int64_t>(GranteeKind::person)) return {GranteeKind::person, rest};
    if (kind == static_cast<std::int64_t>(GranteeKind::organisation)) return {GranteeKind::organisation, rest};
    if (kind == static_cast<std::int64_t>(GranteeKind::patient)) return {GranteeKind::patient, rest};
    if (kind != static_cast<std::int64_t>(GranteeKind::desk)) return {};
    const std::int64_t number = rest >> kRoleShift;
    for (const RoleRights& row : kRoles) {
        if (row.number == number) return {GranteeKind::desk, rest & kOrganisationMask, row.code};
    }
    return {};
}

}  // namespace qiao::access
