#pragma once

#include "access/node_changes.hpp"
#include "base/time.hpp"
#include "record/record.hpp"
#include "storage/database.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Institutions, people, what people are where, and the contracts between institutions. Thread-safe. Everything is held
/// in memory and replaced after each change, so every look-up is free of SQL and may be used on any thread, the writer's
/// included. Changes go through the record (Organization, Practitioner, PractitionerRole) in the same commit and block
/// until they are durable.
namespace qiao::access {

/// `parent` is the institution that owns this one (a hospital and its branch): its clinical staff see the patients in
/// care below. It is not the direction of referral; that is a Contract.
struct Organisation {
    std::int64_t id = 0;
    std::int64_t parent = 0;  ///< 0 = none
    std::string kind;         ///< hub, county, township, clinic, centre
    std::string path;         ///< ids of the ancestors and its own, 8 hex digits each: a subtree is one range
    std::string name;
    std::string name_en;
    std::string resource;  ///< "Organization/…"
    bool active = true;
    bool office_approval = false;  ///< its requests leave through its office: coordinators of its own or of the parent
};

struct Person {
    std::int64_t id = 0;
    std::string login;  ///< lower case
    std::string name;
    std::string name_en;
    std::string resource;  ///< "Practitioner/…"
    bool active = true;
    std::string licence = {};               ///< number of the licence to practise; may be empty
    Instant licence_ends = Instant::max();  ///< Instant::max() = no end is known
    std::string languages = {};             ///< words of ISO 639-1: "zh en"
};

/// `person` has `role` at `organisation` from `starts` until `ends`.
struct Membership {
    std::int64_t id = 0;
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    std::string role;       ///< a code of access::roles()
    std::string specialty;  ///< free code such as "neurology"; may be empty
    std::string rank;       ///< professional title code such as "chief_physician"; may be empty
    std::string resource;   ///< "PractitionerRole/…"
    Instant starts{};
    Instant ends{};           ///< Instant::max() = open
    std::int64_t labels = 0;  ///< sensitivity labels (record::label_bit()) that it opens in patients in care

    [[nodiscard]] bool live_at(Instant now) const { return starts <= now && now < ends; }
};

/// What two institutions agreed beyond who may ask whom.
struct ContractTerms {
    std::int64_t fee_minor = 0;                                               ///< price of one case in hundredths of `currency`; 0 = free of charge
    std::string currency = "CNY";                                             ///< ISO 4217
    std::map<std::string, std::chrono::minutes, std::less<>> deadlines = {};  ///< clock of the service → own limit, before the pack's
};

/// `from_org` may ask `to_org` for `service` ("consult", …).
struct Contract {
    std::int64_t id = 0;
    std::int64_t from_org = 0;
    std::int64_t to_org = 0;
    std::string service;
    Instant valid_from{};
    Instant valid_to{};  ///< Instant::max() = open
    ContractTerms terms = {};
};

/// `person` answers the emergencies of a specialty at `organisation` from `starts` until `ends`.
struct Duty {
    std::int64_t id = 0;
    std::int64_t organisation = 0;
    std::int64_t person = 0;
    std::string specialty;  ///< empty = whatever comes
    int place = 1;          ///< 1 is rung first
    Instant starts{};
    Instant ends{};
};

/// A person together with the membership that was asked for.
struct Member {
    Person person;
    Membership membership;
};

struct NewOrganisation {
    std::string kind;
    std::string name;
    std::string name_en = {};
    std::int64_t parent = 0;
    std::string resource_id = {};  ///< FHIR id to use; empty = a new one
    std::string phone = {};
};

struct NewPerson {
    std::string login;  ///< 2-64 of a-z 0-9 . _ -
    std::string name;
    std::string name_en = {};
    std::string password_hash = {};  ///< from access::PasswordHasher; empty = cannot sign in by password
    std::string gender = {};         ///< FHIR administrative-gender; may be empty
    std::string phone = {};
    std::string resource_id = {};  ///< FHIR id to use; empty = a new one
};

struct NewMembership {
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    std::string role;
    std::string specialty = {};
    std::string rank = {};
    Instant starts = {};  ///< the epoch = now
    Instant ends = Instant::max();
    std::int64_t labels = 0;
};

/// Which administrator roles one person may hold together. Nobody else ever is audit administrator too.
enum class AdminSeparation : std::uint8_t {
    strict,      ///< one of the three at most
    small_site,  ///< system and security administrator may be one person
    off,         ///< any: `demo` only
};

class Directory {
public:
    Directory(storage::Database& database, record::Record& record, const Clock& clock, AdminSeparation separation = AdminSeparation::small_site);
    ~Directory();

