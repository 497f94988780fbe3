#pragma once

#include "storage/writer.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What a restored centre does about those who were signed in: a session that was ended after the backup must not live
/// again. In the caller's group or snapshot; no server runs on the database.
namespace qiao::access {

/// @return how many there were
std::int64_t end_all_sessions(storage::Group& group);
/// "id (name)" of the clients that may sign in: one that was revoked after the backup stands here again.
std::vector<std::string> open_clients(storage::Connection& connection);

}  // namespace qiao::access
