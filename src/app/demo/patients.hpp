#pragma once

#include "app/demo/client.hpp"
#include "app/demo/network.hpp"
#include "record/record.hpp"

#include <string>
#include <vector>

/// The invented patients of the demo network and their plausible records, drawn from demo/patients.toml with a fixed seed.
/// Each is registered by a doctor of one institution through the same door as any patient.
namespace qiao::app::demo {

struct Patient {
    std::string reference;  ///< "Patient/…"
    std::string name;
    std::string birth_date;
    std::string national_id;
    bool male = false;
    int age_years = 0;
    std::string organisation;  ///< id in network.toml
};

/// Makes them all. Error(invalid, "demo.bad_file") names the place.
std::vector<Patient> make_patients(http::Router& router, access::Sessions& sessions, record::Record& record, const Network& network, const std::string& file,
                                   Instant now);

}  // namespace qiao::app::demo
