#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// The port by which a notice leaves the screen: by telephone, SMS, a group's robot or e-mail. What passes it is a finished
/// text with the number of the case, an institution, the urgency and a link, and the person's own address; never anything of
/// the patient, never a free text of a case. Called from any thread; send() may block for 15 s.
namespace qiao::flow {

struct Told {
    std::string key;       ///< the same at each try of one message
    std::string channel;   ///< voice, sms, webhook, email
    std::string address;   ///< telephone number or e-mail address of the person
    std::string language;  ///< zh or en
    std::string subject;
    std::string text;
    std::string urgency;
    std::string callback;  ///< where the provider reports delivery
};

struct SendResult {
    enum class Kind : std::uint8_t {
        accepted,     ///< the provider has it
        refused,      ///< it will never pass
        later,        ///< this one failed, others may pass
        unavailable,  ///< nothing passes by this channel now
    };
    Kind kind = Kind::accepted;
    std::string reason = {};  ///< a code, nothing personal
};

class Notifier {
public:
    virtual ~Notifier() = default;
    [[nodiscard]] virtual bool has(std::string_view channel) const = 0;
    [[nodiscard]] virtual std::string host(std::string_view channel) const = 0;
    virtual SendResult send(const Told& told) = 0;
    /// Whether a report of delivery is the provider's own.
    [[nodiscard]] virtual bool is_signed(std::string_view channel, std::string_view timestamp, std::string_view signature, std::string_view body) const = 0;
};

}  // namespace qiao::flow
