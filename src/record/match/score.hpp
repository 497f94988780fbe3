#pragma once

#include "record/match/person.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

/// How likely two Patients are one person. Source of the method: Fellegi IP, Sunter AB. A theory for record linkage. J Am Stat
/// Assoc 1969;64:1183-1210: each field that agrees or disagrees adds the logarithm (here: of base 2, bits) of how much more often
/// that happens between two records of one person than between two people. The weights are a starting table (score.cpp says where
/// each comes from), not yet fitted to a region's data. Pure; any thread.
namespace qiao::record {

enum class Agreement : std::uint8_t { missing, disagree, near, exact };

struct FieldScore {
    std::string_view field;  ///< number, name, birthDate, gender, phone, address
    Agreement how = Agreement::missing;
    double bits = 0;
};

/// http://terminology.hl7.org/CodeSystem/match-grade
enum class Grade : std::uint8_t { none, possible, probable, certain };
std::string_view grade_code(Grade grade);

struct Score {
    std::vector<FieldScore> fields;
    double bits = 0;         ///< sum of the fields
    double probability = 0;  ///< 0…1, after the prior
    /// certain: the number of a paper agrees and nothing else speaks against it; probable: for a person to look at; possible: for
    /// who searches.
    Grade grade = Grade::none;
};

Score compare(const Person& a, const Person& b);

}  // namespace qiao::record
