#include "exchange/notify_config.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "exchange/template.hpp"
#include "exchange/transfer.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace qiao::exchange {

namespace {

constexpr std::size_t kSecret_bytes = 4096;

/// One table `[notify.x]` while it is read: every complaint says where.
class Section {
public:
    Section(const std::string& file, std::string name, const toml::table& table) : file_(file), name_(std::move(name)), table_(table) {}

    [[noreturn]] void refuse(const toml::node& node, std::string_view what) const {
        const toml::source_position at = node.source().begin;
        throw Error(ErrorKind::invalid, "app.bad_config", fmt::format("{}:{}:{}: notify.{}: {}", file_, at.line, at.column, name_, what));
    }

    void allow(std::initializer_list<std::string_view> keys) const {
        for (const auto& [key, node] : table_) {
            if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
                refuse(node, fmt::format("unknown key {}", key.str()));
            }
        }
    }

    [[nodiscard]] std::string text(std::string_view key, bool required = false) const {
        const toml::node* node = table_.get(key);
        if (node == nullptr) {
            if (required) {
                refuse(table_, fmt::format("{} is missing", key));
            }
            return {};
        }
        const auto value = node->value_exact<std::string>();
        if (!value || value->empty() || value->find_first_of("\r\n") != std::string::npos) {
            refuse(*node, fmt::format("{}: one line of text is expected", key));
        }
        return *value;
    }

    [[nodiscard]] std::string choice(std::string_view key, std::initializer_list<std::string_view> values) const {
        const std::string found = text(key);
        if (found.empty()) {
            return std::string(*values.begin());
        }
        if (std::find(values.begin(), values.end(), found) == values.end()) {
            refuse(*table_.get(key), fmt::format("{}: one of {}", key, fmt::join(values, ", ")));
        }
        return found;
    }

    [[nodiscard]] std::string url(std::string_view plain, std::string_view secured) const {
        std::string found = text("url", true);
        Target target;
        if (!parse_target(found, target)) {
            refuse(*table_.get("url"), "url: not an address, or one with a user or password in it");
        }
        if (target.scheme != plain && target.scheme != secured) {
            refuse(*table_.get("url"), fmt::format("url: {}:// is expected", secured));
        }
        if (plain == "http" && target.scheme == plain && !target.loopback) {
            refuse(*table_.get("url"), "url: https is required, except to this machine");
        }
        return found;
    }

    /// `<name>_file` or `<name>_env`; empty when neither is there.
    [[nodiscard]] std::string secret(const std::string& name) const {
        const std::string path = text(name + "_file");
        const std::string variable = text(name + "_env");
        if (!path.empty() && !variable.empty()) {
            refuse(*table_.get(name + "_env"), fmt::format("{0}_file or {0}_env, not both", name));
        }
        if (path.empty() && variable.empty()) {
            return {};
        }
        const toml::node& node = *table_.get(path.empty() ? name + "_env" : name + "_file");
        std::string value;
        if (path.empty()) {
            const char* const found = std::getenv(variable.c_str());
            value = found == nullptr ? "" : found;
        } else {
            value = file_text(node, path);
        }
        value = std::string(trim(value));
        if (value.empty() || value.find_first_of("\r\n") != std::string::npos) {
            refuse(node, "the secret is missing, empty or more than one line");
        }
        return value;
    }

    [[nodiscard]] std::string ca_file() const {
        std::string path = text("ca_file");
        if (!path.empty() && !std::ifstream(path)) {
            refuse(*table_.get("ca_file"), "ca_file: cannot be read");
        }
        return path;
    }

    [[nodiscard]] const toml::node* get(std::string_view key) const { return table_.get(key); }
    [[nodiscard]] const toml::table& table() const { return table_; }

private:
    [[nodiscard]] std::string file_text(const toml::node& node, const std::string& path) const {
        struct stat status {};
        std::ifstream stream(path, std::ios::binary);
        if (!stream || ::stat(path.c_str(), &status) != 0) {
            refuse(node, "the file of the secret cannot be read");
        }
        if ((status.st_mode & S_IROTH) != 0) {
            refuse(node, "everybody can read the file of the secret: chmod o-r");
        }
        std::string value(kSecret_bytes, '\0');
        stream.read(value.data(), static_cast<std::streamsize>(value.size()));
        value.resize(static_cast<std::size_t>(stream.gcount()));
        return value;
    }

    const std::string& file_;
    std::string name_;
    const toml::table& table_;
};

