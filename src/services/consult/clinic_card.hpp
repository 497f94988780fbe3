#pragma once

#include "flow/engine.hpp"

#include <string_view>

/// What an institution has at hand: drugs, devices, and how a patient gets out of it. Kept as a Basic resource of the
/// institution and shown beside each of its cases. Any thread.
namespace qiao::consult {

/// {organisation, drugs, devices, transport, phone, updated}; null when the institution has none.
json::Value clinic_card(const flow::Ground& ground, std::int64_t organisation);
/// Error(invalid, "flow.bad_field"); Error(forbidden, "flow.not_yours") for who has no clinical role there.
void put_clinic_card(const flow::Ground& ground, const record::Caller& caller, const json::Value& card);

}  // namespace qiao::consult
