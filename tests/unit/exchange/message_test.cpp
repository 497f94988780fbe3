#include "base/digest.hpp"
#include "base/text.hpp"
#include "exchange/channels.hpp"
#include "exchange/mail.hpp"
#include "exchange/template.hpp"

#include <gtest/gtest.h>

namespace qiao::exchange {
namespace {

const Message kMessage{"key-1", Channel::sms, "+8613800000000", "zh", "急会诊", "他说 \"{number}\" & \\ 换行\n完", "emergency", "https://qiao.example/notify/receipt/x"};

TEST(Template, ValuesCannotChangeTheShape) {
    const auto tree = json::parse(R"({"to": ["{number}"], "text": "a {text} b", "n": 3, "open": "{", "odd": "{Text} {text"})");
    ASSERT_TRUE(tree);
    const json::Value body = filled(*tree, kMessage);
    const auto again = json::parse(body.dump());
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)["text"].text(), "a " + kMessage.text + " b") << "a value that looks like a placeholder is not filled again";
    EXPECT_EQ((*again)["to"].at(0).text(), "+8613800000000");
    EXPECT_EQ((*again)["open"].text(), "{");
    EXPECT_EQ((*again)["odd"].text(), "{Text} {text");
    EXPECT_EQ(again->size(), 5U);
}

TEST(Template, Form) {
    const json::Value fields = filled(json::Value::object({{"to", "{number}"}, {"msg", "a&b={language}"}, {"n", 1}}), kMessage);
    EXPECT_EQ(form_text(fields), "to=%2B8613800000000&msg=a%26b%3Dzh&n=1");
}

TEST(Mail, IsReadableByOldPrograms) {
    Message message = kMessage;
    message.address = "zhao@hospital.example";
    message.subject = std::string("急会诊呼叫 C-20261121-0007 ") + "很长的标题很长的标题很长的标题很长的标题";
    const std::string text = mail_text(message, "qiao@hospital.example", *parse_instant("2026-11-21T08:30:00Z"));
    EXPECT_NE(text.find("Date: Sat, 21 Nov 2026 08:30:00 +0000\r\n"), std::string::npos);
    EXPECT_NE(text.find("Message-ID: <key-1@hospital.example>\r\n"), std::string::npos);
    std::string subject;
    for (std::string_view line : split(text, '\n')) {
        EXPECT_TRUE(line.empty() || line.ends_with('\r'));
        EXPECT_LE(line.size(), 79U);
        for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) < 0x80);
        const std::size_t word = line.find("=?UTF-8?B?");
        if (word != std::string_view::npos) {
            const std::string part = *from_base64(line.substr(word + 10, line.find("?=", word) - word - 10));
            EXPECT_TRUE(is_utf8(part)) << "an encoded word ends between characters";
            subject += part;
        }
    }
    EXPECT_EQ(subject, message.subject);
    const std::string body = text.substr(text.find("\r\n\r\n") + 4);
    std::string packed;
    for (const char c : body) {
        if (c != '\r' && c != '\n') packed += c;
    }
    EXPECT_EQ(*from_base64(packed), message.text);
}

TEST(Channels, WhatIsNotConfiguredIsRefused) {
    const Channels channels{NotifyConfig{}};
    for (const Channel channel : kChannels) {
        EXPECT_FALSE(channels.has(channel));
        EXPECT_EQ(channels.host(channel), "");
        Message message = kMessage;
        message.channel = channel;
        EXPECT_EQ(channels.send(message).reason, "not_configured");
    }
}

TEST(Channels, ReportsNeedTheRightSignatureAndTime) {
    NotifyConfig config;
    config.voice = GatewayConfig{};
    config.voice->receipt_secret = "reports";
    config.sms = GatewayConfig{};
    const Channels channels{config};
    const std::string body = R"({"status":"delivered"})";
    const std::string good = to_hex(hmac_sha256("reports", "1000." + body));
    EXPECT_TRUE(channels.is_signed(Channel::voice, "1000", good, body, 1010));
    EXPECT_FALSE(channels.is_signed(Channel::voice, "1000", good, body + " ", 1010));
    EXPECT_FALSE(channels.is_signed(Channel::voice, "1000", good, body, 1301));
    EXPECT_FALSE(channels.is_signed(Channel::voice, "1001", good, body, 1010));
    EXPECT_FALSE(channels.is_signed(Channel::voice, "", "", body, 0));
    EXPECT_FALSE(channels.is_signed(Channel::sms, "1000", to_hex(hmac_sha256("", "1000." + body)), body, 1010)) << "no secret, no reports";
    EXPECT_FALSE(channels.is_signed(Channel::email, "1000", good, body, 1010));
}

TEST(Channels, AnAddressWithALineEndIsRefused) {
    NotifyConfig config;
    config.email = MailConfig{"smtp://127.0.0.1:1", "qiao@hospital.example", "", "", ""};
    Message message = kMessage;
    message.channel = Channel::email;
    message.address = "a@b\r\nRCPT TO:<c@d>";
    EXPECT_EQ(Channels(config).send(message).reason, "bad_address");
}

}  // namespace
}  // namespace qiao::exchange
