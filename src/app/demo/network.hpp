#pragma once

#include "access/organisation.hpp"
#include "access/session.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// The invented institutions and staff of the demo network, read from demo/network.toml. Used once, on an empty data
/// folder, before the server listens.
namespace qiao::app::demo {

/// Whose scanner sends from this machine.
inline constexpr std::string_view kScannerOrganisation = "Organization/demo-county";

struct ClinicCard {
    std::vector<std::string> drugs;
    std::vector<std::string> devices;
    std::string transport;
    std::string phone;
};

struct Network {
    std::map<std::string, std::int64_t> organisations;  ///< by the id of the file
    std::map<std::string, std::string> resources;       ///< the same, "Organization/…"
    std::map<std::string, ClinicCard> cards;
    std::map<std::string, std::string> doctor_of;  ///< organisation id → login of its first doctor
};

/// Creates what the file names. Error(invalid, "demo.bad_file") names the place.
/// @param now  from when the roster is filled
Network make_network(access::Directory& directory, const std::string& file, Instant now);
/// The same from what an earlier start made.
Network find_network(const access::Directory& directory, const std::string& file);

}  // namespace qiao::app::demo
