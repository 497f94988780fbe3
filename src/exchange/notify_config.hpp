#pragma once

#include "base/json_value.hpp"

#include <optional>
#include <string>

/// The tables `[notify.*]` of the configuration file (docs/notifications.md). Secrets are read at start from a file or the
/// environment and stand in no message, log or page. Plain values.
namespace qiao::exchange {

/// A telephone or SMS provider that takes one POST a message.
struct GatewayConfig {
    enum class Auth : std::uint8_t { none, bearer, hmac };
    std::string url;
    json::Value body;   ///< template.hpp
    bool form = false;  ///< else JSON
    Auth auth = Auth::none;
    std::string secret;
    std::string receipt_secret;  ///< signs what the provider reports; empty = reports are not taken
    std::string ca_file;
};

/// A group robot: JSON {"msgtype", "text" or "markdown"}, answered by {"errcode"}.
struct WebhookConfig {
    std::string url;
    std::string secret;     ///< added to the URL as `key`
    bool markdown = false;  ///< else text, which can mention a person by telephone number
    std::string ca_file;
};

struct MailConfig {
    std::string url;
    std::string from;
    std::string user;
    std::string secret;
    std::string ca_file;
};

struct NotifyConfig {
    std::optional<GatewayConfig> voice;
    std::optional<GatewayConfig> sms;
    std::optional<WebhookConfig> webhook;
    std::optional<MailConfig> email;
};

/// Reads `[notify.*]` of a TOML file that parses. Error(invalid, "app.bad_config") says file, line and column: unknown keys,
/// http to another machine, a secret that is missing, empty or readable by everybody, placeholders that nobody fills.
NotifyConfig read_notify(const std::string& file);

}  // namespace qiao::exchange
