#pragma once

#include "access/audit.hpp"
#include "access/grant.hpp"
#include "access/organisation.hpp"
#include "access/password.hpp"
#include "access/throttle.hpp"
#include "http/message.hpp"
#include "record/rest/rest.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Accounts of patients, and of guardians and proxies who act for one: apart from the staff's in every table, with sessions of
/// their own that open nothing but `/patient`. A clinic binds a phone face to face; later the identity number and a code by
/// SMS sign in. Thread-safe; what changes something blocks until durable.
namespace qiao::access {

/// How an account stands to a patient.
namespace relation {
inline constexpr std::string_view kSelf = "self";
inline constexpr std::string_view kGuardian = "guardian";
inline constexpr std::string_view kProxy = "proxy";
}  // namespace relation

/// `patient.toml` of the country pack.
struct PatientPolicy {
    int ward_until_years = 14;                            ///< a guardian of a child loses the view on this birthday
    int longest_proxy_days = 366;                         ///< of a guardian of an adult, and of a proxy
    std::map<std::string, int, std::less<>> answer_days;  ///< by kind of request
    std::string code_text_zh;                             ///< SMS with {code} and {minutes}
    std::string code_text_en;
};

struct PatientAccount {
    std::int64_t id = 0;  ///< 0 = none
    std::string id_hash;  ///< HMAC of the identity number: the number itself is not kept here
    std::string name;
    std::string phone;
    std::string pin_hash;
    Instant created{};
    Instant used{};
};

/// What an account may see: one patient, until a time.
struct PatientTie {
    std::int64_t account = 0;
    record::Rid rid = 0;
    std::string patient;  ///< "Patient/…"
    std::string relation;
    Instant starts{};
    Instant ends{};  ///< Instant::max() = open
    std::int64_t bound_by = 0;
    std::int64_t organisation = 0;
    std::string reason;
};

struct PatientSession {
    std::string key;  ///< SHA-256 of the token in hex
    std::int64_t account = 0;
    Instant created{};
    Instant used{};
    Instant absolute_end{};
};

/// Who asks on `/patient`: what the filter reaches is exactly the patients of the live ties.
struct PatientCaller {
    PatientAccount account;
    std::vector<PatientTie> ties;
    PatientSession session;
    record::Caller caller;
    /// The live tie to this patient ("Patient/…" or its id); Error(not_found, "patient.not_yours").
    [[nodiscard]] const PatientTie& tie_to(std::string_view patient) const;
};

/// What a clinic says when it binds a phone.
struct Binding {
    std::string patient;  ///< "Patient/…"
    std::string relation{relation::kSelf};
    std::string name;       ///< of the guardian or proxy; the patient's own comes from the record
    std::string id_number;  ///< of the guardian or proxy
    std::string phone;
    Instant until = Instant::max();  ///< of a proxy, or of a guardian of an adult
    std::string reason;              ///< why somebody else acts for an adult
    bool identity_checked = false;   ///< the person stands there and the paper was looked at
};

class PatientAccounts {
public:
    /// How a code reaches a phone. Must not block; `available` false = this centre has no SMS.
    struct Sms {
        std::function<bool()> available;
        std::function<void(const std::string& phone, const std::string& language, const std::string& text)> send;
    };
    PatientAccounts(storage::Database& database, storage::Writer& writer, record::Record& record, Grants& grants, const Directory& directory, Audit& audit,
                    PasswordHasher& hasher, const Clock& clock, const std::string& master_key, PatientPolicy policy, Sms sms, bool demo);

    [[nodiscard]] const PatientPolicy& policy() const { return policy_; }
    [[nodiscard]] bool demo() const { return demo_; }
    [[nodiscard]] Instant now() const { return clock_.now(); }
    [[nodiscard]] bool has_sms() const { return demo_ || sms_.available(); }

    // The clinic's side.
    struct Offered {
        std::string code;  ///< eight digits, once, ten minutes
        Instant until{};
        Instant ends{};  ///< of what is bound
    };
    /// By clinical staff who have the patient in care. Error(not_found) for others; Error(invalid|conflict) `patient.…`.
    Offered offer(const record::Caller& staff, const Binding& binding);
    /// Who is bound to the patient, for staff who have the patient in care.
    [[nodiscard]] std::vector<std::pair<PatientAccount, PatientTie>> bound_to(const record::Caller& staff, std::string_view patient);
    /// Ends what this account sees of the patient, and its sessions.
    void unbind(const record::Caller& staff, std::string_view patient, std::int64_t account);
    /// The patient's rid when the caller is clinical staff with a live care relation; Error(not_found, "record.not_found") else.
    record::Rid require_care(const record::Caller& staff, std::string_view patient);

