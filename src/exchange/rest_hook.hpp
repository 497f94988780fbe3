#pragma once

#include "exchange/transfer.hpp"

#include <string>
#include <vector>

/// Where notifications of subscriptions may go, and the sending of one: https to listed hosts of the public internet, unless
/// the configuration says otherwise. Thread-safe; send() blocks.
namespace qiao::exchange {

/// The table `[subscriptions]` of the configuration file (docs/subscriptions.md).
struct RestHookConfig {
    std::vector<std::string> hosts;  ///< "hooks.example.org", "*.example.org" (any name below), each also with ":port"; empty = nowhere
    bool private_addresses = false;  ///< also to this machine and private networks
    bool plain_http = false;
    std::string ca_file;  ///< PEM; empty = the system's authorities
};

/// Reads `[subscriptions]` of a TOML file that parses. Error(invalid, "app.bad_config") says file, line and column.
RestHookConfig read_rest_hook(const std::string& file);

class RestHook {
public:
    explicit RestHook(RestHookConfig config) : config_(std::move(config)) {}

    /// Error(invalid, "record.bad_endpoint") says what is wrong with it.
    void check(const std::string& url) const;
    /// `failure` is empty for 2xx, else as Reply's, "http_503" and the like, "redirect", or "not_allowed" when the configuration
    /// has changed since.
    Reply send(Post request) const;

private:
    [[nodiscard]] std::string objection(const std::string& url) const;
    RestHookConfig config_;
};

}  // namespace qiao::exchange
