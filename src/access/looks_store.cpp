#include "access/audit_wire.hpp"
#include "access/grant.hpp"
#include "access/looks.hpp"
#include "access/role.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

namespace qiao::access {
namespace {

constexpr std::int64_t kReasons_max = 5000;

/// A time in which somebody had a reason to see the patient.
struct Stretch {
    std::int64_t who = 0;  ///< care: the institution; grants: the grantee key
    std::int64_t starts_us = 0;
    std::int64_t ends_us = 0;
    std::string case_id = {};
    bool break_glass = false;
    [[nodiscard]] bool has(std::int64_t at_us) const { return starts_us <= at_us && at_us < ends_us; }
};

struct Reasons {
    std::vector<Stretch> care;
    std::vector<Stretch> grants;
};

Reasons reasons_of(storage::Connection& connection, record::Rid patient) {
    Reasons reasons;
    auto care = connection.query("SELECT organisation, starts_us, ends_us FROM access_care_relation WHERE patient = ?", {patient});
    // Registration writes the patient a moment before the care begins.
    while (care.next()) reasons.care.push_back({.who = care.integer(0), .starts_us = care.integer(1) - 5'000'000, .ends_us = care.integer(2)});
    // A grant of single items names no patient: it is found by its case.
    auto grants = connection.query(
        "SELECT DISTINCT grantee, starts_us, ends_us, revoked_us, case_id, purpose FROM access_grant WHERE case_id IN "
        "(SELECT case_id FROM access_grant WHERE patient = ?) ORDER BY starts_us DESC LIMIT ?",
        {patient, kReasons_max});
    while (grants.next()) {
        const std::int64_t revoked_us = grants.integer(3);
        reasons.grants.push_back({.who = grants.integer(0),
                                  .starts_us = grants.integer(1),
                                  .ends_us = revoked_us == 0 ? grants.integer(2) : std::min(revoked_us, grants.integer(2)),
                                  .case_id = std::string(grants.text(4)),
                                  .break_glass = grants.text(5) == "BTG"});
    }
    return reasons;
}

std::string_view act_of(const AuditEvent& event) {
    if (event.outcome != "success") return "refused";
    if (event.action == "export" || event.action == "print") return event.action == "print" ? "print" : "export";
    if (event.action == "create" || event.action == "update" || event.action == "delete" || event.action == "sign") return "change";
    return event.action == "search" && event.patient == 0 ? "list" : "look";
}

/// Sets `why` and, where a case was the reason, `case_id`.
class Explainer {
public:
    Explainer(const Directory& directory, Reasons reasons) : directory_(directory), reasons_(std::move(reasons)) {}

    void explain(const AuditEvent& event, Look& look) {
        look.case_id = event.case_id;
        const RoleRights* rights = find_role(event.role);
        const Stretch* broken = find_grant(event, rights, true);
        if (event.purpose == "BTG" || broken != nullptr) {
            look.why = "break_glass";
        } else if (event.role == "patient") {
            look.why = "own";
        } else if (event.person == 0) {
            look.why = "client";
        } else if (!event.case_id.empty()) {
            look.why = "case";
        } else if (rights != nullptr && rights->clinical_staff && in_care(event)) {
            look.why = "care";
        } else if (const Stretch* grant = find_grant(event, rights, false)) {
            look.why = "case";
            look.case_id = grant->case_id;
        } else if (rights != nullptr && (rights->keeps_privacy || rights->reads_audit)) {
            look.why = "oversight";
        } else {
            look.why = "unrecorded";
        }
    }

private:
    const std::set<std::int64_t>& below(std::int64_t organisation) {
        auto [found, fresh] = below_.try_emplace(organisation);
        if (fresh) {
            for (const std::int64_t id : directory_.subtree(organisation)) found->second.insert(id);
        }
        return found->second;
    }
    bool in_care(const AuditEvent& event) {
        const auto& own = below(event.organisation);
        return std::any_of(reasons_.care.begin(), reasons_.care.end(), [&](const Stretch& one) { return own.contains(one.who) && one.has(event.recorded_us); });
    }
    const Stretch* find_grant(const AuditEvent& event, const RoleRights* rights, bool break_glass) {
        if (rights == nullptr || event.person == 0) return nullptr;
        const auto is_grantee = [&](std::int64_t key) {
            const Grantee who = grantee_of(key);
            if (who.kind == GranteeKind::person) return who.id == event.person;
            if (who.kind == GranteeKind::desk) return who.id == event.organisation && who.role == event.role;
            return who.kind == GranteeKind::organisation && rights->clinical_staff && below(event.organisation).contains(who.id);
        };
        const auto found = std::find_if(reasons_.grants.begin(), reasons_.grants.end(), [&](const Stretch& one) {
            return one.break_glass == break_glass && one.has(event.recorded_us) && is_grantee(one.who);
        });
        return found == reasons_.grants.end() ? nullptr : &*found;
    }

