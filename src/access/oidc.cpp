#include "access/oidc.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/worker_pool.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kAttempt = 10min;
constexpr std::size_t kAttempts = 20'000;
constexpr int kBegins = 600;  // of one network, which may be a whole hospital, in kAttempt
constexpr int kAsking = 16;
constexpr auto kKnown = 1h;
constexpr auto kFreshKeys = 60s;  // a key that nobody knows is looked for this often at most
constexpr auto kAskAgain = 5s;    // after a failure
constexpr std::size_t kCode_bytes = 4096;

[[noreturn]] void over() { throw Error(ErrorKind::unauthenticated, "access.oidc_over", "this sign-in was begun in another browser, or too long ago"); }

[[noreturn]] void unreachable(const char* what) {
    log::warning("access.oidc_unreachable", {{"what", what}});
    throw Error(ErrorKind::unavailable, "access.oidc_unreachable", "the sign-in service does not answer as it should");
}

std::string form_of(const std::vector<std::pair<std::string, std::string>>& fields) {
    std::string text;
    for (const auto& [name, value] : fields) text += (text.empty() ? "" : "&") + name + "=" + percent_encode(value);
    return text;
}

std::string key_of(std::string_view secret) { return to_hex(sha256(secret)); }

/// One request to the provider among at most kAsking.
class Asking {
public:
    explicit Asking(std::atomic<int>& count) : count_(count) {
        if (count_.fetch_add(1) >= kAsking) {
            count_.fetch_sub(1);
            throw Error(ErrorKind::unavailable, "access.busy", "too many sign in at once");
        }
    }
    ~Asking() { count_.fetch_sub(1); }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

private:
    std::atomic<int>& count_;
};

}  // namespace

Oidc::Oidc(const Ground& ground, OidcConfig config, OidcFetch fetch, std::function<std::string()> origin)
    : ground_(ground), config_(std::move(config)), fetch_(std::move(fetch)), origin_(std::move(origin)), begins_(ground.clock, kBegins, kAttempt) {}

Oidc::Begun Oidc::begin(const http::Request& request, std::string_view session) {
    if (!on()) throw Error(ErrorKind::not_found, "access.oidc_off", "nobody has set this up");
    begins_.use(request.peer_address);
    const KnownPtr known = this->known(kKnown);
    const Instant now = ground_.clock.now();
    Attempt attempt{.state = new_secret(), .nonce = new_secret(), .verifier = new_secret(), .session = std::string(session), .until = now + kAttempt};
    Begun begun{.url = known->provider.authorization_endpoint, .secret = new_secret()};
    begun.url += begun.url.find('?') == std::string::npos ? '?' : '&';
    begun.url += form_of({{"response_type", "code"},
                          {"client_id", config_.client},
                          {"redirect_uri", page()},
                          {"scope", "openid"},
                          {"state", attempt.state},
                          {"nonce", attempt.nonce},
                          {"code_challenge", to_base64url(sha256(attempt.verifier))},
                          {"code_challenge_method", "S256"}});
    const std::lock_guard lock(mutex_);
    if (attempts_.size() >= kAttempts) std::erase_if(attempts_, [&](const auto& one) { return one.second.until <= now; });
    if (attempts_.size() >= kAttempts) throw Error(ErrorKind::unavailable, "access.busy", "too many sign in at once");
    attempts_[key_of(begun.secret)] = std::move(attempt);
    return begun;
}

std::string Oidc::end_session_url() {
    KnownPtr known;
    {
        const std::lock_guard lock(mutex_);
        known = known_;
    }
    if (!known || known->provider.end_session_endpoint.empty()) return {};
    std::string url = known->provider.end_session_endpoint;
    url += url.find('?') == std::string::npos ? '?' : '&';
    return url + form_of({{"client_id", config_.client}, {"post_logout_redirect_uri", origin_() + "/app/today"}});
}

