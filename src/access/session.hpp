#pragma once

#include "access/audit.hpp"
#include "access/client_assertion.hpp"
#include "access/organisation.hpp"
#include "access/password.hpp"
#include "access/throttle.hpp"
#include "http/router.hpp"
#include "record/rest/rest.hpp"
#include "storage/writer.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Who is asking: sessions of people, bearer tokens, clients. A token is 256 random bits of which only the SHA-256 is kept.
/// Thread-safe. Looking a session up costs no SQL; signing in, out and up block until durable.
namespace qiao::access {

struct SessionOptions {
    std::chrono::minutes idle{15};
    std::chrono::hours absolute{12};
    std::chrono::minutes step_up{5};
    bool demo = false;  ///< sign in without a password, by login
    PasswordCost password = {};
};

/// What is known of a signed-in person or a client.
struct Session {
    std::string key;          ///< SHA-256 of the token in hex: names the session, opens nothing
    std::int64_t person = 0;  ///< 0 = a client
    std::string client;       ///< client id; empty = a person
    std::string scope;        ///< role of the client; empty = a person
    bool by_cookie = false;
    bool demo = false;
    Instant idle_end{};
    Instant absolute_end{};
    Instant step_up_until{};  ///< the epoch = never
    std::string must;         ///< what the person has to do before anything else works: must::kSecondFactor; empty = nothing
    std::string factor;       ///< what proved the person besides the password: "totp", "recovery", "security_key", "device"; may be empty
    std::string agent;        ///< family of the browser
    std::string address;      ///< of the sign-in
    std::string first = {};   ///< "oidc" when that and no password began it; for the audit of the sign-in, not kept
    std::int64_t reset = 0;   ///< signed in with the password of a reset that a second person has yet to confirm
    Instant created{};
    Instant used{};
};

namespace must {
inline constexpr std::string_view kSecondFactor = "second_factor";
}  // namespace must

/// Error(forbidden, "access.enrol_first") when the session must do something first.
void require_nothing_else(const Session& session);

/// How a session of a person begins.
struct Opening {
    std::string first = {};  ///< as Session::first
    std::string factor = {};
    std::string must = {};
    std::int64_t reset = 0;
    Instant latest_end = Instant::max();  ///< of the session, when earlier than SessionOptions::absolute
    bool stepped_up = false;              ///< the person has just proved who they are
};

/// A new session: the token goes to the caller once and is kept nowhere.
struct Opened {
    std::string token;
    Session session;
};

class Sessions {
public:
    Sessions(storage::Database& database, storage::Writer& writer, Directory& directory, Audit& audit, const Clock& clock, SessionOptions options = {});
    ~Sessions();

    // A request.
    /// The CallerOf of the record's REST: by cookie or `Authorization: Bearer`. Counts as use of the session.
    /// Error(unauthenticated, "access.no_session").
    record::Caller caller(const http::Request& request);
    /// The same, also for a session that must do something first (Session::must): for the routes of a person's own credentials.
    record::Caller own_caller(const http::Request& request);
    /// The same without counting as use; nothing when there is no valid session.
    [[nodiscard]] std::optional<Session> find(const http::Request& request);
    /// Whether the request brings a cookie or bearer token at all, valid or not.
    [[nodiscard]] static bool carries_token(const http::Request& request);
    /// The caller behind a session that was found before (Session::key), for what is pushed to open pages. No use of it.
    [[nodiscard]] std::optional<record::Caller> caller_of(std::string_view key);
    /// What a person may now, or (person 0) a client: for what goes on without a session, as a subscription. Nothing when they are
    /// not active any more.
    [[nodiscard]] std::optional<record::Caller> standing_caller(std::int64_t person, std::string_view client);

    // People.
    /// Whose login and password these are. Error(unauthenticated, "access.wrong_login") whatever is wrong;
    /// Error(unavailable, "access.too_many_attempts") → 429. `also`: a second hash that counts (a reset's password), or empty.
    struct Checked {
        std::int64_t person = 0;
        bool by_other = false;  ///< the second hash matched, not the person's own
    };
    using OtherHash = std::function<std::string(std::int64_t person)>;
    Checked check_password(std::string_view login, std::string_view password, const http::Request& request, const OtherHash& other = {});
    /// Whether this is the person's password; nothing is counted.
    bool is_password(std::int64_t person, std::string_view password) { return hasher_.matches(password_hash_of(person), password); }
    /// A new session, with a new token; the one that the browser had ends.
    Opened open_for(std::int64_t person, const Opening& opening, const http::Request& request);
    /// Demo only: Error(not_found) otherwise.
    Opened sign_in_demo(std::string_view login, const http::Request& request);
    /// The session may sign until the returned time. The caller has checked the proof `by` ("password", "totp", …).
    Instant step_up(const Session& session, std::string_view by, const http::Request& request);
    void sign_out(const http::Request& request);
    /// The person gave up work of theirs that only their device had: kept in the audit.
    void note_discard(const record::Actor& actor, std::string_view what, std::string_view case_id, std::string_view reason);
    [[nodiscard]] bool stepped_up(const record::Actor& actor) const;
    void set_password(const record::Actor& actor, std::int64_t person, std::string_view password);

    // Ends. The listener runs on the thread that ended the session (sockets close there); key as in Session::key.
    void revoke(std::string_view key);
    void revoke_person(std::int64_t person);
    /// Ends a session from a list, audited in the name of `actor`.
    void end_session(const record::Actor& actor, const Session& session);
    /// Those that began with the unconfirmed password of this reset.
    void revoke_reset(std::int64_t reset);
    /// The live sessions of a person, the last used first.
    [[nodiscard]] std::vector<Session> sessions_of(std::int64_t person);
    void on_session_ended(std::function<void(std::string_view key)> listener);

