#pragma once

#include "flow/engine.hpp"
#include "http/router.hpp"

#include <atomic>
#include <string>
#include <string_view>

/// Terminal facts and what they do to live cases: a death (and its undo), the end of a licence or a role, the end of a
/// contract. Each fact moves every case that it touches in one commit, with the reason "cascade:<fact>"; what it did is kept,
/// so that a wrong death is undone by the same list. Which case closes, is re-targeted or goes on is data of the machine
/// (Machine::on_fact). Thread-safe.
namespace qiao::flow {

class Cascades {
public:
    explicit Cascades(Engine& engine) : engine_(engine) {}

    /// Error(conflict, "patient.deceased"), Error(invalid, "patient.bad_death_time"), Error(not_found) for a patient that is not in
    /// the care of the caller's institution.   @return how many cases closed
    int death(const record::Caller& caller, std::string_view patient_id, Instant occurred);
    /// Error(conflict, "patient.not_deceased").   @return how many cases came back
    int undo_death(const record::Caller& caller, std::string_view patient_id, const std::string& reason);

    /// Something about people or contracts changed: the next tick looks.
    void look_soon() { soon_ = true; }
    /// Called each second by a job; looks through live cases when it was asked to, and once a minute for what ends by its date.
    int tick();

private:
    int apply(const record::Actor& actor, std::string_view fact, std::string_view subject, std::int64_t person, const std::vector<std::string>& cases,
              const std::function<void(record::Work&)>& with = {});
    int sweep();

    Engine& engine_;
    std::atomic<bool> soon_{true};
    std::atomic<std::int64_t> swept_us_{0};
};

/// `POST /flow/patients/{id}/death`, `POST /flow/patients/{id}/death/undo` for clinical staff.
void add_cascade_routes(http::Router& router, Cascades& cascades, const record::CallerOf& caller_of);

}  // namespace qiao::flow
