#pragma once

#include "record/extract/extract.hpp"
#include "record/store/local_parameters.hpp"

#include <deque>

/// What the local parameters of its type find in a resource, added to what those of R4 find. Pure; any thread.
namespace qiao::record {

/// Texts that added values point into: lives as long as they do.
using LocalTexts = std::deque<simdjson::dom::parser>;

/// A parameter whose expression fails on this resource, or costs more than it may, finds nothing in it.
void add_local_values(IndexValues& values, LocalTexts& texts, simdjson::dom::element resource, TypeId type, const LocalParameters& local,
                      const ExtractOptions& options);

}  // namespace qiao::record
