#pragma once

#include "app/demo/cases.hpp"

#include <cstdint>
#include <string>

/// The head CT of the demo network, made from the volume of a Debian package and sent by C-STORE as the county hospital's
/// scanner would: once for the patient of the story, and once with a wrong birth date, which stays unmatched. One thread.
namespace qiao::app::demo {

/// Says on stderr why when the package is missing; the demo goes on without images.
void send_images(const MadeCase& story, std::uint16_t dicom_port, Instant now);

}  // namespace qiao::app::demo
