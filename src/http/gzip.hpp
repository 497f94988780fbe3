#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Reads gzip (RFC 1952). Pure function; any thread.
namespace qiao::http {

struct Gunzipped {
    enum class State : std::uint8_t {
        whole,
        damaged,   ///< no gzip, cut off, a wrong checksum, or followed by something else
        too_long,  ///< over the limit; nothing beyond it was unpacked
    };
    State state = State::whole;
    std::string text = {};  ///< of `whole`
};

/// All members of `bytes` in turn; the text never grows beyond `limit_bytes`.
Gunzipped gunzip(std::string_view bytes, std::uint64_t limit_bytes);

}  // namespace qiao::http
