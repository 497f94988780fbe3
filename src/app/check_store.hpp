#pragma once

#include "base/time.hpp"
#include "storage/database.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What `qiao check` reads from the tables of others, in one place. It writes nothing; one thread.
namespace qiao::app {

struct ClientRow {
    std::string id, name, role;
    Instant created{};
    Instant used{};  ///< the epoch = never
};

struct DeviceRow {
    std::string title, address;
    std::string organisation;  ///< name; empty = none that is active
};

struct AdministratorRow {
    std::string login;
    std::vector<std::string> roles;  ///< administrator roles that have not ended
};

struct CertificateRow {
    std::string kind;    ///< person, seal, authority
    std::string holder;  ///< login, name of the institution, or empty
    Instant expires{};
    bool by_other = false;  ///< another authority's
    bool revoked = false;
};

struct AuthorityRow {
    std::string name;
    Instant list_made{};  ///< of its revocation list; the epoch = none
    Instant list_next{};
    bool in_use = false;
};

struct CentreRows {
    std::vector<CertificateRow> certificates;  ///< the newest of each holder, in force or not
    std::vector<AuthorityRow> authorities;
    std::vector<ClientRow> clients;  ///< not revoked
    std::vector<DeviceRow> devices;
    std::vector<AdministratorRow> administrators;
    std::int64_t audit_rows = 0;  ///< highest number of the chain
    Instant audit_began{};
    Instant audit_checked{};  ///< when the last whole check ended; the epoch = never
    std::int64_t audit_defects = 0;
    bool demo = false;  ///< made by `qiao demo`
};

/// Tables that this version does not find (an older data folder that no server has opened yet) count as empty.
CentreRows read_centre(storage::Database& record, Instant now);

}  // namespace qiao::app