/// Texts, whole numbers and truth values, in tables and lists.
json::Value tree_of(const Section& section, const toml::node& node, std::vector<std::string>& names) {
    if (const auto* text = node.as_string()) {
        for (std::string& name : placeholders_in(text->get())) {
            if (!is_placeholder(name)) {
                section.refuse(node, fmt::format("body: nobody fills {{{}}}", name));
            }
            names.push_back(std::move(name));
        }
        return std::string_view(text->get());
    }
    if (const auto* number = node.as_integer()) {
        return number->get();
    }
    if (const auto* truth = node.as_boolean()) {
        return truth->get();
    }
    if (const auto* list = node.as_array()) {
        json::Value value = json::Value::array();
        for (const toml::node& one : *list) {
            value.push(tree_of(section, one, names));
        }
        return value;
    }
    if (const auto* table = node.as_table()) {
        json::Value value = json::Value::object();
        for (const auto& [key, one] : *table) {
            value.set(key.str(), tree_of(section, one, names));
        }
        return value;
    }
    section.refuse(node, "body: texts, whole numbers, true and false");
}

GatewayConfig gateway(const Section& section) {
    section.allow({"url", "format", "body", "auth", "secret_file", "secret_env", "receipt_secret_file", "receipt_secret_env", "ca_file"});
    GatewayConfig config;
    config.url = section.url("http", "https");
    config.form = section.choice("format", {"json", "form"}) == "form";
    const std::string auth = section.choice("auth", {"none", "bearer", "hmac"});
    config.auth = auth == "bearer" ? GatewayConfig::Auth::bearer : auth == "hmac" ? GatewayConfig::Auth::hmac : GatewayConfig::Auth::none;
    config.secret = section.secret("secret");
    config.receipt_secret = section.secret("receipt_secret");
    config.ca_file = section.ca_file();
    if ((auth == "none") != config.secret.empty()) {
        section.refuse(section.table(), "auth = \"bearer\" or \"hmac\" and secret_file or secret_env go together");
    }
    const toml::node* body = section.get("body");
    if (body == nullptr || !body->is_table()) {
        section.refuse(body == nullptr ? section.table() : *body, "body: a table with the fields of the provider is expected");
    }
    std::vector<std::string> names;
    config.body = tree_of(section, *body, names);
    const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    if (!has("number") || !has("text")) {
        section.refuse(*body, "body: {number} and {text} must stand in it");
    }
    if (has("callback") && config.receipt_secret.empty()) {
        section.refuse(*body, "body: {callback} needs receipt_secret_file or receipt_secret_env");
    }
    const auto is_flat = [](const auto& member) { return !member.second.is_object() && !member.second.is_array(); };
    if (config.form && !std::all_of(config.body.members().begin(), config.body.members().end(), is_flat)) {
        section.refuse(*body, "body: a form has no tables or lists in it");
    }
    return config;
}

WebhookConfig webhook(const Section& section) {
    section.allow({"url", "format", "secret_file", "secret_env", "ca_file"});
    WebhookConfig config;
    config.url = section.url("http", "https");
    if (config.url.find('?') != std::string::npos) {
        section.refuse(*section.get("url"), "url: without ?key=…; the key is a secret and comes from secret_file or secret_env");
    }
    config.markdown = section.choice("format", {"text", "markdown"}) == "markdown";
    config.secret = section.secret("secret");
    config.ca_file = section.ca_file();
    return config;
}

MailConfig mail(const Section& section) {
    section.allow({"url", "from", "user", "secret_file", "secret_env", "ca_file"});
    MailConfig config;
    config.url = section.url("smtp", "smtps");
    config.from = section.text("from", true);
    if (std::count(config.from.begin(), config.from.end(), '@') != 1 || config.from.find_first_of(" <>,") != std::string::npos) {
        section.refuse(*section.get("from"), "from: one e-mail address");
    }
    config.user = section.text("user");
    config.secret = section.secret("secret");
    config.ca_file = section.ca_file();
    if (config.user.empty() != config.secret.empty()) {
        section.refuse(section.table(), "user and secret_file or secret_env go together");
    }
    return config;
}

}  // namespace

NotifyConfig read_notify(const std::string& file) {
    NotifyConfig config;
    const toml::table root = toml::parse_file(file);
    const toml::node* node = root.get("notify");
    if (node == nullptr) {
        return config;
    }
    const toml::table nothing;
    const Section whole(file, "*", node->is_table() ? *node->as_table() : nothing);
    if (!node->is_table()) {
        whole.refuse(*node, "a table is expected, as in [notify.sms]");
    }
    for (const auto& [key, child] : *node->as_table()) {
        const std::string name(key.str());
        if (!child.is_table() || !channel_of(name)) {
            whole.refuse(child, fmt::format("{}: one of [notify.voice], [notify.sms], [notify.webhook], [notify.email]", name));
        }
        const Section section(file, name, *child.as_table());
        if (name == "voice") {
            config.voice = gateway(section);
        } else if (name == "sms") {
            config.sms = gateway(section);
        } else if (name == "webhook") {
            config.webhook = webhook(section);
        } else {
            config.email = mail(section);
        }
    }
    return config;
}

}  // namespace qiao::exchange
