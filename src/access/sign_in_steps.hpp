#pragma once

#include "access/factor.hpp"
#include "access/reset.hpp"
#include "access/session.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Signing in step by step: the password, then a second factor where the person has one; a device key with its PIN; and the
/// proof again before signing. What waits for the next step is in memory, 5 minutes at most. Thread-safe; calls block.
namespace qiao::access {

/// Roles whose people have to add a second factor at their first sign-in; the others may.
struct SignInPolicy {
    std::vector<std::string> second_factor_roles = {};
};

class SignInSteps {
public:
    SignInSteps(Sessions& sessions, Factors& factors, Resets& resets, const Directory& directory, const Clock& clock, SignInPolicy policy);

    /// What the browser needs for the second step.
    struct Waiting {
        std::string token;  ///< goes to the browser once; kept as SHA-256
        std::string challenge;
        FactorKinds kinds;
        std::vector<std::string> security_keys;  ///< credential ids for the host of the request
    };
    struct SignedIn {
        std::optional<Opened> opened;
        std::optional<Waiting> waiting;
    };
    /// A person whose first proof was right, and what it was.
    struct First {
        std::int64_t person = 0;
        std::string login;
        std::string_view first = {};        ///< as Session::first; empty = the password
        bool second_factor_counts = false;  ///< it was made with a second factor that counts here
    };
    SignedIn after_first(const First& first, const http::Request& request);
    /// Errors as Sessions::check_password.
    SignedIn sign_in(std::string_view login, std::string_view password, const http::Request& request);
    /// Error(unauthenticated): access.wrong_code, access.step_over (the first step was too long ago, or five proofs were wrong).
    Opened second_step(std::string_view token, const Proof& proof, const http::Request& request);

    /// A challenge for the key of a device; the same for one that nobody knows.
    std::string device_challenge(std::string_view device);
    /// Error(unauthenticated, "access.wrong_pin"), Error(forbidden, "access.device_locked").
    Opened sign_in_by_device(const Proof::Device& proof, const http::Request& request);

    struct Question {
        std::string challenge;
        FactorKinds kinds;
        std::vector<std::string> security_keys;
    };
    /// Bound to the session, for a step-up or the registration of a key.
    Question question(const Session& session, const http::Request& request);
    /// The challenge that question() gave; it is taken away. Empty when there is none.
    webauthn::Expected expected(const Session& session, const http::Request& request);
    /// Error(forbidden): access.wrong_password, access.wrong_code. In `demo` the password may be empty.
    Instant step_up(const Proof& proof, const http::Request& request);

    /// Whether one of the person's roles has to have a second factor.
    [[nodiscard]] bool requires_factor(std::int64_t person) const;

private:
    struct Step {
        std::int64_t person = 0;
        std::string login;
        std::string_view first = {};
        std::string challenge = {};
        int wrong = 0;
        Instant until{};
    };
    std::string begin(const std::string& owner, Step step);
    std::optional<Step> take(const std::string& owner);
    void put_back(const std::string& owner, Step step);
    void require_may_try(const std::string& account, const http::Request& request);
    std::vector<std::string> keys_here(std::int64_t person, const http::Request& request);

    Sessions& sessions_;
    Factors& factors_;
    Resets& resets_;
    const Directory& directory_;
    const Clock& clock_;
    const SignInPolicy policy_;
    std::mutex mutex_;
    std::unordered_map<std::string, Step> steps_;
};

}  // namespace qiao::access
