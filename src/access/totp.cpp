#include "access/totp.hpp"

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

namespace qiao::access::totp {
namespace {

constexpr std::int64_t kStep_us = 30'000'000;
constexpr std::int64_t kSkew_steps = 1;
constexpr std::size_t kSecret_bytes = 20;
constexpr std::size_t kDigits = 6;

std::string hmac_sha1(std::string_view key, std::string_view bytes) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    const auto* message = reinterpret_cast<const unsigned char*>(bytes.data());
    if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message, bytes.size(), mac, &length) == nullptr) {
        throw Error(ErrorKind::internal, "signing.openssl", "HMAC-SHA-1");
    }
    return {reinterpret_cast<const char*>(mac), length};
}

}  // namespace

std::string new_secret() { return random_bytes(kSecret_bytes); }

std::int64_t step_of(Instant now) { return to_us(now) / kStep_us; }

std::string code_at(std::string_view secret, std::int64_t step, int digits) {
    std::string counter(8, '\0');
    for (std::size_t i = 0; i < 8; ++i) counter[7 - i] = static_cast<char>((static_cast<std::uint64_t>(step) >> (8 * i)) & 0xFFU);
    const std::string mac = hmac_sha1(secret, counter);
    const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(mac[at])); };
    const std::size_t offset = byte(mac.size() - 1) & 0x0FU;
    std::uint32_t value = ((byte(offset) & 0x7FU) << 24U) | (byte(offset + 1) << 16U) | (byte(offset + 2) << 8U) | byte(offset + 3);
    std::string code(static_cast<std::size_t>(digits), '0');
    for (auto at = code.rbegin(); at != code.rend(); ++at, value /= 10) *at = static_cast<char>('0' + value % 10);
    return code;
}

std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code, Instant now, std::int64_t last_used) {
    if (code.size() != kDigits || !std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    std::optional<std::int64_t> found;
    for (std::int64_t step = step_of(now) - kSkew_steps; step <= step_of(now) + kSkew_steps; ++step) {
        if (equal_in_constant_time(code_at(secret, step), code) && step > last_used && !found) found = step;
    }
    return found;
}

std::string to_base32(std::string_view bytes) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string text;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        for (count += 8; count >= 5; count -= 5) text += kAlphabet[(bits >> static_cast<unsigned>(count - 5)) & 31U];
    }
    if (count > 0) text += kAlphabet[(bits << static_cast<unsigned>(5 - count)) & 31U];
    return text;
}

std::string uri(std::string_view secret, std::string_view issuer, std::string_view account) {
    return "otpauth://totp/" + percent_encode(issuer) + ":" + percent_encode(account) + "?secret=" + to_base32(secret) + "&issuer=" + percent_encode(issuer) +
           "&algorithm=SHA1&digits=6&period=30";
}

}  // namespace qiao::access::totp