    // Changes. Error(invalid): access.bad_organisation, access.bad_person, access.bad_role; Error(conflict):
    // access.login_taken, access.admin_roles_apart.
    Organisation create_organisation(const record::Actor& actor, const NewOrganisation& input);
    Person create_person(const record::Actor& actor, const NewPerson& input);
    Membership add_membership(const record::Actor& actor, const NewMembership& input);
    /// Error(invalid, "access.bad_role") for what add_membership() would refuse by itself.
    void require_may_give(const NewMembership& input) const;
    void end_membership(const record::Actor& actor, std::int64_t membership);
    /// What a role opens in patients in care, from the person's next request on. Error(not_found, "access.no_membership") for one that
    /// is over; Error(invalid, "access.bad_label") for a role that opens none, and for labels about who the patient is;
    /// Error(conflict, "access.labels_changed") when it opens something else than `before`: somebody changed it meanwhile.
    void set_opened_labels(const record::Actor& actor, std::int64_t membership, std::int64_t before, std::int64_t labels);
    /// Refuses what set_opened_labels() would.
    void require_may_open(std::int64_t membership, std::int64_t before, std::int64_t labels) const;
    void set_person_active(const record::Actor& actor, std::int64_t person, bool active);
    /// Error(not_found, "access.no_organisation"); Error(conflict, "access.no_office") when nobody could approve.
    void set_office_approval(const record::Actor& actor, std::int64_t organisation, bool on);
    /// A new one for the same pair and service replaces the live one from now on.
    Contract add_contract(const record::Actor& actor, std::int64_t from_org, std::int64_t to_org, std::string_view service, Instant valid_to = Instant::max(),
                          ContractTerms terms = {});
    /// Error(not_found, "access.no_contract").
    void end_contract(const record::Actor& actor, std::int64_t contract);
    /// Error(invalid, "access.bad_licence").
    void set_licence(const record::Actor& actor, std::int64_t person, std::string_view number, Instant ends, std::string_view languages);
    /// Each is an expert there; Error(invalid, "access.bad_duty"). All or none.
    void add_duties(const record::Actor& actor, const std::vector<Duty>& duties);
    /// Error(not_found, "access.no_duty").
    void remove_duty(const record::Actor& actor, std::int64_t organisation, std::int64_t duty);

    // Look-ups. Ended memberships and contracts do not show; inactive people are in no list.
    [[nodiscard]] std::optional<Organisation> organisation(std::int64_t id) const;
    [[nodiscard]] std::optional<Organisation> organisation_by_resource(std::string_view reference) const;
    [[nodiscard]] std::vector<Organisation> organisations() const;
    /// `id` and all below it.
    [[nodiscard]] std::vector<std::int64_t> subtree(std::int64_t id) const;
    [[nodiscard]] std::optional<Person> person(std::int64_t id) const;
    [[nodiscard]] std::optional<Person> person_by_login(std::string_view login) const;
    [[nodiscard]] std::optional<Person> person_by_resource(std::string_view reference) const;
    [[nodiscard]] std::vector<Person> people() const;
    /// The telephone number of a person's Practitioner; empty when none is registered. Reads the record.
    [[nodiscard]] std::string phone_of(const Person& person) const;
    /// Live memberships of a person, oldest first: the first one is the one a session acts under.
    [[nodiscard]] std::vector<Membership> memberships(std::int64_t person) const;
    [[nodiscard]] std::optional<Membership> membership(std::int64_t id) const;
    [[nodiscard]] std::optional<Membership> membership_of(std::int64_t person, std::int64_t organisation, std::string_view role) const;
    /// Those who are `role` at `organisation` (0 = anywhere; role and specialty: empty = any), by name.
    [[nodiscard]] std::vector<Member> members(std::int64_t organisation, std::string_view role, std::string_view specialty = {}) const;
    [[nodiscard]] bool has_contract(std::int64_t from_org, std::int64_t to_org, std::string_view service) const;
    [[nodiscard]] std::optional<Contract> contract(std::int64_t from_org, std::int64_t to_org, std::string_view service) const;
    /// The live ones in which `organisation` is either side (0 = all).
    [[nodiscard]] std::vector<Contract> contracts(std::int64_t organisation) const;
    /// Duties at `organisation` that overlap the time, by start.
    [[nodiscard]] std::vector<Duty> duties(std::int64_t organisation, Instant from, Instant until) const;
    /// Who is on duty now for `specialty`, in the order in which they are rung; ended licences are left out.
    [[nodiscard]] std::vector<Duty> on_duty(std::int64_t organisation, std::string_view specialty) const;
    /// Those that `from_org` may ask for `service`, in order of name.
    [[nodiscard]] std::vector<Organisation> partners(std::int64_t from_org, std::string_view service) const;
    /// Those that may ask `to_org`.
    [[nodiscard]] std::vector<Organisation> askers(std::int64_t to_org, std::string_view service) const;

    /// Called after each change, on the thread that made it: what depended on these tables is stale.
    void on_change(std::function<void()> listener);
    /// Audits what has no resource of its own (contracts), on the writer thread in the commit. Set once at start.
    using AuditPort = std::function<void(storage::Group& group, const record::Actor& actor, std::string_view action, const std::string& detail)>;
    void set_audit(AuditPort audit) { audit_ = std::move(audit); }
    /// Reads the tables again (after another process changed them).
    void reload();
    /// Reads them again when another node changed them. One thread.
    void follow();

private:
    struct Tables;
    std::unique_ptr<record::Work> begin(const record::Actor& actor);
    void require_admins_apart(storage::Group& group, const NewMembership& input) const;
    void commit(record::Work& work);
    [[nodiscard]] std::vector<Organisation> other_sides(std::string_view service, const std::function<std::int64_t(const Contract&)>& side) const;
    [[nodiscard]] std::shared_ptr<const Tables> tables() const;

    storage::Database& database_;
    record::Record& record_;
    const Clock& clock_;
    const AdminSeparation separation_;
    AuditPort audit_;
    ChangeWatch watch_;
    std::mutex reload_mutex_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Tables> tables_;
    std::vector<std::function<void()>> listeners_;
};

}  // namespace qiao::access