    // The patient's side.
    struct Opened {
        std::string token;
        PatientSession session;
    };
    /// Uses the clinic's code up. Error(invalid): patient.wrong_code, patient.weak_pin.
    Opened bind(std::string_view code, std::string_view pin, const http::Request& request);
    /// Sends a code by SMS when somebody has this identity number; the same answer when nobody has.
    /// @return in `demo` the code to show, named as simulated   Error(unavailable): access.too_many_attempts, patient.no_sms
    std::optional<std::string> ask_code(std::string_view id_number, std::string_view language, const http::Request& request);
    /// Error(unauthenticated, "patient.wrong_sign_in") whatever is wrong.
    Opened sign_in(std::string_view id_number, std::string_view code, const http::Request& request);
    void sign_out(const http::Request& request);
    /// Nothing without a valid session. `use`: counts as use.
    std::optional<PatientCaller> find(const http::Request& request, bool use);
    /// Error(unauthenticated, "patient.no_session").
    PatientCaller caller(const http::Request& request);
    [[nodiscard]] static bool carries_token(const http::Request& request);
    /// Before what has effects. Error(forbidden, "patient.wrong_pin").
    void require_pin(const PatientCaller& caller, std::string_view pin);
    /// Audits what was shown, printed or exported of a patient: `action` read, print or export, `type` of resource.
    void note(const record::Actor& actor, record::Rid patient, std::string_view action, std::string_view type, std::string_view case_id = {},
              std::string detail = {}) const;
    /// How long this caller must wait: for Retry-After.
    [[nodiscard]] std::chrono::seconds must_wait(std::string_view account, const http::Request& request) const;
    [[nodiscard]] std::string throttle_key(std::string_view id_number) const { return "patient " + hash_of(id_number); }

    /// Guesses at codes are counted by network: nobody far away slows a clinic down.
    [[nodiscard]] static std::string binding_key(const http::Request& request);

    [[nodiscard]] std::optional<PatientAccount> account(std::int64_t id);

private:
    struct Code {
        std::string hash;
        int wrong = 0;
        Instant until{};
        std::vector<Instant> asked;  ///< within the last hour
    };
    struct Waiting {
        Binding binding;
        std::string id_hash;
        std::string code_hash;
        Instant until{};
        std::int64_t rid = 0;
        std::int64_t by = 0;
        std::int64_t organisation = 0;
        record::Actor staff;
    };
    [[nodiscard]] std::string hash_of(std::string_view id_number) const;
    void complete(Binding& binding, const json::Value& patient) const;
    Opened open(std::int64_t account, const http::Request& request, std::string_view action);
    [[nodiscard]] AuditEvent event_for(const http::Request& request, std::int64_t account, std::string_view action, std::string_view outcome) const;
    void build(PatientCaller& caller) const;

    // patient_account_store.cpp
    std::optional<PatientAccount> read_account(std::string_view id_hash);
    std::vector<PatientTie> ties_of(std::int64_t account, Instant now);
    std::vector<std::pair<PatientAccount, PatientTie>> accounts_of(record::Rid patient, Instant now);
    std::optional<PatientSession> read_session(const std::string& key);
    std::int64_t put_account(storage::Group& group, const PatientAccount& account);
    void put_tie(storage::Group& group, const PatientTie& tie);
    void end_tie(storage::Group& group, std::int64_t account, record::Rid patient, Instant now);
    static void delete_sessions_of(storage::Group& group, std::int64_t account);
    static void insert_session(storage::Group& group, const PatientSession& session);
    void delete_session(const std::string& key);
    void store_use(const std::string& key, std::int64_t account, Instant now);

    storage::Database& database_;
    storage::Writer& writer_;
    record::Record& record_;
    Grants& grants_;
    const Directory& directory_;
    Audit& audit_;
    PasswordHasher& hasher_;
    const Clock& clock_;
    const std::string key_;
    const PatientPolicy policy_;
    const Sms sms_;
    const bool demo_;
    Throttle throttle_;
    std::mutex mutex_;
    std::map<std::string, Code, std::less<>> codes_;  ///< by id_hash
    std::vector<Waiting> offers_;
};

}  // namespace qiao::access
