#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// A message that leaves the centre for one person by one channel, and what came of it. It carries a finished text and
/// nothing else: no resource, no patient. Plain values; any thread.
namespace qiao::exchange {

enum class Channel : std::uint8_t { voice, sms, webhook, email };
inline constexpr Channel kChannels[] = {Channel::voice, Channel::sms, Channel::webhook, Channel::email};

std::string_view code_of(Channel channel);
std::optional<Channel> channel_of(std::string_view code);

struct Message {
    std::string key;  ///< the same for each try of one message: a provider that knows it sends once
    Channel channel = Channel::sms;
    std::string address;   ///< telephone number with +, or e-mail address; webhook: the number to mention, may be empty
    std::string language;  ///< zh or en
    std::string subject;   ///< e-mail only
    std::string text;
    std::string urgency;   ///< routine, urgent, emergency
    std::string callback;  ///< where the provider reports delivery; may be empty
};

struct Outcome {
    enum class Kind : std::uint8_t {
        accepted,     ///< the provider has it
        refused,      ///< this message will never pass: a number that does not exist
        later,        ///< this message failed; others may pass
        unavailable,  ///< the channel is down or wrongly configured: nothing passes now
    };
    Kind kind = Kind::accepted;
    std::string reason = {};  ///< a code such as "http_503", "timeout"; never the provider's words, they may name the person
};

}  // namespace qiao::exchange
