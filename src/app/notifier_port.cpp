#include "app/notifier_port.hpp"

#include "base/time.hpp"

namespace qiao::app {

namespace {

flow::SendResult::Kind kind_of(exchange::Outcome::Kind kind) {
    using From = exchange::Outcome::Kind;
    using To = flow::SendResult::Kind;
    switch (kind) {
        case From::accepted: return To::accepted;
        case From::refused: return To::refused;
        case From::later: return To::later;
        case From::unavailable: return To::unavailable;
    }
    return To::later;
}

}  // namespace

bool ChannelNotifier::has(std::string_view channel) const {
    const auto known = exchange::channel_of(channel);
    return known && channels_.has(*known);
}

std::string ChannelNotifier::host(std::string_view channel) const {
    const auto known = exchange::channel_of(channel);
    return known ? channels_.host(*known) : "";
}

flow::SendResult ChannelNotifier::send(const flow::Told& told) {
    const auto channel = exchange::channel_of(told.channel);
    if (!channel) return {flow::SendResult::Kind::refused, "not_configured"};
    const exchange::Outcome outcome =
        channels_.send({told.key, *channel, told.address, told.language, told.subject, told.text, told.urgency, told.callback});
    return {kind_of(outcome.kind), outcome.reason};
}

/// By the real time: a provider knows nothing of the demo's clock.
bool ChannelNotifier::is_signed(std::string_view channel, std::string_view timestamp, std::string_view signature, std::string_view body) const {
    const auto known = exchange::channel_of(channel);
    return known && channels_.is_signed(*known, timestamp, signature, body, to_us(SystemClock().now()) / 1'000'000);
}

}  // namespace qiao::app
