#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// The centre's time zone: dates without a zone are taken in it, in what is stored and in what is asked. Immutable after
/// construction; any thread.
namespace qiao::record {

class Zone {
public:
    /// An IANA name ("Asia/Shanghai"). Throws qiao::Error(invalid, "record.unknown_zone") when ICU does not know it.
    explicit Zone(std::string_view iana_name);
    ~Zone();
    Zone(Zone&&) noexcept;
    Zone& operator=(Zone&&) noexcept;

    /// Local wall time, as milliseconds since 1970-01-01T00:00 of that wall, to UTC. In a gap or an overlap: the earlier
    /// offset.
    [[nodiscard]] std::int64_t to_utc_ms(std::int64_t local_ms) const;
    /// The wall time of an instant and which zone's it is, for paper: "2026-11-21 16:30 (UTC+8, Asia/Shanghai)".
    [[nodiscard]] std::string text_of(Instant instant) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace qiao::record
