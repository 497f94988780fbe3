#pragma once

#include "record/record.hpp"

#include <string>
#include <string_view>

/// Versions out of rows, for what reads many in statements of its own. The thread of the cursor.
namespace qiao::record {

/// A version from a row whose first columns are rid, ver, ts_ms, state, body, the patient's rid.
Stored stored_from(const storage::Cursor& rows, std::string_view type, std::string id);

}  // namespace qiao::record
