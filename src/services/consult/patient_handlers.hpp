#pragma once

#include "access/patient_request.hpp"
#include "record/extract/zone.hpp"
#include "services/consult/patient_routes.hpp"
#include "services/consult/patient_view.hpp"

#include <functional>
#include <string>
#include <string_view>

/// What the handlers of `/patient` share. For these routes alone; any thread.
namespace qiao::consult::patient {

using http::Method;
using http::Request;
using http::Response;

inline constexpr http::RouteOptions kPatient{.scope = http::Scope::patient, .body_limit_bytes = 4 * 1024};

struct Handlers {
    PatientDesk desk;
    record::Zone zone;
    std::function<std::string()> public_url;

    [[nodiscard]] const flow::Ground& ground() const { return desk.engine.ground(); }
};

/// One request of a patient: the session, the person whose record it is about, and the record through their eyes.
struct Asked {
    access::PatientCaller caller;
    const access::PatientTie& tie;
    PatientEyes eyes;

    Asked(const Handlers& to, const Request& request)
        : caller(to.desk.accounts.caller(request)), tie(caller.tie_to(request.param("patient"))), eyes{to.ground(), caller.caller.filter, tie.patient} {}
};

/// A page that was shown is one row of the audit, in the patient's own name.
inline void note(const Handlers& to, const Asked& asked, std::string_view type, std::string_view case_id = {}) {
    to.desk.accounts.note(asked.caller.caller.actor, asked.tie.rid, "read", type, case_id);
}

/// A file that no cache keeps. @param shown  inline or attachment
Response file_answer(std::string bytes, std::string_view type, std::string_view shown, const std::string& name);

/// The parts of add_patient_routes().
void add_looks(http::Router& router, const std::shared_ptr<const Handlers>& to);
void add_papers(http::Router& router, const std::shared_ptr<const Handlers>& to);

}  // namespace qiao::consult::patient
