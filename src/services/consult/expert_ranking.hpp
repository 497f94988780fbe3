#pragma once

#include "flow/engine.hpp"

#include <string_view>

/// Whom a coordinator may ask for a case, best first, each with the reasons. Reads only; any thread without a snapshot.
namespace qiao::consult {

/// A list of {reference, name, name_en, organisation, specialties, rank, languages, licence_ends, fits, able, on_duty, live,
/// open_cases, asked_in_7_days, why}. `able` is false for an ended licence. `why`: codes in the order in which they weigh,
/// "licence_ended", "specialty", "other_specialty", "rank", "rank_below", "on_duty", "free", "busy". Equal ones go by who
/// was asked longest ago.
/// @param text  folded: only those whose name or specialty has it
json::Value ranked_experts(const flow::Ground& ground, const flow::Case& item, std::string_view text);

/// Who would answer an emergency at `organisation` now: {organisation, phone, numbers, on_duty: [{name, name_en, specialty, rank,
/// place, live}], experts: how many of the specialty there are}.
json::Value reachable_now(const flow::Ground& ground, std::int64_t organisation, std::string_view specialty);

/// The staffed telephone of an institution; empty when it gave none.
std::string telephone_of(const flow::Ground& ground, std::int64_t organisation);
/// The national emergency numbers of the pack: [{number, zh, en}].
json::Value emergency_numbers(const flow::Ground& ground);

}  // namespace qiao::consult
