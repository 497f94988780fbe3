#include "base/id.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>

namespace qiao {
namespace {

std::string uuid_text(std::string bytes, unsigned version) {
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | (version << 4U));
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
    const std::string hex = to_hex(bytes);
    const std::string_view digits = hex;
    return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

}  // namespace

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
        throw Error(ErrorKind::internal, "base.random", "no random bytes");
    }
    return bytes;
}

std::string new_uuid(Instant now) {
    std::string bytes = random_bytes(16);
    const auto ms = static_cast<std::uint64_t>(to_ms(now));
    for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<char>((ms >> (40U - 8U * i)) & 0xFFU);
    return uuid_text(std::move(bytes), 7);
}

std::string new_random_uuid() { return uuid_text(random_bytes(16), 4); }

std::string new_secret() { return to_base64url(random_bytes(32)); }

bool is_fhir_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
    });
}

}  // namespace qiao