    const Directory& directory_;
    Reasons reasons_;
    std::map<std::int64_t, std::set<std::int64_t>> below_;
};

}  // namespace

std::string_view category_of(std::string_view type) {
    struct Row {
        std::string_view type, category;
    };
    constexpr std::array kRows = {
        Row{"Patient", "demographics"},
        Row{"RelatedPerson", "demographics"},
        Row{"Task", "request"},
        Row{"ServiceRequest", "request"},
        Row{"QuestionnaireResponse", "request"},
        Row{"Communication", "request"},
        Row{"ImagingStudy", "images"},
        Row{"Media", "images"},
        Row{"DiagnosticReport", "opinion"},
        Row{"Composition", "opinion"},
        Row{"ClinicalImpression", "opinion"},
        Row{"Provenance", "opinion"},
        Row{"Observation", "results"},
        Row{"Condition", "results"},
        Row{"AllergyIntolerance", "results"},
        Row{"Procedure", "results"},
        Row{"MedicationRequest", "medication"},
        Row{"MedicationStatement", "medication"},
        Row{"Medication", "medication"},
        Row{"MedicationAdministration", "medication"},
        Row{"Consent", "consent"},
        Row{"AuditEvent", "audit"},
        Row{"DocumentReference", "documents"},
        Row{"Binary", "documents"},
    };
    const auto* found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& one) { return one.type == type; });
    return found == kRows.end() ? "other" : found->category;
}

Looks::Looks(storage::Database& database, record::Record& record, Audit& audit, const Directory& directory)
    : database_(database), record_(record), audit_(audit), directory_(directory) {}

bool Looks::in_care(record::Rid patient, std::int64_t organisation) {
    const auto own = directory_.subtree(organisation);
    auto snapshot = database_.read();
    auto rows = snapshot->connection().query("SELECT organisation FROM access_care_relation WHERE patient = ?", {patient});
    while (rows.next()) {
        if (std::find(own.begin(), own.end(), rows.integer(0)) != own.end()) return true;
    }
    return false;
}

LooksPage Looks::of(const LooksQuery& query, std::optional<AuditPlace> before, std::size_t limit) {
    constexpr std::size_t kRows = 5000;
    audit_.flush();  // what was read a moment ago counts
    AuditQuery rows{.from = query.from, .until = query.until, .patient = query.patient};
    std::set<std::int64_t> by;
    if (query.by_organisation != 0) {
        for (const std::int64_t id : directory_.subtree(query.by_organisation)) by.insert(id);
    }
    rows.also = [&by](const AuditRow& row) {
        const bool system = row.event.person == 0 && row.event.session8.empty();
        return !system && (by.empty() || by.contains(row.event.organisation));
    };
    AuditPage found = search_audit(database_, rows, before, kRows);
    Explainer explainer(directory_, [&] {
        auto snapshot = database_.read();
        return reasons_of(snapshot->connection(), query.patient);
    }());
    LooksPage page;
    page.next = found.next;
    std::map<std::tuple<std::string, std::string, std::string, std::string, std::string>, std::size_t> places;
    AuditPlace last;
    for (const AuditRow& row : found.rows) {
        const AuditEvent& event = row.event;
        Look look{.person = event.person, .organisation = event.organisation, .role = event.role, .session8 = event.session8};
        look.act = act_of(event);
        look.category = category_of(event.type);
        explainer.explain(event, look);
        const auto key = std::tuple(look.session8, look.act, look.category, look.why, look.case_id);
        auto place = places.find(key);
        if (place == places.end()) {
            if (page.looks.size() == limit) {
                page.next = last;
                break;
            }
            look.last = from_us(event.recorded_us);
            place = places.emplace(key, page.looks.size()).first;
            page.looks.push_back(std::move(look));
        }
        Look& line = page.looks[place->second];
        line.first = from_us(event.recorded_us);
        ++line.count;
        last = {event.recorded_us, row.seq};
    }
    const auto reader = record_.read(record::ReadFilter::system("a line names the case by its number"));
    std::map<std::string, std::string> numbers;
    for (Look& line : page.looks) {
        if (line.case_id.empty()) continue;
        const auto [number, fresh] = numbers.try_emplace(line.case_id);
        if (fresh) number->second = number_of_case(*reader, line.case_id);
        line.case_number = number->second;
    }
    return page;
}

}  // namespace qiao::access
