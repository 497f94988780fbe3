#include "access/device_code.hpp"

#include "access/recovery_code.hpp"
#include "access/role.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr auto kValid = 10min;
constexpr int kCharacters = 8;
constexpr int kWrongTries = 5;

bool may_vouch(const Directory& directory, std::int64_t person, std::int64_t for_person) {
    const auto own = directory.memberships(person);
    const auto others = directory.memberships(for_person);
    return std::any_of(own.begin(), own.end(), [&](const Membership& one) {
        if (one.role == role::kSecurityAdmin) return true;
        return std::any_of(others.begin(), others.end(), [&](const Membership& other) { return other.organisation == one.organisation; });
    });
}

}  // namespace

DeviceCodes::Given DeviceCodes::give(const record::Actor& actor, std::int64_t person_id) {
    const auto person = directory_.person(person_id);
    if (!person || !person->active) throw Error(ErrorKind::not_found, "access.no_person", "no such person");
    if (person_id == actor.person) throw Error(ErrorKind::forbidden, "access.own_device", "a colleague has to show the code");
    if (!may_vouch(directory_, actor.person, person_id)) throw Error(ErrorKind::forbidden, "access.not_a_colleague", "only for somebody of the own institution");
    if (!demo_ && !factors_.kinds(actor.person).any()) throw Error(ErrorKind::forbidden, "access.enrol_first", "add a second factor of your own first");
    const std::string code = recovery::random_code(kCharacters);
    const Instant now = clock_.now();
    const std::lock_guard lock(mutex_);
    std::erase_if(codes_, [&](const auto& one) { return one.second.until <= now; });
    codes_[person_id] = {sha256(code), actor.person, 0, now + kValid};
    return {code, now + kValid};
}

std::int64_t DeviceCodes::take(std::int64_t person, std::string_view typed) {
    const std::string code = recovery::normal(typed);
    const std::lock_guard lock(mutex_);
    const auto at = codes_.find(person);
    const bool live = at != codes_.end() && at->second.until > clock_.now();
    if (live && equal_in_constant_time(at->second.hash, sha256(code))) {
        const std::int64_t by = at->second.by;
        codes_.erase(at);
        return by;
    }
    if (live && ++at->second.wrong >= kWrongTries) codes_.erase(at);
    throw Error(ErrorKind::invalid, "access.wrong_code", "the code is wrong, or its time is over");
}

}  // namespace qiao::access
