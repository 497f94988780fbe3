#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

/// Terminal facts and what they do to live cases: a death (and its undo), the end of a licence or a role, the end of a
/// contract. Each fact moves every case that it touches in one commit (decided anew when somebody moves one of them at that moment),
/// with the reason "cascade:<fact>"; what it did is kept, so that a wrong death is undone by the same list. Which case closes, is re-targeted or goes on is
/// data of the machine (Machine::on_fact). Thread-safe.
namespace qiao::flow {

/// A case that the undo of its cascade leaves closed.
struct NotRestored {
    std::string case_id;
    std::string number;
    std::string why;  ///< "moved": somebody did something with it since; "denied": the patient denies the record since to who saw it by the case
};

struct Undone {
    int restored = 0;
    std::vector<NotRestored> left;
};

class Cascades {
public:
    explicit Cascades(Engine& engine) : engine_(engine) {}

    /// Error(conflict, "patient.deceased"), Error(invalid, "patient.bad_death_time"), Error(not_found) for a patient that is not in
    /// the care of the caller's institution.   @return how many cases closed
    int death(const record::Caller& caller, std::string_view patient_id, Instant occurred);
    /// Each case that nobody has moved since comes back as it was; the others stay closed and are named: older rights and clocks
    /// would undo what was decided since.   Error(conflict, "patient.not_deceased").
    Undone undo_death(const record::Caller& caller, std::string_view patient_id, const std::string& reason);

    /// Something about people or contracts changed: the next tick looks.
    void look_soon() { soon_ = true; }
    /// Called each second by a job; looks through live cases when it was asked to, and once a minute for what ends by its date.
    int tick();

private:
    /// The cases that a fact is about, of a snapshot.
    using CasesOf = std::function<std::vector<std::string>(storage::Connection&)>;

    int apply(const record::Actor& actor, std::string_view fact, std::string_view subject, std::int64_t person, const CasesOf& cases_of,
              const std::function<void(record::Work&)>& with = {});
    int apply_once(const record::Actor& actor, std::string_view fact, std::string_view subject, std::int64_t person, const CasesOf& cases_of,
                   const std::function<void(record::Work&)>& with);
    Undone undo_death_once(const record::Caller& caller, std::string_view patient_id, const std::string& reason);
    int sweep();

    Engine& engine_;
    std::atomic<bool> soon_{true};
    std::atomic<std::int64_t> swept_us_{0};
};

/// `POST /flow/patients/{id}/death`, `POST /flow/patients/{id}/death/undo` for clinical staff.
void add_cascade_routes(http::Router& router, Cascades& cascades, const record::CallerOf& caller_of);

}  // namespace qiao::flow
