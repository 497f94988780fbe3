#pragma once

#include "record/match/score.hpp"
#include "record/record.hpp"
#include "record/rest/rest.hpp"

#include <vector>

/// Who in the record may be this person: the one rule for `Patient/$match` and for the duplicate check of a registration. Only
/// what the reader's filter shows is looked at. The thread of the reader.
namespace qiao::record {

struct Candidate {
    Stored patient;
    Score score;
};

/// Candidates of at least this grade, the most likely first. Looked at are the patients who share a number, a telephone, the
/// birth date, or the sound of the name and the year of birth (the blocks), at most 500 of each.
std::vector<Candidate> find_candidates(Reader& reader, const json::Value& patient, Grade least, std::size_t most);

/// `POST Patient/$match` (R4: patient-operation-match.html).
void add_match(Rest& rest, Record& record);

}  // namespace qiao::record
