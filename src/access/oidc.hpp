#pragma once

#include "access/oidc_token.hpp"
#include "access/rate_limit.hpp"
#include "access/security_notice.hpp"
#include "access/sign_in_steps.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// Signing in with the account of the institution's own OpenID provider: authorisation code with PKCE (RFC 7636), one attempt
/// bound to one browser. Whose account it is was said by the person, signed in and freshly proved; names and e-mail addresses
/// of the provider decide nothing and are not even read. Thread-safe; calls that ask the provider block, at most 15 s a request.
namespace qiao::access {

struct OidcConfig {
    std::string issuer;  ///< empty = off
    std::string client;
    std::string secret;  ///< empty where `assertion` is there
    /// A `private_key_jwt` for this audience (RFC 7523), instead of the secret; app gives it. And its public half, a JWK Set.
    std::function<std::string(std::string_view client, std::string_view audience, Instant now)> assertion;
    std::string jwks;
    std::string label;  ///< of the button; empty = the page's own words
    std::string label_en;
    std::vector<std::string> second_factor_acr;  ///< what the provider has to say for its own second factor to count
    std::vector<std::string> second_factor_amr;
};

/// The way out: app gives it. Status 0 when no answer came.
struct OidcRequest {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string form = {};  ///< empty = GET
};
struct OidcReply {
    int status = 0;
    std::string body;
};
using OidcFetch = std::function<OidcReply(const OidcRequest&)>;

/// What the provider sent the browser back with.
struct OidcAnswer {
    std::string code, state, issuer, error;
};

class Oidc {
public:
    struct Ground {
        storage::Database& database;
        storage::Writer& writer;
        Audit& audit;
        Sessions& sessions;
        SignInSteps& steps;
        SecurityNotices& notices;
        const Clock& clock;
    };
    /// @param origin  under which people reach this centre: the provider sends the browser back to `/app/oidc` of it
    Oidc(const Ground& ground, OidcConfig config, OidcFetch fetch, std::function<std::string()> origin);

    [[nodiscard]] bool on() const { return !config_.issuer.empty(); }
    [[nodiscard]] const OidcConfig& config() const { return config_; }

    /// Where a browser goes that was signed in by the provider and has signed out here, to end the provider's session too. Empty:
    /// the provider offers none, or nobody has asked it anything since the start.
    [[nodiscard]] std::string end_session_url();

    struct Begun {
        std::string url;     ///< where the browser goes
        std::string secret;  ///< for its cookie: only this browser may finish
    };
    /// @param session  of the person who links an account; empty = a sign-in
    /// Error(unavailable): access.oidc_unreachable, access.busy; Error(not_found, "access.oidc_off").
    Begun begin(const http::Request& request, std::string_view session = {});
    /// Error(unauthenticated): access.oidc_over, access.oidc_denied, access.oidc_bad_token; Error(forbidden, "access.oidc_not_linked").
    SignInSteps::SignedIn sign_in(std::string_view secret, const OidcAnswer& answer, const http::Request& request);
    /// The same, then Error(conflict): access.oidc_linked_elsewhere, access.oidc_has_link.
    void link(const record::Actor& actor, const Session& session, std::string_view secret, const OidcAnswer& answer, const http::Request& request);
    /// Error(not_found, "access.oidc_not_linked").
    void unlink(const record::Actor& actor);
    /// Since when; nothing when there is no link.
    [[nodiscard]] std::optional<Instant> linked_since(std::int64_t person);

private:
    struct Attempt {
        std::string state, nonce, verifier, session;
        Instant until{};
    };
    struct Known {
        OidcProvider provider;
        std::vector<OidcKey> keys;
        Instant at{};
    };
    using KnownPtr = std::shared_ptr<const Known>;
    [[nodiscard]] std::string page() const { return origin_() + "/app/oidc"; }

    Attempt take(std::string_view secret, const OidcAnswer& answer, std::string_view session);
    OidcIdentity identity_of(const Attempt& attempt, const OidcAnswer& answer, const http::Request& request);
    std::string id_token_of(const Known& known, const Attempt& attempt, const std::string& code, const http::Request& request);
    KnownPtr known(std::chrono::seconds age);
    KnownPtr ask();
    [[nodiscard]] bool second_factor_counts(const OidcIdentity& identity) const;

    // oidc_store.cpp
    [[nodiscard]] std::int64_t person_of(std::string_view subject);
    void insert_link(std::int64_t person, std::string_view subject, const AuditEvent& event);
    bool erase_link(std::int64_t person, const AuditEvent& event);

    const Ground ground_;
    const OidcConfig config_;
    const OidcFetch fetch_;
    const std::function<std::string()> origin_;
    RateLimit begins_;
    std::atomic<int> asking_{0};
    std::mutex mutex_;
    std::unordered_map<std::string, Attempt> attempts_;  ///< by the SHA-256 of the secret
    KnownPtr known_;
    std::mutex ask_mutex_;
    Instant asked_{};
};

/// Ends a person's link, in the commit of a confirmed reset.
void forget_oidc_link(storage::Group& group, std::int64_t person);

}  // namespace qiao::access
