#pragma once

#include "access/device_code.hpp"
#include "access/device_seal.hpp"
#include "access/factor.hpp"
#include "access/reset.hpp"
#include "access/role_request.hpp"
#include "access/security_notice.hpp"
#include "access/sign_in_steps.hpp"

#include <string>

/// Everything by which people prove who they are, in the order in which it depends on one another. Made once at start.
namespace qiao::access {

struct Entrance {
    /// @param master_key  from open_master_key()
    Entrance(storage::Database& database, storage::Writer& writer, Audit& audit, Directory& directory, Sessions& sessions, const Clock& clock,
             const std::string& master_key, SignInPolicy policy = {})
        : notices(database),
          factors(database, writer, audit, sessions.passwords(), notices, clock, master_key),
          resets(database, writer, audit, directory, sessions, factors, notices, clock, master_key),
          steps(sessions, factors, resets, directory, clock, std::move(policy)),
          device_codes(directory, factors, clock, sessions.options().demo),
          device_seal(master_key),
          role_requests(database, writer, audit, directory, notices, clock) {}

    SecurityNotices notices;
    Factors factors;
    Resets resets;
    SignInSteps steps;
    DeviceCodes device_codes;
    DeviceSeal device_seal;
    RoleRequests role_requests;
};

}  // namespace qiao::access
