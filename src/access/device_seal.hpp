#pragma once

#include "base/digest.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// The key with which a person's browser seals what it keeps on its device (unsent work, lists for reading without a line).
/// Only a session of that person gets it, so what lies on the device opens with a sign-in alone. Nothing is stored: the key
/// is made anew from the master key, the person and the device's own random number. Immutable; any thread.
namespace qiao::access {

class DeviceSeal {
public:
    static constexpr std::size_t kDevice_bytes = 16;

    /// @param master_key  from open_master_key()
    explicit DeviceSeal(std::string_view master_key) : secret_(hmac_sha256(master_key, "qiao-device-seal-1")) {}
    /// 32 bytes. @param device  kDevice_bytes random bytes that the browser made for itself
    [[nodiscard]] std::string key(std::int64_t person, std::string_view device) const {
        return hmac_sha256(secret_, std::to_string(person) + "|" + std::string(device));
    }

private:
    std::string secret_;
};

}  // namespace qiao::access
