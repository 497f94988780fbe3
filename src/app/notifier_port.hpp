#pragma once

#include "exchange/channels.hpp"
#include "flow/notifier.hpp"

/// Fulfils the port by which notices leave the screen. Thread-safe.
namespace qiao::app {

class ChannelNotifier : public flow::Notifier {
public:
    explicit ChannelNotifier(exchange::NotifyConfig config) : channels_(std::move(config)) {}

    [[nodiscard]] bool has(std::string_view channel) const override;
    [[nodiscard]] std::string host(std::string_view channel) const override;
    flow::SendResult send(const flow::Told& told) override;
    [[nodiscard]] bool is_signed(std::string_view channel, std::string_view timestamp, std::string_view signature, std::string_view body) const override;

private:
    exchange::Channels channels_;
};

}  // namespace qiao::app
