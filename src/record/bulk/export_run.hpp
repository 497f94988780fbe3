#pragma once

#include "record/bulk/bulk.hpp"

#include <functional>

/// Carries out one export, from where it stands. The thread of the exports.
namespace qiao::record::bulk {

/// Returns at its end, or early when `ended` says so; what is noted by then is durable. Throws what fails it: Error(conflict,
/// "record.bulk_rights") when its owner may see something else than when it was ordered, Error(not_found) without its Group,
/// Error(too_large, "record.bulk_full"), and those of the storage.
void run_export(const Ground& ground, const std::string& node, Job job, const std::string& folder, const std::function<bool()>& ended);

/// The caller behind a job as they are now. Error(conflict, "record.bulk_rights").
Caller caller_behind(const Ground& ground, const Job& job);

}  // namespace qiao::record::bulk
