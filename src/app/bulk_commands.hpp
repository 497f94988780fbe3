#pragma once

#include "app/options.hpp"
#include "base/json_value.hpp"
#include "record/bulk/bulk.hpp"

#include <optional>
#include <string>
#include <vector>

/// `qiao import` and `qiao export`: bulk data as jobs of the running server, or of this process when none runs. Progress on stderr; an
/// interrupt (SIGINT, SIGTERM) cancels the job. Each returns the exit status; called once, by main.
namespace qiao::app {

struct ExportInput {
    std::string folder = ".";  ///< where the files go
    std::vector<std::string> types;
    std::string since;
};

/// One job a file, in their order; 1 when any line was refused, whose outcomes are then in FILE.outcome.ndjson of the current folder.
int import_files(const Options& options, const std::vector<std::string>& files);
int export_files(const Options& options, const ExportInput& input);

/// Carries out what these ask through the control socket; nothing when it is no command of theirs.
std::optional<json::Value> obey_bulk(record::bulk::Bulk& bulk, const json::Value& request);

/// What the operator of the machine is to a job.
record::Caller console_caller();

}  // namespace qiao::app
