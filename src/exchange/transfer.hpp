#pragma once

#include <string>
#include <utility>
#include <vector>

/// One HTTP request or one SMTP delivery through libcurl: TLS checked, redirects not followed, proxies of the environment not
/// used, 5 s to connect and 15 s in all, answers cut at 16 KiB, those that are asked for at 256 KiB. Blocks; any thread.
namespace qiao::exchange {

struct Post {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string ca_file = {};  ///< PEM; empty = the system's authorities
    std::string method = "POST";
    bool public_only = false;  ///< the address that is connected to must be one of the public internet, whatever name led to it
};

struct Mail {
    std::string url;  ///< smtp://host:port with STARTTLS, or smtps://
    std::string user;
    std::string password;
    std::string from;
    std::string to;
    std::string data;  ///< header and body with CRLF
    std::string ca_file = {};
    bool plain = false;  ///< loopback without a certificate: no TLS asked
};

struct Reply {
    int status = 0;  ///< of HTTP or SMTP; 0 when none came
    std::string body = {};
    std::string failure = {};  ///< empty, or why there is no answer: no_host, no_connection, private_address, timeout, tls, login, line
};

Reply post(const Post& request);
/// Without a body, which is ignored.
Reply get(const Post& request);
Reply send(const Mail& mail);

/// Whether an address, as text, belongs to the public internet: not to this machine, a private or shared network, a link, a
/// group, documentation, or a tunnel that hides an IPv4 address (IANA special-purpose registries). False for what is no address.
bool is_public_address(const std::string& text);

/// What a URL of the configuration is; nothing when it is no URL, or one that carries a user or a password.
struct Target {
    std::string scheme;
    std::string host;
    std::string port = {};  ///< as written, or that of the scheme
    bool loopback = false;
};
bool parse_target(const std::string& url, Target& target);

}  // namespace qiao::exchange
