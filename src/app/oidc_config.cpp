#include "app/oidc_config.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "exchange/assertion_key.hpp"
#include "exchange/transfer.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace qiao::app {
namespace {

[[noreturn]] void refuse(const Options& options, const toml::node& node, std::string_view what) {
    const toml::source_position at = node.source().begin;
    throw Error(ErrorKind::invalid, "app.bad_config", fmt::format("{}:{}:{}: [oidc]: {}", options.config_file, at.line, at.column, what));
}

/// One line of text; empty when the key is not there.
std::string text_of(const Options& options, const toml::table& table, std::string_view key) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return {};
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty() || value->size() > 1024 || value->find_first_of("\r\n") != std::string::npos)
        refuse(options, *node, fmt::format("{}: one line of text is expected", key));
    return *value;
}

std::vector<std::string> texts_of(const Options& options, const toml::table& table, std::string_view key) {
    std::vector<std::string> texts;
    const toml::node* node = table.get(key);
    if (node == nullptr) return texts;
    const toml::array* list = node->as_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const auto value = list->get(i)->value_exact<std::string>();
        if (value && !value->empty()) texts.push_back(*value);
    }
    if (list == nullptr || list->empty() || texts.size() != list->size()) refuse(options, *node, fmt::format("{}: a list of texts is expected", key));
    return texts;
}

/// The secret, from a file that not everybody can read or from the environment.
std::string secret_of(const Options& options, const toml::table& table) {
    const std::string path = text_of(options, table, "secret_file");
    const std::string variable = text_of(options, table, "secret_env");
    if (path.empty() == variable.empty()) refuse(options, table, "one of key_file, secret_file and secret_env is expected");
    std::string secret;
    if (path.empty()) {
        const char* const found = std::getenv(variable.c_str());
        secret = found == nullptr ? "" : found;
    } else {
        struct stat status {};
        std::ifstream stream(path, std::ios::binary);
        if (!stream || ::stat(path.c_str(), &status) != 0) refuse(options, *table.get("secret_file"), "the file of the secret cannot be read");
        if ((status.st_mode & S_IROTH) != 0) refuse(options, *table.get("secret_file"), "everybody can read the file of the secret: chmod o-r");
        secret.assign(std::istreambuf_iterator<char>(stream), {});
    }
    secret = std::string(trim(secret));
    if (secret.empty() || secret.size() > 4096 || secret.find_first_of("\r\n") != std::string::npos)
        refuse(options, table, "the secret is missing, empty or more than one line");
    return secret;
}

/// The key is made where there is none yet, as a gateway's: its public half is at /access/oidc/jwks.
void prove_by_key(const Options& options, const toml::node& node, const std::string& path, access::OidcConfig& oidc) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IRGRP)) != 0) refuse(options, node, "others can read the file of the key: chmod 600");
    const auto key = exchange::AssertionKey::open(path, "qiao");
    oidc.jwks = key.jwks();
    oidc.assertion = [key](std::string_view client, std::string_view audience, Instant now) { return key.assertion(client, audience, now); };
}

}  // namespace

void read_oidc(Options& options) {
    const toml::table root = toml::parse_file(options.config_file);
    if (root.get("oidc") == nullptr) return;
    const toml::node& node = *root.get("oidc");
    constexpr std::string_view kKeys[] = {"issuer", "client_id", "key_file",          "secret_file",       "secret_env",
                                          "label",  "label_en",  "second_factor_acr", "second_factor_amr", "ca_file"};
    if (!node.is_table()) refuse(options, node, "a table is expected");
    const toml::table& table = *node.as_table();
    for (const auto& [key, one] : table) {
        if (std::find(std::begin(kKeys), std::end(kKeys), key.str()) == std::end(kKeys)) refuse(options, one, fmt::format("unknown key {}", key.str()));
    }
    access::OidcConfig& oidc = options.oidc;
    oidc.issuer = text_of(options, table, "issuer");
    oidc.client = text_of(options, table, "client_id");
    if (!access::is_safe_oidc_url(oidc.issuer) || oidc.issuer.find('?') != std::string::npos) {
        refuse(options, table, "issuer: the https address of the provider is expected, exactly as it names itself; http only for 127.0.0.1");
    }
    if (oidc.client.empty()) refuse(options, table, "client_id is missing");
    const std::string key_file = text_of(options, table, "key_file");
    if (key_file.empty()) {
        oidc.secret = secret_of(options, table);
    } else {
        if (table.contains("secret_file") || table.contains("secret_env")) refuse(options, table, "one of key_file, secret_file and secret_env is expected");
        prove_by_key(options, *table.get("key_file"), key_file, oidc);
    }
    oidc.label = text_of(options, table, "label");
    oidc.label_en = text_of(options, table, "label_en");
    if (oidc.label.size() > 60 || oidc.label_en.size() > 60) refuse(options, table, "label: at most 60 bytes");
    oidc.second_factor_acr = texts_of(options, table, "second_factor_acr");
    oidc.second_factor_amr = texts_of(options, table, "second_factor_amr");
    options.oidc_ca_file = text_of(options, table, "ca_file");
    if (!options.oidc_ca_file.empty() && !std::ifstream(options.oidc_ca_file)) refuse(options, *table.get("ca_file"), "ca_file: cannot be read");
}

access::OidcFetch oidc_fetch(const Options& options) {
    return [ca_file = options.oidc_ca_file](const access::OidcRequest& request) {
        const exchange::Post out{.url = request.url, .headers = request.headers, .body = request.form, .ca_file = ca_file};
        exchange::Reply reply = request.form.empty() ? exchange::get(out) : exchange::post(out);
        return access::OidcReply{reply.failure.empty() ? reply.status : 0, std::move(reply.body)};
    };
}

}  // namespace qiao::app
