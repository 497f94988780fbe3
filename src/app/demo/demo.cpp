#include "app/demo/demo.hpp"

#include "app/demo/cases.hpp"
#include "app/demo/images.hpp"
#include "app/demo/network.hpp"
#include "app/demo/patients.hpp"
#include "base/log.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace qiao::app::demo {

void prepare(Centre& centre) {
    if (!centre.directory().organisations().empty()) return;
    const std::string folder = find_shared().demo;
    fmt::print(stderr, "making the demo network: institutions and staff\n");
    const Network network = make_network(centre.directory(), folder + "/network.toml", centre.clock().now());
    fmt::print(stderr, "making the demo network: patients and their records\n");
    const auto patients = make_patients(centre.router(), centre.sessions(), centre.record(), network, folder + "/patients.toml", centre.clock().now());
    fmt::print(stderr, "making the demo network: consultations\n");
    make_clinic_cards(centre.router(), centre.sessions(), network);
    const auto cases = make_cases(centre.router(), centre.sessions(), network, patients, folder + "/cases.toml", centre.clock().now(),
                                  [&](const std::string& id) { centre.engine().system_move(id, "ask_feedback"); });
    fmt::print(stderr, "making the demo network: the head CT, by C-STORE\n");
    centre.listen_dicom();
    for (const MadeCase& made : cases) {
        if (made.story) send_images(made, centre.dicom_port(), centre.clock().now());
    }
    log::info("demo.made", {{"institutions", static_cast<std::int64_t>(network.organisations.size())},
                            {"patients", static_cast<std::int64_t>(patients.size())},
                            {"cases", static_cast<std::int64_t>(cases.size())}});
}

}  // namespace qiao::app::demo
