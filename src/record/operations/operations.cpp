#include "record/operations/operations.hpp"

#include "record/match/match.hpp"

namespace qiao::record {

void add_standard_operations(Rest& rest, Record& record, const Clock& clock) {
    add_everything(rest, record);
    add_validate(rest, record, clock);
    add_meta(rest, record);
    add_clinical(rest, record, clock);
    add_match(rest, record);
    add_lookup(rest, record);
    add_translate(rest, record);
    add_value_sets(rest, record, clock);
}

}  // namespace qiao::record
