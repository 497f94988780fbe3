#pragma once

#include "flow/engine.hpp"
#include "flow/worklist.hpp"

#include <optional>
#include <string_view>

/// Cases as the application reads them: compact JSON in place of a dozen FHIR reads (docs/case-api.md part 2). Any thread.
namespace qiao::flow {

/// `GET /flow/cases/{id}`: full or offer view, by what the caller may see; notes the reading in the audit.
json::Value case_view(const Engine& engine, const record::Caller& caller, std::string_view case_id);
/// One row of a worklist.
json::Value row_view(const Engine& engine, record::Reader& reader, const Case& item, ListScope scope);
json::Value attachment_view(const Ground& ground, std::string_view case_id, const Attachment& attachment);
json::Value identity_view(const StudyIdentity& identity);

/// Notes in the audit that `actor` read (or, `action`, printed) `reference` of a case, before the answer leaves.
void note_reading(const Ground& ground, const record::Actor& actor, std::string_view reference, std::string_view patient, std::string_view action = "read");

/// The newest text of "Type/id" as the reader may see it; nothing when there is none, or it was deleted.
std::optional<json::Value> find_resource(record::Reader& reader, std::string_view reference);

json::Value organisation_view(const Ground& ground, std::int64_t id);  ///< {reference, name}, null for none
json::Value person_view(const Ground& ground, std::int64_t id);

}  // namespace qiao::flow
