#include "record/extract/zone.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/tztrans.h>
#include <unicode/unistr.h>

#include <chrono>
#include <cstdlib>
#include <limits>
#include <string>

namespace qiao::record {

namespace {

constexpr std::int64_t kDay_ms = 86'400'000;
/// 2100-01-01: the last change of a zone without summer time is looked for before it.
constexpr double kFarFuture_ms = 4'102'444'800'000.0;

}  // namespace

struct Zone::State {
    std::string name;
    std::unique_ptr<icu::TimeZone> zone;
    std::int64_t steady_since_ms = std::numeric_limits<std::int64_t>::max();  ///< local; after it the offset is `steady_offset_ms`
    std::int64_t steady_offset_ms = 0;
};

Zone::Zone(std::string_view iana_name) : state_(std::make_unique<State>()) {
    state_->name = iana_name;
    const auto name = icu::UnicodeString::fromUTF8(icu::StringPiece(iana_name.data(), static_cast<int32_t>(iana_name.size())));
    state_->zone.reset(icu::TimeZone::createTimeZone(name));
    if (state_->zone == nullptr || *state_->zone == icu::TimeZone::getUnknown()) {
        throw Error(ErrorKind::invalid, "record.unknown_zone", "no time zone is called " + std::string(iana_name));
    }
    icu::TimeZoneTransition last;
    const auto* rules = dynamic_cast<const icu::BasicTimeZone*>(state_->zone.get());
    if (rules == nullptr) return;
    if (rules->getNextTransition(kFarFuture_ms, false, last)) return;  // summer time goes on
    state_->steady_since_ms = std::numeric_limits<std::int64_t>::min();
    if (rules->getPreviousTransition(kFarFuture_ms, true, last)) state_->steady_since_ms = static_cast<std::int64_t>(last.getTime()) + 2 * kDay_ms;
    int32_t raw = 0;
    int32_t saving = 0;
    UErrorCode status = U_ZERO_ERROR;
    state_->zone->getOffset(kFarFuture_ms, false, raw, saving, status);
    state_->steady_offset_ms = raw + saving;
}

Zone::~Zone() = default;
Zone::Zone(Zone&&) noexcept = default;
Zone& Zone::operator=(Zone&&) noexcept = default;

std::int64_t Zone::to_utc_ms(std::int64_t local_ms) const {
    if (local_ms >= state_->steady_since_ms) return local_ms - state_->steady_offset_ms;
    int32_t raw = 0;
    int32_t saving = 0;
    UErrorCode status = U_ZERO_ERROR;
    state_->zone->getOffset(static_cast<double>(local_ms), true, raw, saving, status);
    return U_SUCCESS(status) ? local_ms - raw - saving : local_ms;
}

std::string Zone::text_of(Instant instant) const {
    int32_t raw = 0;
    int32_t saving = 0;
    UErrorCode status = U_ZERO_ERROR;
    state_->zone->getOffset(static_cast<double>(to_ms(instant)), false, raw, saving, status);
    const int minutes = (raw + saving) / 60'000;
    const std::string wall = format_instant(instant + std::chrono::minutes(minutes));
    const std::string rest = minutes % 60 == 0 ? std::string() : fmt::format(":{:02}", std::abs(minutes % 60));
    return fmt::format("{} {} (UTC{}{}{}, {})", wall.substr(0, 10), wall.substr(11, 5), minutes < 0 ? '-' : '+', std::abs(minutes / 60), rest, state_->name);
}

}  // namespace qiao::record
