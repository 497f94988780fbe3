#include "access/sign_in_steps.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kStep = 5min;
constexpr int kWrongProofs = 5;
constexpr std::size_t kWaiting = 20'000;

std::string host_of(const http::Request& request) { return lower(request.header("host")); }

std::string owner_of(const Session& session) { return "session " + session.key; }

/// Apart from the password's: a right password must not make guessing a code cheaper.
std::string account_of(std::string_view login) { return "second " + std::string(login); }

}  // namespace

SignInSteps::SignInSteps(Sessions& sessions, Factors& factors, Resets& resets, const Directory& directory, const Clock& clock, SignInPolicy policy)
    : sessions_(sessions), factors_(factors), resets_(resets), directory_(directory), clock_(clock), policy_(std::move(policy)) {}

std::string SignInSteps::begin(const std::string& owner, Step step) {
    step.challenge = new_secret();
    step.until = clock_.now() + kStep;
    const std::lock_guard lock(mutex_);
    if (steps_.size() >= kWaiting) {
        std::erase_if(steps_, [&](const auto& one) { return one.second.until <= clock_.now(); });
        if (steps_.size() >= kWaiting) throw Error(ErrorKind::unavailable, "access.busy", "too many sign in at once");
    }
    std::string challenge = step.challenge;
    steps_[owner] = std::move(step);
    return challenge;
}

std::optional<SignInSteps::Step> SignInSteps::take(const std::string& owner) {
    const std::lock_guard lock(mutex_);
    const auto at = steps_.find(owner);
    if (at == steps_.end()) return std::nullopt;
    Step step = std::move(at->second);
    steps_.erase(at);
    if (step.until <= clock_.now()) return std::nullopt;
    return step;
}

void SignInSteps::put_back(const std::string& owner, Step step) {
    const std::lock_guard lock(mutex_);
    steps_.emplace(owner, std::move(step));
}

void SignInSteps::require_may_try(const std::string& account, const http::Request& request) {
    if (sessions_.throttle().wait(account, request.peer_address) > 0s) {
        throw Error(ErrorKind::unavailable, "access.too_many_attempts", "too many attempts; wait and try again");
    }
}

std::vector<std::string> SignInSteps::keys_here(std::int64_t person, const http::Request& request) {
    std::vector<std::string> ids;
    const std::string here = webauthn::rp_id_of(host_of(request));
    for (const Factor& one : factors_.of(person)) {
        if (one.kind == factor::kSecurityKey && one.rp_id == here) ids.push_back(one.handle);
    }
    return ids;
}

bool SignInSteps::requires_factor(std::int64_t person) const {
    const auto memberships = directory_.memberships(person);
    return std::any_of(memberships.begin(), memberships.end(), [&](const Membership& one) {
        return std::find(policy_.second_factor_roles.begin(), policy_.second_factor_roles.end(), one.role) != policy_.second_factor_roles.end();
    });
}

SignInSteps::SignedIn SignInSteps::sign_in(std::string_view login, std::string_view password, const http::Request& request) {
    const auto unconfirmed_hash = [this](std::int64_t person) {
        const auto reset = resets_.unconfirmed(person);
        return reset ? reset->password_hash : std::string();
    };
    const auto checked = sessions_.check_password(login, password, request, unconfirmed_hash);
    SignedIn result;
    if (checked.by_other) {
        const auto reset = resets_.unconfirmed(checked.person);
        if (!reset) throw Error(ErrorKind::unauthenticated, "access.wrong_login", "the login or the password is wrong");
        const Opening opening{.factor = "reset", .reset = reset->id, .latest_end = reset->confirm_until()};
        result.opened = sessions_.open_for(checked.person, opening, request);
        return result;
    }
    return after_first({.person = checked.person, .login = lower(trim(login))}, request);
}

SignInSteps::SignedIn SignInSteps::after_first(const First& first, const http::Request& request) {
    SignedIn result;
    const std::string by(first.first);
    if (first.second_factor_counts) {
        result.opened = sessions_.open_for(first.person, {.first = by, .factor = by}, request);
        return result;
    }
    const FactorKinds kinds = factors_.kinds(first.person);
    if (!kinds.any()) {
        const std::string must(requires_factor(first.person) ? must::kSecondFactor : std::string_view());
        result.opened = sessions_.open_for(first.person, {.first = by, .must = must}, request);
        return result;
    }
    Waiting waiting{.token = new_secret(), .challenge = {}, .kinds = kinds, .security_keys = keys_here(first.person, request)};
    waiting.challenge = begin("waiting " + to_hex(sha256(waiting.token)), {.person = first.person, .login = first.login, .first = first.first});
    result.waiting = std::move(waiting);
    return result;
}

