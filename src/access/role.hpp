#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The staff roles and what each may, as one table, and the keys under which a person stands in the record's tables
/// `reach` and `reach_item`. Pure values; any thread.
namespace qiao::access {

namespace role {
inline constexpr std::string_view kDoctor = "doctor";
inline constexpr std::string_view kExpert = "expert";
inline constexpr std::string_view kCoordinator = "coordinator";
inline constexpr std::string_view kNurse = "nurse";
inline constexpr std::string_view kTechnician = "technician";
inline constexpr std::string_view kDutyLead = "duty_lead";
inline constexpr std::string_view kCentreManager = "centre_manager";
inline constexpr std::string_view kSystemAdmin = "system_admin";
inline constexpr std::string_view kSecurityAdmin = "security_admin";
inline constexpr std::string_view kAuditAdmin = "audit_admin";
inline constexpr std::string_view kPrivacyOfficer = "privacy_officer";
inline constexpr std::string_view kIntegration = "integration";  ///< clients only
inline constexpr std::string_view kOperator = "operator";        ///< clients only: the search parameters of the centre
inline constexpr std::string_view kMetrics = "metrics";          ///< clients only: /metrics and health detail
inline constexpr std::string_view kGateway = "gateway";          ///< clients only: routes of http::Scope::gateway, nothing else
}  // namespace role

/// One row a role. What is not true here is refused.
struct RoleRights {
    std::string_view code;
    std::int64_t number;          ///< stable: part of stored desk keys, never reused
    bool clinical_staff = false;  ///< sees the patients in care of the own organisation and those below it
    bool stands_at_desk = false;  ///< sees what a case lays on the desk of this role at the own organisation
    bool registers_patients = false;
    bool signs = false;         ///< may have a signing key
    bool keeps_people = false;  ///< organisations, people, roles
    bool keeps_contracts = false;
    bool keeps_roster = false;  ///< who is on duty at the own institution
    bool reads_audit = false;
    bool keeps_nodes = false;       ///< configuration, devices, /metrics
    bool administrator = false;     ///< at most one of these a person
    bool answers_patients = false;  ///< works off what patients ask
    bool keeps_privacy = false;     ///< sees who looked at the patients of the own institution, and why
    bool whole_record = false;      ///< integration clients: everything, audited
    bool breaks_glass = false;      ///< opens any one patient for a while, with a reason; never who holds an administrator's role too
    bool reviews_glass = false;
};

std::span<const RoleRights> roles();
/// The row of `code`, or null.
const RoleRights* find_role(std::string_view code);

/// Keys for record::ReadFilter::grantees and record::Record::reach_*: kind in the top byte, so they never collide.
std::int64_t person_key(std::int64_t person);
/// Held by the clinical staff of the organisation and of those above it.
std::int64_t organisation_key(std::int64_t organisation);
/// Held by those who have `role` at exactly this organisation. Error(internal) for an unknown role.
std::int64_t desk_key(std::int64_t organisation, std::string_view role);

/// Held by the account of a patient, or of a guardian or proxy.
std::int64_t patient_key(std::int64_t account);

enum class GranteeKind : std::uint8_t { none, person, organisation, desk, patient };
struct Grantee {
    GranteeKind kind = GranteeKind::none;
    std::int64_t id = 0;         ///< person, organisation or account
    std::string_view role = {};  ///< desks only
};
Grantee grantee_of(std::int64_t key);

}  // namespace qiao::access
