#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

/// The demo network's head CT: the volume of Debian's package invesalius-examples as a DICOM CT series of an invented
/// patient. It is read where the package installed it and never copied. Left and right of the volume are unconfirmed, so
/// every object says so. Any thread.
namespace qiao::imaging {

/// What every demo object carries in ImageComments, for every view to show.
inline constexpr std::string_view kDemoNote = "demo: side not verified";

struct DemoCt {
    std::string name;  ///< DICOM person name, "Zhang^San=张^三"
    std::string patient_id;
    std::string issuer = {};  ///< of the patient id; empty = none
    std::string birth_date;   ///< YYYYMMDD
    std::string sex;          ///< M, F or O
    std::string accession = {};
    std::string date;  ///< YYYYMMDD
    std::string time;  ///< HHMMSS
    std::string description = "Head CT";
    std::string seed;            ///< the UIDs depend on it alone
    std::set<int> missing = {};  ///< slice numbers from 1 that are left out
};

/// The installed volume, or empty.
std::string demo_volume_path();
/// Gives each slice in its file form, from the skull base upwards. Error(not_found, "imaging.no_demo_volume") without the
/// package, Error(internal, "imaging.demo_volume") when the file is not what it was.
void make_demo_ct(const DemoCt& demo, const std::function<void(std::string_view file)>& take);
/// SOP class and transfer syntax of the slices, for the association that sends them.
inline constexpr std::string_view kCtStorage = "1.2.840.10008.5.1.4.1.1.2";
/// Study instance UID that make_demo_ct gives.
std::string demo_study_uid(const DemoCt& demo);

}  // namespace qiao::imaging
