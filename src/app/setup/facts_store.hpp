#pragma once

#include "storage/database.hpp"

/// What the setup page reads from the tables of others. It writes nothing; any thread.
namespace qiao::app::setup {

/// A consultation got as far as its signed opinion.
bool opinion_signed(storage::Database& record);
/// A DICOM device is listed.
bool device_listed(storage::Database& record);

}  // namespace qiao::app::setup
