#pragma once

#include "record/rest/rest.hpp"

/// The operations of FHIR R4 that the record itself answers: `$everything`, `$validate`, `$meta`, `$meta-add`, `$meta-delete`,
/// `$lastn`, `$document`, `$match`. Each reads through the caller's filter: what is hidden is 404, as if it did not exist. Handler threads.
namespace qiao::record {

/// Both must outlive `rest`.
void add_standard_operations(Rest& rest, Record& record, const Clock& clock);

// One function a file, for operations.cpp.
void add_everything(Rest& rest, Record& record);
void add_validate(Rest& rest, Record& record, const Clock& clock);
void add_meta(Rest& rest, Record& record);
void add_clinical(Rest& rest, Record& record, const Clock& clock);  ///< Observation/$lastn, Composition/$document

}  // namespace qiao::record
