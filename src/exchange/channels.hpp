#pragma once

#include "exchange/message.hpp"
#include "exchange/notify_config.hpp"

#include <string>
#include <string_view>

/// The ways out of the centre that are configured. Immutable after construction; send() blocks up to 15 s and may be called
/// from any thread.
namespace qiao::exchange {

class Channels {
public:
    explicit Channels(NotifyConfig config) : config_(std::move(config)) {}

    [[nodiscard]] bool has(Channel channel) const;
    /// Host of the provider for the operator's page; no path, no query. Empty when not configured.
    [[nodiscard]] std::string host(Channel channel) const;
    Outcome send(const Message& message) const;
    /// Whether a provider's report carries the right signature: hex HMAC-SHA256 under the channel's `receipt_secret` over
    /// `timestamp` "." `body`, the timestamp (seconds since 1970) within 5 minutes of `now_s`.
    [[nodiscard]] bool is_signed(Channel channel, std::string_view timestamp, std::string_view signature, std::string_view body, std::int64_t now_s) const;

private:
    [[nodiscard]] const GatewayConfig* gateway(Channel channel) const;
    [[nodiscard]] static Outcome send_gateway(const GatewayConfig& config, const Message& message);
    [[nodiscard]] static Outcome send_webhook(const WebhookConfig& config, const Message& message);
    [[nodiscard]] static Outcome send_mail(const MailConfig& config, const Message& message);

    NotifyConfig config_;
};

}  // namespace qiao::exchange
