#pragma once

#include "record/store/core.hpp"

#include <cstdint>

/// The rows of `aclset`: what the access filter compares, shared by all resources with the same patient, owner and labels.
/// `label_bits` are the resource's own, `labels` those and the ones of its patient, so that a label of a patient covers the whole
/// record by changing a handful of rows. A resource may carry labels beside its text (those of its case), which a signed body
/// could not take up. Writer thread.
namespace qiao::record {

/// Finds or makes the row.
std::int64_t aclset_of(Core& core, storage::Group& group, const AclKey& key);
/// The labels of the Patient's own meta.security hold for everything of this patient.
void label_patient(storage::Connection& connection, Rid patient, std::int64_t labels);
/// Labels that a resource carries beside its text.
std::int64_t added_labels(storage::Connection& connection, Rid rid);
/// Replaces them: at once, in all index rows and all versions, without a new one.
void set_added_labels(Core& core, storage::Group& group, Rid rid, std::int64_t labels);

}  // namespace qiao::record
