#include "exchange/transfer.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

namespace qiao::exchange {

namespace {

constexpr long kConnect_ms = 5'000;
constexpr long kWhole_ms = 15'000;
constexpr std::size_t kAnswer_bytes = 16 * 1024;
constexpr std::size_t kAsked_bytes = 256 * 1024;

struct Easy {
    CURL* handle = nullptr;
    curl_slist* headers = nullptr;
    curl_slist* recipients = nullptr;

    Easy() {
        static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
        handle = started == CURLE_OK ? curl_easy_init() : nullptr;
    }
    ~Easy() {
        curl_slist_free_all(headers);
        curl_slist_free_all(recipients);
        curl_easy_cleanup(handle);
    }
    Easy(const Easy&) = delete;
    Easy& operator=(const Easy&) = delete;

    template <class Value>
    void set(CURLoption option, Value value) {
        curl_easy_setopt(handle, option, value);
    }
};

struct Kept {
    std::string& text;
    std::size_t limit_bytes;
};

std::size_t keep_answer(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& kept = *static_cast<Kept*>(into);
    kept.text.append(bytes, std::min(size * count, kept.limit_bytes - std::min(kept.limit_bytes, kept.text.size())));
    return size * count;  // the rest is read and dropped, so that the connection ends in order
}

struct Source {
    const std::string& data;
    std::size_t at = 0;
};

std::size_t give_data(char* into, std::size_t size, std::size_t count, void* from) {
    auto& source = *static_cast<Source*>(from);
    const std::size_t length = std::min(size * count, source.data.size() - source.at);
    std::memcpy(into, source.data.data() + source.at, length);
    source.at += length;
    return length;
}

struct Range {
    std::uint32_t network;
    int bits;
};
// IANA IPv4 Special-Purpose Address Registry, and multicast.
constexpr std::array<Range, 15> kSpecial = {{{0x00000000, 8},
                                             {0x0A000000, 8},
                                             {0x64400000, 10},
                                             {0x7F000000, 8},
                                             {0xA9FE0000, 16},
                                             {0xAC100000, 12},
                                             {0xC0000000, 24},
                                             {0xC0000200, 24},
                                             {0xC0586300, 24},
                                             {0xC0A80000, 16},
                                             {0xC6120000, 15},
                                             {0xC6336400, 24},
                                             {0xCB007100, 24},
                                             {0xE0000000, 4},
                                             {0xF0000000, 4}}};

bool is_public(std::uint32_t ipv4) {
    return std::none_of(kSpecial.begin(), kSpecial.end(), [&](const Range& range) { return (ipv4 ^ range.network) >> (32 - range.bits) == 0; });
}

/// Global unicast 2000::/3 without 2001::/23 (Teredo and the like), documentation (2001:db8::/32) and 6to4 (2002::/16).
bool is_public(const std::array<std::uint8_t, 16>& ipv6) {
    if ((ipv6[0] & 0xE0U) != 0x20) return false;
    if (ipv6[0] == 0x20 && ipv6[1] == 0x01 && (ipv6[2] < 0x02 || (ipv6[2] == 0x0D && ipv6[3] == 0xB8))) return false;
    return ipv6[0] != 0x20 || ipv6[1] != 0x02;
}

bool is_public(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof(ipv4));
        return is_public(ntohl(ipv4.sin_addr.s_addr));
    }
    if (address.sa_family != AF_INET6) return false;
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &address, sizeof(ipv6));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
    return is_public(bytes);
}

/// Asked for each address that libcurl is about to connect to: a name cannot lead anywhere else afterwards.
curl_socket_t open_public(void* refused, curlsocktype, curl_sockaddr* address) {
    if (is_public(address->addr)) return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    *static_cast<bool*>(refused) = true;
    return CURL_SOCKET_BAD;
}

std::string failure_of(CURLcode code) {
    switch (code) {
        case CURLE_OK: return {};
        case CURLE_COULDNT_RESOLVE_HOST: return "no_host";
        case CURLE_COULDNT_CONNECT: return "no_connection";
        case CURLE_OPERATION_TIMEDOUT: return "timeout";
        case CURLE_LOGIN_DENIED: return "login";
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_USE_SSL_FAILED: return "tls";
        default: return "line";
    }
}

