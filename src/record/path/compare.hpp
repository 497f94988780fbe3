#pragma once

#include "record/path/item.hpp"
#include "record/path/ucum.hpp"

#include <optional>

/// Equality, equivalence and order of items and collections (N1, section "Equality" and "Comparison"). Pure; any thread.
namespace qiao::record::path {

/// `=`; nothing where a precision, a missing zone or a unit leaves it open.
std::optional<bool> equal(const Item& left, const Item& right);
std::optional<bool> equal(const Collection& left, const Collection& right);
/// `~`: always an answer.
bool equivalent(const Item& left, const Item& right);
bool equivalent(const Collection& left, const Collection& right);
/// -1, 0, 1 for two numbers, texts, moments or quantities; nothing where it is open. Throws fhirpath.type for other pairs.
std::optional<int> ordered(const Item& left, const Item& right);

/// Whether `collection` has an item that equals `item`.
bool holds_equal(const Collection& collection, const Item& item);

/// A number as a Decimal; nothing for other items.
std::optional<Decimal> decimal_of(const Item& item);
/// A quantity's unit; calendar words stand for their UCUM unit but for year and month, which no number of days is.
std::optional<Unit> unit_of(const Quantity& quantity);
/// Whether both measure the same thing.
bool comparable(const Quantity& left, const Quantity& right);

}  // namespace qiao::record::path