    // Commands and clients.
    /// A bearer token for a person, for `qiao token`. Error(not_found, "access.no_person").
    std::string issue_token(std::string_view login, std::chrono::hours valid);
    struct NewClient {
        std::string id;
        std::string secret;  ///< shown once; empty with keys
    };
    /// @param role  access::role::kIntegration, kOperator, kMetrics or kGateway; Error(invalid, "access.bad_role") else
    /// @param jwks  public keys of the client (RFC 7517), which then has no secret   @param audience  what its assertions must name
    NewClient add_client(std::string_view name, std::string_view role, std::string_view jwks = {}, std::string_view audience = {});
    void revoke_client(std::string_view id);
    /// OAuth 2 client credentials. Nothing when the client is unknown or its secret is wrong.
    std::optional<Opened> client_token(std::string_view id, std::string_view secret, const http::Request& request);
    /// The same by `private_key_jwt` (RFC 7523).
    std::optional<Opened> client_token_by_assertion(std::string_view jwt, const http::Request& request);

    // First run.
    /// A token for the one-time administrator link, while there is no administrator; nothing afterwards. A new one each
    /// start, valid 24 h.
    std::optional<std::string> first_run_token();
    struct FirstAdministrator {
        std::string login, name, password;
        std::vector<std::string> roles;
    };
    /// Makes the first institution and its administrators. Error(forbidden, "access.first_run_over").
    void first_run(std::string_view token, const NewOrganisation& organisation, const std::vector<FirstAdministrator>& administrators);

    [[nodiscard]] const SessionOptions& options() const { return options_; }
    [[nodiscard]] PasswordHasher& passwords() { return hasher_; }
    [[nodiscard]] const Directory& directory() const { return directory_; }
    /// Writes what was used since the last time and ends what has expired; runs each second by itself.
    void tick();

    /// How long this caller must wait before the next sign-in with `account` (login or client id): for Retry-After.
    [[nodiscard]] std::chrono::seconds must_wait(std::string_view account, const http::Request& request) const;
    [[nodiscard]] Throttle& throttle() { return throttle_; }
    /// Audits a refused proof.
    void refused(const http::Request& request, std::int64_t person, std::string_view action, std::string_view why);

private:
    struct Entry;
    using EntryPtr = std::shared_ptr<Entry>;
    class FirstRun;

    EntryPtr entry_of(const http::Request& request);
    EntryPtr entry(const std::string& key);
    EntryPtr load(const std::string& key);
    EntryPtr renewed(const EntryPtr& old);
    [[nodiscard]] EntryPtr made(Session session, Instant used) const;
    [[nodiscard]] bool expired(const Entry& entry) const;
    Session snapshot_of(const Entry& entry) const;
    Opened open(Session session, std::chrono::seconds absolute, const http::Request& request, std::string_view action);
    void build(Entry& entry) const;
    void build_person(Entry& entry) const;
    void end(const std::vector<std::string>& keys);
    void run(const std::stop_token& stop);
    [[nodiscard]] AuditEvent event_for(const http::Request& request, std::string_view action, std::string_view outcome) const;

    // session_store.cpp
    std::string password_hash_of(std::int64_t person);
    std::optional<Session> read_session(const std::string& key, Instant& used);
    std::vector<std::string> keys_of_person(std::int64_t person);
    std::vector<std::string> keys_of_reset(std::int64_t reset);
    std::vector<std::string> keys_of_client(std::string_view client);
    void insert_session(storage::Group& group, const Session& session, Instant now);
    void delete_sessions(const std::vector<std::string>& keys);
    void follow();
    void tell_ended(const std::vector<std::string>& keys);
    /// What is stored of these sessions: of one that ended nothing.
    struct StoredUse {
        std::int64_t used_us = 0;
        std::int64_t step_up_until_us = 0;
        std::string must;
    };
    std::unordered_map<std::string, StoredUse> stored_sessions(const std::vector<EntryPtr>& known);
    void store_use(const std::vector<std::pair<std::string, std::int64_t>>& used);
    void store_step_up(const std::string& key, Instant until, const AuditEvent& event);
    void store_password(std::int64_t person, std::string_view hash, const AuditEvent& event);
    struct Client {
        std::string id;
        std::string name;
        std::string secret_hash;
        std::string role;
        std::string audience;
        std::vector<ClientKey> keys;
    };
    Opened open_client(std::string_view id, const Client& client, const http::Request& request);
    void insert_client(const Client& client, const AuditEvent& event);
    Client read_client(std::string_view id);
    bool use_assertion(std::string_view client, std::string_view jti_hash, Instant until, Instant now);
    void mark_client_revoked(std::string_view id, const AuditEvent& event);
    void delete_expired(Instant now);

    storage::Database& database_;
    storage::Writer& writer_;
    Directory& directory_;
    Audit& audit_;
    const Clock& clock_;
    const SessionOptions options_;
    PasswordHasher hasher_;
    Throttle throttle_;
    std::atomic<std::uint64_t> epoch_{1};  ///< rises when people, roles or institutions change
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::string, EntryPtr> entries_;
    std::uint64_t ends_ = 0;  ///< sessions ended so far: a load that began before an end must not bring it back
    std::mutex listeners_mutex_;
    std::vector<std::function<void(std::string_view)>> listeners_;
    std::mutex first_run_mutex_;
    std::string first_run_hash_;
    Instant first_run_until_{};
    std::jthread thread_;
};

}  // namespace qiao::access
