#pragma once

#include "access/audit.hpp"
#include "access/password.hpp"
#include "access/security_notice.hpp"
#include "access/webauthn.hpp"
#include "base/json_value.hpp"
#include "record/record.hpp"
#include "storage/writer.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a person has besides the password: an authenticator program (TOTP), security keys (WebAuthn), device keys with a
/// PIN, recovery codes. Secrets are sealed with the master key, codes and PINs kept as hashes. Thread-safe; what changes
/// something blocks until it is durable, is audited and told to the person.
namespace qiao::access {

namespace factor {
inline constexpr std::string_view kTotp = "totp";
inline constexpr std::string_view kSecurityKey = "security_key";
inline constexpr std::string_view kDevice = "device";
inline constexpr std::string_view kRecovery = "recovery";
inline constexpr std::string_view kPassword = "password";
inline constexpr std::string_view kOidc = "oidc";  ///< the account at the institution's OpenID provider
}  // namespace factor

struct Factor {
    std::int64_t id = 0;
    std::int64_t person = 0;
    std::string kind;    ///< factor::kTotp, kSecurityKey, kDevice
    std::string name;    ///< by the person: "phone", "blue key"
    std::string handle;  ///< credential or device id; random for TOTP
    std::string sealed = {};
    std::string algorithm = {};
    std::string public_key = {};  ///< SubjectPublicKeyInfo
    std::string rp_id = {};       ///< security keys: the host they were made for
    std::int64_t counter = 0;     ///< last step of a TOTP, signature counter of a security key
    std::string pin_hash = {};
    std::int64_t wrong_pins = 0;
    Instant created{};
    Instant used{};  ///< the epoch = never

    [[nodiscard]] bool locked() const;
};

/// The ways that are open to a person.
struct FactorKinds {
    bool totp = false;
    bool security_key = false;
    bool device = false;
    std::int64_t recovery_left = 0;
    [[nodiscard]] bool any() const { return totp || security_key || device; }
};

/// One proof as a browser sends it; exactly one member is set.
struct Proof {
    struct SecurityKey {
        std::string id;  ///< base64url; the rest are decoded bytes
        std::string client_data, authenticator_data, signature;
    };
    struct Device {
        std::string id;
        std::string signature;  ///< r and s over device_text()
        std::string pin;
    };
    std::optional<std::string> password;
    std::optional<std::string> code;
    std::optional<std::string> recovery;
    std::optional<SecurityKey> security_key;
    std::optional<Device> device;

    /// Error(invalid, "access.bad_proof") when there is none, or two.
    static Proof read(const json::Value& body);
};

/// What a phone's key signs: never the bytes of anything else.
std::string device_text(std::string_view challenge, std::string_view host);

class Factors {
public:
    Factors(storage::Database& database, storage::Writer& writer, Audit& audit, PasswordHasher& hasher, SecurityNotices& notices, const Clock& clock,
            std::string master_key);

    [[nodiscard]] std::vector<Factor> of(std::int64_t person);
    [[nodiscard]] FactorKinds kinds(std::int64_t person);
    [[nodiscard]] std::optional<Factor> by_handle(std::string_view handle);

    /// Whether the proof is right: the kind that it was; nothing for a wrong one. A code that was right is used up, durably,
    /// before this returns. Not for passwords. Error(forbidden, "access.device_locked").
    std::optional<std::string> prove(std::int64_t person, const Proof& proof, const webauthn::Expected& expected);

    /// A secret that counts only after confirm_totp() within 10 minutes.
    std::string begin_totp(std::int64_t person);
    /// Error(invalid, "access.wrong_code"); Error(conflict, "access.totp_not_begun").
    void confirm_totp(const record::Actor& actor, std::string_view code, std::string_view name);
    /// Error(conflict, "access.key_known").
    void add_security_key(const record::Actor& actor, std::string_view name, const webauthn::NewKey& key, std::string_view rp_id);
    /// 6 to 12 digits, nothing easy: Error(invalid, "access.pin_easy").
    static void require_good_pin(std::string_view pin);
    /// @param by  who handed the code over
    /// @return the device's id
    std::string add_device(const record::Actor& actor, std::string_view name, const PublicKey& key, std::string_view pin, std::int64_t by);
    /// Error(not_found, "access.no_factor"). `person` is whose it is.
    void remove(const record::Actor& actor, std::int64_t person, std::int64_t id);
    /// Ends what everything proved so far, in the commit of a confirmed reset.
    void remove_all(storage::Group& group, std::int64_t person);
    /// Ten new ones in place of the old, shown once.
    std::vector<std::string> new_recovery_codes(const record::Actor& actor);

private:
    void add(const record::Actor& actor, const Factor& factor, std::string_view detail);
    bool is_totp(std::int64_t person, std::string_view code);
    bool is_recovery_code(std::int64_t person, std::string_view typed);
    bool is_assertion(std::int64_t person, const Proof::SecurityKey& proof, const webauthn::Expected& expected);
    bool is_device(std::int64_t person, const Proof::Device& proof, const webauthn::Expected& expected);

    // factor_store.cpp
    static Factor factor_in(const storage::Cursor& rows);
    bool use_counter(const Factor& factor, std::int64_t counter, bool may_stay_zero);
    bool use_recovery(std::int64_t person, std::string_view kept);
    std::int64_t count_wrong_pin(const Factor& factor);
    void use_device(const Factor& factor);
    void insert(const Factor& factor, const AuditEvent& event, std::string_view notice);
    bool erase(std::int64_t person, std::int64_t id, const AuditEvent& event, std::string_view notice);
    void replace_recovery(std::int64_t person, const std::vector<std::string>& kept, const AuditEvent& event);

    struct Begun {
        std::string secret;
        Instant until;
    };
    storage::Database& database_;
    storage::Writer& writer_;
    Audit& audit_;
    PasswordHasher& hasher_;
    SecurityNotices& notices_;
    const Clock& clock_;
    const std::string master_key_;
    std::mutex mutex_;
    std::map<std::int64_t, Begun> begun_;  ///< by person
};

}  // namespace qiao::access
