#pragma once

#include "access/factor.hpp"
#include "access/organisation.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

/// Registering a phone face to face: a colleague of the same institution, or a security administrator, shows a code for one
/// person; the phone on which this person is signed in hands it in with its public key. In memory, 10 minutes, once.
/// Thread-safe.
namespace qiao::access {

class DeviceCodes {
public:
    DeviceCodes(const Directory& directory, Factors& factors, const Clock& clock, bool demo) : directory_(directory), factors_(factors), clock_(clock), demo_(demo) {}

    struct Given {
        std::string code;  ///< eight characters to type, and in the QR code
        Instant until{};
    };
    /// Error(forbidden): access.own_device (nobody vouches for oneself), access.not_a_colleague, access.enrol_first (a colleague
    /// who has no second factor vouches for nobody).
    Given give(const record::Actor& actor, std::int64_t person);
    /// Who gave the code for this person; Error(invalid, "access.wrong_code"). It is used up, right or wrong after five tries.
    std::int64_t take(std::int64_t person, std::string_view typed);

private:
    struct Code {
        std::string hash;
        std::int64_t by = 0;
        int wrong = 0;
        Instant until{};
    };
    const Directory& directory_;
    Factors& factors_;
    const Clock& clock_;
    const bool demo_;
    std::mutex mutex_;
    std::map<std::int64_t, Code> codes_;  ///< by person
};

}  // namespace qiao::access
