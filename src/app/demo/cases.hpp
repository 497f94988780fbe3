#pragma once

#include "app/demo/network.hpp"
#include "app/demo/patients.hpp"

#include <functional>
#include <string>
#include <vector>

/// The consultations of the demo network: each is asked, arranged, answered and filed by its people through the router,
/// by the same moves as any case. Used once, before the server listens.
namespace qiao::app::demo {

struct MadeCase {
    std::string id;
    Patient patient;
    bool story = false;  ///< the patient of the head CT
};

/// @param a_week_passes  what the system does by itself with a filed case after seven days: asks how it went
std::vector<MadeCase> make_cases(http::Router& router, access::Sessions& sessions, const Network& network, const std::vector<Patient>& patients,
                                 const std::string& file, Instant now, const std::function<void(const std::string& case_id)>& a_week_passes);

/// What the islands have and how a patient gets out, kept by each clinic's doctor.
void make_clinic_cards(http::Router& router, access::Sessions& sessions, const Network& network);

/// A signature as a finger draws one: a PNG of a curve that means nothing.
std::string signature_png(int seed);

}  // namespace qiao::app::demo