Opened SignInSteps::second_step(std::string_view token, const Proof& proof, const http::Request& request) {
    const std::string owner = "waiting " + to_hex(sha256(token));
    auto step = take(owner);
    if (!step) throw Error(ErrorKind::unauthenticated, "access.step_over", "begin again with the password");
    const auto person = directory_.person(step->person);
    if (!person || !person->active || proof.password) throw Error(ErrorKind::unauthenticated, "access.wrong_code", "the proof is wrong");
    const std::string account = account_of(step->login);
    if (sessions_.throttle().wait(account, request.peer_address) > 0s) put_back(owner, *step);
    require_may_try(account, request);
    sessions_.throttle().began(account, request.peer_address);
    const auto kind = factors_.prove(step->person, proof, {.challenge = step->challenge, .host = host_of(request), .user_verified = false});
    if (!kind) {
        sessions_.refused(request, step->person, "login", "second factor");
        if (++step->wrong < kWrongProofs) put_back(owner, *std::move(step));
        throw Error(ErrorKind::unauthenticated, "access.wrong_code", "the proof is wrong");
    }
    sessions_.throttle().succeeded(account, request.peer_address);
    return sessions_.open_for(step->person, {.first = std::string(step->first), .factor = *kind}, request);
}

std::string SignInSteps::device_challenge(std::string_view device) {
    if (device.empty() || device.size() > 64) throw Error(ErrorKind::invalid, "access.bad_proof", "a device has an id");
    return begin("device " + std::string(device), {});
}

Opened SignInSteps::sign_in_by_device(const Proof::Device& device, const http::Request& request) {
    const std::string account = "device " + device.id.substr(0, 64);
    require_may_try(account, request);
    const auto step = take(account);
    const auto known = factors_.by_handle(device.id);
    const auto person = known ? directory_.person(known->person) : std::nullopt;
    sessions_.throttle().began(account, request.peer_address);
    const Proof proof{.device = device};
    const bool right = step && person && person->active &&
                       factors_.prove(person->id, proof, {.challenge = step->challenge, .host = host_of(request), .user_verified = true}).has_value();
    if (!right) {
        sessions_.refused(request, person ? person->id : 0, "login", "device");
        throw Error(ErrorKind::unauthenticated, "access.wrong_pin", "the device or the PIN is wrong");
    }
    sessions_.throttle().succeeded(account, request.peer_address);
    return sessions_.open_for(person->id, {.factor = std::string(factor::kDevice)}, request);
}

SignInSteps::Question SignInSteps::question(const Session& session, const http::Request& request) {
    Question question;
    question.kinds = factors_.kinds(session.person);
    question.security_keys = keys_here(session.person, request);
    question.challenge = begin(owner_of(session), {.person = session.person, .login = {}});
    return question;
}

webauthn::Expected SignInSteps::expected(const Session& session, const http::Request& request) {
    const auto step = take(owner_of(session));
    return {.challenge = step ? step->challenge : std::string(), .host = host_of(request), .user_verified = true};
}

Instant SignInSteps::step_up(const Proof& proof, const http::Request& request) {
    const auto session = sessions_.find(request);
    const auto person = session ? directory_.person(session->person) : std::nullopt;
    if (!person) throw Error(ErrorKind::unauthenticated, "access.no_session", "sign in first");
    if (proof.recovery) throw Error(ErrorKind::invalid, "access.bad_proof", "a recovery code is for signing in");
    const std::string account = proof.password ? person->login : account_of(person->login);
    require_may_try(account, request);
    sessions_.throttle().began(account, request.peer_address);
    std::optional<std::string> by;
    if (proof.password) {
        const bool by_name = session->demo && sessions_.options().demo && proof.password->empty();
        const auto reset = session->reset == 0 ? std::nullopt : resets_.unconfirmed(person->id);
        const bool right =
            by_name || (reset ? sessions_.passwords().matches(reset->password_hash, *proof.password) : sessions_.is_password(person->id, *proof.password));
        if (right) by = factor::kPassword;
    } else {
        by = factors_.prove(person->id, proof, expected(*session, request));
    }
    if (!by) {
        sessions_.refused(request, person->id, "step-up", "wrong");
        throw Error(ErrorKind::forbidden, proof.password ? "access.wrong_password" : "access.wrong_code", "this is not right");
    }
    sessions_.throttle().succeeded(account, request.peer_address);
    return sessions_.step_up(*session, *by, request);
}

}  // namespace qiao::access
