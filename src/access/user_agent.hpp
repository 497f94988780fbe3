#pragma once

#include <string>
#include <string_view>

/// The family of a browser and its system from `User-Agent`, as short text for the list of sessions: "Chrome · Android". The
/// header itself is not kept. Pure; any thread.
namespace qiao::access {

/// Empty parts are left out; an unknown program gives an empty text.
std::string agent_family(std::string_view user_agent);

}  // namespace qiao::access
