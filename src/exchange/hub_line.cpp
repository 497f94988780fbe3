#include "exchange/hub_line.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/text.hpp"
#include "exchange/transfer.hpp"

#include <curl/curl.h>

#include <algorithm>

namespace qiao::exchange {
namespace {

using namespace std::chrono_literals;

constexpr long kConnect_ms = 20'000;
constexpr long kSilence_s = 30;
constexpr long kWhole_ms = 900'000;
constexpr std::size_t kAnswer_bytes = 1U << 20U;
constexpr auto kTokenTime = 50min;  // the centre gives an hour
constexpr auto kRefusedLeast = 1min;
constexpr auto kRefusedMost = 120min;

std::size_t keep_answer(char* bytes, std::size_t size, std::size_t count, void* into) {
    auto& text = *static_cast<std::string*>(into);
    text.append(bytes, std::min(size * count, kAnswer_bytes - std::min(kAnswer_bytes, text.size())));
    return size * count;
}

/// Without a way back to its beginning libcurl cannot send a body a second time by itself, which it does where a kept connection
/// ends without an answer: of an image the centre may have all that was sent, and is asked first.
std::size_t give_body(char* into, std::size_t size, std::size_t count, void* rest) {
    auto& body = *static_cast<std::string_view*>(rest);
    const std::size_t given = body.copy(into, size * count);
    body.remove_prefix(given);
    return given;
}

std::size_t keep_date(char* bytes, std::size_t size, std::size_t count, void* into) {
    const std::string line(bytes, size * count);
    if (lower(line.substr(0, 5)) == "date:") {
        const std::time_t at = curl_getdate(line.c_str() + 5, nullptr);
        if (at > 0) *static_cast<Instant*>(into) = from_us(std::int64_t{at} * 1'000'000);
    }
    return size * count;
}

int stop_when_asked(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return static_cast<const std::atomic<bool>*>(stopping)->load() ? 1 : 0; }

std::string failure_of(CURLcode code) {
    switch (code) {
        case CURLE_OK: return {};
        case CURLE_COULDNT_RESOLVE_HOST: return "no_host";
        case CURLE_COULDNT_CONNECT: return "no_connection";
        case CURLE_OPERATION_TIMEDOUT: return "timeout";
        case CURLE_ABORTED_BY_CALLBACK: return "stopped";
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM: return "tls";
        default: return "line";
    }
}

}  // namespace

HubAddress checked_hub(HubAddress address) {
    while (address.url.ends_with('/')) address.url.pop_back();
    Target target;
    const auto slash = address.url.find('/', address.url.find("://") + 3);
    const bool plain = address.url.find_first_of("?#") == std::string::npos && slash == std::string::npos;
    if (!parse_target(address.url, target) || !plain || (target.scheme != "https" && target.scheme != "http"))
        throw Error(ErrorKind::invalid, "exchange.bad_hub", "the address of the centre reads https://host or https://host:port");
    if (target.scheme == "http" && !target.loopback) throw Error(ErrorKind::invalid, "exchange.bad_hub", "without TLS the centre can be on this machine only");
    return address;
}

struct HubLine::Easy {
    CURL* handle = nullptr;
    Easy() {
        static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
        handle = started == CURLE_OK ? curl_easy_init() : nullptr;
        if (handle == nullptr) throw Error(ErrorKind::internal, "exchange.curl", "libcurl does not start");
    }
    ~Easy() { curl_easy_cleanup(handle); }
    Easy(const Easy&) = delete;
    Easy& operator=(const Easy&) = delete;

