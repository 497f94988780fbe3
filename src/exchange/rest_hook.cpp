#include "exchange/rest_hook.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>

namespace qiao::exchange {
namespace {

[[noreturn]] void bad_config(const std::string& file, const toml::node& node, const std::string& why) {
    const auto at = node.source().begin;
    throw Error(ErrorKind::invalid, "app.bad_config", fmt::format("{}:{}:{}: [subscriptions] {}", file, at.line, at.column, why));
}

/// "*.example.org" is any name below example.org; a pattern without a port fits the usual one of https and http only.
bool fits(std::string_view pattern, const Target& target) {
    const std::string host = lower(target.host);
    const std::size_t bracket = pattern.find(']');
    const std::size_t colon = pattern.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view name = pattern.substr(0, colon);
    const std::string_view port = colon == std::string_view::npos ? std::string_view() : pattern.substr(colon + 1);
    if (port.empty() ? target.port != "443" && target.port != "80" : port != target.port) return false;
    if (name.starts_with("*.")) return host.size() > name.size() - 1 && std::string_view(host).ends_with(name.substr(1));
    return host == name;
}

}  // namespace

RestHookConfig read_rest_hook(const std::string& file) {
    RestHookConfig config;
    const toml::table root = toml::parse_file(file);
    const toml::node* node = root.get("subscriptions");
    if (node == nullptr) return config;
    if (!node->is_table()) bad_config(file, *node, "is a table");
    for (const auto& [key, value] : *node->as_table()) {
        const std::string_view name = key.str();
        if (name == "hosts" && value.is_array()) {
            for (const toml::node& one : *value.as_array()) {
                const auto text = one.value<std::string>();
                if (!text || text->empty() || text->find_first_of("/@ ") != std::string::npos || *text == "*" || *text == "*.") {
                    bad_config(file, one, "hosts: a host, \"*.\" and a domain, or either with :port");
                }
                config.hosts.push_back(lower(*text));
            }
        } else if (name == "private_addresses" && value.is_boolean()) {
            config.private_addresses = value.as_boolean()->get();
        } else if (name == "plain_http" && value.is_boolean()) {
            config.plain_http = value.as_boolean()->get();
        } else if (name == "ca_file" && value.is_string()) {
            config.ca_file = value.as_string()->get();
            if (!std::ifstream(config.ca_file)) bad_config(file, value, "ca_file: cannot be read");
        } else {
            bad_config(file, value, fmt::format("{}: hosts (a list of texts), private_addresses, plain_http (true or false), ca_file (a text)", name));
        }
    }
    return config;
}

std::string RestHook::objection(const std::string& url) const {
    Target target;
    if (!parse_target(url, target)) return "no address, or one with a user, a password or a fragment in it";
    if (target.scheme != "https" && !(target.scheme == "http" && config_.plain_http)) return "https is required";
    if (std::none_of(config_.hosts.begin(), config_.hosts.end(), [&](const std::string& one) { return fits(one, target); })) {
        return "the operator of this centre has not listed this host for subscriptions";
    }
    const std::string host = target.host.starts_with('[') ? target.host.substr(1, target.host.size() - 2) : target.host;
    const bool literal = target.host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string::npos;
    if (!config_.private_addresses && (target.loopback || (literal && !is_public_address(host)))) return "an address of this machine or of a private network";
    return {};
}

void RestHook::check(const std::string& url) const {
    const std::string why = objection(url);
    if (why.empty()) return;
    throw Error(ErrorKind::invalid, "record.bad_endpoint", "nothing is sent to this endpoint", {{"business-rule", "Subscription.channel.endpoint", why}});
}

Reply RestHook::send(Post request) const {
    if (!objection(request.url).empty()) return {.failure = "not_allowed"};
    request.ca_file = config_.ca_file;
    request.public_only = !config_.private_addresses;
    Reply reply = post(request);
    if (!reply.failure.empty()) return reply;
    if (reply.status >= 300 && reply.status < 400)
        reply.failure = "redirect";
    else if (reply.status < 200 || reply.status >= 300)
        reply.failure = fmt::format("http_{}", reply.status);
    return reply;
}

}  // namespace qiao::exchange
