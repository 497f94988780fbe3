#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// SHA-256, HMAC and CRC32C. A Sha256 object belongs to one thread.
namespace qiao {

/// Incremental SHA-256 (FIPS 180-4).
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(std::string_view bytes);
    [[nodiscard]] std::string finish();  ///< 32 bytes; the object is spent until restart()
    void restart();                      ///< cheaper than a new one, for many short texts

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256(std::string_view bytes);                             ///< 32 bytes
std::string hmac_sha256(std::string_view key, std::string_view bytes);  ///< 32 bytes
/// Castagnoli CRC (RFC 3720), continued from `seed` = the CRC of the bytes before.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

}  // namespace qiao
