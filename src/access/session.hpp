#pragma once

#include "access/audit.hpp"
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
    /// The same without counting as use; nothing when there is no valid session.
    [[nodiscard]] std::optional<Session> find(const http::Request& request);

    // People.
    /// Error(unauthenticated, "access.wrong_login") whatever is wrong; Error(unavailable, "access.too_many_tries") → 429.
    Opened sign_in(std::string_view login, std::string_view password, const http::Request& request);
    /// Demo only: Error(not_found) otherwise.
    Opened sign_in_demo(std::string_view login, const http::Request& request);
    /// The password again; the session may sign until the returned time. In `demo` the password may be empty.
    Instant step_up(const http::Request& request, std::string_view password);
    void sign_out(const http::Request& request);
    [[nodiscard]] bool stepped_up(const record::Actor& actor) const;
    void set_password(const record::Actor& actor, std::int64_t person, std::string_view password);

    // Ends. The listener runs on the thread that ended the session (sockets close there); key as in Session::key.
    void revoke(std::string_view key);
    void revoke_person(std::int64_t person);
    void on_session_ended(std::function<void(std::string_view key)> listener);

    // Commands and clients.
    /// A bearer token for a person, for `qiao token`. Error(not_found, "access.no_person").
    std::string issue_token(std::string_view login, std::chrono::hours valid);
    struct NewClient {
        std::string id;
        std::string secret;  ///< shown once
    };
    /// @param role  access::role::kIntegration or kMetrics; Error(invalid, "access.bad_role") else
    NewClient add_client(std::string_view name, std::string_view role);
    void revoke_client(std::string_view id);
    /// OAuth 2 client credentials. Error(unauthenticated, "access.wrong_client").
    Opened client_token(std::string_view id, std::string_view secret, const http::Request& request);

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

private:
    struct Entry;
    struct Credential;

    std::shared_ptr<Entry> entry_of(const http::Request& request, bool use);
    std::shared_ptr<Entry> entry(const std::string& key);
    std::shared_ptr<Entry> load(const std::string& key);
    Opened open(Session session, std::chrono::seconds absolute, const http::Request& request, AuditEvent event);
    void build(Entry& entry) const;
    void ended(const std::vector<std::string>& keys);
    void run(const std::stop_token& stop);

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
    std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
    std::mutex listeners_mutex_;
    std::vector<std::function<void(std::string_view)>> listeners_;
    std::string first_run_hash_;
    std::jthread thread_;
};

}  // namespace qiao::access
