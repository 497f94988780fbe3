#pragma once

#include "access/organisation.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What a new centre still needs until it can be left to its people, from what is there and from nothing that anybody ticks.
/// Pure but for the look-ups in the directory; any thread.
namespace qiao::app::setup {

/// What the directory does not know.
struct Facts {
    bool reachable = false;                 ///< people at other machines can open it: a certificate, or an address given for what stands before it
    bool notices = false;                   ///< at least one way out of the screen is configured
    bool device = false;                    ///< a DICOM device is listed
    bool recovery_key = false;              ///< backups are sealed to one
    Instant backup{};                       ///< of the last success; the epoch = never
    Instant restored{};                     ///< of the last restore that was verified; the epoch = never
    bool opinion_signed = false;            ///< a consultation got as far as its signed opinion
    std::vector<std::int64_t> unreachable;  ///< persons of the sides of a consultation without a telephone
};

struct Step {
    std::string_view name;  ///< key of its texts
    bool needed = true;     ///< false: advice, does not hold up the end
    bool done = false;
    std::string_view by;               ///< role that does it
    std::vector<std::string> missing;  ///< codes of what is missing: roles, "institution", "key", …
    std::vector<std::string> people;   ///< names of those whom it is about, at most 10
};

/// In the order in which they are done.
std::vector<Step> steps(const access::Directory& directory, const Facts& facts, Instant now);

/// Every needed one is done.
bool finished(const std::vector<Step>& steps);

}  // namespace qiao::app::setup
