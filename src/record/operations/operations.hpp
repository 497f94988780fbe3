#pragma once

#include "record/rest/rest.hpp"

/// The operations of FHIR R4 that the record itself answers: `$everything`, `$validate`, `$meta`, `$meta-add`, `$meta-delete`,
/// `$lastn`, `$document`, `$match`, and those of terminology. Each reads through the caller's filter: what is hidden is 404, as if it did not exist. Handler
/// threads.
namespace qiao::record {

/// Both must outlive `rest`.
void add_standard_operations(Rest& rest, Record& record, const Clock& clock);

// One function a file, for operations.cpp.
void add_everything(Rest& rest, Record& record);
void add_validate(Rest& rest, Record& record, const Clock& clock);
void add_meta(Rest& rest, Record& record);
void add_clinical(Rest& rest, Record& record, const Clock& clock);    ///< Observation/$lastn, Composition/$document
void add_lookup(Rest& rest, Record& record);                          ///< CodeSystem/$lookup, $validate-code, $subsumes
void add_translate(Rest& rest, Record& record);                       ///< ConceptMap/$translate
void add_value_sets(Rest& rest, Record& record, const Clock& clock);  ///< ValueSet/$expand, $validate-code

}  // namespace qiao::record
