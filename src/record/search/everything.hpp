#pragma once

#include "record/store/core.hpp"

/// `$everything` under a reader's filter: the rows of `pat` (or, of an encounter, of `ref`), type after type, in the order of their
/// date, so that a page reads no more than it shows. The thread of the reader.
namespace qiao::record {

SearchResult read_everything(StoreReader& reader, const Compartment& what);

}  // namespace qiao::record
