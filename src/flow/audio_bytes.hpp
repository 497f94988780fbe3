#pragma once

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

/// Voice notes as browsers record them: WebM (RFC 9559, the subset of Matroska) and Ogg (RFC 3533) with one track of sound.
/// Nothing is decoded. Pure functions over outside bytes; any thread.
namespace qiao::flow {

struct Sound {
    std::string content_type;  ///< audio/webm, audio/ogg
    std::chrono::milliseconds length{};
};

/// Refuses what is neither, holds a picture track, or is cut short before its sound. The length is that of the bytes: what a
/// header or a client says about it does not count.
Result<Sound> sniff_sound(std::string_view bytes);

}  // namespace qiao::flow
