#pragma once

#include "record/bulk/bulk.hpp"

/// Bulk data over HTTP: `$export` of the record, of all patients and of a Group's, after the HL7 FHIR Bulk Data Access guide;
/// `$import` of what a request brings; and the jobs at `/bulk`: their list, how one stands (202 with X-Progress, then the manifest), its files, its end. A job is there for who
/// ordered it alone; for others it is 404. Handler threads.
namespace qiao::record::bulk {

/// `bulk` outlives both.
void add_bulk_operations(Rest& rest, Bulk& bulk);
void add_bulk_routes(http::Router& router, Bulk& bulk, const CallerOf& caller_of);

}  // namespace qiao::record::bulk
