#pragma once

#include "access/certificate.hpp"
#include "access/oidc.hpp"
#include "exchange/notify_config.hpp"
#include "exchange/rest_hook.hpp"
#include "record/record.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// What the command line and the configuration file say. Plain values, made once in main.
namespace qiao::app {

/// An address and port to listen on.
struct Endpoint {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;

    [[nodiscard]] bool loopback() const { return address == "127.0.0.1" || address == "::1" || address == "localhost"; }
    [[nodiscard]] std::string text() const;
};

/// "127.0.0.1:8080", "[::1]:8080". Error(invalid, "app.bad_address") for anything else.
Endpoint parse_endpoint(std::string_view text);

struct Options {
    std::string data_folder;
    std::string database = {};  ///< URL of a PostgreSQL database, may hold a password; empty = SQLite files in the data folder
    Endpoint http{"127.0.0.1", 8080};
    Endpoint dicom{"127.0.0.1", 11112};
    std::string certificate_file = {};
    std::string key_file = {};
    std::string config_file = {};
    bool demo = false;
    bool prepare_only = false;  ///< `demo`: make the network, do not serve

    // Only in the configuration file:
    int io_threads = 1;
    int workers = 0;  ///< handlers that run at once; 0 = the number of cores
    std::string zone = "Asia/Shanghai";
    std::string audit_heads_to = {};                                      ///< folder of another machine for the signed heads of the audit; empty = none
    std::string backup_to = {};                                           ///< folder of the nightly backups; empty = none
    std::chrono::minutes backup_at{150};                                  ///< after midnight in `zone`
    int backup_keep = 14;                                                 ///< backups that stay
    std::string pack = "CN";                                              ///< country pack: deadlines, retention, texts
    exchange::NotifyConfig notify = {};                                   ///< tables [notify.*]: how notices leave the screen
    exchange::RestHookConfig subscriptions = {};                          ///< table [subscriptions]: where notifications may go
    std::string public_url = {};                                          ///< origin under which people reach the centre; empty = address and port of HTTP
    access::KeyAlgorithm signing_algorithm = access::KeyAlgorithm::p256;  ///< of keys made from now on
    access::OidcConfig oidc = {};                                         ///< table [oidc]: sign-in by the institution's OpenID provider; off without an issuer
    std::string oidc_ca_file = {};                                        ///< PEM of the provider's authority; empty = the system's
    record::WriteLevel write_level = record::WriteLevel::structure;       ///< what FHIR writes of other programs are checked by
    std::string second_factor = {};  ///< "required" or "offered" for all staff; empty = as the country pack says for each role

    /// Where the database `name` of this centre is (storage/place.hpp).
    [[nodiscard]] std::string place_of(const std::string& name) const;
};

/// Reads `options.config_file` over the defaults; values of the command line are applied after it by the caller.
/// Error(invalid, "app.bad_config") with line and column for what is not understood, unknown keys included.
void read_config(Options& options);

/// What cannot be served safely: an address other than loopback without TLS, `demo` off loopback, a key without its
/// certificate. Error(invalid, "app.unsafe") says which.
void check_safe(const Options& options);

/// Where the files that come with the program lie: `web/dist`, `demo`, `packs` of the checkout the binary was built in, or
/// `<prefix>/share/qiao` of an installation.
struct Shared {
    std::string web;
    std::string demo;
    std::string packs;
};
Shared find_shared();

}  // namespace qiao::app
