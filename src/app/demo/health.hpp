#pragma once

#include "record/rest/rest.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

/// Plausible earlier records of invented patients: conditions, drugs, allergies, visits with measurements. One thread.
namespace qiao::app::demo {

/// Numbers that are the same in every run: std::mt19937_64 is exactly specified, the distributions of the library are not.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    int below(int limit) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(limit)); }
    int between(int low, int high) { return low + below(high - low + 1); }
    template <class T>
    const T& pick(const std::vector<T>& list) {
        return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
    }

private:
    std::mt19937_64 engine_;
};

struct ConditionRow {
    std::string code, display, text, drug;
    int share_percent = 0;
    int min_age_years = 0;
};
struct AllergyRow {
    std::string text, reaction;
    int share_percent = 0;
};
struct HealthTables {
    std::vector<ConditionRow> conditions;
    std::vector<AllergyRow> allergies;
};

/// Reads demo/patients.toml.
HealthTables read_health_tables(const std::string& file);

struct Patient;
/// Writes the record of one patient in one commit, in the name of `doctor`.
void write_health(record::Record& record, const record::Caller& doctor, const Patient& patient, const HealthTables& tables, Dice& dice, Instant now);

}  // namespace qiao::app::demo