    template <class Value>
    void set(CURLoption option, Value value) const {
        curl_easy_setopt(handle, option, value);
    }
};

HubLine::HubLine(HubAddress address, const std::atomic<bool>& stopping) : address_(std::move(address)), stopping_(stopping), easy_(std::make_unique<Easy>()) {}
HubLine::~HubLine() = default;

HubAnswer HubLine::request(const char* method, const std::string& path, const Headers& headers, std::string_view body) {
    HubAnswer answer;
    const Easy& easy = *easy_;
    curl_easy_reset(easy.handle);  // keeps the connection
    const std::string url = address_.url + path;
    easy.set(CURLOPT_URL, url.c_str());
    easy.set(CURLOPT_PROTOCOLS_STR, "http,https");
    easy.set(CURLOPT_FOLLOWLOCATION, 0L);
    easy.set(CURLOPT_PROXY, "");
    easy.set(CURLOPT_NOSIGNAL, 1L);
    easy.set(CURLOPT_TCP_KEEPALIVE, 1L);
    easy.set(CURLOPT_CONNECTTIMEOUT_MS, kConnect_ms);
    easy.set(CURLOPT_TIMEOUT_MS, kWhole_ms);
    easy.set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    easy.set(CURLOPT_LOW_SPEED_TIME, kSilence_s);
    easy.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    easy.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    easy.set(CURLOPT_USERAGENT, "qiao-gateway");
    if (!address_.ca_file.empty()) {
        easy.set(CURLOPT_CAINFO, address_.ca_file.c_str());
        easy.set(CURLOPT_CAPATH, nullptr);
    }
    if (limit_bytes_per_s_ > 0) easy.set(CURLOPT_MAX_SEND_SPEED_LARGE, static_cast<curl_off_t>(limit_bytes_per_s_));
    curl_slist* list = curl_slist_append(nullptr, "Expect:");
    for (const auto& [name, value] : headers) list = curl_slist_append(list, (name + ": " + value).c_str());
    easy.set(CURLOPT_HTTPHEADER, list);
    if (std::string_view(method) != "GET") {
        easy.set(CURLOPT_UPLOAD, 1L);
        easy.set(CURLOPT_READFUNCTION, give_body);
        easy.set(CURLOPT_READDATA, &body);
        easy.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
        easy.set(CURLOPT_CUSTOMREQUEST, method);
    }
    easy.set(CURLOPT_WRITEFUNCTION, keep_answer);
    easy.set(CURLOPT_WRITEDATA, &answer.body);
    easy.set(CURLOPT_HEADERFUNCTION, keep_date);
    easy.set(CURLOPT_HEADERDATA, &answer.date);
    easy.set(CURLOPT_NOPROGRESS, 0L);
    easy.set(CURLOPT_XFERINFOFUNCTION, stop_when_asked);
    easy.set(CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stopping_));
    answer.failure = failure_of(curl_easy_perform(easy.handle));
    curl_slist_free_all(list);
    long status = 0;
    curl_easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &status);
    answer.status = answer.failure.empty() ? static_cast<int>(status) : 0;
    return answer;
}

std::string HubToken::get(HubLine& line, HubAnswer& answer) {
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.now();
    if (!token_.empty() && now < until_) return token_;
    token_.clear();
    if (refusals_ > 0 && std::chrono::steady_clock::now() < asks_again_) {
        answer = refusal_;
        return {};
    }
    for (int attempt = 0; attempt < 2; ++attempt) {
        const std::string form =
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
            key_.assertion(identity_.client, identity_.audience, now + hub_ahead_);
        answer = line.request("POST", "/oauth/token", {{"Content-Type", "application/x-www-form-urlencoded"}}, form);
        const auto said = json::parse(answer.body);
        if (answer.status == 200 && said) {
            token_ = (*said)["access_token"].text();
            until_ = now + kTokenTime;
            refusals_ = 0;
            return token_;
        }
        // Refused perhaps only because our clock is wrong: once more by the centre's.
        if (answer.status != 401 || answer.date == Instant{}) break;
        const auto ahead = std::chrono::duration_cast<std::chrono::microseconds>(answer.date - now);
        const auto change = ahead - hub_ahead_;
        if (change < 15s && change > -15s) break;
        hub_ahead_ = ahead;
    }
    if (answer.status == 401) {
        refusal_ = answer;
        asks_again_ = std::chrono::steady_clock::now() + std::min(kRefusedMost, kRefusedLeast * (1 << std::min(refusals_++, 7)));
    }
    return {};
}

void HubToken::drop(const std::string& token) {
    const std::lock_guard lock(mutex_);
    if (token_ == token) token_.clear();
}

}  // namespace qiao::exchange
