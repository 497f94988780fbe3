#pragma once

#include "base/json_value.hpp"
#include "base/time.hpp"
#include "flow/calendar.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A case as the engine holds it: the rows of `flow_case`, `flow_party`, `flow_move`, `flow_clock` and `flow_item`.
/// Plain values; any thread.
namespace qiao::flow {

/// Somebody who has a role in a case beyond its requester: an asked expert.
struct Party {
    std::string role;  ///< "expert", or "duty" for one of the roster who is rung in an emergency
    std::int64_t person = 0;
    std::int64_t organisation = 0;
    std::string status;  ///< offered, rung, accepted, declined, left, signed
    bool lead = false;
    bool required = true;
    std::string specialty;
    std::string reason;  ///< why declined
    std::string part;    ///< id of the part's Task
    Instant since{};

    /// Asked and has not answered.
    [[nodiscard]] bool is_asked() const { return status == "offered" || status == "rung"; }
    /// Neither declined nor left.
    [[nodiscard]] bool takes_part() const { return status != "declined" && status != "left"; }
};

struct Case {
    std::string id;  ///< of the Task
    std::string number;
    std::string machine;
    std::string state;
    std::int64_t version = 0;  ///< of the Task
    std::string request;       ///< "ServiceRequest/…"
    std::string patient;       ///< "Patient/…"
    std::int64_t requester = 0;
    std::int64_t from_org = 0;
    std::int64_t to_org = 0;
    std::string urgency = "routine";
    std::string lead_case;  ///< id of the case that this one is a part of, empty = it is one itself
    std::string pack;
    std::string create_id;
    Instant created{};
    Instant state_since{};
    bool ended = false;
    bool withheld = false;    ///< the patient is not shown this case: a relative consented in their place
    std::string auto_action;  ///< what the system does by itself when the case is still here at `auto_at`
    Instant auto_at{};
    json::Value notes = json::Value::object();  ///< the machine's own working notes
    std::vector<Party> parties;

    /// `notes.office.state` is what the sender's office did: waiting, approved, not_reviewed or sent_back; nothing = not asked.
    /// While it has not let the case go the receiving institution does not know of it.
    [[nodiscard]] bool has_left_office() const {
        const std::string& office = notes["office"]["state"].text();
        return office != "waiting" && office != "sent_back";
    }
    [[nodiscard]] const Party* party(std::int64_t person) const {
        for (const Party& one : parties) {
            if (one.person == person && one.takes_part()) {
                return &one;
            }
        }
        return nullptr;
    }
    [[nodiscard]] const Party* lead() const {
        for (const Party& one : parties) {
            if (one.lead && one.takes_part()) {
                return &one;
            }
        }
        return nullptr;
    }
};

struct MoveRow {
    std::int64_t seq = 0;
    std::string move_id;
    std::string machine;
    std::string from_state;
    std::string action;
    std::string to_state;
    std::int64_t person = 0;
    std::string case_role;
    std::int64_t institution = 0;
    Instant occurred{};
    Instant recorded{};
    std::string reason;
    std::string occurred_reason;
    std::int64_t task_version = 0;
    std::string provenance;  ///< "Provenance/…" of the signature
    json::Value details = json::Value::object();
};

/// A running, paused or stopped deadline. Time is counted in its own kind: `used` until `since`, and on from there.
struct ClockRow {
    std::string case_id;
    std::string name;
    ClockKind kind = ClockKind::wall;
    Instant started{};
    Duration budget{};
    Duration used{};
    Instant since{};              ///< runs since; meaningless while paused
    std::optional<Instant> due;   ///< nothing while paused
    std::optional<Instant> next;  ///< next escalation, or the end of the pause
    std::string pause_reason;     ///< empty = not paused
    std::optional<Instant> paused_at;
    std::optional<Instant> stopped;
    int level = 0;                 ///< last escalation: 0, 50, 80, 100
    std::string verdict_occurred;  ///< on_time or late, once stopped
    std::string verdict_recorded;
};

/// A resource of a case.
struct Item {
    std::string kind;       ///< task, request, patient, form, attachment, study, consent, observation, opinion, report, message, …
    std::string reference;  ///< "Media/…"
    Instant added{};
};

/// Evidence of a consent (drawn signature, thumbprint, paper sheet): no material for the experts.
inline bool is_of_consent(std::string_view kind) { return kind.starts_with("consent_"); }

/// Bytes that belong to a case.
struct Attachment {
    int n = 0;
    std::string kind;
    std::string content_type;
    std::int64_t size_bytes = 0;
    int width = 0;
    int height = 0;
    int seconds = 0;  ///< of a voice note
    std::string title;
    std::string taken;
    Instant added{};
    std::int64_t added_by = 0;
    std::string sha256;
    std::string resource;   ///< "Media/…" or "DocumentReference/…"
    std::string key_image;  ///< JSON: where a key image comes from
    bool signed_over = false;

    [[nodiscard]] std::string_view quality() const { return kind == "key_image" || kind == "document" || kind == "voice" || is_of_consent(kind) ? "lossless" : "photo"; }
};

}  // namespace qiao::flow
