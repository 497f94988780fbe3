#include "record/operations/operations.hpp"

namespace qiao::record {

void add_standard_operations(Rest& rest, Record& record, const Clock& clock) {
    add_everything(rest, record);
    add_validate(rest, record);
    add_meta(rest, record);
    add_clinical(rest, record, clock);
}

}  // namespace qiao::record
