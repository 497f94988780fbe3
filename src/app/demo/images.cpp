#include "app/demo/images.hpp"

#include "base/error.hpp"
#include "imaging/demo_ct.hpp"
#include "imaging/store_client.hpp"

#include <fmt/format.h>

namespace qiao::app::demo {
namespace {

constexpr std::string_view kNationalIdSystem = "urn:oid:2.16.156.10011.1.3";
constexpr std::string_view kExplicitLittleEndian = "1.2.840.10008.1.2.1";

std::string digits_of(std::string date) {
    std::erase(date, '-');
    return date;
}

imaging::DemoCt head_ct_of(const Patient& patient, Instant now) {
    const std::string day = format_instant(now);
    imaging::DemoCt ct;
    ct.name = patient.name;
    ct.patient_id = patient.national_id;
    ct.issuer = std::string(kNationalIdSystem);
    ct.birth_date = digits_of(patient.birth_date);
    ct.sex = patient.male ? "M" : "F";
    ct.date = digits_of(day.substr(0, 10));
    ct.time = day.substr(11, 2) + day.substr(14, 2) + "00";
    ct.description = "头颅 CT 平扫 (demo)";
    ct.seed = "qiao-demo-head-" + patient.national_id;
    return ct;
}

void send(const imaging::DemoCt& ct, std::uint16_t port) {
    imaging::StoreClient scanner({.port = port, .calling = "LW_CT1"}, {{std::string(imaging::kCtStorage), std::string(kExplicitLittleEndian)}});
    imaging::make_demo_ct(ct, [&](std::string_view file) {
        const std::uint16_t status = scanner.store(file);
        if (status != 0) throw Error(ErrorKind::unavailable, "demo.store_refused", fmt::format("C-STORE answered {:#06x}", status));
    });
}

}  // namespace

void send_images(const MadeCase& story, std::uint16_t dicom_port, Instant now) {
    if (imaging::demo_volume_path().empty()) {
        fmt::print(stderr, "the Debian package invesalius-examples is not installed: the demo has no head CT\n");
        return;
    }
    imaging::DemoCt ct = head_ct_of(story.patient, now);
    send(ct, dicom_port);
    // The same patient with a slip in the birth date: waits on the list of unmatched studies.
    ct.seed += "-slip";
    const int day = std::stoi(ct.birth_date.substr(6));
    ct.birth_date = fmt::format("{}{:02}", ct.birth_date.substr(0, 6), day % 28 + 1);
    for (int slice = 1; slice <= 90; ++slice) ct.missing.insert(slice);
    send(ct, dicom_port);
}

}  // namespace qiao::app::demo
