#pragma once

#include "access/organisation.hpp"
#include "access/signing_keys.hpp"
#include "app/options.hpp"
#include "base/json_value.hpp"

#include <optional>
#include <string>
#include <vector>

/// `qiao ca …`: certificates of the keys that sign, for people, seals and other authorities. Each returns the exit status;
/// called once, by main.
namespace qiao::app {

/// What the command line says; which members count depends on `act`.
struct CaInput {
    std::string act;           ///< list, authority, csr, import, trust, distrust, crl, revoke, built-in, seal
    std::string person;        ///< login or "Practitioner/…"
    std::string organisation;  ///< its seal: "Organization/…" or the exact name
    std::string file, name, reason, from;
    bool licensed = false;
    std::int64_t id = 0;  ///< of an authority
    std::vector<std::string> meanings;
};

int certificates(const Options& options, const CaInput& input);

/// Carries out what `qiao ca` asks through the control socket; nothing when it is no command of its.
std::optional<json::Value> obey_ca(access::SigningKeys& keys, const access::Directory& directory, const Clock& clock, const json::Value& request);

}  // namespace qiao::app
