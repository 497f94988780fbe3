#pragma once

#include "access/audit.hpp"
#include "access/organisation.hpp"
#include "access/security_notice.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Administrator roles, and rights of a role to sensitivity labels, are given by two persons: a security administrator asks, another
/// administrator confirms within 15 minutes: a security administrator where there is another, else the system or the audit administrator. Only while nobody
/// else is administrator at all, one person gives them alone, so that a new centre can begin. Thread-safe; calls block until
/// durable.
namespace qiao::access {

struct RoleRequest {
    std::int64_t id = 0;
    NewMembership role;
    std::int64_t membership = 0;  ///< 0 = a new role; else the one in force that is to open role.labels instead of `before`
    std::int64_t before = 0;
    std::int64_t asked_by = 0;
    Instant asked{};

    [[nodiscard]] Instant confirm_until() const;
};

class RoleRequests {
public:
    RoleRequests(storage::Database& database, storage::Writer& writer, Audit& audit, Directory& directory, SecurityNotices& notices, const Clock& clock)
        : database_(database), writer_(writer), audit_(audit), directory_(directory), notices_(notices), clock_(clock) {}

    /// Who could confirm what `asked_by` gives to `receiver`; empty = nobody, so it takes no second person.
    [[nodiscard]] std::vector<std::int64_t> confirmers(std::int64_t asked_by, std::int64_t receiver) const;
    /// @param wanted  without id and asker   Errors as Directory::add_membership or set_opened_labels; Error(conflict,
    /// "access.role_requested") when the same is asked already.
    RoleRequest ask(const record::Actor& actor, RoleRequest wanted);
    /// Error(forbidden): access.own_request, access.not_yours; Error(not_found, "access.no_request"); else as
    /// Directory::add_membership or set_opened_labels. A request that cannot be met any more is over.
    void confirm(const record::Actor& actor, std::int64_t id);
    /// By who asked, or who could confirm.
    void refuse(const record::Actor& actor, std::int64_t id);
    /// Those that wait, the newest first.
    [[nodiscard]] std::vector<RoleRequest> open();
    [[nodiscard]] bool may_confirm(std::int64_t person, const RoleRequest& request) const;

private:
    RoleRequest waiting(std::int64_t id);
    [[nodiscard]] AuditEvent event_of(const record::Actor& actor, const RoleRequest& request, std::string_view step) const;

    // role_request_store.cpp
    void insert(RoleRequest& request, const AuditEvent& event, const std::vector<std::int64_t>& told);
    void end(const RoleRequest& request, const AuditEvent& event, std::string_view notice);

    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    Directory& directory_;
    SecurityNotices& notices_;
    const Clock& clock_;
};

}  // namespace qiao::access
