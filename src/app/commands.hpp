#pragma once

#include "app/options.hpp"
#include "base/json_value.hpp"

#include <cstdint>
#include <string>

/// What the program does for each command of its line. Each returns the exit status; called once, by main.
namespace qiao::app {

/// A DICOM device as the command line names it.
struct Device {
    std::string title, address, organisation;  ///< organisation: "Organization/…" or its exact name
    int port = 0;
    std::string issuer, charset;
    bool may_store = true;
};

/// Serves until SIGTERM or SIGINT. Makes the demo network first when options.demo and the folder is empty.
int serve(const Options& options);
/// Asks the running server through `control.sock`, or opens the folder itself when none runs; the answer.
json::Value ask(const Options& options, const json::Value& request);
/// These ask the running server through `control.sock`, or open the folder themselves when none runs.
int print_token(const Options& options, const std::string& login, int hours);
struct NewClient {
    std::string name, role;
    std::string jwks_file, audience;  ///< both or none
};
int add_client(const Options& options, const NewClient& client);
int revoke_client(const Options& options, const std::string& client);
int add_device(const Options& options, const Device& device);
int list_devices(const Options& options);
int remove_device(const Options& options, const std::string& title, const std::string& address);
int check(const Options& options);
int verify_audit(const Options& options, std::int64_t from, const std::string& heads);

}  // namespace qiao::app
