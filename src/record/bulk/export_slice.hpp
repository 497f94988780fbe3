#pragma once

#include "record/store/core.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the record held at one commit, read a slice at a time: each slice is one short snapshot, so writers, checkpoints and other
/// readers go on. Resources are walked in the order of their stored ids, which never change: of what was written since, the version
/// of then is in `hist`. Any thread.
namespace qiao::record::bulk {

/// Which versions are wanted.
struct SliceAsk {
    std::int64_t t = 0;          ///< as this commit left it
    std::int64_t from_t = 0;     ///< written by this commit or later
    std::int64_t before_t = 0;   ///< written before this commit; 0 = no bound
    bool deletions = false;      ///< also what is deleted
    bool of_patients = false;    ///< only what belongs to a patient
    std::optional<std::vector<Rid>> patients;  ///< … to one of these
};

struct Slice {
    std::vector<Stored> versions;  ///< deleted ones without text
    std::int64_t looked = 0;       ///< resources of the type that were passed
    std::string next;              ///< stored id to go on behind; empty at the end of the type
};

/// @param after  stored id; empty = from the beginning
Slice read_slice(Core& core, const ReadFilter& filter, TypeId type, const SliceAsk& ask, std::string_view after);

/// One resource as the commit `t` left it; nothing when it was not there or is not visible.
std::optional<Stored> read_at(Core& core, const ReadFilter& filter, TypeId type, std::string_view id, std::int64_t t);

/// How many resources of each type there are, in any state; types without one are left out.
std::vector<std::pair<TypeId, std::int64_t>> count_types(Core& core);

/// Whether the caller may see all of these resources now.
bool sees_all(Core& core, const ReadFilter& filter, const std::vector<Rid>& rids);

}  // namespace qiao::record::bulk
