#pragma once

#include "access/factor.hpp"
#include "access/organisation.hpp"
#include "access/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A forgotten password or a lost second factor, by two persons. By day a security administrator asks and another one confirms
/// within 15 minutes; nothing changes before. At night the duty coordinator calls the person's registered number and reads a
/// code: with it the person sets a password that opens sessions only until somebody else has confirmed, 24 hours at most; the
/// old password and factors stay as they are until then. Thread-safe; each step is durable, audited and told to the person.
namespace qiao::access {

struct Reset {
    std::int64_t id = 0;
    std::int64_t person = 0;
    bool night = false;
    std::string reason;
    std::int64_t started_by = 0;
    Instant started{};
    std::int64_t confirmed_by = 0;
    Instant confirmed{};  ///< the epoch = not yet
    std::string code_hash;
    Instant code_until{};
    Instant used{};  ///< the epoch = the code was not used yet
    std::string password_hash;
    Instant ended{};  ///< the epoch = open

    /// Until when somebody else has to confirm.
    [[nodiscard]] Instant confirm_until() const;
};

class Resets {
public:
    Resets(storage::Database& database, storage::Writer& writer, Audit& audit, Directory& directory, Sessions& sessions, Factors& factors,
           SecurityNotices& notices, const Clock& clock, std::string master_key);

    struct Started {
        std::int64_t id = 0;
        std::string code;  ///< at night: to read over the telephone, once
    };
    /// Error(forbidden): access.not_yours (neither security administrator, nor at night coordinator or duty lead),
    /// access.own_reset, access.not_at_night (administrators); Error(invalid, "access.reason_needed"); Error(conflict):
    /// access.reset_running, access.no_registered_number.
    Started start(const record::Actor& actor, std::int64_t person, std::string_view reason, bool night);
    /// By another person than the first. By day it ends the password, the sessions and the factors, and returns the code that
    /// the person needs within 15 minutes; at night it makes the new password the only one.
    std::string confirm(const record::Actor& actor, std::int64_t id);
    /// Ends it, and at night the sessions it opened.
    void refuse(const record::Actor& actor, std::int64_t id);
    /// The person's part, before signing in. Error(unauthenticated, "access.wrong_code") whatever is wrong.
    void set_password(std::string_view login, std::string_view code, std::string_view password, const http::Request& request);

    /// Those that wait for a second person or for the code, the newest first.
    [[nodiscard]] std::vector<Reset> open();
    /// The reset whose unconfirmed password counts now.
    [[nodiscard]] std::optional<Reset> unconfirmed(std::int64_t person);
    /// The number to call, from the person's Practitioner; empty when none is registered.
    [[nodiscard]] std::string registered_number(std::int64_t person);

private:
    Reset running(std::int64_t id);
    void require_role(const record::Actor& actor, bool night) const;
    [[nodiscard]] bool is_live(const Reset& reset) const;
    [[nodiscard]] std::string kept(std::int64_t person, std::string_view code) const;
    [[nodiscard]] AuditEvent event_of(const record::Actor& actor, const Reset& reset, std::string_view step) const;

    // reset_store.cpp
    std::vector<Reset> read_open(std::int64_t person);
    std::int64_t insert(const Reset& reset, const AuditEvent& event);
    void store_confirmed(const Reset& reset, const AuditEvent& event);
    void store_used(const Reset& reset, const AuditEvent& event);
    void store_ended(const Reset& reset, const AuditEvent& event);
    void replace_credential(storage::Group& group, const Reset& reset);

    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    Directory& directory_;
    Sessions& sessions_;
    Factors& factors_;
    SecurityNotices& notices_;
    const Clock& clock_;
    const std::string master_key_;
};

}  // namespace qiao::access