/// Once: a second answer to one attempt finds none.
Oidc::Attempt Oidc::take(std::string_view secret, const OidcAnswer& answer, std::string_view session) {
    Attempt attempt;
    {
        const std::lock_guard lock(mutex_);
        const auto at = attempts_.find(key_of(secret));
        if (at == attempts_.end()) over();
        attempt = std::move(at->second);
        attempts_.erase(at);
    }
    const bool ours = attempt.until > ground_.clock.now() && attempt.session == session && equal_in_constant_time(attempt.state, answer.state);
    if (!ours) over();
    return attempt;
}

/// What is known of the provider, at most `age` old where it answers; older when it does not and there is something.
Oidc::KnownPtr Oidc::known(std::chrono::seconds age) {
    const auto current = [this] {
        const std::lock_guard lock(mutex_);
        return known_;
    };
    const auto fresh = [&](const KnownPtr& one) { return one && one->at + age > ground_.clock.now() && one->at <= ground_.clock.now(); };
    if (KnownPtr one = current(); fresh(one)) return one;
    const Asking asking(asking_);
    const WorkerPool::Waiting waiting;
    const std::lock_guard one_at_a_time(ask_mutex_);
    if (KnownPtr one = current(); fresh(one)) return one;
    const Instant now = ground_.clock.now();
    KnownPtr made = asked_ + kAskAgain > now && asked_ <= now ? nullptr : ask();
    asked_ = made ? Instant{} : now;
    const std::lock_guard lock(mutex_);
    if (made) known_ = made;
    if (!known_) unreachable("metadata or keys");
    return known_;
}

Oidc::KnownPtr Oidc::ask() {
    std::string url = config_.issuer;
    while (url.ends_with('/')) url.pop_back();
    const OidcReply metadata = fetch_({.url = url + "/.well-known/openid-configuration", .headers = {{"Accept", "application/json"}}});
    const auto provider = metadata.status == 200 ? read_oidc_provider(metadata.body, config_.issuer, config_.assertion != nullptr) : std::nullopt;
    if (!provider) return nullptr;
    const OidcReply jwks = fetch_({.url = provider->jwks_uri, .headers = {{"Accept", "application/json"}}});
    auto keys = jwks.status == 200 ? read_oidc_keys(jwks.body) : std::vector<OidcKey>();
    if (keys.empty()) return nullptr;
    return std::make_shared<Known>(Known{*provider, std::move(keys), ground_.clock.now()});
}

std::string Oidc::id_token_of(const Known& known, const Attempt& attempt, const std::string& code, const http::Request& request) {
    std::vector<std::pair<std::string, std::string>> form = {
        {"grant_type", "authorization_code"}, {"code", code}, {"redirect_uri", page()}, {"code_verifier", attempt.verifier}};
    OidcRequest wanted{.url = known.provider.token_endpoint,
                       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}}};
    if (config_.assertion) {
        form.emplace_back("client_id", config_.client);
        form.emplace_back("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        form.emplace_back("client_assertion", config_.assertion(config_.client, known.provider.token_endpoint, ground_.clock.now()));
    } else if (known.provider.secret_in_body) {
        form.emplace_back("client_id", config_.client);
        form.emplace_back("client_secret", config_.secret);
    } else {
        wanted.headers.emplace_back("Authorization", "Basic " + to_base64(percent_encode(config_.client) + ":" + percent_encode(config_.secret)));
    }
    wanted.form = form_of(form);
    OidcReply reply;
    {
        const Asking asking(asking_);
        const WorkerPool::Waiting waiting;
        reply = fetch_(wanted);
    }
    if (reply.status == 0 || reply.status >= 500) unreachable("token");
    const auto body = reply.status == 200 ? json::parse(reply.body, 8) : Result<json::Value>(json::Value());
    if (!body || !(*body)["id_token"].is_string()) {
        ground_.sessions.refused(request, 0, "login", "oidc code");
        throw Error(ErrorKind::unauthenticated, "access.oidc_bad_token", "the sign-in service did not confirm this sign-in");
    }
    return (*body)["id_token"].text();
}

