#pragma once

#include "storage/database.hpp"

#include <string>

/// The key file under which this installation seals private keys and the secrets of second factors. Called at start.
namespace qiao::access {

/// The 32 bytes of `<folder>/master.key` (0400), made at the first start; keep a copy of it away from the data.
/// Error(internal, "signing.bad_master_key") when it is missing while something sealed under it is kept.
std::string open_master_key(storage::Database& database, const std::string& folder);

}  // namespace qiao::access
