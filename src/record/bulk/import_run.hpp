#pragma once

#include "record/bulk/bulk.hpp"

#include <functional>
#include <string>

/// Carries out one import, from where it stands. The thread of the imports. How far it is stands in the commit of what it wrote, so that
/// a kill neither loses nor repeats a resource.
namespace qiao::record::bulk {

/// How `ask` of an import says what its file is.
struct ImportAsk {
    bool whole = false;          ///< one resource, not one a line
    std::int64_t size = 0;       ///< of the file when it was ordered
    std::int64_t changed_ns = 0; ///< its time, for a file outside the job's folder; 0 = not looked at
};
std::string written_ask(const ImportAsk& ask);

/// The file of an import's refused lines.
inline constexpr std::string_view kOutcomes = "outcome.ndjson";

/// Returns at its end, or early when `ended` says so. What is refused gets a line in kOutcomes and ends nothing. Throws what fails the
/// job: Error(conflict, "record.bulk_rights") when its owner may not write any more, Error(conflict, "record.import_changed"),
/// Error(too_large, "record.import_outcomes") after kImportOutcomes refusals, and those of the storage.
void run_import(const Ground& ground, Job job, const std::string& folder, const std::function<bool()>& ended);

}  // namespace qiao::record::bulk
