#include "exchange/channels.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "exchange/mail.hpp"
#include "exchange/template.hpp"
#include "exchange/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace qiao::exchange {

namespace {

using Kind = Outcome::Kind;

constexpr std::int64_t kSkew_s = 300;
/// The limit of a robot's text message, in bytes (WeCom group robot).
constexpr std::size_t kRobotText_bytes = 2048;
constexpr std::int64_t kRobotTooOften = 45009;
constexpr std::int64_t kRobotBadKey = 93000;

std::string signature_of(std::string_view secret, std::string_view timestamp, std::string_view body) {
    return to_hex(hmac_sha256(secret, std::string(timestamp) + "." + std::string(body)));
}

/// What an HTTP answer says about this message and about the channel.
Outcome outcome_of(const Reply& reply) {
    if (!reply.failure.empty()) {
        return {Kind::unavailable, reply.failure};
    }
    const int status = reply.status;
    const std::string reason = fmt::format("http_{}", status);
    if (status >= 200 && status < 300) {
        return {};
    }
    // 3xx is not followed; 401, 403, 404 and 405 speak of the configuration, not of the message.
    const bool channel = (status >= 300 && status < 400) || status == 401 || status == 403 || status == 404 || status == 405 || status == 408 ||
                         status == 425 || status == 429 || status == 502 || status == 503 || status == 504;
    if (channel) {
        return {Kind::unavailable, reason};
    }
    return {status >= 500 || status == 409 ? Kind::later : Kind::refused, reason};
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// At most `limit` bytes, cut between characters.
std::string_view cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) {
        --limit;
    }
    return text.substr(0, limit);
}

std::string now_text() { return std::to_string(to_us(SystemClock().now()) / 1'000'000); }

}  // namespace

std::string_view code_of(Channel channel) {
    switch (channel) {
        case Channel::voice: return "voice";
        case Channel::sms: return "sms";
        case Channel::webhook: return "webhook";
        case Channel::email: return "email";
    }
    return "";
}

std::optional<Channel> channel_of(std::string_view code) {
    for (const Channel channel : kChannels) {
        if (code_of(channel) == code) {
            return channel;
        }
    }
    return std::nullopt;
}

const GatewayConfig* Channels::gateway(Channel channel) const {
    const auto& found = channel == Channel::voice ? config_.voice : config_.sms;
    return (channel == Channel::voice || channel == Channel::sms) && found ? &*found : nullptr;
}

bool Channels::has(Channel channel) const {
    return gateway(channel) != nullptr || (channel == Channel::webhook && config_.webhook) || (channel == Channel::email && config_.email);
}

std::string Channels::host(Channel channel) const {
    Target target;
    const std::string url = gateway(channel) != nullptr                        ? gateway(channel)->url
                            : channel == Channel::webhook && config_.webhook   ? config_.webhook->url
                            : channel == Channel::email && config_.email       ? config_.email->url
                                                                               : "";
    return !url.empty() && parse_target(url, target) ? target.host : "";
}

Outcome Channels::send(const Message& message) const {
    if (has_control(message.address) || has_control(message.subject)) {
        return {Kind::refused, "bad_address"};
    }
    if (const GatewayConfig* config = gateway(message.channel)) {
        return send_gateway(*config, message);
    }
    if (message.channel == Channel::webhook && config_.webhook) {
        return send_webhook(*config_.webhook, message);
    }
    if (message.channel == Channel::email && config_.email) {
        return send_mail(*config_.email, message);
    }
    return {Kind::refused, "not_configured"};
}

Outcome Channels::send_gateway(const GatewayConfig& config, const Message& message) {
    Post request{config.url, {{"Idempotency-Key", message.key}}, {}, config.ca_file};
    const json::Value body = filled(config.body, message);
    request.body = config.form ? form_text(body) : body.dump();
    request.headers.emplace_back("Content-Type", config.form ? "application/x-www-form-urlencoded" : "application/json; charset=utf-8");
    if (config.auth == GatewayConfig::Auth::bearer) {
        request.headers.emplace_back("Authorization", "Bearer " + config.secret);
    } else if (config.auth == GatewayConfig::Auth::hmac) {
        const std::string timestamp = now_text();
        request.headers.emplace_back("X-Qiao-Timestamp", timestamp);
        request.headers.emplace_back("X-Qiao-Signature", signature_of(config.secret, timestamp, request.body));
    }
    return outcome_of(post(request));
}

Outcome Channels::send_webhook(const WebhookConfig& config, const Message& message) {
    const std::string type = config.markdown ? "markdown" : "text";
    json::Value content = json::Value::object({{"content", cut(message.text, kRobotText_bytes)}});
    if (!config.markdown && !message.address.empty()) {
        // The robot knows mobile numbers without the country's code.
        const std::string_view number = message.address;
        content.set("mentioned_mobile_list", json::Value::array({json::Value(number.starts_with("+86") ? number.substr(3) : number)}));
    }
    const json::Value body = json::Value::object({{"msgtype", type}, {type, std::move(content)}});
    const std::string url = config.secret.empty() ? config.url : config.url + "?key=" + percent_encode(config.secret);
    const Reply reply = post({url, {{"Content-Type", "application/json; charset=utf-8"}, {"Idempotency-Key", message.key}}, body.dump(), config.ca_file});
    Outcome outcome = outcome_of(reply);
    if (outcome.kind != Kind::accepted) {
        return outcome;
    }
    const auto answer = json::parse(reply.body);
    const std::int64_t code = answer ? (*answer)["errcode"].integer().value_or(-1) : -1;
    if (code == 0) {
        return {};
    }
    return {code == -1 || code == kRobotTooOften || code == kRobotBadKey ? Kind::unavailable : Kind::refused, fmt::format("errcode_{}", code)};
}

Outcome Channels::send_mail(const MailConfig& config, const Message& message) {
    Target target;
    const bool plain = parse_target(config.url, target) && target.loopback && target.scheme == "smtp" && config.ca_file.empty();
    const Reply reply = exchange::send(
        {config.url, config.user, config.secret, config.from, message.address, mail_text(message, config.from, SystemClock().now()), config.ca_file, plain});
    if (reply.failure.empty()) {
        return {};
    }
    // A 5xx to MAIL, RCPT or DATA is about this message; to the greeting or the login it comes with its own failure.
    if (reply.status >= 500 && reply.failure == "line") {
        return {Kind::refused, fmt::format("smtp_{}", reply.status)};
    }
    return {Kind::unavailable, reply.failure == "line" && reply.status >= 400 ? fmt::format("smtp_{}", reply.status) : reply.failure};
}

bool Channels::is_signed(Channel channel, std::string_view timestamp, std::string_view signature, std::string_view body, std::int64_t now_s) const {
    const GatewayConfig* config = gateway(channel);
    std::int64_t at_s = 0;
    const auto [end, error] = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), at_s);
    if (config == nullptr || config->receipt_secret.empty() || error != std::errc() || end != timestamp.data() + timestamp.size() ||
        std::abs(at_s - now_s) > kSkew_s) {
        return false;
    }
    return equal_in_constant_time(lower(signature), signature_of(config->receipt_secret, timestamp, body));
}

}  // namespace qiao::exchange