void set_common(Easy& easy, const std::string& url, const std::string& ca_file, const char* protocols) {
    easy.set(CURLOPT_URL, url.c_str());
    easy.set(CURLOPT_PROTOCOLS_STR, protocols);
    easy.set(CURLOPT_FOLLOWLOCATION, 0L);
    easy.set(CURLOPT_PROXY, "");
    easy.set(CURLOPT_NOSIGNAL, 1L);
    easy.set(CURLOPT_CONNECTTIMEOUT_MS, kConnect_ms);
    easy.set(CURLOPT_TIMEOUT_MS, kWhole_ms);
    easy.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!ca_file.empty()) {
        easy.set(CURLOPT_CAINFO, ca_file.c_str());
        easy.set(CURLOPT_CAPATH, nullptr);
    }
}

Reply perform(Easy& easy, std::size_t limit_bytes = kAnswer_bytes) {
    Reply reply;
    Kept kept{reply.body, limit_bytes};
    easy.set(CURLOPT_WRITEFUNCTION, keep_answer);
    easy.set(CURLOPT_WRITEDATA, &kept);
    reply.failure = failure_of(curl_easy_perform(easy.handle));
    long status = 0;
    curl_easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    return reply;
}

void set_http(Easy& easy, const Post& request) {
    set_common(easy, request.url, request.ca_file, "http,https");
    for (const auto& [name, value] : request.headers) {
        easy.headers = curl_slist_append(easy.headers, (name + ": " + value).c_str());
    }
    easy.headers = curl_slist_append(easy.headers, "Expect:");
    easy.set(CURLOPT_HTTPHEADER, easy.headers);
    easy.set(CURLOPT_USERAGENT, "qiao");
}

}  // namespace

Reply get(const Post& request) {
    Easy easy;
    if (easy.handle == nullptr) {
        return {.failure = "line"};
    }
    set_http(easy, request);
    easy.set(CURLOPT_HTTPGET, 1L);
    return perform(easy, kAsked_bytes);
}

Reply post(const Post& request) {
    Easy easy;
    if (easy.handle == nullptr) {
        return {.failure = "line"};
    }
    set_http(easy, request);
    easy.set(CURLOPT_POST, 1L);
    if (request.method != "POST") easy.set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    easy.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    easy.set(CURLOPT_POSTFIELDS, request.body.c_str());
    bool refused = false;
    if (request.public_only) {
        easy.set(CURLOPT_OPENSOCKETFUNCTION, open_public);
        easy.set(CURLOPT_OPENSOCKETDATA, &refused);
    }
    Reply reply = perform(easy);
    if (refused && !reply.failure.empty()) reply.failure = "private_address";
    return reply;
}

Reply send(const Mail& mail) {
    Easy easy;
    if (easy.handle == nullptr) {
        return {.failure = "line"};
    }
    set_common(easy, mail.url, mail.ca_file, "smtp,smtps");
    easy.set(CURLOPT_USE_SSL, static_cast<long>(mail.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (!mail.user.empty()) {
        easy.set(CURLOPT_USERNAME, mail.user.c_str());
        easy.set(CURLOPT_PASSWORD, mail.password.c_str());
    }
    const std::string from = "<" + mail.from + ">";
    easy.recipients = curl_slist_append(easy.recipients, ("<" + mail.to + ">").c_str());
    easy.set(CURLOPT_MAIL_FROM, from.c_str());
    easy.set(CURLOPT_MAIL_RCPT, easy.recipients);
    Source source{mail.data};
    easy.set(CURLOPT_READFUNCTION, give_data);
    easy.set(CURLOPT_READDATA, &source);
    easy.set(CURLOPT_UPLOAD, 1L);
    return perform(easy);
}

bool is_public_address(const std::string& text) {
    in_addr ipv4{};
    if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) return is_public(ntohl(ipv4.s_addr));
    std::array<std::uint8_t, 16> ipv6{};
    return inet_pton(AF_INET6, text.c_str(), ipv6.data()) == 1 && is_public(ipv6);
}

bool parse_target(const std::string& url, Target& target) {
    const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
        return false;
    }
    const auto part = [&](CURLUPart name, unsigned flags = 0) {
        char* text = nullptr;
        std::string found;
        if (curl_url_get(parsed.get(), name, &text, flags) == CURLUE_OK && text != nullptr) {
            found = text;
        }
        curl_free(text);
        return found;
    };
    if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty() || !part(CURLUPART_FRAGMENT).empty()) {
        return false;
    }
    target.scheme = part(CURLUPART_SCHEME);
    target.host = part(CURLUPART_HOST);
    target.port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
    target.loopback = target.host == "127.0.0.1" || target.host == "[::1]" || target.host == "localhost";
    return !target.host.empty();
}

}  // namespace qiao::exchange