OidcIdentity Oidc::identity_of(const Attempt& attempt, const OidcAnswer& answer, const http::Request& request) {
    if (!answer.error.empty()) {
        ground_.sessions.refused(request, 0, "login", "oidc denied");
        throw Error(ErrorKind::unauthenticated, "access.oidc_denied", "the sign-in service did not let this sign-in through");
    }
    KnownPtr known = this->known(kKnown);
    const bool from_provider = answer.issuer.empty() ? !known->provider.names_itself : answer.issuer == config_.issuer;
    if (answer.code.empty() || answer.code.size() > kCode_bytes || !from_provider) {
        ground_.sessions.refused(request, 0, "login", "oidc answer");
        throw Error(ErrorKind::unauthenticated, "access.oidc_bad_token", "this answer is not from the sign-in service");
    }
    const std::string token = id_token_of(*known, attempt, answer.code, request);
    const OidcExpected expected{.issuer = config_.issuer, .client = config_.client, .nonce = attempt.nonce};
    OidcVerdict verdict = check_id_token(token, known->keys, expected, ground_.clock.now());
    if (verdict.unknown_key()) {  // it may have changed its keys
        known = this->known(kFreshKeys);
        verdict = check_id_token(token, known->keys, expected, ground_.clock.now());
    }
    if (!verdict.identity) {
        ground_.sessions.refused(request, 0, "login", "oidc token " + std::string(verdict.refused));
        log::warning("access.oidc_token", {{"refused", std::string(verdict.refused)}});
        throw Error(ErrorKind::unauthenticated, "access.oidc_bad_token", "what the sign-in service said cannot be trusted");
    }
    return *std::move(verdict.identity);
}

bool Oidc::second_factor_counts(const OidcIdentity& identity) const {
    const auto has = [](const std::vector<std::string>& list, const std::string& one) {
        return !one.empty() && std::find(list.begin(), list.end(), one) != list.end();
    };
    return has(config_.second_factor_acr, identity.acr) ||
           std::any_of(identity.amr.begin(), identity.amr.end(), [&](const std::string& one) { return has(config_.second_factor_amr, one); });
}

SignInSteps::SignedIn Oidc::sign_in(std::string_view secret, const OidcAnswer& answer, const http::Request& request) {
    const Attempt attempt = take(secret, answer, {});
    const OidcIdentity identity = identity_of(attempt, answer, request);
    const std::int64_t id = person_of(identity.subject);
    const auto person = ground_.sessions.directory().person(id);
    if (!person || !person->active) {
        ground_.sessions.refused(request, id, "login", "oidc not linked");
        throw Error(ErrorKind::forbidden, "access.oidc_not_linked", "this account belongs to nobody here yet");
    }
    return ground_.steps.after_first({.person = id, .login = person->login, .first = factor::kOidc, .second_factor_counts = second_factor_counts(identity)},
                                     request);
}

void Oidc::link(const record::Actor& actor, const Session& session, std::string_view secret, const OidcAnswer& answer, const http::Request& request) {
    const Attempt attempt = take(secret, answer, session.key);
    const OidcIdentity identity = identity_of(attempt, answer, request);
    AuditEvent event = ground_.audit.event_of(actor, "oidc-link");
    event.detail = "person=" + std::to_string(actor.person);
    insert_link(actor.person, identity.subject, event);
}

void Oidc::unlink(const record::Actor& actor) {
    AuditEvent event = ground_.audit.event_of(actor, "oidc-unlink");
    event.detail = "person=" + std::to_string(actor.person);
    if (!erase_link(actor.person, event)) throw Error(ErrorKind::not_found, "access.oidc_not_linked", "no account is linked");
}

}  // namespace qiao::access
