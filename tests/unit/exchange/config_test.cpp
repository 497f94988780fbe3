#include "exchange/notify_config.hpp"

#include "base/error.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace qiao::exchange {
namespace {

class Config : public ::testing::Test {
protected:
    Config() {
        std::filesystem::create_directories(folder_);
        write("secret", "s3cret-value\n");
        ::chmod((folder_ + "/secret").c_str(), 0600);
    }
    ~Config() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }
    [[nodiscard]] NotifyConfig read(const std::string& text) const {
        write("qiao.toml", text);
        return read_notify(folder_ + "/qiao.toml");
    }
    /// "line:column: what" of the refusal.
    [[nodiscard]] std::string refusal(const std::string& text) const {
        try {
            static_cast<void>(read(text));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), "app.bad_config");
            const std::string what = error.what();
            EXPECT_EQ(what.find("s3cret"), std::string::npos) << "a secret in an error";
            return what.substr(what.find("qiao.toml:") + 10);
        }
        return "";
    }
    [[nodiscard]] std::string secret() const { return "secret_file = \"" + folder_ + "/secret\"\n"; }

    const std::string folder_ = ::testing::TempDir() + "/notify_" + std::to_string(::getpid());
};

TEST_F(Config, NothingIsNothing) {
    const NotifyConfig config = read("http = \"127.0.0.1:1\"\n");
    EXPECT_FALSE(config.voice || config.sms || config.webhook || config.email);
}

TEST_F(Config, AllFourChannels) {
    ::setenv("QIAO_TEST_SECRET", "from-the-environment", 1);
    const NotifyConfig config = read("[notify.voice]\nurl = \"https://voice.example/calls\"\nauth = \"bearer\"\n" + secret() + "receipt_" + secret() +
                                     "body = { to = \"{number}\", say = { text = \"{text}\", lang = \"{language}\" }, times = 2, report = \"{callback}\" }\n"
                                     "[notify.sms]\nurl = \"http://127.0.0.1:9/sms\"\nformat = \"form\"\nauth = \"hmac\"\nsecret_env = \"QIAO_TEST_SECRET\"\n"
                                     "body = { phone = \"{number}\", content = \"{text}\" }\n"
                                     "[notify.webhook]\nurl = \"https://robot.example/send\"\n" +
                                     secret() + "format = \"markdown\"\n[notify.email]\nurl = \"smtp://mail.example:587\"\nfrom = \"qiao@hospital.example\"\nuser = \"qiao\"\n" +
                                     secret());
    ASSERT_TRUE(config.voice && config.sms && config.webhook && config.email);
    EXPECT_EQ(config.voice->secret, "s3cret-value");
    EXPECT_EQ(config.voice->receipt_secret, "s3cret-value");
    EXPECT_EQ(config.voice->body["times"].integer(), 2);
    EXPECT_EQ(config.sms->secret, "from-the-environment");
    EXPECT_TRUE(config.sms->form);
    EXPECT_TRUE(config.webhook->markdown);
    EXPECT_EQ(config.email->user, "qiao");
}

TEST_F(Config, SaysLineAndColumn) {
    const std::string sms = "[notify.sms]\nurl = \"https://sms.example/\"\n";
    const std::string body = "body = { to = \"{number}\", text = \"{text}\" }\n";
    EXPECT_EQ(refusal(sms + body + "colour = \"red\"\n").substr(0, 5), "4:10:");
    EXPECT_NE(refusal(sms + body + "colour = \"red\"\n").find("unknown key colour"), std::string::npos);
    EXPECT_NE(refusal("[notify.fax]\nurl = \"x\"\n").find("fax"), std::string::npos);
    EXPECT_NE(refusal("notify = 3\n").find("1:10:"), std::string::npos);
    EXPECT_NE(refusal("[notify.sms]\nurl = \"http://sms.example/\"\n" + body).find("2:7: notify.sms: url: https is required"), std::string::npos);
    EXPECT_NE(refusal("[notify.sms]\nurl = \"https://user:pass@sms.example/\"\n" + body).find("user or password"), std::string::npos);
    EXPECT_NE(refusal("[notify.sms]\nurl = \"ftp://sms.example/\"\n" + body).find("https"), std::string::npos);
    EXPECT_NE(refusal("[notify.sms]\n" + body).find("url is missing"), std::string::npos);
    EXPECT_NE(refusal(sms).find("body"), std::string::npos);
    EXPECT_NE(refusal(sms + "body = { to = \"{number}\" }\n").find("{text}"), std::string::npos);
    EXPECT_NE(refusal(sms + "body = { to = \"{number}\", text = \"{text} {patient}\" }\n").find("nobody fills {patient}"), std::string::npos);
    EXPECT_NE(refusal(sms + "body = { to = \"{number}\", text = \"{text}\", cb = \"{callback}\" }\n").find("receipt_secret"), std::string::npos);
    EXPECT_NE(refusal(sms + "format = \"form\"\nbody = { to = \"{number}\", text = { t = \"{text}\" } }\n").find("form"), std::string::npos);
    EXPECT_NE(refusal(sms + "auth = \"bearer\"\n" + body).find("go together"), std::string::npos);
    EXPECT_NE(refusal(sms + "auth = \"basic\"\n" + body).find("one of none, bearer, hmac"), std::string::npos);
    EXPECT_NE(refusal("[notify.webhook]\nurl = \"https://robot.example/send?key=abc\"\n").find("secret"), std::string::npos);
    EXPECT_NE(refusal("[notify.email]\nurl = \"smtp://mail.example\"\nfrom = \"nobody\"\n").find("from"), std::string::npos);
    EXPECT_NE(refusal("[notify.email]\nurl = \"https://mail.example\"\nfrom = \"a@b\"\n").find("smtps"), std::string::npos);
}

TEST_F(Config, SecretsAreGuarded) {
    const std::string sms = "[notify.sms]\nurl = \"https://sms.example/\"\nauth = \"bearer\"\nbody = { to = \"{number}\", text = \"{text}\" }\n";
    EXPECT_NE(refusal(sms + "secret_file = \"" + folder_ + "/none\"\n").find("cannot be read"), std::string::npos);
    EXPECT_NE(refusal(sms + "secret_env = \"QIAO_TEST_NOT_SET\"\n").find("missing, empty"), std::string::npos);
    EXPECT_NE(refusal(sms + secret() + "secret_env = \"HOME\"\n").find("not both"), std::string::npos);
    ::chmod((folder_ + "/secret").c_str(), 0644);
    EXPECT_NE(refusal(sms + secret()).find("everybody"), std::string::npos);
}

}  // namespace
}  // namespace qiao::exchange
